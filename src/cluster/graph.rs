//! The links between versions, kept so that a cluster can be made again when one of them is taken back.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{Link, LinkKind, Reason};

/// The newcomer of a link has nearly all of the older text, and more than as much besides.
pub(super) const fn held_whole(link: &Link) -> bool {
    holds(link.shared, link.size, link.other_size)
}

/// The older text of a link has nearly all of the newcomer, and more than as much besides.
pub(super) const fn holds_newcomer(link: &Link) -> bool {
    holds(link.shared, link.other_size, link.size)
}

/// A text of `whole` shingles has nearly all of one of `part`, and more than as much besides.
const fn holds(shared: u32, whole: u32, part: u32) -> bool {
    shared as u64 * 10 >= part as u64 * 8 && part as u64 * 10 <= whole as u64 * 7
}

/// What a barred link was.
pub(super) const fn restored(reason: Reason) -> LinkKind {
    match reason {
        Reason::WordsOfHeadline => LinkKind::Short,
        Reason::SameArticle | Reason::Reextracted => LinkKind::Article,
        Reason::HeldWhole => LinkKind::Contains,
        Reason::Editor => LinkKind::Editor,
        _ => LinkKind::Text,
    }
}

/// Links by their newer end, and who was linked to whom. Versions without a link take no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    links: BTreeMap<u32, Vec<(u32, Link)>>,
    newer: BTreeMap<u32, Vec<u32>>,
}

impl Graph {
    /// Remembers the link from `newer` to `older`.
    pub(super) fn tie(&mut self, newer: u32, older: u32, link: Link) {
        self.links.entry(newer).or_default().push((older, link));
        self.newer.entry(older).or_default().push(newer);
    }

    /// The graph of links by their newer ends, which ascend.
    pub(super) fn of_links(links: Vec<(u32, Vec<(u32, Link)>)>) -> Self {
        let ends = links
            .iter()
            .flat_map(|(newer, links)| links.iter().map(move |&(older, _)| (older, *newer)));
        let mut ends: Vec<(u32, u32)> = ends.collect();
        ends.sort_unstable();
        let newer = ends.chunk_by(|a, b| a.0 == b.0);
        let newer = newer.map(|run| (run[0].0, run.iter().map(|&(_, newer)| newer).collect()));
        Self { newer: newer.collect(), links: links.into_iter().collect() }
    }

    /// The links between versions that are still there, by where these are now: `new` gives `u32::MAX` for one that is gone.
    pub(super) fn moved(self, new: &impl Fn(u32) -> u32) -> Self {
        const GONE: u32 = u32::MAX;
        let links = self.links.into_iter().map(|(newer, links)| {
            let left = links.into_iter().map(|(older, link)| (new(older), link));
            (new(newer), left.filter(|&(older, _)| older != GONE).collect())
        });
        let later = self.newer.into_iter().map(|(older, newer)| {
            let left = newer.into_iter().map(new);
            (new(older), left.filter(|&newer| newer != GONE).collect())
        });
        Self {
            links: links.filter(|&(newer, _)| newer != GONE).collect(),
            newer: later.filter(|&(older, _)| older != GONE).collect(),
        }
    }

    /// The versions whose later ones do not ascend, with these: an editor's word may tie two that were both there.
    pub(super) fn out_of_turn(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let all = self.newer.iter().map(|(&older, newer)| (older, newer.as_slice()));
        all.filter(|(_, newer)| !newer.is_sorted())
    }

    /// Says in which order later versions came to be linked to `number`.
    pub(super) fn set_later(&mut self, number: u32, newer: Vec<u32>) {
        self.newer.insert(number, newer);
    }

    /// The links `number` had at arrival and still has, the best first.
    pub(super) fn of(&self, number: u32) -> &[(u32, Link)] {
        self.links.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The versions linked to `number` that came later, ascending.
    pub(super) fn later(&self, number: u32) -> &[u32] {
        self.newer.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The link from `newer` to `older`.
    pub(super) fn link(&self, newer: u32, older: u32) -> Option<&Link> {
        self.of(newer).iter().find(|(other, _)| *other == older).map(|(_, link)| link)
    }

    /// The links of later versions to `number`, with who has them.
    pub(super) fn links_to(&self, number: u32) -> impl Iterator<Item = (u32, &Link)> {
        self.later(number).iter().filter_map(move |&newer| Some((newer, self.link(newer, number)?)))
    }

    /// True where a short link ends at `number`, whichever end it is.
    pub(super) fn has_short(&self, number: u32) -> bool {
        let is_short = |link: &Link| link.kind == LinkKind::Short;
        self.of(number).iter().any(|(_, link)| is_short(link))
            || self.links_to(number).any(|(_, link)| is_short(link))
    }

    /// Takes a link back; true where it was there.
    pub(super) fn untie(&mut self, newer: u32, older: u32) -> bool {
        let Some(links) = self.links.get_mut(&newer) else { return false };
        let before = links.len();
        links.retain(|&(other, _)| other != older);
        if links.len() == before {
            return false;
        }
        if let Some(later) = self.newer.get_mut(&older) {
            later.retain(|&other| other != newer);
        }
        true
    }

    /// Makes the links of a round-up `contains` where one text holds the other, and takes the rest back.
    pub(super) fn make_hub(&mut self, hub: u32) {
        for &(older, link) in &self.of(hub).to_vec() {
            self.hub_link(hub, older, held_whole(&link));
        }
        let later: Vec<_> =
            self.links_to(hub).map(|(newer, link)| (newer, holds_newcomer(link))).collect();
        for (newer, contains) in later {
            self.hub_link(newer, hub, contains);
        }
    }

    fn hub_link(&mut self, newer: u32, older: u32, contains: bool) {
        if !contains {
            self.untie(newer, older);
        } else if let Some(link) = self.link_mut(newer, older) {
            link.kind = LinkKind::Contains;
            link.reason = Reason::HeldWhole;
        }
    }

    /// The link from `newer` to `older`, to be changed.
    pub(super) fn link_mut(&mut self, newer: u32, older: u32) -> Option<&mut Link> {
        let links = self.links.get_mut(&newer)?;
        links.iter_mut().find(|(other, _)| *other == older).map(|(_, link)| link)
    }

    /// The components of `members` by the links that glue, each ascending, in order of their first members.
    pub(super) fn components(&self, members: &[u32]) -> Vec<Vec<u32>> {
        let mut left: BTreeSet<u32> = members.iter().copied().collect();
        let mut parts = Vec::new();
        while let Some(first) = left.pop_first() {
            let (mut part, mut open) = (vec![first], vec![first]);
            while let Some(number) = open.pop() {
                for other in self.glued(number) {
                    if left.remove(&other) {
                        part.push(other);
                        open.push(other);
                    }
                }
            }
            part.sort_unstable();
            parts.push(part);
        }
        parts
    }

    fn glued(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let back =
            self.of(number).iter().filter(|(_, link)| link.kind.glues()).map(|&(older, _)| older);
        let forth = self.links_to(number).filter(|(_, link)| link.kind.glues());
        let forth = forth.map(|(newer, _)| newer);
        back.chain(forth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionId;

    fn link(shared: u32, size: u32, other_size: u32) -> Link {
        Link {
            other: VersionId(0),
            kind: LinkKind::Text,
            reason: Reason::FiguresAgree,
            shared,
            size,
            other_size,
            rests_on: 0,
        }
    }

    #[test]
    fn taking_a_link_back_takes_the_component_apart() {
        let mut graph = Graph::default();
        graph.tie(2, 1, link(9, 10, 10));
        graph.tie(3, 2, link(9, 10, 10));
        graph.tie(4, 3, link(9, 10, 10));
        graph.tie(4, 2, link(9, 10, 10));
        assert_eq!(graph.components(&[1, 2, 3, 4]), [vec![1, 2, 3, 4]]);
        assert!(graph.untie(3, 2));
        assert!(!graph.untie(3, 2));
        assert_eq!(graph.components(&[1, 2, 3, 4]), [vec![1, 2, 3, 4]]);
        graph.untie(4, 2);
        assert_eq!(graph.components(&[1, 2, 3, 4]), [vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn a_round_up_keeps_what_it_holds_and_glues_nothing() {
        let mut graph = Graph::default();
        graph.tie(5, 1, link(9, 30, 10)); // holds 1
        graph.tie(6, 5, link(9, 10, 30)); // is held by 5
        graph.tie(7, 5, link(28, 30, 30)); // another site's copy of 5
        graph.make_hub(5);
        assert_eq!(graph.components(&[1, 5, 6, 7]), [vec![1], vec![5], vec![6], vec![7]]);
        assert_eq!(graph.of(5)[0].1.kind, LinkKind::Contains);
        assert_eq!(graph.of(6)[0].1.kind, LinkKind::Contains);
        assert_eq!(graph.of(7).len(), 0);
    }
}
