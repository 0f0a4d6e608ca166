//! JSON lines to gold labels and predicted clusters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::jsonl;

/// Why a line of gold or of a prediction is refused, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not JSON, or no good name.
    #[error(transparent)]
    Record(#[from] jsonl::Problem),
    /// Neither kind of gold line.
    #[error("a gold line has an `id` and a `gold_cluster`, or `a`, `b` and a `label`")]
    NoGold,
    /// A key that is not there.
    #[error("`{key}` is missing: give it {wanted}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// A key with a value of the wrong kind.
    #[error("`{key}` must be {wanted}, this is {found}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// A pair of one item.
    #[error("`a` and `b` are both {name}: a pair has two items")]
    OneItem {
        /// The item.
        name: String,
    },
    /// Items and pairs in one gold set.
    #[error("items with a `gold_cluster` and labelled pairs do not mix: keep them in two files")]
    Mixed,
    /// An item that has its gold cluster already.
    #[error("{name} has the gold cluster {cluster} from a line before: give each item one line")]
    ItemTwice {
        /// The item.
        name: String,
        /// What the line before says.
        cluster: String,
    },
    /// A pair that has its label already, whichever way round.
    #[error("{a} and {b} have the label {label} from a line before: give each pair one line")]
    PairTwice {
        /// One item.
        a: String,
        /// The other one.
        b: String,
        /// What the line before says.
        label: String,
    },
    /// An item that is in another cluster already.
    #[error("{name} is in the cluster {cluster} by a line before: give each item an id of its own")]
    TwoClusters {
        /// The item.
        name: String,
        /// Its cluster.
        cluster: String,
    },
}

const NAME: &str = "a string or a number";
const LABEL: &str = "true or false, 1 or 0, or a string";

/// Labels that say "these belong together", compared without regard to case. `true` and `1` stand for the values too.
const POSITIVE: [&str; 7] =
    ["same_story_version", "same", "match", "duplicate", "positive", "true", "1"];

/// What somebody said about a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// As it was given.
    pub text: String,
    /// The two belong together.
    pub positive: bool,
}

impl Label {
    fn read(value: Option<&Value>) -> Result<Self, Problem> {
        let text = match value {
            None | Some(Value::Null) => None,
            Some(Value::Bool(label)) => Some(label.to_string()),
            Some(Value::String(label)) => Some(label.trim().to_owned()),
            Some(Value::Number(label)) if label.as_f64() == Some(1.0) => Some("1".to_owned()),
            Some(Value::Number(label)) if label.as_f64() == Some(0.0) => Some("0".to_owned()),
            Some(other) => return Err(wrong("label", LABEL, other)),
        };
        let text = text
            .filter(|text| !text.is_empty())
            .ok_or(Problem::Missing { key: "label", wanted: LABEL })?;
        let positive = POSITIVE.iter().any(|word| word.eq_ignore_ascii_case(&text));
        Ok(Self { text, positive })
    }
}

/// One line of a gold set. Keys that say nothing here (`corpus`, `borderline`, a text) are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// An item and the cluster it belongs to.
    Item {
        /// Its id, else its url.
        name: String,
        /// The `gold_cluster`.
        cluster: String,
    },
    /// Two items and whether they belong together.
    Pair {
        /// Name of one.
        a: String,
        /// Name of the other.
        b: String,
        /// What was said about them.
        label: Label,
    },
}

impl Line {
    /// Reads one line; a `gold_cluster` makes it an item.
    pub fn read(value: &Value) -> Result<Self, Problem> {
        let has = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
        if has("gold_cluster") {
            let cluster = name(value, "gold_cluster")?;
            return Ok(Self::Item { name: jsonl::name(value)?, cluster });
        }
        if !["a", "b", "label"].into_iter().any(has) {
            return Err(Problem::NoGold);
        }
        let (a, b) = (name(value, "a")?, name(value, "b")?);
        if a == b {
            return Err(Problem::OneItem { name: a });
        }
        Ok(Self::Pair { a, b, label: Label::read(value.get("label"))? })
    }
}

/// A gold set: the kind of its first line is the kind of all.
#[derive(Clone, Debug, Default)]
pub enum Gold {
    /// No line yet.
    #[default]
    Empty,
    /// Item to gold cluster.
    Clusters(BTreeMap<String, String>),
    /// Pair, the smaller name first, to label.
    Pairs(BTreeMap<(String, String), Label>),
}

impl Gold {
    /// Takes a line; what was there before stands.
    pub fn add(&mut self, line: Line) -> Result<(), Problem> {
        if matches!(self, Self::Empty) {
            *self = match line {
                Line::Item { .. } => Self::Clusters(BTreeMap::new()),
                Line::Pair { .. } => Self::Pairs(BTreeMap::new()),
            };
        }
        match (self, line) {
            (Self::Clusters(items), Line::Item { name, cluster }) => {
                if let Some(before) = items.get(&name) {
                    return Err(Problem::ItemTwice { name, cluster: before.clone() });
                }
                items.insert(name, cluster);
                Ok(())
            }
            (Self::Pairs(pairs), Line::Pair { a, b, label }) => {
                let pair = if a < b { (a, b) } else { (b, a) };
                if let Some(before) = pairs.get(&pair) {
                    let (a, b) = pair;
                    return Err(Problem::PairTwice { a, b, label: before.text.clone() });
                }
                pairs.insert(pair, label);
                Ok(())
            }
            _ => Err(Problem::Mixed),
        }
    }

    /// The items it speaks of, each once.
    pub fn names(&self) -> BTreeSet<&str> {
        match self {
            Self::Empty => BTreeSet::new(),
            Self::Clusters(items) => items.keys().map(String::as_str).collect(),
            Self::Pairs(pairs) => {
                pairs.keys().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect()
            }
        }
    }
}

/// Item to predicted cluster.
#[derive(Clone, Debug, Default)]
pub struct Predicted(BTreeMap<String, String>);

impl Predicted {
    /// Takes a line as `copytaster cluster` writes it: `id` and `cluster`.
    pub fn read(&mut self, value: &Value) -> Result<(), Problem> {
        self.add(jsonl::name(value)?, name(value, "cluster")?)
    }

    /// Puts an item into a cluster. It may be said again, as of a record that came twice, but not of another cluster.
    pub fn add(&mut self, name: String, cluster: String) -> Result<(), Problem> {
        match self.0.get(&name) {
            Some(before) if *before != cluster => {
                Err(Problem::TwoClusters { name, cluster: before.clone() })
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(name, cluster);
                Ok(())
            }
        }
    }

    /// The cluster an item was put into.
    pub fn cluster(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The items, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A string or a number under `key`, as ids come.
fn name(value: &Value, key: &'static str) -> Result<String, Problem> {
    let name = match value.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => return Err(wrong(key, NAME, other)),
    };
    if name.is_empty() { Err(Problem::Missing { key, wanted: NAME }) } else { Ok(name) }
}

fn wrong(key: &'static str, wanted: &'static str, found: &Value) -> Problem {
    Problem::WrongType { key, wanted, found: found.to_string().chars().take(60).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Line, String> {
        Line::read(value).map_err(|problem| problem.to_string())
    }

    #[test]
    fn an_item_is_read_with_its_id_or_url_and_the_rest_passed_over() {
        let item = |name: &str| Line::Item { name: name.to_owned(), cluster: "3".to_owned() };
        assert_eq!(read(&json!({"id": 7, "gold_cluster": 3, "text": "t", "a": 1})), Ok(item("7")));
        let url = json!({"url": "https://orsk.example/x#y", "gold_cluster": "3", "corpus": "c"});
        assert_eq!(read(&url), Ok(item("https://orsk.example/x")));
    }

    #[test]
    fn labels_are_positive_by_a_list_and_negative_otherwise() {
        for (label, positive) in [
            (json!(true), true),
            (json!(1), true),
            (json!(1.0), true),
            (json!("true"), true),
            (json!("same_story_version"), true),
            (json!("Same"), true),
            (json!(" match "), true),
            (json!("duplicate"), true),
            (json!("positive"), true),
            (json!(false), false),
            (json!(0), false),
            (json!("different"), false),
            (json!("same_event_different_text"), false),
        ] {
            let read = Label::read(Some(&label)).unwrap();
            assert_eq!(read.positive, positive, "{label}");
        }
    }

    #[test]
    fn each_bad_line_names_its_key_and_mend() {
        for (value, says) in [
            (json!({"id": 1}), "has an `id` and a `gold_cluster`, or `a`, `b` and a `label`"),
            (json!([1]), "a gold line has"),
            (json!({"gold_cluster": 1}), "a record needs an `id` or a `url`"),
            (json!({"id": 1, "gold_cluster": []}), "`gold_cluster` must be a string or a number"),
            (json!({"id": 1, "gold_cluster": " "}), "`gold_cluster` is missing"),
            (json!({"a": 1, "label": true}), "`b` is missing: give it a string or a number"),
            (json!({"a": 1, "b": "1", "label": true}), "a pair has two items"),
            (json!({"a": 1, "b": 2}), "`label` is missing: give it true or false"),
            (json!({"a": 1, "b": 2, "label": 0.5}), "`label` must be true or false"),
        ] {
            let problem = read(&value).unwrap_err();
            assert!(problem.contains(says), "{value}: {problem}");
        }
    }

    #[test]
    fn a_gold_set_is_of_one_kind_and_says_each_thing_once() {
        let line = |value: &Value| Line::read(value).unwrap();
        let mut gold = Gold::default();
        gold.add(line(&json!({"id": 1, "gold_cluster": "x"}))).unwrap();
        let twice = gold.add(line(&json!({"id": "1", "gold_cluster": "y"}))).unwrap_err();
        assert!(twice.to_string().contains("1 has the gold cluster x"), "{twice}");
        let pair = line(&json!({"a": 1, "b": 2, "label": "same"}));
        assert_eq!(gold.add(pair.clone()), Err(Problem::Mixed));
        let mut pairs = Gold::default();
        pairs.add(pair).unwrap();
        let turned = pairs.add(line(&json!({"a": 2, "b": 1, "label": "no"}))).unwrap_err();
        assert!(turned.to_string().contains("1 and 2 have the label same"), "{turned}");
        assert_eq!(pairs.names().into_iter().collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn an_item_may_be_predicted_again_but_not_elsewhere() {
        let mut predicted = Predicted::default();
        for _ in 0..2 {
            predicted.read(&json!({"id": 1, "cluster": "x", "relation": "origin"})).unwrap();
        }
        let elsewhere = predicted.read(&json!({"id": 1, "cluster": "y"})).unwrap_err();
        assert!(elsewhere.to_string().contains("1 is in the cluster x"), "{elsewhere}");
        assert_eq!(predicted.cluster("1"), Some("x"));
        let nowhere = predicted.read(&json!({"id": 2, "cluster": null})).unwrap_err();
        assert!(nowhere.to_string().contains("`cluster` is missing"), "{nowhere}");
    }
}
