//! A record and the state of the fold to verdicts. Reads, decides, changes nothing.

use std::collections::BTreeSet;

use super::arrival::{Arrival, Ready, content, keys};
use super::furniture::{Cleared, headline};
use super::graph::held_whole;
use super::link::Refusal;
use super::meeting::Overlap;
use super::near::{Near, Texts, link};
use super::prepared::{Blocks, Prepared};
use super::types::{Link, LinkKind, Reason, Relation, Verdicts};
use super::{Clusterer, ENGINE};
use crate::model::{Article, PageKind, Timestamp, VersionId};

/// Links of one version, besides the best to each further cluster: a flood of one text must not go quadratic.
const LINKS_MAX: usize = 64;

/// What became of a record.
#[derive(Clone, Debug)]
pub enum Judged {
    /// The article has this very version already.
    Duplicate(VersionId),
    /// It is a version of its own.
    New {
        /// What was decided.
        verdicts: Box<Verdicts>,
        /// Its text, ready for [`Clusterer::admit`] and for later comparisons.
        prepared: Box<Prepared>,
        /// Candidates that are no links, with why, those with most hits first.
        refused: Vec<(VersionId, Refusal)>,
    },
}

impl Clusterer {
    /// Judges `article`, seen at `seen_at`, against everything applied so far.
    pub fn judge(&self, article: &Article, seen_at: Timestamp, texts: &mut Texts<'_>) -> Judged {
        self.judge_with(article, keys(article), None, seen_at, texts)
    }

    /// The same with what was read of it before.
    pub fn judge_arrival(
        &self,
        arrival: &mut Arrival,
        seen_at: Timestamp,
        texts: &mut Texts<'_>,
    ) -> Judged {
        let ready = arrival.take_ready();
        self.judge_with(&arrival.article, arrival.keys().to_vec(), ready, seen_at, texts)
    }

    fn judge_with(
        &self,
        article: &Article,
        keys: Vec<u64>,
        ready: Option<Box<Ready>>,
        seen_at: Timestamp,
        texts: &mut Texts<'_>,
    ) -> Judged {
        let content = ready.as_ref().map_or_else(|| content(article), |ready| ready.content);
        let known = keys.first().and_then(|key| self.named.get(key)).copied();
        if let Some(version) = known.and_then(|number| self.version_with(number, content)) {
            return Judged::Duplicate(version);
        }
        let (blocks, whole) = match ready.map(|ready| *ready) {
            Some(Ready { blocks, whole, .. }) => (blocks, Some(whole)),
            None => (Blocks::new(&article.title, &article.text), None),
        };
        let Cleared { furniture, no_evidence, found: new_furniture, prepared, near } =
            self.cleared(&blocks, whole, &article.source, seen_at, texts);
        let Near { mut found, mut refused, items, strangers } = near;
        let hub = self.is_hub(&prepared.compared, &found);
        let late_hubs =
            if hub { Vec::new() } else { self.late_hubs(&prepared.compared, &found, texts) };
        if hub {
            found.retain(|found| held_whole(&found.link));
        }
        for found in &mut found {
            if hub || late_hubs.binary_search(&found.link.other).is_ok() {
                found.link.kind = LinkKind::Contains;
                found.link.reason = Reason::HeldWhole;
                found.link.rests_on = 0;
            }
        }
        let (withdrawn, unjudged) = self.rejudged(&article.source, &new_furniture, texts);
        let mut links: Vec<Link> = found.into_iter().map(|found| found.link).collect();
        if !hub {
            links.extend(self.short_links(&prepared, seen_at));
            let identity = known.and_then(|number| {
                self.by_identity(number, article, seen_at, &prepared, &links, texts)
            });
            links.extend(identity);
        }
        links.sort_by(best_first);
        // Who is no version by its text may still be one by its article or by the words of an alert.
        refused.retain(|(other, _)| links.iter().all(|link| link.other != *other));
        self.bound(&mut links);
        match article.origin.as_ref().filter(|_| article.is_own_item()) {
            Some(claim) => {
                self.in_texts(&prepared.compared, claim.first_agency(), &strangers, &mut links);
            }
            None => self.by_agencies(&prepared.compared, &items, &mut links),
        }
        let verdicts = Verdicts {
            engine: ENGINE,
            settings: self.params.digest(),
            article: known.map(|number| self.articles[number as usize].id),
            keys,
            content,
            no_evidence,
            blocks: blocks.into_hashes(),
            furniture,
            headline: headline(&prepared.compared.title),
            shingles: prepared.compared.shingles,
            links,
            hub,
            withdrawn,
            late_hubs,
            unjudged,
        };
        Judged::New { verdicts: Box::new(verdicts), prepared: Box::new(prepared), refused }
    }

    /// The version of an article with this content.
    fn version_with(&self, article: u32, content: u64) -> Option<VersionId> {
        let article = &self.articles[article as usize];
        let at = article.contents.iter().position(|&known| known == content)?;
        Some(self.rows[article.versions[at] as usize].id)
    }

    /// Ties by rare words between an item of a few words and its story.
    fn short_links(&self, prepared: &Prepared, seen_at: Timestamp) -> Vec<Link> {
        let is_item = prepared.short.is_item;
        let skip = |number: u32| {
            if is_item { self.rows[number as usize].hub } else { self.graph.has_short(number) }
        };
        let held = self.shorts.near(&prepared.short, seen_at, skip);
        held.into_iter()
            .map(|held| Link {
                other: self.rows[held.number as usize].id,
                kind: LinkKind::Short,
                reason: Reason::WordsOfHeadline,
                shared: held.found,
                size: if is_item { held.item } else { held.story },
                other_size: if is_item { held.story } else { held.item },
                rests_on: 0,
            })
            .collect()
    }

    /// The tie to the newest version of the same article, where identity alone holds them together.
    fn by_identity(
        &self,
        known: u32,
        article: &Article,
        seen_at: Timestamp,
        prepared: &Prepared,
        links: &[Link],
        texts: &mut Texts<'_>,
    ) -> Option<Link> {
        let known = &self.articles[known as usize];
        let rows = known.versions.iter().rev().map(|&number| &self.rows[number as usize]);
        let newest = rows.into_iter().find(|row| row.relation != Relation::Reextracted)?;
        let by_identity = article.kind == PageKind::Article
            && known.kind == PageKind::Article
            && newest.seen_at.distance_millis(seen_at) <= self.params.window_millis;
        if !by_identity || newest.hub || links.iter().any(|link| link.other == newest.id) {
            return None;
        }
        let compared = texts(newest.id).unwrap_or_default();
        let overlap = Overlap::of(&prepared.compared, &compared);
        Some(link(newest.id, LinkKind::Article, Reason::SameArticle, &overlap))
    }

    /// Keeps the best links, and of the rest the best to each set that no better one leads to.
    fn bound(&self, links: &mut Vec<Link>) {
        if links.len() <= LINKS_MAX {
            return;
        }
        let (mut kept, mut sets) = (0, BTreeSet::new());
        links.retain(|link| {
            kept += 1;
            let set = self.number_of(link.other).map(|number| self.rows[number as usize].set);
            sets.insert(set) || kept <= LINKS_MAX
        });
    }
}

/// Shared text before a few words; then containment, Jaccard, the older: exact, by cross-multiplication.
pub(super) fn best_first(a: &Link, b: &Link) -> std::cmp::Ordering {
    let containment =
        |link: &Link| (u64::from(link.shared), u64::from(link.size.min(link.other_size)).max(1));
    let jaccard = |link: &Link| {
        (u64::from(link.shared), u64::from(link.size + link.other_size - link.shared).max(1))
    };
    let more = |(p, q): (u64, u64), (r, s): (u64, u64)| (r * q).cmp(&(p * s));
    let few_words = |link: &Link| link.kind == LinkKind::Short;
    few_words(a)
        .cmp(&few_words(b))
        .then(more(containment(a), containment(b)))
        .then(more(jaccard(a), jaccard(b)))
        .then(a.other.cmp(&b.other))
}
