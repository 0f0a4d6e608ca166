//! A gold set and a prediction to a report of how well the one is met by the other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contingency, Gold, Label, Pairs, Predicted, Scores};

/// How well a prediction meets a gold set.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Items the gold set speaks of.
    pub items: usize,
    /// Its clusters, where it has clusters.
    pub gold_clusters: Option<usize>,
    /// Predicted clusters that hold an item of gold, those of missing items among them.
    pub predicted_clusters: usize,
    /// Pairs: of all items where gold has clusters, else the labelled ones.
    pub pairs: Pairs,
    /// Undefined where gold has pairs.
    pub b_cubed: Scores,
    /// Undefined where gold has pairs.
    pub adjusted_rand: Option<f64>,
    /// Label to what became of its pairs, where gold has pairs.
    pub labels: BTreeMap<String, LabelCount>,
    /// Items of gold that were not predicted; each counts as a cluster of its own.
    pub missing: usize,
    /// Items that were predicted and are not in gold; they count for nothing.
    pub not_in_gold: usize,
}

/// What became of the pairs with one label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelCount {
    /// The label says that they belong together.
    pub positive: bool,
    /// Pairs with this label.
    pub pairs: u64,
    /// Those of them in one predicted cluster.
    pub together: u64,
}

/// Where an item is: in a predicted cluster, or by itself as nothing was predicted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Cluster(&'a str),
    Alone(&'a str),
}

fn place<'a>(predicted: &'a Predicted, name: &'a str) -> Place<'a> {
    predicted.cluster(name).map_or(Place::Alone(name), Place::Cluster)
}

impl Report {
    /// Compares the two.
    pub fn of(gold: &Gold, predicted: &Predicted) -> Self {
        let names = gold.names();
        let places: BTreeSet<Place<'_>> = names.iter().map(|name| place(predicted, name)).collect();
        let report = Self {
            items: names.len(),
            predicted_clusters: places.len(),
            missing: names.iter().filter(|name| predicted.cluster(name).is_none()).count(),
            not_in_gold: predicted.names().filter(|name| !names.contains(name)).count(),
            ..Self::default()
        };
        match gold {
            Gold::Empty => report,
            Gold::Clusters(items) => report.with_clusters(items, predicted),
            Gold::Pairs(pairs) => report.with_pairs(pairs, predicted),
        }
    }

    fn with_clusters(self, items: &BTreeMap<String, String>, predicted: &Predicted) -> Self {
        let table =
            Contingency::of(items.iter().map(|(name, cluster)| (cluster, place(predicted, name))));
        Self {
            gold_clusters: Some(table.gold_clusters()),
            pairs: table.pairs(),
            b_cubed: table.b_cubed(),
            adjusted_rand: table.adjusted_rand(),
            ..self
        }
    }

    fn with_pairs(
        mut self,
        pairs: &BTreeMap<(String, String), Label>,
        predicted: &Predicted,
    ) -> Self {
        for ((a, b), label) in pairs {
            let together = place(predicted, a) == place(predicted, b);
            self.pairs.add(label.positive, together);
            let count = self.labels.entry(label.text.clone()).or_default();
            count.positive = label.positive;
            count.pairs += 1;
            count.together += u64::from(together);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Line;
    use serde_json::{Value, json};

    fn report(gold: &[Value], predicted: &[(&str, &str)]) -> Report {
        let mut all = Gold::default();
        for line in gold {
            all.add(Line::read(line).unwrap()).unwrap();
        }
        let mut clusters = Predicted::default();
        for (name, cluster) in predicted {
            clusters.add((*name).to_owned(), (*cluster).to_owned()).unwrap();
        }
        Report::of(&all, &clusters)
    }

    #[test]
    fn an_item_without_prediction_is_a_cluster_of_its_own_even_under_a_clusters_name() {
        let gold = ["1", "2", "3"].map(|id| json!({"id": id, "gold_cluster": "x"}));
        let report = report(&gold, &[("2", "1"), ("3", "1"), ("9", "1"), ("8", "z")]);
        assert_eq!((report.items, report.missing, report.not_in_gold), (3, 1, 2));
        assert_eq!((report.gold_clusters, report.predicted_clusters), (Some(1), 2));
        assert_eq!(report.pairs, Pairs { gold: 3, predicted: 1, both: 1 });
    }

    #[test]
    fn labelled_pairs_are_counted_by_label() {
        let pair = |a: u8, b: u8, label: &str| json!({"a": a, "b": b, "label": label});
        let gold =
            [pair(1, 2, "same"), pair(1, 3, "match"), pair(2, 4, "other"), pair(5, 6, "same")];
        let report = report(&gold, &[("1", "x"), ("2", "x"), ("3", "y"), ("4", "x"), ("7", "x")]);
        assert_eq!(report.pairs, Pairs { gold: 3, predicted: 2, both: 1 });
        let count = |positive, pairs, together| LabelCount { positive, pairs, together };
        let expected = [
            ("match", count(true, 1, 0)),
            ("other", count(false, 1, 1)),
            ("same", count(true, 2, 1)),
        ];
        assert!(report.labels.iter().map(|(label, &count)| (label.as_str(), count)).eq(expected));
        // 5 and 6 were not predicted: two clusters, not one.
        assert_eq!((report.items, report.missing, report.predicted_clusters), (6, 2, 4));
        assert_eq!((report.gold_clusters, report.adjusted_rand), (None, None));
    }
}
