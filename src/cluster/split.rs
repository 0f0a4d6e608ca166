//! Links taken back to clusters that fall apart: only the clusters they lay in are made again, from their other links.

use std::collections::BTreeSet;

use super::types::{Change, SetId, Withdrawn};
use super::{Clusterer, Seen};
use crate::model::VersionId;

impl Clusterer {
    /// Takes back links, makes versions round-ups, and takes apart what they held together. Gives the sets that changed; each
    /// wants its summary told.
    pub(super) fn take_back(
        &mut self,
        withdrawn: &[Withdrawn],
        hubs: &[VersionId],
        changes: &mut Vec<Change>,
    ) -> BTreeSet<SetId> {
        let mut sets = BTreeSet::new();
        for &Withdrawn { newer, older } in withdrawn {
            let (Some(newer), Some(older)) = (self.number_of(newer), self.number_of(older)) else {
                continue;
            };
            if self.graph.untie(newer, older) {
                sets.insert(self.rows[newer as usize].set);
            }
        }
        for &hub in hubs {
            let Some(hub) = self.number_of(hub) else { continue };
            self.graph.make_hub(hub);
            let row = &mut self.rows[hub as usize];
            row.hub = true;
            sets.insert(row.set);
        }
        sets.iter().flat_map(|&set| self.take_apart(set, changes)).collect::<BTreeSet<_>>()
    }

    /// Makes a set again from its links: the part with the oldest member keeps the set, each other part becomes one of its
    /// own, and members are shown as they stand now. Gives all the sets it is now.
    pub(super) fn take_apart(&mut self, set: SetId, changes: &mut Vec<Change>) -> Vec<SetId> {
        let members = self.sets.members(set).to_vec();
        let from = self.sets.cluster(set, &self.rows);
        let parts = self.graph.components(&members);
        let mut sets = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            let id = if at == 0 { set } else { self.sets.found() };
            sets.push(id);
            if at == 0 {
                continue;
            }
            for &number in part {
                self.rows[number as usize].set = id;
            }
            let versions = part.iter().map(|&number| self.rows[number as usize].id).collect();
            changes.push(Change::Moved { from: set, to: id, versions });
        }
        self.stand_anew(&members, changes);
        for (&id, part) in sets.iter().zip(&parts) {
            let seen = Seen { rows: &self.rows, articles: &self.articles, claims: &self.claims };
            self.sets.remake(id, part, seen);
        }
        if sets.len() > 1 {
            let into = sets.iter().map(|&id| self.sets.cluster(id, &self.rows)).collect();
            changes.push(Change::Split { from, into });
        }
        sets
    }

    /// Finds each member's parent and relation anew, by the links it still has.
    fn stand_anew(&mut self, members: &[u32], changes: &mut Vec<Change>) {
        for &number in members {
            let links = self.graph.of(number);
            let hub = self.rows[number as usize].hub;
            let parent = links.iter().map(|&(_, link)| link).find(|link| hub || link.kind.glues());
            let relation = self.relation(number, parent.as_ref());
            let row = &mut self.rows[number as usize];
            if (row.parent, row.relation) != (parent, relation) {
                (row.parent, row.relation) = (parent, relation);
                let set = row.set;
                changes.push(Change::Restated { set, member: self.member(number) });
            }
        }
    }
}
