//! An article with what can be said of it before anything else is known.
//!
//! Judging goes on in one place, one article after another. Over half of its work looks at nothing but the article, and whoever
//! accepts that can do it beside the judge: the same comes out, since it is the same code over the same text.

use super::prepared::{Blocks, Prepared};
use crate::model::Article;
use xxhash_rust::xxh3::xxh3_64;

/// An article on its way to be judged.
#[derive(Debug)]
pub struct Arrival {
    /// The article.
    pub article: Article,
    /// Its names ([`keys`]).
    keys: Vec<u64>,
    /// What its text says.
    ready: Option<Box<Ready>>,
}

/// The half of a judgement that needs no state.
#[derive(Debug)]
pub(super) struct Ready {
    /// Names what it says ([`content`]).
    pub(super) content: u64,
    pub(super) blocks: Blocks,
    /// What is compared of it where none of its blocks is furniture.
    pub(super) whole: Prepared,
}

impl Arrival {
    /// The article, read: some 5 bytes for each of its text.
    pub fn read(article: Article) -> Self {
        let arrival = Self::from(article);
        let blocks = Blocks::new(&arrival.article.title, &arrival.article.text);
        let whole = blocks.prepare(&[]);
        let ready = Ready { content: content(&arrival.article), blocks, whole };
        Self { ready: Some(Box::new(ready)), ..arrival }
    }

    /// The names it goes by, the deciding one first.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// What was read of it, once.
    pub(super) fn take_ready(&mut self) -> Option<Box<Ready>> {
        self.ready.take()
    }
}

/// Its text is read when it is judged.
impl From<Article> for Arrival {
    fn from(article: Article) -> Self {
        let article = article.without_nuls();
        Self { keys: keys(&article), article, ready: None }
    }
}

/// The names an article goes by, the deciding one first: its url, else its id, within its source.
pub fn keys(article: &Article) -> Vec<u64> {
    let key =
        |kind: char, name: &str| xxh3_64(format!("{kind}\0{}\0{name}", article.source).as_bytes());
    let url = article.url.as_deref().map(|url| key('u', url));
    let id = article.id.as_deref().map(|id| key('i', id));
    url.into_iter().chain(id).collect()
}

/// Names what an article says. An article that says what it said before has no new version.
pub fn content(article: &Article) -> u64 {
    xxh3_64(format!("{}\0{}", article.title, article.text).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::cluster::{Clusterer, Compared, Judged, Params, Version};
    use crate::model::{Timestamp, VersionId};

    const NOTICE: &str = "Sign up for the morning letter of the whole coast and its harbours";

    /// Copies by three sites of which one has a notice on every page, and a few that come twice.
    fn article(at: u32) -> Article {
        let (source, story) = (["alba", "mara", "gull"][at as usize % 3], at / 3 % 20);
        let line = |n: u32| format!("Sentence s{n} tells what pilot p{n} saw near lock l{n}.");
        let mut lines: Vec<String> = (story * 20..story * 20 + 4 + at % 5).map(line).collect();
        if source == "gull" {
            lines.push(NOTICE.to_owned());
        }
        Article {
            source: source.into(),
            id: Some(format!("{source}-{story}")),
            title: format!("Harbour {story}"),
            text: lines.join("\n"),
            ..Article::default()
        }
    }

    #[test]
    fn what_was_read_before_is_judged_as_what_was_not() {
        let mut clusterer = Clusterer::new(Params::default());
        let mut texts: BTreeMap<VersionId, Arc<Compared>> = BTreeMap::new();
        let (mut filtered, mut again) = (0, 0);
        for at in 0..120 {
            let (article, seen_at) = (article(at), Timestamp::from_secs(i64::from(at) * 60));
            let mut lend = |id: VersionId| texts.get(&id).cloned();
            let unread = clusterer.judge(&article, seen_at, &mut lend);
            for mut arrival in [Arrival::from(article.clone()), Arrival::read(article.clone())] {
                let judged = clusterer.judge_arrival(&mut arrival, seen_at, &mut lend);
                assert_eq!(format!("{judged:?}"), format!("{unread:?}"), "article {at}");
            }
            let Judged::New { verdicts, prepared, .. } = unread else {
                again += 1;
                continue;
            };
            filtered += usize::from(!verdicts.furniture.is_empty());
            let id = VersionId(clusterer.len() as u64 + 1);
            let verdicts = *verdicts;
            let version = Version { id, seen_at, extractor: 0, article, verdicts, redacted: None };
            clusterer.apply(&version);
            clusterer.admit(id, &prepared);
            texts.insert(id, Arc::new(prepared.compared));
        }
        assert!(filtered > 10 && again > 10, "{filtered} filtered, {again} known");
    }
}
