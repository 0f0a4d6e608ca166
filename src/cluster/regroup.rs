//! Two clusterings of the same versions to what differs: clusters that merge, split, or lose versions to another.
//!
//! Each old cluster goes on in the new one that holds most of it, its home. New clusters that are home to several old ones
//! are merges. What leaves for the home of another old cluster moved there; what leaves for a cluster that is nobody's home
//! was split off. So every old cluster that is not found again has at least one line that names it or what came to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ClusterId, VersionId};

/// Where a version lies in the one clustering and in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The version.
    pub version: VersionId,
    /// Its cluster as it was.
    pub before: ClusterId,
    /// Its cluster as it would be.
    pub after: ClusterId,
}

/// Old clusters that are one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The new cluster.
    pub into: ClusterId,
    /// The old ones, ascending.
    pub from: Vec<ClusterId>,
}

/// An old cluster that fell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The old cluster.
    pub from: ClusterId,
    /// The new ones with how many of its versions each has: its home first, then ascending.
    pub into: Vec<(ClusterId, usize)>,
}

/// A version that left its cluster for one that another old cluster goes on in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The version.
    pub version: VersionId,
    /// The old cluster it leaves.
    pub from: ClusterId,
    /// The new cluster it is in.
    pub to: ClusterId,
}

/// What differs between two clusterings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regrouping {
    /// Clusters as it was.
    pub before: usize,
    /// Clusters as it would be.
    pub after: usize,
    /// Old clusters that are found again with exactly their versions.
    pub unchanged: usize,
    /// Merges, by new cluster.
    pub merged: Vec<Merge>,
    /// Splits, by old cluster.
    pub split: Vec<Split>,
    /// Moves, by version.
    pub moved: Vec<Move>,
}

/// Versions that lie together before and after, by how they lie.
type Shares = BTreeMap<ClusterId, BTreeMap<ClusterId, usize>>;

impl Regrouping {
    /// Compares the two clusterings of `places`, in which each version stands once.
    pub fn of(places: &[Place]) -> Self {
        let (mut olds, mut sizes) = (Shares::new(), BTreeMap::<ClusterId, usize>::new());
        for place in places {
            *olds.entry(place.before).or_default().entry(place.after).or_default() += 1;
            *sizes.entry(place.after).or_default() += 1;
        }
        let homes: BTreeMap<ClusterId, ClusterId> =
            olds.iter().map(|(&old, parts)| (old, home(parts))).collect();
        let mut heirs: BTreeMap<ClusterId, Vec<ClusterId>> = BTreeMap::new();
        for (&old, &home) in &homes {
            heirs.entry(home).or_default().push(old);
        }
        let same = |(old, parts): &(&ClusterId, &BTreeMap<ClusterId, usize>)| {
            let home = homes[*old];
            parts.len() == 1 && parts[&home] == sizes[&home]
        };
        let unchanged = olds.iter().filter(same).count();
        let merged = heirs
            .iter()
            .filter(|(_, from)| from.len() > 1)
            .map(|(&into, from)| Merge { into, from: from.clone() });
        let split = olds.iter().filter_map(|(&from, parts)| {
            let home = homes[&from];
            let off = parts.iter().filter(|(new, _)| !heirs.contains_key(new));
            let off: Vec<(ClusterId, usize)> = off.map(|(&new, &count)| (new, count)).collect();
            let into = std::iter::once((home, parts[&home])).chain(off).collect::<Vec<_>>();
            (into.len() > 1).then_some(Split { from, into })
        });
        let moved = places.iter().filter(|place| {
            homes[&place.before] != place.after && heirs.contains_key(&place.after)
        });
        let moved: BTreeSet<Place> = moved.copied().collect();
        Self {
            before: olds.len(),
            after: sizes.len(),
            unchanged,
            merged: merged.collect(),
            split: split.collect(),
            moved: moved
                .into_iter()
                .map(|place| Move { version: place.version, from: place.before, to: place.after })
                .collect(),
        }
    }

    /// True where both clusterings are the same.
    pub const fn is_none(&self) -> bool {
        self.unchanged == self.before
    }
}

/// The new cluster that has most of an old one; among equals the older.
fn home(parts: &BTreeMap<ClusterId, usize>) -> ClusterId {
    let most = parts.iter().max_by_key(|&(&new, &count)| (count, std::cmp::Reverse(new)));
    most.map(|(&new, _)| new).expect("a cluster has at least the version that named it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Versions from 1 with their clusters before and after, against the lines that tell of the difference.
    fn check(clusters: &[(u64, u64)], expected: &[&str]) {
        let places: Vec<Place> = (1..)
            .zip(clusters)
            .map(|(version, &(before, after))| Place {
                version: VersionId(version),
                before: ClusterId(before),
                after: ClusterId(after),
            })
            .collect();
        let found = Regrouping::of(&places);
        let ids = |ids: &[ClusterId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
        let mut lines = Vec::new();
        for Merge { into, from } in &found.merged {
            lines.push(format!("merge {:?} {}", ids(from), into.0));
        }
        for Split { from, into } in &found.split {
            let into: Vec<_> = into.iter().map(|(id, count)| (id.0, *count)).collect();
            lines.push(format!("split {} {into:?}", from.0));
        }
        for Move { version, from, to } in &found.moved {
            lines.push(format!("move {} {} {}", version.0, from.0, to.0));
        }
        assert_eq!(lines, expected, "{clusters:?}");
        assert_eq!(found.is_none(), expected.is_empty());
    }

    #[test]
    fn every_difference_has_its_line_and_nothing_else_has_one() {
        check(&[], &[]);
        check(&[(1, 1), (2, 2), (1, 1)], &[]);
        check(&[(1, 1), (2, 1)], &["merge [1, 2] 1"]);
        check(&[(1, 1), (1, 2)], &["split 1 [(1, 1), (2, 1)]"]);
        check(&[(1, 1), (1, 2), (1, 2)], &["split 1 [(2, 2), (1, 1)]"]);
        // The third version leaves the first cluster for the fourth's.
        check(&[(1, 1), (1, 1), (1, 3), (4, 3), (4, 3)], &["move 3 1 3"]);
        // Two leave their clusters for one that is new.
        check(
            &[(1, 1), (1, 1), (1, 3), (4, 4), (4, 4), (4, 3)],
            &["split 1 [(1, 2), (3, 1)]", "split 4 [(4, 2), (3, 1)]"],
        );
        // What is left of one cluster goes on in another, and the rest stands by itself.
        check(&[(1, 1), (1, 1), (1, 3), (4, 1)], &["merge [1, 4] 1", "split 1 [(1, 2), (3, 1)]"]);
    }

    #[test]
    fn what_is_found_again_is_counted() {
        let place = |version, before, after| Place {
            version: VersionId(version),
            before: ClusterId(before),
            after: ClusterId(after),
        };
        let found = Regrouping::of(&[place(1, 1, 1), place(2, 2, 2), place(3, 3, 2)]);
        assert_eq!((found.before, found.after, found.unchanged), (3, 2, 1));
    }
}
