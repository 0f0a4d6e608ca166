//! A version and its verdicts to changes: places it, merges sets, keeps the summaries. Needs no text.

use super::furniture::strayed;
use super::lineage::{Ends, relation};
use super::types::{Change, Link, LinkKind, Member, Relation, SetId, Version};
use super::{ArticleRow, Clusterer, Row, Seen, Summary};
use crate::model::{ArticleId, VersionId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The set of a version that has no place yet: no set has this number.
const NOWHERE: SetId = SetId(u32::MAX);

impl Clusterer {
    /// Carries out the verdicts of `version`, which must be newer than all before it. Links to versions the fold does not
    /// know (trimmed from the journal) are passed over.
    pub fn apply(&mut self, version: &Version) -> Vec<Change> {
        let mut changes = Vec::new();
        let verdicts = &version.verdicts;
        let mut touched = self.take_back(&verdicts.withdrawn, &verdicts.late_hubs, &mut changes);
        let number = self.rows.len() as u32;
        let (article, new_article) = self.enter_article(version, number);
        let (ties, barred) = self.ties(version, article);
        self.enter_row(version, number, article, &barred);
        let set = self.place(number, &ties, &mut changes);
        self.rows[number as usize].set = set;
        let seen = Seen { rows: &self.rows, articles: &self.articles, claims: &self.claims };
        self.sets.join(set, number, seen);
        changes.push(Change::Joined { set, member: self.member(number), new_article });
        let older = self.restate_older(article, number, &mut changes);
        self.remember_links(version, number, &barred);
        // The page it was read from has shown its blocks already.
        if version.reextracted_from().is_none() {
            self.remember_blocks(version, number);
        }
        touched.extend(older);
        touched.remove(&set);
        for set in std::iter::once(set).chain(touched) {
            if self.sets.lives(set) {
                changes.push(self.updated(set));
            }
        }
        changes
    }

    /// The row of a set as it stands.
    pub(super) fn summary(&self, set: SetId) -> Summary {
        self.sets.summary(set, &self.rows, &self.sources.names, &self.languages.names, &self.claims)
    }

    /// A set's row as it stands, as a change.
    pub(super) fn updated(&self, set: SetId) -> Change {
        Change::Updated { set, summary: Arc::new(self.summary(set)) }
    }

    fn enter_row(
        &mut self,
        version: &Version,
        number: u32,
        article: u32,
        barred: &BTreeSet<VersionId>,
    ) {
        let found = &version.article;
        let source = self.sources.number(found.source.as_str());
        let language = found.lang.as_deref().map(|lang| self.languages.number(lang) as u16);
        let mut links = version.verdicts.links.iter();
        let hub = version.verdicts.hub;
        let leads = |link: &&Link| {
            !barred.contains(&link.other)
                && (hub || link.kind.glues())
                && link.kind != LinkKind::Passage
                && self.number_of(link.other).is_some()
        };
        let parent = links.find(leads).copied();
        if let Some(claim) = &found.origin {
            self.claims.insert(number, claim.clone());
        }
        let reextracted = version.reextracted_from().is_some();
        if reextracted {
            self.idle.push(number);
        }
        self.rows.push(Row {
            id: version.id,
            article,
            source,
            set: NOWHERE,
            seen_at: version.seen_at,
            published: found.published,
            relation: if reextracted { Relation::Reextracted } else { Relation::Origin },
            parent,
            hub: version.verdicts.hub,
            corrects: version.corrects(),
            language,
            headline: version.verdicts.headline,
            strayed: strayed(version),
        });
        self.rows[number as usize].relation = self.relation(number, parent.as_ref());
    }

    /// Keeps the links of a version, so that its cluster can be made again without one of them.
    fn remember_links(&mut self, version: &Version, number: u32, barred: &BTreeSet<VersionId>) {
        // Passages hold nothing together, so nothing is made again from them.
        let links = version.verdicts.links.iter().filter(|link| link.kind != LinkKind::Passage);
        for link in links {
            let Some(older) = self.number_of(link.other) else { continue };
            let mut link = *link;
            if barred.contains(&link.other) {
                link.kind = LinkKind::Barred;
            }
            self.graph.tie(number, older, link);
        }
    }

    /// The version's article, founded where its verdicts name none; true where it is new.
    fn enter_article(&mut self, version: &Version, number: u32) -> (u32, bool) {
        let verdicts = &version.verdicts;
        let known = verdicts.article.and_then(|id| self.article_number(id));
        let article = known.unwrap_or(self.articles.len() as u32);
        if known.is_none() {
            // Where an article is named and not known, its first version is lost; it stays that article.
            if let Some(lost) = verdicts.article {
                self.orphans.insert(lost, article);
            }
            self.articles.push(ArticleRow {
                id: version.article_id(),
                versions: Vec::new(),
                contents: Vec::new(),
                kind: version.article.kind,
            });
        }
        let row = &mut self.articles[article as usize];
        row.versions.push(number);
        row.contents.push(verdicts.content);
        row.kind = version.article.kind;
        for &key in &verdicts.keys {
            self.named.entry(key).or_insert(article);
        }
        (article, known.is_none())
    }

    /// Articles are founded in order, so their numbers are found by halving; those of lost versions are looked up.
    pub(super) fn article_number(&self, id: ArticleId) -> Option<u32> {
        if self.orphans.is_empty() {
            return self
                .articles
                .binary_search_by_key(&id, |row| row.id)
                .ok()
                .map(|number| number as u32);
        }
        let founder =
            |row: &ArticleRow| row.versions.first().map(|&at| self.rows[at as usize].id.0);
        let found = self.articles.binary_search_by_key(&Some(id.0), founder).ok();
        let found = found.filter(|&at| self.articles[at].id == id).map(|at| at as u32);
        found.or_else(|| self.orphans.get(&id).copied())
    }

    /// How a version stands to the older end of `parent`.
    pub(super) fn relation(&self, number: u32, parent: Option<&Link>) -> Relation {
        let row = &self.rows[number as usize];
        // Whatever becomes of its links, it stays another reading of a page.
        if row.relation == Relation::Reextracted {
            return Relation::Reextracted;
        }
        if row.hub {
            return Relation::Contains;
        }
        let Some(link) = parent else { return Relation::Origin };
        let Some(other) = self.number_of(link.other) else { return Relation::Origin };
        let other = &self.rows[other as usize];
        let ends = Ends {
            same_article: other.article == row.article,
            same_source: other.source == row.source,
            corrects: row.corrects,
        };
        relation(link, ends)
    }

    /// The set the version goes to: a new one, or the one its ties become.
    fn place(&mut self, number: u32, ties: &[SetId], changes: &mut Vec<Change>) -> SetId {
        let Some((&first, others)) = ties.split_first() else {
            let set = self.sets.found();
            let cluster = crate::model::ClusterId(self.rows[number as usize].id.0);
            changes.push(Change::Created { set, cluster });
            return set;
        };
        others.iter().fold(first, |kept, &other| self.merge(kept, other, changes))
    }

    pub(super) fn merge(&mut self, a: SetId, b: SetId, changes: &mut Vec<Change>) -> SetId {
        let (kept, gone) = self.sets.larger_first(a, b);
        let ids = [self.sets.cluster(kept, &self.rows), self.sets.cluster(gone, &self.rows)];
        let seen = Seen { rows: &self.rows, articles: &self.articles, claims: &self.claims };
        let moved = self.sets.merge(kept, gone, seen);
        for &number in &moved {
            self.rows[number as usize].set = kept;
        }
        let seen = Seen { rows: &self.rows, articles: &self.articles, claims: &self.claims };
        self.sets.settle(kept, &moved, seen);
        let versions: Vec<VersionId> =
            moved.iter().map(|&number| self.rows[number as usize].id).collect();
        changes.push(Change::Moved { from: gone, to: kept, versions });
        let [from, into] = if ids[0] < ids[1] { [ids[1], ids[0]] } else { ids };
        changes.push(Change::Merged { from, into, kept, gone });
        kept
    }

    /// The version before this one of its article is shown as superseded; tells in which set it lies.
    fn restate_older(
        &self,
        article: u32,
        number: u32,
        changes: &mut Vec<Change>,
    ) -> BTreeSet<SetId> {
        let older =
            self.articles[article as usize].versions.iter().rev().find(|&&other| other < number);
        let set = older.map(|&other| {
            let set = self.rows[other as usize].set;
            changes.push(Change::Restated { set, member: self.member(other) });
            set
        });
        set.into_iter().collect()
    }

    pub(super) fn member(&self, number: u32) -> Member {
        let row = &self.rows[number as usize];
        let article = &self.articles[row.article as usize];
        Member {
            version: row.id,
            article: article.id,
            relation: row.relation,
            parent: row.parent,
            superseded: article.versions.last() != Some(&number),
        }
    }
}
