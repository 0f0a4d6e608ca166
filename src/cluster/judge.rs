//! A record and the state of the fold to verdicts. Reads, decides, changes nothing.

use std::sync::Arc;

use super::compared::{BODY_WORDS_MIN, Blocks, Compared, Prepared, shared, shared_by_three};
use super::link::{Overlap, rule};
use super::types::{Link, LinkKind, Reason, Verdicts};
use super::{Clusterer, ENGINE, FURNITURE_CLUSTERS, band_key, block_key};
use crate::model::{Article, PageKind, Timestamp, VersionId};
use xxhash_rust::xxh3::xxh3_64;

/// Lends the sets of a live version; `None` where its text is gone (then nothing is tied to it).
pub type Texts<'a> = dyn FnMut(VersionId) -> Option<Arc<Compared>> + 'a;

/// Clusters that hold an anchor until it says nothing any more.
const ANCHOR_CLUSTERS: usize = 3;

/// Anchors two texts must share to be compared.
const ANCHOR_HITS_MIN: usize = 2;

/// Versions compared at one arrival: a flood of one text must not go quadratic.
const COMPARED_MAX: usize = 256;

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
        /// Candidates refused because the window lies between.
        outside_window: u32,
    },
}

/// A candidate that was verified.
struct Near {
    number: u32,
    compared: Arc<Compared>,
    link: Link,
}

impl Clusterer {
    /// Judges `article`, seen at `seen_at`, against everything applied so far.
    pub fn judge(&self, article: &Article, seen_at: Timestamp, texts: &mut Texts<'_>) -> Judged {
        let keys = keys(article);
        let content = xxh3_64(format!("{}\0{}", article.title, article.text).as_bytes());
        let known = keys.first().and_then(|key| self.named.get(key)).copied();
        if let Some(version) = known.and_then(|number| self.version_with(number, content)) {
            return Judged::Duplicate(version);
        }
        let blocks = Blocks::new(&article.text);
        let furniture = self.furniture(article, &blocks.hashes);
        let prepared = blocks.prepare(&furniture);
        let (mut near, outside_window) = self.near(&prepared, seen_at, texts);
        let hub = self.is_hub(&prepared.compared, &near);
        if hub {
            near.retain(|near| held_whole(&near.link));
            for near in &mut near {
                near.link.kind = LinkKind::Contains;
                near.link.reason = Reason::HeldWhole;
            }
        }
        let mut links: Vec<Link> = near.into_iter().map(|near| near.link).collect();
        if let Some(link) = known
            .and_then(|number| self.by_identity(number, article, seen_at, &prepared, &links, texts))
        {
            links.push(link);
        }
        links.sort_by(best_first);
        let verdicts = Verdicts {
            engine: ENGINE,
            settings: self.params.digest(),
            article: known.map(|number| self.articles[number as usize].id),
            keys,
            content,
            blocks: blocks.hashes,
            furniture,
            shingles: prepared.compared.shingles.len() as u32,
            links,
            hub,
        };
        Judged::New { verdicts: Box::new(verdicts), prepared: Box::new(prepared), outside_window }
    }

    /// The version of an article with this content.
    fn version_with(&self, article: u32, content: u64) -> Option<VersionId> {
        let article = &self.articles[article as usize];
        let at = article.contents.iter().position(|&known| known == content)?;
        Some(self.rows[article.versions[at] as usize].id)
    }

    /// Positions of the blocks that this source has shown in several clusters already.
    fn furniture(&self, article: &Article, blocks: &[u64]) -> Vec<u16> {
        let mut found = Vec::new();
        let mut seen = Vec::new();
        for (at, &block) in blocks.iter().enumerate().take(usize::from(u16::MAX)) {
            if block == 0 {
                continue;
            }
            seen.clear();
            self.blocks.look_up(block_key(&article.source, block), &mut seen);
            if self.distinct_sets(&seen) >= FURNITURE_CLUSTERS {
                found.push(at as u16);
            }
        }
        found
    }

    /// In how many sets these versions are.
    pub(super) fn distinct_sets(&self, numbers: &[u32]) -> usize {
        let mut sets: Vec<_> = numbers
            .iter()
            .filter_map(|&number| self.rows.get(number as usize))
            .map(|row| row.set)
            .collect();
        sets.sort_unstable();
        sets.dedup();
        sets.len()
    }

    /// The live versions near the text, verified; and how many candidates lay outside the window.
    fn near(
        &self,
        prepared: &Prepared,
        seen_at: Timestamp,
        texts: &mut Texts<'_>,
    ) -> (Vec<Near>, u32) {
        let mut near = Vec::new();
        let mut outside = 0;
        if prepared.compared.words < BODY_WORDS_MIN {
            return (near, outside);
        }
        for number in self.candidates(prepared) {
            let row = &self.rows[number as usize];
            let apart = row.seen_at.distance_millis(seen_at);
            if apart > self.params.window_millis {
                outside += 1;
                continue;
            }
            if row.hub {
                continue;
            }
            let Some(compared) = texts(row.id) else { continue };
            let overlap = Overlap::of(&prepared.compared, &compared);
            if let Some(reason) = rule(&overlap, apart) {
                let link = link(row.id, LinkKind::Text, reason, &overlap);
                near.push(Near { number, compared, link });
            }
        }
        (near, outside)
    }

    /// Positions of versions that share a band or two anchors, most hits first, the newer first among equals.
    fn candidates(&self, prepared: &Prepared) -> Vec<u32> {
        let mut by_band = Vec::new();
        if let Some(sketch) = &prepared.sketch {
            for (band, key) in sketch.bands().into_iter().enumerate() {
                self.bands.look_up(band_key(band, key), &mut by_band);
            }
        }
        let mut by_anchor = Vec::new();
        let mut holders = Vec::new();
        for &anchor in &prepared.anchors {
            holders.clear();
            self.anchors.look_up(anchor, &mut holders);
            if self.distinct_sets(&holders) < ANCHOR_CLUSTERS {
                by_anchor.extend_from_slice(&holders);
            }
        }
        let oldest = self.oldest_live();
        let mut hits: Vec<(usize, u32)> = counted(by_band);
        hits.extend(counted(by_anchor).into_iter().filter(|&(count, _)| count >= ANCHOR_HITS_MIN));
        hits.retain(|&(_, number)| number >= oldest && (number as usize) < self.rows.len());
        hits.sort_unstable_by_key(|&(count, number)| (number, std::cmp::Reverse(count)));
        hits.dedup_by_key(|&mut (_, number)| number);
        hits.sort_unstable_by_key(|&hit| std::cmp::Reverse(hit));
        hits.truncate(COMPARED_MAX);
        hits.into_iter().map(|(_, number)| number).collect()
    }

    /// True where the text holds, in passages of their own, two stories that are strangers to each other.
    fn is_hub(&self, text: &Compared, near: &[Near]) -> bool {
        let held: Vec<&Near> = near.iter().filter(|near| held_whole(&near.link)).collect();
        held.iter().enumerate().any(|(at, a)| {
            held[at + 1..].iter().any(|b| {
                self.rows[a.number as usize].set != self.rows[b.number as usize].set
                    && are_strangers(&a.compared, &b.compared)
                    && have_own_passages(text, &a.compared, &b.compared)
            })
        })
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
        let newest = &self.rows[*known.versions.last()? as usize];
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
}

/// The names an article goes by, the deciding one first: its url, else its id, within its source.
pub fn keys(article: &Article) -> Vec<u64> {
    let key =
        |kind: char, name: &str| xxh3_64(format!("{kind}\0{}\0{name}", article.source).as_bytes());
    let url = article.url.as_deref().map(|url| key('u', url));
    let id = article.id.as_deref().map(|id| key('i', id));
    url.into_iter().chain(id).collect()
}

fn counted(mut numbers: Vec<u32>) -> Vec<(usize, u32)> {
    numbers.sort_unstable();
    numbers.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect()
}

fn link(other: VersionId, kind: LinkKind, reason: Reason, overlap: &Overlap) -> Link {
    let Overlap { size, other_size, shared, .. } = *overlap;
    Link { other, kind, reason, shared, size, other_size }
}

/// The newcomer has nearly all of the older text, and more than as much besides.
const fn held_whole(link: &Link) -> bool {
    link.shared as u64 * 10 >= link.other_size as u64 * 8
        && link.other_size as u64 * 10 <= link.size as u64 * 7
}

/// No text in common, and hardly a content word: two alerts of one story name the same people and places.
fn are_strangers(a: &Compared, b: &Compared) -> bool {
    let texts = u64::from(shared(&a.shingles, &b.shingles));
    let smaller = a.shingles.len().min(b.shingles.len()) as u64;
    let words = u64::from(shared(&a.content, &b.content));
    let fewer = a.content.len().min(b.content.len()) as u64;
    texts * 10 < smaller && words * 5 < fewer
}

/// What `text` has of `a` is not what it has of `b`.
fn have_own_passages(text: &Compared, a: &Compared, b: &Compared) -> bool {
    let both = u64::from(shared_by_three(&text.shingles, &a.shingles, &b.shingles));
    both * 10 <= a.shingles.len().min(b.shingles.len()) as u64
}

/// Containment, then Jaccard, then the older: exact, by cross-multiplication.
fn best_first(a: &Link, b: &Link) -> std::cmp::Ordering {
    let containment =
        |link: &Link| (u64::from(link.shared), u64::from(link.size.min(link.other_size)).max(1));
    let jaccard = |link: &Link| {
        (u64::from(link.shared), u64::from(link.size + link.other_size - link.shared).max(1))
    };
    let more = |(p, q): (u64, u64), (r, s): (u64, u64)| (r * q).cmp(&(p * s));
    more(containment(a), containment(b))
        .then(more(jaccard(a), jaccard(b)))
        .then(a.other.cmp(&b.other))
}
