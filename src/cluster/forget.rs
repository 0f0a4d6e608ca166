//! Clusters that have had their time, to none: what the fold knows of them goes, and the rest goes on as if they were there.
//!
//! The law: it makes no difference whether clusters are forgotten before or after records that do not touch them. So the state
//! at some record without them is a place to begin from, and the records before it are needed no longer.

use std::collections::{BTreeMap, BTreeSet};

use super::overrides::InForce;
use super::types::{Change, Member, Relation, SetId, Summary};
use super::{ArticleRow, Clusterer, Override, Row, Version};
use crate::model::{ArticleId, ClusterId, SourceId, Timestamp, VersionId};

/// Stands for an article or a version that is gone.
const GONE: u32 = u32::MAX;

/// An article as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleStands {
    /// Which.
    pub id: ArticleId,
    /// Whose.
    pub source: SourceId,
    /// Its versions, ascending.
    pub versions: Vec<VersionId>,
}

/// Articles by their names, articles, and each set with its row and its members.
pub type Stands = (Vec<(u64, ArticleId)>, Vec<ArticleStands>, Vec<(SetId, Summary, Vec<Member>)>);

/// What records name that came before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    versions: BTreeSet<VersionId>,
    articles: BTreeSet<ArticleId>,
    overrides: BTreeSet<u64>,
}

impl Touched {
    /// True where one of these is named; each list ascends. An editor's word may reach further than what it names.
    pub fn reaches(&self, versions: &[VersionId], articles: &[ArticleId]) -> bool {
        !self.overrides.is_empty()
            || self.versions.iter().any(|id| versions.binary_search(id).is_ok())
            || self.articles.iter().any(|id| articles.binary_search(id).is_ok())
    }

    /// A version names what it is linked to, what it takes back, and its article.
    pub fn by(&mut self, version: &Version) {
        let verdicts = &version.verdicts;
        self.articles.extend(verdicts.article);
        self.versions.extend(verdicts.links.iter().map(|link| link.other));
        self.versions.extend(&verdicts.late_hubs);
        self.versions.extend(verdicts.withdrawn.iter().flat_map(|gone| [gone.newer, gone.older]));
    }

    /// An editor's word names articles, clusters, or a word before it.
    pub fn by_word(&mut self, word: &Override) {
        match word {
            Override::Split { articles } => self.articles.extend(articles),
            Override::Merge { a, b } => {
                self.versions.extend([a, b].map(|cluster| VersionId(cluster.0)));
            }
            Override::Undo { number } => {
                self.overrides.insert(*number);
            }
        }
    }
}

impl Row {
    /// True where nothing is left of it but what says that a block was shown.
    pub(super) const fn is_ghost(&self) -> bool {
        self.article == GONE
    }

    /// What is left of a version that is gone.
    pub(super) const fn ghost(
        id: VersionId,
        seen_at: Timestamp,
        set: SetId,
        headline: u64,
        strayed: u64,
    ) -> Self {
        Self {
            id,
            article: GONE,
            source: 0,
            set,
            seen_at,
            published: None,
            relation: Relation::Origin,
            parent: None,
            hub: false,
            corrects: false,
            language: None,
            headline,
            strayed,
        }
    }
}

impl Clusterer {
    /// The clusters that nothing live is in and that `touched` does not reach, ascending. Articles stay whole: a cluster that has
    /// a version of an article of which another version stays, stays as well. And so does what a touched cluster is linked to,
    /// since its members may have been shown anew by these links.
    pub fn forgettable(&self, touched: &Touched) -> Vec<ClusterId> {
        let mut stay = self.sets_of(touched);
        let beside: Vec<SetId> = stay.iter().flat_map(|&set| self.sets_linked_to(set)).collect();
        stay.extend(beside);
        let live = self.rows.iter().skip(self.oldest_live() as usize);
        stay.extend(live.filter(|row| !row.is_ghost()).map(|row| row.set));
        let mut open: Vec<SetId> = stay.iter().copied().collect();
        while let Some(set) = open.pop() {
            for other in self.sets_beside(set) {
                if stay.insert(other) {
                    open.push(other);
                }
            }
        }
        let gone = self.sets.ids().filter(|set| !stay.contains(set));
        let mut gone: Vec<ClusterId> = gone.map(|set| self.sets.cluster(set, &self.rows)).collect();
        gone.sort_unstable();
        gone
    }

    /// The versions and articles of clusters that are linked to one of these and are none of them: who touches those touches these.
    pub fn linked_to(&self, clusters: &[ClusterId]) -> (BTreeSet<VersionId>, BTreeSet<ArticleId>) {
        let sets = clusters.iter().filter_map(|cluster| self.set_of(VersionId(cluster.0)));
        let sets: BTreeSet<SetId> = sets.collect();
        let linked: BTreeSet<SetId> =
            sets.iter().flat_map(|&set| self.sets_linked_to(set)).collect();
        let members = linked.difference(&sets).flat_map(|&set| self.sets.members(set));
        let rows = members.map(|&number| &self.rows[number as usize]);
        rows.map(|row| (row.id, self.articles[row.article as usize].id)).unzip()
    }

    /// The sets of what is named.
    fn sets_of(&self, touched: &Touched) -> BTreeSet<SetId> {
        let versions = touched.versions.iter().filter_map(|&id| self.set_of(id));
        let mut sets: BTreeSet<SetId> = versions.collect();
        let articles = touched.articles.iter().filter_map(|&id| self.article_number(id));
        let mut of: BTreeSet<u32> = articles.collect();
        for word in self.overrides.iter().filter(|word| touched.overrides.contains(&word.number)) {
            of.extend(word.articles());
            sets.extend(word.ends().map(|number| self.rows[number as usize].set));
        }
        let of = of.iter().flat_map(|&article| &self.articles[article as usize].versions);
        sets.extend(of.map(|&number| self.rows[number as usize].set));
        sets
    }

    /// The sets that hold the other ends of links of `set`, whatever these say.
    fn sets_linked_to(&self, set: SetId) -> BTreeSet<SetId> {
        let ends = self.sets.members(set).iter().flat_map(|&number| {
            let older = self.graph.of(number).iter().map(|&(older, _)| older);
            older.chain(self.graph.later(number).iter().copied())
        });
        ends.map(|number| self.rows[number as usize].set).collect()
    }

    /// The sets that hold versions of the articles of `set`.
    fn sets_beside(&self, set: SetId) -> BTreeSet<SetId> {
        let articles = self.sets.members(set).iter().map(|&at| self.rows[at as usize].article);
        let versions = articles.flat_map(|article| &self.articles[article as usize].versions);
        versions.map(|&number| self.rows[number as usize].set).collect()
    }

    /// Forgets clusters, whole articles only; of those it does not know it knows nothing anyway. What they showed of blocks
    /// stays for as long as it is remembered of any version.
    pub fn forget(&mut self, clusters: &[ClusterId]) -> Vec<Change> {
        let sets = clusters.iter().filter_map(|&cluster| {
            let number = self.number_of(VersionId(cluster.0))?;
            let set = self.rows[number as usize].set;
            (self.sets.cluster(set, &self.rows) == cluster).then_some(set)
        });
        let mut sets: BTreeSet<SetId> = sets.collect();
        // A list that would tear an article apart is not one of ours; what it tears stays.
        loop {
            let whole = |set: &SetId| self.sets_beside(*set).is_subset(&sets);
            let left: BTreeSet<SetId> = sets.iter().copied().filter(whole).collect();
            if left.len() == sets.len() {
                break;
            }
            sets = left;
        }
        let changes = self.forgotten(&sets);
        self.drop_rows(&sets);
        changes
    }

    /// Everything that rows show, as it stands: articles by their names, articles, sets.
    pub fn standing(&self) -> Stands {
        let mut names: Vec<(u64, ArticleId)> =
            self.named.iter().map(|(&name, &at)| (name, self.articles[at as usize].id)).collect();
        names.sort_unstable();
        let article = |row: &ArticleRow| {
            let source = row.versions.last().map_or(0, |&at| self.rows[at as usize].source);
            ArticleStands {
                id: row.id,
                source: self.sources.names[source as usize].as_str().into(),
                versions: row.versions.iter().map(|&at| self.rows[at as usize].id).collect(),
            }
        };
        let set = |set: SetId| {
            let members = self.sets.members(set).iter().map(|&number| self.member(number));
            (set, self.summary(set), members.collect())
        };
        (names, self.articles.iter().map(article).collect(), self.sets.ids().map(set).collect())
    }

    /// What is told of sets that go.
    fn forgotten(&self, sets: &BTreeSet<SetId>) -> Vec<Change> {
        if sets.is_empty() {
            return Vec::new();
        }
        let mut names: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let is_gone = |article: u32| {
            let first = self.articles[article as usize].versions.first();
            first.is_some_and(|&at| sets.contains(&self.rows[at as usize].set))
        };
        for (&name, &article) in self.named.iter().filter(|&(_, &article)| is_gone(article)) {
            names.entry(article).or_default().push(name);
        }
        let tell = |&set: &SetId| {
            let members = self.sets.members(set);
            let mut articles: Vec<u32> = Vec::new();
            for &number in members {
                let article = self.rows[number as usize].article;
                if self.articles[article as usize].versions.first() == Some(&number) {
                    articles.push(article);
                }
            }
            let named = articles.iter().filter_map(|article| names.get(article));
            let mut named: Vec<u64> = named.flatten().copied().collect();
            named.sort_unstable();
            Change::Forgotten {
                set,
                cluster: self.sets.cluster(set, &self.rows),
                versions: members.iter().map(|&number| self.rows[number as usize].id).collect(),
                articles: articles.iter().map(|&at| self.articles[at as usize].id).collect(),
                names: named,
            }
        };
        sets.iter().map(tell).collect()
    }

    /// Takes the members of these sets out of everything, and the ghosts that nothing refers to any more.
    fn drop_rows(&mut self, sets: &BTreeSet<SetId>) {
        for row in &mut self.rows {
            if !row.is_ghost() && sets.contains(&row.set) {
                row.article = GONE;
            }
        }
        let mut shown = vec![false; self.rows.len()];
        self.blocks.each_number(|number| {
            if let Some(shown) = shown.get_mut(number as usize) {
                *shown = true;
            }
        });
        let mut at = 0;
        let stays = self.rows.iter().enumerate().map(|(number, row)| {
            let stays = !row.is_ghost() || shown[number];
            at += u32::from(stays);
            if stays { at - 1 } else { GONE }
        });
        let places = Places { versions: stays.collect(), articles: self.article_places() };
        if !places.moves_any() && sets.is_empty() {
            return;
        }
        let before = self.rows.len();
        let mut number = 0;
        self.rows.retain(|_| {
            number += 1;
            places.versions[number - 1] != GONE
        });
        self.dropped += (before - self.rows.len()) as u64;
        self.find_idle();
        self.settle(sets, &places);
    }

    /// Where each article goes: those of which every version is a ghost go nowhere.
    fn article_places(&self) -> Vec<u32> {
        let mut at = 0;
        let place = |article: &ArticleRow| {
            let stays =
                article.versions.iter().any(|&number| !self.rows[number as usize].is_ghost());
            at += u32::from(stays);
            if stays { at - 1 } else { GONE }
        };
        self.articles.iter().map(place).collect()
    }

    /// Has everything name rows and articles by where they are now.
    fn settle(&mut self, sets: &BTreeSet<SetId>, places: &Places) {
        let mut articles = std::mem::take(&mut self.articles);
        let mut at = 0;
        articles.retain(|_| {
            at += 1;
            places.articles[at - 1] != GONE
        });
        for article in &mut articles {
            article.versions.iter_mut().for_each(|number| *number = places.version(*number));
        }
        self.articles = articles;
        for row in self.rows.iter_mut().filter(|row| !row.is_ghost()) {
            row.article = places.articles[row.article as usize];
        }
        let (article, version) =
            (|at: u32| places.article(at), |at: u32| places.alive(at, &self.rows));
        self.named.retain(|_, at| {
            *at = article(*at);
            *at != GONE
        });
        self.orphans.retain(|_, at| {
            *at = article(*at);
            *at != GONE
        });
        let claims = std::mem::take(&mut self.claims);
        self.claims = claims
            .into_iter()
            .map(|(number, claim)| (version(number), claim))
            .filter(|&(number, _)| number != GONE)
            .collect();
        for links in self.resting.values_mut() {
            for link in links.iter_mut() {
                *link = (version(link.0), version(link.1));
            }
            links.retain(|&(newer, older)| newer != GONE && older != GONE);
        }
        self.resting.retain(|_, links| !links.is_empty());
        self.graph = std::mem::take(&mut self.graph).moved(&version);
        let left = |word: InForce| word.moved(&article, &version);
        self.overrides = std::mem::take(&mut self.overrides).into_iter().filter_map(left).collect();
        self.sets.forget(sets);
        self.sets.move_members(&|at| places.version(at));
        self.blocks.renumber(|at| Some(places.version(at)).filter(|&at| at != GONE));
        self.index.renumber(|at| Some(version(at)).filter(|&at| at != GONE));
        self.shorts.renumber(|at| Some(version(at)).filter(|&at| at != GONE));
    }
}

/// Where versions and articles are now, by where they were.
struct Places {
    versions: Vec<u32>,
    articles: Vec<u32>,
}

impl Places {
    fn moves_any(&self) -> bool {
        self.versions.last().is_some_and(|&last| last as usize + 1 != self.versions.len())
    }

    fn version(&self, at: u32) -> u32 {
        self.versions.get(at as usize).copied().unwrap_or(GONE)
    }

    fn article(&self, at: u32) -> u32 {
        self.articles.get(at as usize).copied().unwrap_or(GONE)
    }

    /// Where a version is that is more than a ghost.
    fn alive(&self, at: u32, rows: &[Row]) -> u32 {
        let at = self.version(at);
        if rows.get(at as usize).is_none_or(Row::is_ghost) { GONE } else { at }
    }
}

#[cfg(test)]
mod tests;
