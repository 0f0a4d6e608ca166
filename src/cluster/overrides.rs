//! An editor's word to changes of clusters: final until it is undone, whatever the texts say.
//!
//! A split bars the articles it parts for ever: two sets that hold both sides of a bar never become one, and a newcomer near
//! both joins the side of its best link. What it shares with the other side is kept as a barred link, which glues nothing.

use std::collections::BTreeSet;

use super::Clusterer;
use super::frozen::{In, Out};
use super::graph::restored;
use super::types::{Change, Link, LinkKind, Reason, SetId, Version};
use crate::model::{ArticleId, ClusterId, VersionId};

/// What an editor decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// These articles are another story than the rest of their cluster.
    Split {
        /// All of one cluster, not all of its articles.
        articles: Vec<ArticleId>,
    },
    /// These two clusters are one story.
    Merge {
        /// The one.
        a: ClusterId,
        /// The other.
        b: ClusterId,
    },
    /// An earlier override holds no longer.
    Undo {
        /// The number it was given.
        number: u64,
    },
}

/// Why an override cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// No article, cluster or override of that name.
    #[error("{0} is not known")]
    Unknown(String),
    /// The articles are not of one cluster, or are all of it.
    #[error(
        "a split takes some articles of one cluster and leaves some: name fewer, or those of one cluster"
    )]
    NotAPart,
    /// The two clusters are one already.
    #[error("the two are one cluster already")]
    OneAlready,
    /// An earlier split keeps them apart.
    #[error("override {0} keeps them apart: undo it first")]
    Barred(u64),
}

/// An override in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub(super) number: u64,
    /// Articles that a split parted: the ones named, and the rest. Both empty for a merge.
    apart: BTreeSet<u32>,
    rest: BTreeSet<u32>,
    /// The links it made, newer and older end.
    made: Vec<(u32, u32)>,
}

impl InForce {
    /// The articles it parts.
    pub(super) fn articles(&self) -> impl Iterator<Item = u32> {
        self.apart.iter().chain(&self.rest).copied()
    }

    /// The versions it tied.
    pub(super) fn ends(&self) -> impl Iterator<Item = u32> {
        self.made.iter().flat_map(|&(newer, older)| [newer, older])
    }

    /// The same by where articles and versions are now (`u32::MAX` for those that are gone); `None` where nothing is left of it.
    pub(super) fn moved(
        self,
        article: &impl Fn(u32) -> u32,
        version: &impl Fn(u32) -> u32,
    ) -> Option<Self> {
        const GONE: u32 = u32::MAX;
        let was_empty = self.apart.is_empty() && self.rest.is_empty() && self.made.is_empty();
        let left = |articles: BTreeSet<u32>| {
            articles.into_iter().map(article).filter(|&at| at != GONE).collect::<BTreeSet<u32>>()
        };
        let (apart, rest) = (left(self.apart), left(self.rest));
        let made = self.made.into_iter().map(|(newer, older)| (version(newer), version(older)));
        let made: Vec<_> = made.filter(|&(newer, older)| newer != GONE && older != GONE).collect();
        let is_empty = apart.is_empty() && rest.is_empty() && made.is_empty();
        (was_empty || !is_empty).then_some(Self { number: self.number, apart, rest, made })
    }

    pub(super) fn freeze(&self, out: &mut Out) {
        out.uint(self.number);
        for articles in [&self.apart, &self.rest] {
            out.numbers(articles.iter().copied());
        }
        out.numbers(self.made.iter().map(|link| link.0));
        out.numbers(self.made.iter().map(|link| link.1));
    }

    pub(super) fn thaw(read: &mut In<'_>, versions: usize, articles: usize) -> Option<Self> {
        let number = read.uint()?;
        let apart = read.numbers(articles)?.into_iter().collect();
        let rest = read.numbers(articles)?.into_iter().collect();
        let (newer, older) = (read.numbers(versions)?, read.numbers(versions)?);
        let paired = newer.len() == older.len();
        paired.then(|| Self { number, apart, rest, made: newer.into_iter().zip(older).collect() })
    }
}

impl Clusterer {
    /// Carries out an editor's word under `number`, which names it when it is to be undone.
    pub fn override_with(
        &mut self,
        number: u64,
        word: &Override,
    ) -> Result<Vec<Change>, OverrideError> {
        let mut changes = Vec::new();
        let sets = match word {
            Override::Split { articles } => self.split_off(number, articles, &mut changes)?,
            Override::Merge { a, b } => self.put_together(number, *a, *b, &mut changes)?,
            Override::Undo { number } => self.undo(*number, &mut changes)?,
        };
        for set in sets.into_iter().filter(|&set| self.sets.lives(set)).collect::<BTreeSet<_>>() {
            changes.push(self.updated(set));
        }
        Ok(changes)
    }

    /// The numbers of the overrides in force, the oldest first.
    pub fn overrides(&self) -> Vec<u64> {
        self.overrides.iter().map(|word| word.number).collect()
    }

    fn split_off(
        &mut self,
        number: u64,
        articles: &[ArticleId],
        changes: &mut Vec<Change>,
    ) -> Result<Vec<SetId>, OverrideError> {
        let mut apart = BTreeSet::new();
        for &id in articles {
            let unknown = || OverrideError::Unknown(id.to_string());
            apart.insert(self.article_number(id).ok_or_else(unknown)?);
        }
        let newest = |&article: &u32| self.articles[article as usize].versions.last().copied();
        let sets: BTreeSet<SetId> =
            apart.iter().filter_map(newest).map(|number| self.rows[number as usize].set).collect();
        let &[set] = Vec::from_iter(sets).as_slice() else { return Err(OverrideError::NotAPart) };
        let is_apart = |clusterer: &Self, number: u32| {
            apart.contains(&clusterer.rows[number as usize].article)
        };
        let (there, here): (Vec<u32>, Vec<u32>) =
            self.sets.members(set).iter().partition(|&&number| is_apart(self, number));
        if here.is_empty() || there.is_empty() {
            return Err(OverrideError::NotAPart);
        }
        for side in [&there, &here] {
            for &newer in side {
                let crossing =
                    |&(older, _): &(u32, Link)| is_apart(self, older) != is_apart(self, newer);
                let links: Vec<_> = self.graph.of(newer).iter().copied().filter(crossing).collect();
                for (older, _) in links {
                    if let Some(link) = self.graph.link_mut(newer, older) {
                        link.kind = LinkKind::Barred;
                    }
                }
            }
        }
        // Each side stays one, though what held it together may have been the other.
        let mut made = self.chain(&there);
        made.extend(self.chain(&here));
        let rest = here.iter().map(|&number| self.rows[number as usize].article).collect();
        self.overrides.push(InForce { number, apart, rest, made });
        Ok(self.take_apart(set, changes))
    }

    /// Ties the components of `members` together, one to the next.
    fn chain(&mut self, members: &[u32]) -> Vec<(u32, u32)> {
        let firsts: Vec<u32> = self.graph.components(members).iter().map(|part| part[0]).collect();
        let pairs: Vec<(u32, u32)> = firsts.windows(2).map(|pair| (pair[1], pair[0])).collect();
        for &(newer, older) in &pairs {
            self.graph.tie(newer, older, self.editors_link(older));
        }
        pairs
    }

    fn editors_link(&self, older: u32) -> Link {
        let other = self.rows[older as usize].id;
        let (kind, reason) = (LinkKind::Editor, Reason::Editor);
        Link { other, kind, reason, shared: 0, size: 0, other_size: 0, rests_on: 0 }
    }

    fn put_together(
        &mut self,
        number: u64,
        a: ClusterId,
        b: ClusterId,
        changes: &mut Vec<Change>,
    ) -> Result<Vec<SetId>, OverrideError> {
        let set_of = |id: ClusterId| {
            let number = self.number_of(VersionId(id.0));
            number
                .map(|number| self.rows[number as usize].set)
                .ok_or_else(|| OverrideError::Unknown(id.to_string()))
        };
        let (a, b) = (set_of(a)?, set_of(b)?);
        if a == b {
            return Err(OverrideError::OneAlready);
        }
        if let Some(bar) = self.bar_between(a, b) {
            return Err(OverrideError::Barred(bar));
        }
        let firsts = [self.sets.members(a)[0], self.sets.members(b)[0]];
        let (older, newer) = (firsts[0].min(firsts[1]), firsts[0].max(firsts[1]));
        self.graph.tie(newer, older, self.editors_link(older));
        let made = vec![(newer, older)];
        self.overrides.push(InForce {
            number,
            apart: BTreeSet::new(),
            rest: BTreeSet::new(),
            made,
        });
        let kept = self.merge(a, b, changes);
        Ok(self.take_apart(kept, changes))
    }

    fn undo(
        &mut self,
        number: u64,
        changes: &mut Vec<Change>,
    ) -> Result<Vec<SetId>, OverrideError> {
        let unknown = || OverrideError::Unknown(format!("override {number}"));
        let at =
            self.overrides.iter().position(|word| word.number == number).ok_or_else(unknown)?;
        let word = self.overrides.remove(at);
        let mut touched = BTreeSet::new();
        for &(newer, older) in &word.made {
            self.graph.untie(newer, older);
            touched.extend([newer, older].map(|number| self.rows[number as usize].set));
        }
        let parted: Vec<u32> = word.apart.iter().chain(&word.rest).copied().collect();
        for article in parted {
            for version in self.articles[article as usize].versions.clone() {
                for (older, link) in self.graph.of(version).to_vec() {
                    let ends = [version, older].map(|number| self.rows[number as usize].article);
                    if link.kind == LinkKind::Barred && self.bar_on(ends[0], ends[1]).is_none() {
                        if let Some(link) = self.graph.link_mut(version, older) {
                            link.kind = restored(link.reason);
                        }
                        touched.insert(self.meet_again(version, older, changes));
                    }
                }
            }
        }
        let touched: Vec<SetId> = touched.into_iter().filter(|&set| self.sets.lives(set)).collect();
        Ok(touched.into_iter().flat_map(|set| self.take_apart(set, changes)).collect())
    }

    /// The sets of two versions become one, where they are not and no other bar lies between.
    fn meet_again(&mut self, newer: u32, older: u32, changes: &mut Vec<Change>) -> SetId {
        let (a, b) = (self.rows[newer as usize].set, self.rows[older as usize].set);
        if a == b || self.bar_between(a, b).is_some() { a } else { self.merge(a, b, changes) }
    }

    /// The override that parts two articles.
    fn bar_on(&self, a: u32, b: u32) -> Option<u64> {
        let parts = |word: &&InForce| {
            (word.apart.contains(&a) && word.rest.contains(&b))
                || (word.apart.contains(&b) && word.rest.contains(&a))
        };
        self.overrides.iter().find(parts).map(|word| word.number)
    }

    /// The override that keeps two sets from becoming one.
    fn bar_between(&self, a: SetId, b: SetId) -> Option<u64> {
        let touches = |articles: &BTreeSet<u32>, set: SetId| {
            let versions =
                articles.iter().flat_map(|&article| &self.articles[article as usize].versions);
            versions.into_iter().any(|&number| self.is_in(number, set))
        };
        let parts = |word: &&InForce| {
            (touches(&word.apart, a) && touches(&word.rest, b))
                || (touches(&word.apart, b) && touches(&word.rest, a))
        };
        self.overrides.iter().find(parts).map(|word| word.number)
    }

    /// True where a version is in a set. The newcomer, which its article has already, is in none yet.
    fn is_in(&self, number: u32, set: SetId) -> bool {
        self.rows.get(number as usize).is_some_and(|row| row.set == set)
    }

    /// The sets a version ties together, the best link's first, each once; and the versions that a bar keeps from it.
    pub(super) fn ties(
        &self,
        version: &Version,
        article: u32,
    ) -> (Vec<SetId>, BTreeSet<VersionId>) {
        let (mut sets, mut barred): (Vec<SetId>, _) = (Vec::new(), BTreeSet::new());
        for link in version.verdicts.links.iter().filter(|link| link.kind.glues()) {
            let Some(number) = self.number_of(link.other) else { continue };
            let set = self.rows[number as usize].set;
            let of_article = || {
                let sides = self.overrides.iter().filter_map(|word| {
                    word.apart
                        .contains(&article)
                        .then_some(&word.rest)
                        .or_else(|| word.rest.contains(&article).then_some(&word.apart))
                });
                sides.into_iter().flatten().any(|&other| {
                    let versions = &self.articles[other as usize].versions;
                    versions.iter().any(|&number| self.is_in(number, set))
                })
            };
            let kept_apart = !self.overrides.is_empty()
                && (of_article()
                    || sets.iter().any(|&other| self.bar_between(other, set).is_some()));
            if kept_apart {
                barred.insert(link.other);
            } else if !sets.contains(&set) {
                sets.push(set);
            }
        }
        (sets, barred)
    }
}

#[cfg(test)]
mod tests;
