//! Blocks that a source shows beside unrelated stories: found as they come, and what rested on them judged again.
//!
//! A block is furniture from the third cluster on that shows it. Clusters are counted, not pages: a story updated ten times
//! must not filter itself out. Two pages that only the block itself holds together count as two. A page on which the block is
//! what the headline speaks of, or most of the text, is no evidence: recurring templates look like that.

use std::collections::BTreeSet;

use super::link::{Between, rule};
use super::meeting::Probe;
use super::near::Near;
use super::prepared::{Blocks, Prepared, bit};
use super::types::{Version, Withdrawn};
use super::{Clusterer, SetId, Texts};
use crate::model::{SourceId, Timestamp};
use crate::text;
use xxhash_rust::xxh3::xxh3_64;

/// Clusters of one source that show a block, with which it is furniture.
const CLUSTERS: usize = 3;

/// Links judged again at one arrival.
const REJUDGED_MAX: usize = 256;

/// Links that rest on one block which are remembered; the newest go unremembered beyond it.
const RESTING_MAX: usize = 4 * REJUDGED_MAX;

/// Versions after which links that are out of reach are forgotten.
const FORGET_EVERY: u64 = 4096;

/// What is left of a text, and what it is near.
pub(super) struct Cleared {
    pub(super) furniture: Vec<u16>,
    /// Positions of the blocks of which the page says nothing.
    pub(super) no_evidence: Vec<u16>,
    /// Hashes of the blocks that are furniture from this arrival on.
    pub(super) found: Vec<u64>,
    pub(super) prepared: Prepared,
    pub(super) near: Near,
}

impl Clusterer {
    /// Takes the furniture out of a text and finds what the rest is near. `whole`: what is compared where there is none.
    pub(super) fn cleared(
        &self,
        blocks: &Blocks,
        whole: Option<Prepared>,
        source: &SourceId,
        seen_at: Timestamp,
        texts: &mut Texts<'_>,
    ) -> Cleared {
        let no_evidence = blocks.no_evidence();
        let (mut furniture, mut suspects) = (Vec::new(), Vec::new());
        for (position, &hash) in blocks.hashes.iter().enumerate().filter(|&(_, &hash)| hash != 0) {
            let position = position as u16;
            let shown = self.shown(source, hash);
            if shown.count >= CLUSTERS {
                furniture.push(position);
            } else if shown.count + 1 == CLUSTERS && no_evidence.binary_search(&position).is_err() {
                suspects.push((position, shown));
            }
        }
        let known = furniture.clone();
        if !suspects.is_empty() {
            // Is this the third cluster? Only what the text is near without the block can tell.
            furniture.extend(suspects.iter().map(|&(position, _)| position));
            furniture.sort_unstable();
            let near = self.near(&blocks.prepare(&furniture), source, seen_at, false, texts);
            let sets: BTreeSet<SetId> = near.sets(self);
            let headline = headline(&blocks.about);
            suspects.retain(|(_, shown)| shown.is_unrelated(&sets, headline));
            furniture = known;
            furniture.extend(suspects.iter().map(|&(position, _)| position));
            furniture.sort_unstable();
        }
        let whole = whole.filter(|_| furniture.is_empty());
        let mut prepared = whole.unwrap_or_else(|| blocks.prepare(&furniture));
        // A text that is hardly more than furniture is compared whole, since templates look like that, too; its headline then
        // has to agree with the other's.
        let bare = !prepared.compared.has_body() && !furniture.is_empty();
        if bare {
            furniture.clear();
            prepared = blocks.prepare(&[]);
        }
        let near = self.near(&prepared, source, seen_at, bare, texts);
        let found =
            suspects.iter().map(|&(position, _)| blocks.hashes[position as usize]).collect();
        Cleared { furniture, no_evidence, found, prepared, near }
    }

    /// In how many clusters a source has shown a block, and their sets.
    fn shown(&self, source: &SourceId, hash: u64) -> Shown {
        let mut holders = Vec::new();
        self.blocks.look_up(block_key(source, hash), &mut holders);
        let rows = holders.iter().filter_map(|&number| self.rows.get(number as usize));
        let (mut sets, mut strayed, mut headlines) = (BTreeSet::new(), 0, Vec::new());
        for row in rows {
            headlines.push(row.headline);
            // A page that is there by this very block is a cluster of its own.
            if row.strayed == hash {
                strayed += 1;
            } else {
                sets.insert(row.set);
            }
        }
        Shown { count: sets.len() + strayed, sets, headlines }
    }

    /// Judges the links that rest on new furniture again, the oldest first. Gives those that hold no longer, and how many
    /// were too many.
    pub(super) fn rejudged(
        &self,
        source: &SourceId,
        found: &[u64],
        texts: &mut Texts<'_>,
    ) -> (Vec<Withdrawn>, u32) {
        let (mut withdrawn, mut judged, mut unjudged) = (BTreeSet::new(), 0, 0);
        for &hash in found {
            let resting = self.resting.get(&block_key(source, hash)).map_or(&[][..], Vec::as_slice);
            for &(newer, older) in resting.iter().filter(|&&(_, older)| older >= self.oldest_live())
            {
                if judged == REJUDGED_MAX {
                    unjudged += 1;
                    continue;
                }
                judged += 1;
                if !self.holds_without(newer, older, hash, texts) {
                    let (newer, older) =
                        (self.rows[newer as usize].id, self.rows[older as usize].id);
                    withdrawn.insert(Withdrawn { newer, older });
                }
            }
        }
        (withdrawn.into_iter().collect(), unjudged)
    }

    /// True where two versions are tied without a block, too; and where a text is gone, since then nothing can be said.
    fn holds_without(&self, newer: u32, older: u32, hash: u64, texts: &mut Texts<'_>) -> bool {
        let (a, b) = (&self.rows[newer as usize], &self.rows[older as usize]);
        let (Some(text), Some(other)) = (texts(a.id), texts(b.id)) else { return true };
        let overlap = Probe::new(&text).overlap_without(&other, hash);
        let between = Between {
            apart_millis: a.seen_at.distance_millis(b.seen_at),
            same_source: a.source == b.source,
        };
        rule(&overlap, between).is_ok()
    }

    /// Remembers which blocks a version shows, and which of its links rest on one.
    pub(super) fn remember_blocks(&mut self, version: &Version, number: u32) {
        let verdicts = &version.verdicts;
        let source = &version.article.source;
        for link in verdicts.links.iter().filter(|link| link.rests_on != 0) {
            let Some(older) = self.number_of(link.other) else { continue };
            let resting = self.resting.entry(block_key(source, link.rests_on)).or_default();
            if resting.len() < RESTING_MAX {
                resting.push((number, older));
            }
        }
        if (u64::from(number) + self.dropped).is_multiple_of(FORGET_EVERY) {
            let oldest = self.oldest_live();
            self.resting.retain(|_, links| {
                links.retain(|&(_, older)| older >= oldest);
                !links.is_empty()
            });
        }
        for (position, &hash) in verdicts.blocks.iter().enumerate().filter(|&(_, &hash)| hash != 0)
        {
            if verdicts.no_evidence.binary_search(&(position as u16)).is_ok() {
                continue;
            }
            // Sets the version is in for more than this block's sake.
            let sets: BTreeSet<SetId> = verdicts
                .links
                .iter()
                .filter(|link| link.kind.glues() && link.rests_on != hash)
                .filter_map(|link| Some(self.rows[self.number_of(link.other)? as usize].set))
                .collect();
            let shown = self.shown(source, hash);
            if shown.count < CLUSTERS && shown.is_unrelated(&sets, verdicts.headline) {
                self.blocks.insert(block_key(source, hash), number);
            }
        }
    }
}

struct Shown {
    count: usize,
    sets: BTreeSet<SetId>,
    headlines: Vec<u64>,
}

impl Shown {
    /// True where a page would be one more story that has nothing to do with those before: it is in none of their sets by
    /// other evidence, and its headline is none of theirs again, as a template's is.
    fn is_unrelated(&self, sets: &BTreeSet<SetId>, headline: u64) -> bool {
        let again = |known: u64| {
            let shared = (known & headline).count_ones();
            shared >= 2 && shared * 2 >= known.count_ones().min(headline.count_ones())
        };
        self.sets.is_disjoint(sets) && !self.headlines.iter().any(|&known| again(known))
    }
}

/// The longer words of a headline, a bit each: whether two are of one kind, as far as 64 bits can tell.
pub(super) fn headline(words: &[u64]) -> u64 {
    let long = words.iter().filter(|&&word| text::Kind::of(word) == text::Kind::Content);
    long.fold(0, |bits, &word| bits | bit(word))
}

/// The one block on which all links of a version rest; 0 where there are none or others.
pub(super) fn strayed(version: &Version) -> u64 {
    let mut blocks =
        version.verdicts.links.iter().filter(|link| link.kind.glues()).map(|link| link.rests_on);
    let first = blocks.next().unwrap_or(0);
    if blocks.all(|block| block == first) { first } else { 0 }
}

/// The key of a block of a source in the table of blocks.
fn block_key(source: &SourceId, block: u64) -> u64 {
    xxh3_64(source.as_str().as_bytes()) ^ block.rotate_left(17)
}
