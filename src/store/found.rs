//! What a trimmed journal begins with to its rows: those of whatever came before its first record and is still there.

use std::collections::BTreeMap;

use super::apply::{put_member, put_passages, put_set};
use super::draft::Draft;
use super::rows::{self, ArticlePart, ClusterPart, SourcePart};
use super::{Store, StoreError, keys};
use crate::cluster::{ArticleStands, Member, SetId, Summary, Version};
use crate::journal::Location;
use crate::model::{ArticleId, ClusterId, Seq, SourceId};

/// Rows of one batch: sled holds a lock while it writes one.
const BATCH_ROWS: usize = 1024;

/// What every id of a cluster names: its set, or the id it redirects to.
pub type Names = BTreeMap<ClusterId, Result<SetId, ClusterId>>;

/// What stands at the record from which on a journal has its records.
#[derive(Debug, Default)]
pub struct Standing {
    /// That record.
    pub upto: Seq,
    /// Leads that had ended without an article.
    pub lost: u64,
    /// Articles and versions that each source had brought.
    pub sources: BTreeMap<SourceId, (u64, u64)>,
    /// The ids of clusters.
    pub clusters: Names,
    /// Articles by the names they go by.
    pub names: Vec<(u64, ArticleId)>,
    /// Each article.
    pub articles: Vec<ArticleStands>,
    /// Each set with its row and its members.
    pub sets: Vec<(SetId, Summary, Vec<Member>)>,
}

/// A version that stands, and in which set.
pub type Stood = (Version, SetId);

impl Store {
    /// Writes rows of versions that stand. They have no words, and lie in no segment.
    pub fn found_versions(&self, versions: &[Stood]) -> Result<(), StoreError> {
        for part in versions.chunks(BATCH_ROWS) {
            self.found_rows(|draft| {
                part.iter().try_for_each(|(version, set)| {
                    let article = version.article_id();
                    let (at, words) = (Location::default(), version.words());
                    let row =
                        rows::version_part(version, article, rows::Stands { at, set: *set, words });
                    put_passages(draft, version)?;
                    draft.put(keys::version(version.id), &row)
                })
            })?;
        }
        Ok(())
    }

    /// Writes the rest: then these are the rows up to `standing.upto`. After the versions; begun again where it did not end.
    pub fn found(&self, standing: &Standing) -> Result<(), StoreError> {
        self.with("begin rows", |packed| self.forget_passages(packed, standing.upto))?;
        for part in standing.articles.chunks(BATCH_ROWS) {
            self.found_rows(|draft| {
                part.iter().try_for_each(|article| put_article(draft, article))
            })?;
        }
        for part in standing.names.chunks(BATCH_ROWS) {
            self.found_rows(|draft| {
                part.iter().try_for_each(|(name, id)| draft.put(keys::name(*name), &id.0))
            })?;
        }
        let clusters: Vec<_> = standing.clusters.iter().collect();
        for part in clusters.chunks(BATCH_ROWS) {
            self.found_rows(|draft| {
                part.iter().try_for_each(|&(&id, &names)| put_cluster(draft, id, names))
            })?;
        }
        for part in standing.sets.chunks(BATCH_ROWS / 8) {
            self.found_rows(|draft| {
                part.iter().try_for_each(|(set, summary, members)| {
                    members.iter().try_for_each(|member| put_member(draft, *set, member))?;
                    put_set(draft, *set, summary)
                })
            })?;
        }
        self.found_rows(|draft| {
            for (source, &(articles, versions)) in &standing.sources {
                let key = keys::source(rows::source(source));
                draft.put(key, &SourcePart { articles, versions })?;
            }
            draft.put(keys::trimmed(), &standing.upto.0)?;
            draft.meta.lost = standing.lost;
            draft.meta.articles = standing.articles.len() as u64;
            let versions = standing.articles.iter().map(|article| article.versions.len());
            draft.meta.versions = versions.sum::<usize>() as u64;
            draft.meta.clusters = standing.sets.len() as u64;
            draft.meta.sources = standing.sources.len() as u64;
            draft.meta.applied_seq = standing.upto.0;
            Ok(())
        })?;
        self.told(standing.upto);
        Ok(())
    }

    fn found_rows(
        &self,
        work: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.redraft_as("begin rows", |draft| {
            // Here rows of any record are there before the meta row says so.
            draft.written = Seq(u64::MAX);
            work(draft)
        })
    }
}

fn put_article(draft: &mut Draft<'_>, article: &ArticleStands) -> Result<(), StoreError> {
    let ArticleStands { id, source, versions } = article;
    let (Some(first), Some(newest)) = (versions.first(), versions.last()) else { return Ok(()) };
    // One of a single version is that version's row, and a first version is no row of its own.
    let later = usize::from(first.0 == id.0);
    if later == versions.len() {
        return Ok(());
    }
    let count = versions.len() as u32;
    let row = ArticlePart {
        source: rows::source(source).to_owned(),
        url: None,
        newest: newest.0,
        versions: count,
    };
    draft.put(keys::article(*id), &row)?;
    versions[later..].iter().try_for_each(|&version| draft.put(keys::state(*id, version), &()))
}

fn put_cluster(
    draft: &mut Draft<'_>,
    id: ClusterId,
    names: Result<SetId, ClusterId>,
) -> Result<(), StoreError> {
    let row = match names {
        Ok(set) => ClusterPart::Lives(set.0),
        Err(into) => ClusterPart::Redirects(into.0),
    };
    draft.put(keys::cluster(id), &row)
}
