//! A version and its verdicts to changes: places it, merges sets, keeps the summaries. Needs no text.

use super::lineage::{Ends, relation, says_it_corrects};
use super::sets::Seen;
use super::types::{Change, Link, LinkKind, Member, Relation, SetId, Version};
use super::{ArticleRow, Clusterer, FURNITURE_CLUSTERS, Row, block_key};
use crate::model::{ArticleId, SourceId, VersionId};

impl Clusterer {
    /// Carries out the verdicts of `version`, which must be newer than all before it. Links to versions the fold does not
    /// know (trimmed from the journal) are passed over.
    pub fn apply(&mut self, version: &Version) -> Vec<Change> {
        let number = self.rows.len() as u32;
        let (article, new_article) = self.enter_article(version, number);
        let ties = self.ties(version);
        let parent = version.verdicts.links.first().copied();
        let source = self.source_number(&version.article.source);
        let relation = self.relation(version, parent.as_ref());
        self.rows.push(Row {
            id: version.id,
            article,
            source,
            set: SetId::default(),
            seen_at: version.seen_at,
            published: version.article.published,
            relation,
            parent,
            hub: version.verdicts.hub,
        });
        let mut changes = Vec::new();
        let set = self.place(number, &ties, &mut changes);
        self.rows[number as usize].set = set;
        let seen = Seen { rows: &self.rows, articles: &self.articles };
        self.sets.join(set, number, &version.article, seen);
        changes.push(Change::Joined { set, member: self.member(number), new_article });
        let older = self.restate_older(article, number, &mut changes);
        self.remember_blocks(version, number);
        let mut touched = vec![set];
        touched.extend(older.filter(|&other| other != set));
        for set in touched {
            let summary = self.sets.summary(set, &self.rows, &self.sources);
            changes.push(Change::Updated { set, summary });
        }
        changes
    }

    /// The version's article, founded where its verdicts name none; true where it is new.
    fn enter_article(&mut self, version: &Version, number: u32) -> (u32, bool) {
        let verdicts = &version.verdicts;
        let known = verdicts.article.and_then(|id| self.article_number(id));
        let article = known.unwrap_or(self.articles.len() as u32);
        if known.is_none() {
            self.articles.push(ArticleRow {
                id: ArticleId(version.id.0),
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

    /// Articles are founded in order, so their numbers are found by halving.
    fn article_number(&self, id: ArticleId) -> Option<u32> {
        self.articles.binary_search_by_key(&id, |row| row.id).ok().map(|number| number as u32)
    }

    fn source_number(&mut self, source: &SourceId) -> u32 {
        if let Some(&number) = self.source_numbers.get(source) {
            return number;
        }
        let number = self.sources.len() as u32;
        self.sources.push(source.clone());
        self.source_numbers.insert(source.clone(), number);
        number
    }

    /// The sets the version ties together, best link first, each once.
    fn ties(&self, version: &Version) -> Vec<SetId> {
        let mut sets = Vec::new();
        for link in version.verdicts.links.iter().filter(|link| link.kind != LinkKind::Contains) {
            let Some(number) = self.number_of(link.other) else { continue };
            let set = self.rows[number as usize].set;
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    fn relation(&self, version: &Version, parent: Option<&Link>) -> Relation {
        if version.verdicts.hub {
            return Relation::Contains;
        }
        let Some(link) = parent else { return Relation::Origin };
        let Some(number) = self.number_of(link.other) else { return Relation::Origin };
        let other = &self.rows[number as usize];
        let ends = Ends {
            same_article: Some(self.articles[other.article as usize].id)
                == version.verdicts.article,
            same_source: self.sources[other.source as usize] == version.article.source,
            corrects: says_it_corrects(&version.article),
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

    fn merge(&mut self, a: SetId, b: SetId, changes: &mut Vec<Change>) -> SetId {
        let (kept, gone) = self.sets.larger_first(a, b);
        let ids = [self.sets.cluster(kept, &self.rows), self.sets.cluster(gone, &self.rows)];
        let moved = self.sets.merge(kept, gone);
        for &number in &moved {
            self.rows[number as usize].set = kept;
        }
        let seen = Seen { rows: &self.rows, articles: &self.articles };
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
    ) -> std::option::IntoIter<SetId> {
        let older =
            self.articles[article as usize].versions.iter().rev().find(|&&other| other < number);
        let set = older.map(|&other| {
            let set = self.rows[other as usize].set;
            changes.push(Change::Restated { set, member: self.member(other) });
            set
        });
        set.into_iter()
    }

    fn member(&self, number: u32) -> Member {
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

    /// Remembers in which clusters a source has shown each block, until it is furniture.
    fn remember_blocks(&mut self, version: &Version, number: u32) {
        let set = self.rows[number as usize].set;
        let mut seen = Vec::new();
        for &block in version.verdicts.blocks.iter().filter(|&&block| block != 0) {
            let key = block_key(&version.article.source, block);
            seen.clear();
            self.blocks.look_up(key, &mut seen);
            let here = seen.iter().any(|&other| self.rows[other as usize].set == set);
            if !here && self.distinct_sets(&seen) < FURNITURE_CLUSTERS {
                self.blocks.insert(key, number);
            }
        }
    }
}
