//! What must come of the day: clusters, pairs that stay apart, pages that stay away, and what waits for later work.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Everything the script expects. Items that stand in no cluster here are expected to stand alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Clusters of more than one article.
    #[serde(rename = "cluster")]
    pub clusters: Vec<PlannedCluster>,
    /// Pairs that must stay apart, whatever else goes wrong.
    pub apart: Vec<Apart>,
    /// Items with something to say about their standing alone.
    pub alone: Vec<Alone>,
    /// Items that must not be found at all.
    pub absent: Vec<Absent>,
    /// Single articles that must say whose copy they are.
    #[serde(rename = "copy", default)]
    pub copies: Vec<PlannedCopy>,
    /// What later work brings; shown, not checked.
    pub not_yet: Vec<NotYet>,
}

/// Articles that belong together, no more and no fewer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCluster {
    /// Its name in the report.
    pub name: String,
    /// What happened, in words.
    pub about: String,
    /// Its articles.
    pub members: Vec<String>,
    /// Versions it must hold at least, where pages change under their addresses.
    #[serde(default)]
    pub versions_min: u64,
    /// The agency that must be told as its certain origin, since its own item is a member.
    pub origin: Option<String>,
    /// Relations that members must show, where one is asked for.
    #[serde(default)]
    pub relations: BTreeMap<String, String>,
}

/// An article that is somebody's copy, by what its own page in the API says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCopy {
    /// The item.
    pub item: String,
    /// The site whose copy it is.
    pub origin: String,
    /// How sure that must be: "certain", "likely".
    pub verdict: String,
    /// Whose words it must be said to have, in tenths, where that is asked for: "7 Tolvane Press Bureau, 2 Sablewire, 1 own".
    pub shares: Option<String>,
}

/// Two items that must never share a cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// One.
    pub a: String,
    /// The other.
    pub b: String,
    /// Why somebody could take them for one story.
    pub why: String,
    /// Largest 3-gram containment between the two in the script, 0..=1; traps share text by design.
    #[serde(default = "share_max")]
    pub share_max: f64,
}

/// Texts of their own share next to nothing.
const SHARE_MAX: f64 = 0.1;

const fn share_max() -> f64 {
    SHARE_MAX
}

/// An item that must stand alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alone {
    /// The item.
    pub item: String,
    /// Why this is said.
    pub why: String,
    /// The relation it must show, where one is asked for.
    pub relation: Option<String>,
    /// True where it may as well be missing.
    #[serde(default)]
    pub optional: bool,
    /// Versions it must have at least.
    #[serde(default)]
    pub versions_min: u64,
}

/// An item that must not be found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// The item.
    pub item: String,
    /// Why not.
    pub why: String,
}

/// A state that copytaster does not tell yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotYet {
    /// Which kind: "kill", "embargo", "correction", "blend", "origin", "localised", "event".
    pub what: String,
    /// The items it is about.
    pub items: Vec<String>,
    /// What must be said of them one day.
    pub expect: String,
    /// Why it is not.
    pub why: String,
}
