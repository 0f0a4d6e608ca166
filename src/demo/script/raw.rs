//! A story file as it is written: TOML, with copies given as edits of the text they were made from.

use serde::Deserialize;

/// One file: one story and all who run it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Language of its items, where they do not say otherwise.
    pub(super) lang: String,
    #[serde(rename = "item")]
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) site: String,
    pub(super) lang: Option<String>,
    #[serde(default = "news")]
    pub(super) section: String,
    #[serde(rename = "state")]
    pub(super) states: Vec<State>,
}

fn news() -> String {
    "news".to_owned()
}

/// One state of a page. Exactly one of `text`, `of`, `gone` and `soft_404` says what it shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct State {
    /// "Mon 10:30".
    pub(super) at: String,
    /// Taken from the parent where missing.
    pub(super) title: Option<String>,
    /// Paragraphs with a blank line between.
    pub(super) text: Option<String>,
    /// The item whose text, as it stands at that time, is edited.
    pub(super) of: Option<String>,
    /// The parent's paragraphs that are kept: "1-4,6". All where missing.
    pub(super) keep: Option<String>,
    /// Old and new words; each old one must occur.
    pub(super) swap: Vec<(String, String)>,
    /// Paragraphs put in after the swaps, numbered as they stand after `keep`.
    pub(super) insert: Vec<Insert>,
    pub(super) spelling: Option<super::edits::Spelling>,
    pub(super) byline: Option<String>,
    pub(super) credit: Option<String>,
    pub(super) photo: Option<String>,
    pub(super) crosshead: Option<String>,
    pub(super) note: Option<String>,
    /// 404 or 410.
    pub(super) gone: Option<u16>,
    /// The page says "not found" with status 200.
    pub(super) soft_404: bool,
}

/// Paragraphs put in: words of the site's own, or passages of another item.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Insert {
    /// Number of the kept paragraph they follow; 0 for the top.
    pub(super) after: usize,
    pub(super) text: Option<String>,
    pub(super) from: Option<String>,
    pub(super) keep: Option<String>,
}
