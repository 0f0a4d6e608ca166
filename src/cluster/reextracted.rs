//! A page that is read again by another extractor, to a version that is no news.
//!
//! It stands where the version stands of which it is another reading, in the same cluster, and speaks for it where that did. No time
//! of the cluster moves by it. It is compared with nothing that comes: the older reading is, so a directory whose pages are all read
//! again finds what it found before.

use super::Clusterer;
use super::judge::Judged;
use super::meeting::Overlap;
use super::near::{Texts, link};
use super::prepared::prepare;
use super::types::{LinkKind, Reason, Relation, Verdicts, Version};
use crate::model::{Article, Timestamp, VersionId};

impl Clusterer {
    /// Judges a text that differs from `prior`, a version of its article, by the extractor alone. It stands where that stands and
    /// is near nothing else: its publisher said nothing new.
    pub fn judge_reextracted(
        &self,
        article: &Article,
        prior: &Version,
        seen_at: Timestamp,
        texts: &mut Texts<'_>,
    ) -> Judged {
        let judged = self.judge(article, seen_at, texts);
        let Some(of) = self.article_of(prior.id) else { return judged };
        let Judged::New { mut verdicts, prepared, refused } = judged else { return judged };
        let Article { title, text, .. } = &prior.article;
        let before = prepare(title, text, &prior.verdicts.furniture).compared;
        let overlap = Overlap::of(&prepared.compared, &before);
        *verdicts = Verdicts {
            article: Some(of),
            links: vec![link(prior.id, LinkKind::Article, Reason::Reextracted, &overlap)],
            hub: false,
            withdrawn: Vec::new(),
            late_hubs: Vec::new(),
            unjudged: 0,
            ..*verdicts
        };
        Judged::New { verdicts, prepared, refused }
    }

    /// The newest version of the article that goes by the deciding one of these names.
    pub fn newest_of(&self, keys: &[u64]) -> Option<VersionId> {
        let &known = self.named.get(keys.first()?)?;
        let newest = self.articles[known as usize].versions.last()?;
        Some(self.rows[*newest as usize].id)
    }

    /// Finds the versions that are compared with nothing.
    pub(super) fn find_idle(&mut self) {
        let numbered = (0..).zip(&self.rows);
        let idle =
            numbered.filter(|(_, row)| !row.is_ghost() && row.relation == Relation::Reextracted);
        self.idle = idle.map(|(number, _)| number).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::cluster::{Change, Compared, Params};

    const HOUR: i64 = 3_600_000;

    const MORE: &str = "\nThe ministry said on Monday that two of the locks would open again before the end of the month.";

    /// A fold with the texts of all that was compared in it.
    struct Fold {
        clusterer: Clusterer,
        texts: BTreeMap<VersionId, Arc<Compared>>,
    }

    impl Fold {
        fn new(live_max: u32) -> Self {
            let params = Params { live_max, ..Params::default() };
            Self { clusterer: Clusterer::new(params), texts: BTreeMap::new() }
        }

        fn take(
            &mut self,
            article: Article,
            of: Option<&Version>,
            hour: i64,
        ) -> (Version, Vec<Change>) {
            let (clusterer, texts) = (&mut self.clusterer, &self.texts);
            let seen_at = Timestamp::from_millis(hour * HOUR);
            let mut lend = |id: VersionId| texts.get(&id).cloned();
            let judged = match of {
                Some(of) => clusterer.judge_reextracted(&article, of, seen_at, &mut lend),
                None => clusterer.judge(&article, seen_at, &mut lend),
            };
            let Judged::New { verdicts, prepared, .. } = judged else { panic!("{judged:?}") };
            let id = VersionId(clusterer.len() as u64 + 1);
            let verdicts = *verdicts;
            let version = Version { id, seen_at, extractor: 1, article, verdicts, redacted: None };
            let changes = clusterer.apply(&version);
            if of.is_none() {
                clusterer.admit(id, &prepared);
                self.texts.insert(id, Arc::new(prepared.compared));
            }
            (version, changes)
        }

        fn summary(&self, version: &Version) -> crate::cluster::Summary {
            self.clusterer.summary(self.clusterer.set_of(version.id).unwrap())
        }
    }

    fn article(source: &str, story: u32, more: &str) -> Article {
        let line =
            |n: u32| format!("Sentence s{n} tells what pilot p{n} saw near lock l{n} that night.");
        let lines: Vec<String> = (story * 100..story * 100 + 9).map(line).collect();
        Article {
            source: source.into(),
            url: Some(format!("https://{source}.example/{story}")),
            title: format!("Harbour {story}"),
            text: format!("{}{more}", lines.join("\n")),
            ..Article::default()
        }
    }

    #[test]
    fn another_reading_stands_in_its_place_and_moves_no_time() {
        let mut fold = Fold::new(100);
        let (old, _) =
            fold.take(article("alba", 1, "\nShare this story with your friends"), None, 0);
        let (copy, _) = fold.take(article("mara", 1, ""), None, 1);
        let before = fold.summary(&old);
        // Long after the window.
        let (new, changes) = fold.take(article("alba", 1, ""), Some(&old), 900);
        let after = fold.summary(&new);
        assert_eq!(after.cluster, before.cluster);
        assert_eq!((before.lead, after.lead), (old.id, new.id));
        assert_eq!(
            (after.last_changed, after.last_activity),
            (before.last_changed, before.last_activity)
        );
        assert_eq!((after.articles, after.copies, after.versions), (2, 1, 3));
        let (relation, parent) = fold.clusterer.relation_of(new.id).unwrap();
        assert_eq!(relation, Relation::Reextracted);
        assert_eq!(
            parent.map(|link| (link.other, link.reason)),
            Some((old.id, Reason::Reextracted))
        );
        assert_eq!(new.reextracted_from(), Some(old.id));
        assert_eq!(copy.reextracted_from(), None);
        let superseded = |change: &Change| matches!(change, Change::Restated { member, .. } if member.superseded);
        assert!(changes.iter().any(superseded), "views show the newest reading: {changes:?}");
        // What comes then is an update of what was read first, and not of the hour in which it was read again.
        let (update, _) = fold.take(article("alba", 1, "\nThe pilot spoke on Monday."), None, 901);
        assert_ne!(fold.clusterer.relation_of(update.id).unwrap().0, Relation::Reextracted);
        assert!(update.verdicts.links.iter().all(|link| link.other != new.id));
    }

    #[test]
    fn what_follows_is_compared_with_the_first_reading_and_as_many_are_live_as_before() {
        let mut fold = Fold::new(2);
        let (first, _) = fold.take(article("alba", 1, ""), None, 0);
        let (second, _) = fold.take(article("alba", 2, ""), None, 0);
        for n in 0..5 {
            let again = article("alba", 1 + n % 2, &format!("\nReading {n}"));
            fold.take(again, Some([&first, &second][n as usize % 2]), 1);
        }
        assert_eq!(fold.clusterer.live().collect::<Vec<_>>(), [first.id, second.id]);
        let (copy, _) = fold.take(article("mara", 1, ""), None, 2);
        assert_eq!(
            copy.verdicts.links.iter().map(|link| link.other).collect::<Vec<_>>(),
            [first.id]
        );
        assert_eq!(fold.clusterer.live().collect::<Vec<_>>(), [second.id, copy.id]);
        // A start goes on as what never stopped.
        let bytes = fold.clusterer.freeze();
        let thawed = Clusterer::thaw(&bytes, *fold.clusterer.params()).unwrap();
        assert_eq!(thawed.freeze(), bytes);
        assert_eq!(thawed.oldest_live(), fold.clusterer.oldest_live());
        assert_eq!(thawed.live().collect::<Vec<_>>(), [second.id, copy.id]);
    }

    #[test]
    fn an_older_text_read_again_does_not_speak_for_a_newer_one() {
        let mut fold = Fold::new(100);
        let (old, _) = fold.take(article("alba", 1, ""), None, 0);
        let filed_anew =
            Article { url: Some("https://alba.example/1b".into()), ..article("alba", 1, MORE) };
        let (newer, _) = fold.take(filed_anew, None, 1);
        assert_eq!(fold.summary(&old).lead, newer.id);
        let (again, _) = fold.take(article("alba", 1, "\nShare"), Some(&old), 2);
        assert_eq!(fold.summary(&again).lead, newer.id);
        // And when its cluster is made again from its members.
        let set = fold.clusterer.set_of(again.id).unwrap();
        fold.clusterer.take_apart(set, &mut Vec::new());
        assert_eq!(fold.summary(&again).lead, newer.id);
        assert_eq!(fold.clusterer.relation_of(again.id).unwrap().0, Relation::Reextracted);
    }
}
