//! Two partitions of the same items, or counted pairs, to scores. Counts are exact; floats come last.
//!
//! No sum of floats depends on names or order: cells are added up as whole numbers first, then by ascending cluster size.

use std::collections::BTreeMap;

/// Precision, recall and their harmonic mean, each from 0 to 1; `None` where it would be 0 ÷ 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Of what was predicted, the share that is right.
    pub precision: Option<f64>,
    /// Of what is right, the share that was predicted.
    pub recall: Option<f64>,
    /// 2PR ÷ (P + R).
    pub f1: Option<f64>,
}

/// Pairs of items that belong together: by the gold set, by the prediction, by both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Together in gold.
    pub gold: u64,
    /// Together in the prediction.
    pub predicted: u64,
    /// Together in both.
    pub both: u64,
}

impl Pairs {
    /// Counts one pair.
    pub fn add(&mut self, gold: bool, predicted: bool) {
        self.gold += u64::from(gold);
        self.predicted += u64::from(predicted);
        self.both += u64::from(gold && predicted);
    }

    /// Precision and recall over pairs. F1 = 2·both ÷ (gold + predicted), so it is 0, not undefined, where nothing was
    /// predicted and something should have been.
    pub fn scores(&self) -> Scores {
        Scores {
            precision: share(self.both.into(), self.predicted.into()),
            recall: share(self.both.into(), self.gold.into()),
            f1: share(
                2 * u128::from(self.both),
                u128::from(self.gold) + u128::from(self.predicted),
            ),
        }
    }
}

/// How many items each gold cluster has in each predicted cluster.
///
/// ```text
///              predicted A   predicted B
///   gold 1          2             1         ← a cell; rows and columns add up to cluster sizes
///   gold 2          0             3
/// ```
#[derive(Clone, Debug)]
pub struct Contingency {
    items: u64,
    gold: Vec<u64>,
    predicted: Vec<u64>,
    /// Row, column and how many; empty cells are left out.
    cells: Vec<(usize, usize, u64)>,
}

impl Contingency {
    /// Counts items, each with its gold cluster and its predicted one. At most 2³¹ items; [`Self::adjusted_rand`] says why.
    pub fn of<G: Ord, P: Ord>(items: impl IntoIterator<Item = (G, P)>) -> Self {
        let (mut rows, mut columns) = (Numbers::new(), Numbers::new());
        let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for (gold, predicted) in items {
            *cells.entry((rows.count(gold), columns.count(predicted))).or_default() += 1;
        }
        Self {
            items: rows.sizes.iter().sum(),
            gold: rows.sizes,
            predicted: columns.sizes,
            cells: cells.into_iter().map(|((row, column), size)| (row, column, size)).collect(),
        }
    }

    /// Items counted.
    pub const fn items(&self) -> u64 {
        self.items
    }

    /// Gold clusters that have an item.
    pub const fn gold_clusters(&self) -> usize {
        self.gold.len()
    }

    /// Predicted clusters that have an item.
    pub const fn predicted_clusters(&self) -> usize {
        self.predicted.len()
    }

    /// Pairs of different items that share a cluster.
    pub fn pairs(&self) -> Pairs {
        Pairs {
            gold: self.gold.iter().map(|&size| pairs_of(size)).sum(),
            predicted: self.predicted.iter().map(|&size| pairs_of(size)).sum(),
            both: self.cells.iter().map(|&(.., size)| pairs_of(size)).sum(),
        }
    }

    /// B-cubed (A. Bagga and B. Baldwin, "Algorithms for scoring coreference chains", LREC workshop 1998), every item with
    /// the same weight: for each item the share of its predicted cluster that is of its gold cluster (precision), and of its
    /// gold cluster that is in its predicted cluster (recall); both are means over items.
    pub fn b_cubed(&self) -> Scores {
        let precision = self.mean_share(|&(_, column, _)| self.predicted[column]);
        let recall = self.mean_share(|&(row, ..)| self.gold[row]);
        let f1 = precision.zip(recall).map(|(p, r)| 2.0 * p * r / (p + r));
        Scores { precision, recall, f1 }
    }

    /// Mean over items of cell ÷ whole: a cell of n items has n of them with the share n ÷ whole.
    fn mean_share(&self, whole: impl Fn(&(usize, usize, u64)) -> u64) -> Option<f64> {
        let mut squares: BTreeMap<u64, u128> = BTreeMap::new();
        for cell in &self.cells {
            *squares.entry(whole(cell)).or_default() += u128::from(cell.2).pow(2);
        }
        let sum: f64 = squares.iter().map(|(&whole, &squares)| squares as f64 / whole as f64).sum();
        (self.items > 0).then(|| sum / self.items as f64)
    }

    /// Adjusted Rand index (L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985): pairs
    /// together in both, less those chance gives, over the most there can be less the same. 1 for equal partitions, about 0
    /// for independent ones, below 0 for worse than chance.
    ///
    /// With g, p, b pairs of gold, prediction and both, and n pairs in all, b − gp/n over (g + p)/2 − gp/n; here times 2n,
    /// so in whole numbers, which fit up to 2³¹ items. The divisor is 0 only if all items are together in both, or none are
    /// in either: equal partitions, so 1 as elsewhere. `None` without items.
    pub fn adjusted_rand(&self) -> Option<f64> {
        let Pairs { gold, predicted, both } = self.pairs();
        let [g, p, b, n] = [gold, predicted, both, pairs_of(self.items)].map(i128::from);
        let (above, below) = (2 * (b * n - g * p), (g + p) * n - 2 * g * p);
        (self.items > 0).then(|| if below == 0 { 1.0 } else { above as f64 / below as f64 })
    }
}

/// Cluster names to numbers in the order they are met, and the size of each.
struct Numbers<K> {
    named: BTreeMap<K, usize>,
    sizes: Vec<u64>,
}

impl<K: Ord> Numbers<K> {
    const fn new() -> Self {
        Self { named: BTreeMap::new(), sizes: Vec::new() }
    }

    fn count(&mut self, name: K) -> usize {
        let number = *self.named.entry(name).or_insert(self.sizes.len());
        if number == self.sizes.len() {
            self.sizes.push(0);
        }
        self.sizes[number] += 1;
        number
    }
}

/// Pairs of different items among `items`.
const fn pairs_of(items: u64) -> u64 {
    (items as u128 * items.saturating_sub(1) as u128 / 2) as u64
}

fn share(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-12)
    }

    fn check(found: Scores, precision: f64, recall: f64, f1: f64) {
        assert!(near(found.precision, precision), "{found:?}");
        assert!(near(found.recall, recall), "{found:?}");
        assert!(near(found.f1, f1), "{found:?}");
    }

    /// Items as (gold, predicted), one character each.
    fn table(gold: &str, predicted: &str) -> Contingency {
        Contingency::of(gold.chars().zip(predicted.chars()))
    }

    #[test]
    fn the_table_of_the_picture_scores_as_by_hand() {
        let table = table("111222", "AABBBB");
        // Gold 3 + 3 pairs, predicted 1 + 6, both 1 + 0 + 3.
        assert_eq!(table.pairs(), Pairs { gold: 6, predicted: 7, both: 4 });
        check(table.pairs().scores(), 4.0 / 7.0, 4.0 / 6.0, 8.0 / 13.0);
        // Precision: 2 of 2/2, 1 of 1/4, 3 of 3/4. Recall: 2 of 2/3, 1 of 1/3, 3 of 3/3.
        let (p, r) = ((2.0 + 0.25 + 2.25) / 6.0, (4.0 / 3.0 + 1.0 / 3.0 + 3.0) / 6.0);
        check(table.b_cubed(), p, r, 2.0 * p * r / (p + r));
        // 4 − 6·7/15 over 6.5 − 6·7/15.
        assert!(near(table.adjusted_rand(), (4.0 - 2.8) / (6.5 - 2.8)));
    }

    /// Their figure 1: chains of 5, 2 and 5; the first response joins the short one to a long one, the second the long two.
    #[test]
    fn the_example_of_bagga_and_baldwin_comes_out_as_printed() {
        let key = "111112233333";
        let one = table(key, "aaaaabbbbbbb").b_cubed();
        check(one, 16.0 / 21.0, 1.0, 32.0 / 37.0);
        let two = table(key, "aaaaabbaaaaa").b_cubed();
        check(two, 7.0 / 12.0, 1.0, 14.0 / 19.0);
    }

    #[test]
    fn what_cannot_be_divided_is_undefined() {
        let none = table("", "");
        assert_eq!((none.b_cubed(), none.adjusted_rand()), (Scores::default(), None));
        assert_eq!(none.pairs().scores(), Scores::default());
        let apart = table("112", "abc").pairs().scores();
        assert_eq!(apart, Scores { precision: None, recall: Some(0.0), f1: Some(0.0) });
        let unasked = table("123", "aab").pairs().scores();
        assert_eq!(unasked, Scores { precision: Some(0.0), recall: None, f1: Some(0.0) });
    }

    #[test]
    fn singletons_against_one_cluster_are_no_better_than_chance() {
        let apart = table("1111", "abcd");
        check(apart.b_cubed(), 1.0, 0.25, 0.4);
        assert_eq!(apart.adjusted_rand(), Some(0.0));
        let together = table("1234", "aaaa");
        check(together.b_cubed(), 0.25, 1.0, 0.4);
        assert_eq!(together.adjusted_rand(), Some(0.0));
        assert!(table("1122", "abab").adjusted_rand().is_some_and(|index| index < 0.0));
    }

    #[test]
    fn counts_stay_exact_where_floats_would_not() {
        // Two halves of 2³¹ items, exchanged but for one each: far above 2⁵³ pairs.
        let half = 1_u64 << 30;
        let table = Contingency {
            items: 2 * half,
            gold: vec![half, half],
            predicted: vec![half, half],
            cells: vec![(0, 0, half - 1), (0, 1, 1), (1, 0, 1), (1, 1, half - 1)],
        };
        let Pairs { gold, both, .. } = table.pairs();
        assert_eq!(gold - both, 2 * (half - 1));
        assert!(table.adjusted_rand().is_some_and(|index| index < 1.0 && index > 0.999_999));
    }

    fn labels() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0_u8..5, 0_u8..5), 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pair_counts_are_those_of_looking_at_each_pair(items in labels()) {
            let mut expected = Pairs::default();
            for (at, a) in items.iter().enumerate() {
                for b in &items[at + 1..] {
                    expected.add(a.0 == b.0, a.1 == b.1);
                }
            }
            prop_assert_eq!(Contingency::of(items).pairs(), expected);
        }

        #[test]
        fn b_cubed_is_the_mean_over_items(items in labels()) {
            let count = |wanted: &dyn Fn(&(u8, u8)) -> bool| items.iter().filter(|item| wanted(item)).count() as f64;
            let (mut precision, mut recall) = (0.0, 0.0);
            for item in &items {
                let both = count(&|other| other == item);
                precision += both / count(&|other| other.1 == item.1) / items.len() as f64;
                recall += both / count(&|other| other.0 == item.0) / items.len() as f64;
            }
            let found = Contingency::of(items.iter().copied()).b_cubed();
            prop_assert!(near(found.precision, precision) && near(found.recall, recall), "{found:?}");
        }

        #[test]
        fn a_perfect_partition_scores_one(items in labels()) {
            let table = Contingency::of(items.iter().map(|&(gold, _)| (gold, u16::from(gold) + 300)));
            let one = Some(1.0);
            prop_assert_eq!(table.b_cubed(), Scores { precision: one, recall: one, f1: one });
            prop_assert_eq!(table.adjusted_rand(), one);
            let of_pairs = one.filter(|_| table.pairs().gold > 0);
            prop_assert_eq!(table.pairs().scores(), Scores { precision: of_pairs, recall: of_pairs, f1: of_pairs });
        }

        #[test]
        fn names_and_order_change_no_bit(
            items in labels(), names in Just((0_u8..5).collect::<Vec<_>>()).prop_shuffle(), turn in 0_usize..40,
        ) {
            let before = Contingency::of(items.iter().copied());
            let mut renamed: Vec<(u8, String)> =
                items.iter().map(|&(gold, at)| (names[usize::from(gold)], format!("c{}", 9 - at))).collect();
            let turn = turn % renamed.len();
            renamed.rotate_left(turn);
            renamed.reverse();
            let after = Contingency::of(renamed);
            prop_assert_eq!(before.pairs(), after.pairs());
            prop_assert_eq!(before.b_cubed(), after.b_cubed());
            prop_assert_eq!(before.adjusted_rand(), after.adjusted_rand());
        }

        #[test]
        fn exchanging_the_sides_exchanges_precision_and_recall(items in labels()) {
            let one = Contingency::of(items.iter().copied());
            let other = Contingency::of(items.iter().map(|&(gold, predicted)| (predicted, gold)));
            prop_assert_eq!(one.pairs().scores().precision, other.pairs().scores().recall);
            prop_assert_eq!(one.b_cubed().precision, other.b_cubed().recall);
            prop_assert_eq!(one.adjusted_rand(), other.adjusted_rand());
        }

        #[test]
        fn independent_labels_agree_by_chance_only(items in prop::collection::vec((0_u8..5, 0_u8..5), 2000)) {
            let index = Contingency::of(items).adjusted_rand();
            prop_assert!(index.is_some_and(|index| index.abs() < 0.02), "{index:?}");
        }
    }
}
