//! Round-ups and live pages: texts that hold two stories which have nothing to do with each other.

use std::sync::Arc;

use super::compared::Compared;
use super::graph::{held_whole, holds_newcomer};
use super::meeting::{Probe, in_both};
use super::near::Found;
use super::types::LinkKind;
use super::{Clusterer, Texts};
use crate::model::VersionId;
use crate::text;

/// Stories of a text that are looked at, the best held first.
const STORIES_MAX: usize = 16;

impl Clusterer {
    /// True where the newcomer holds, in passages of their own, two stories that are strangers to each other.
    pub(super) fn is_hub(&self, text: &Compared, found: &[Found]) -> bool {
        let held: Vec<&Found> =
            found.iter().filter(|found| held_whole(&found.link)).take(STORIES_MAX).collect();
        let apart = |a: &Found, b: &Found| {
            self.rows[a.number as usize].set != self.rows[b.number as usize].set
        };
        held.iter().enumerate().any(|(at, a)| {
            held[at + 1..]
                .iter()
                .any(|b| apart(a, b) && holds_strangers(text, &a.compared, &b.compared))
        })
    }

    /// The older versions that hold the newcomer whole and, in another passage, a stranger to it.
    pub(super) fn late_hubs(
        &self,
        text: &Compared,
        found: &[Found],
        texts: &mut Texts<'_>,
    ) -> Vec<VersionId> {
        let mut hubs = Vec::new();
        let holders = found.iter().filter(|found| holds_newcomer(&found.link)).take(STORIES_MAX);
        for holder in holders {
            let others = self.held_by(holder.number);
            let strangers = others.into_iter().take(STORIES_MAX).any(|other| {
                let other: Option<Arc<Compared>> = texts(self.rows[other as usize].id);
                other.is_some_and(|other| holds_strangers(&holder.compared, text, &other))
            });
            if strangers {
                hubs.push(self.rows[holder.number as usize].id);
            }
        }
        hubs.sort_unstable();
        hubs
    }

    /// The versions a text holds whole by its links, older and newer.
    fn held_by(&self, holder: u32) -> Vec<u32> {
        let text = |kind: LinkKind| matches!(kind, LinkKind::Text | LinkKind::Contains);
        let older = self.graph.of(holder).iter();
        let older =
            older.filter(|(_, link)| text(link.kind) && held_whole(link)).map(|&(other, _)| other);
        let newer = self.graph.links_to(holder);
        let newer = newer
            .filter(|(_, link)| text(link.kind) && holds_newcomer(link))
            .map(|(newer, _)| newer);
        older.chain(newer).collect()
    }
}

/// What `text` has of `a` is not what it has of `b`, and the two have nothing to do with each other.
fn holds_strangers(text: &Compared, a: &Compared, b: &Compared) -> bool {
    are_strangers(a, b) && {
        let both = u64::from(Probe::new(text).in_all_three(a, b));
        both * 10 <= u64::from(a.shingles.min(b.shingles))
    }
}

/// No text in common, and hardly a content word: two alerts of one story name the same people and places.
fn are_strangers(a: &Compared, b: &Compared) -> bool {
    let shared = u64::from(Probe::new(a).overlap(b).shared);
    if shared * 10 >= u64::from(a.shingles.min(b.shingles)) {
        return false;
    }
    let (of_a, of_b) = (text::content(&a.words), text::content(&b.words));
    u64::from(in_both(&of_a, &of_b)) * 5 < of_a.len().min(of_b.len()) as u64
}
