//! Versions whose words were removed from the journal, to rows without these words: what a rebuild from that journal would make.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::apply::enter_change;
use super::draft::Draft;
use super::rows::{ArticlePart, VersionPart};
use super::{Store, StoreError, keys};
use crate::cluster::Change;
use crate::journal::Location;
use crate::model::{ArticleId, VersionId};

/// Rows of one batch: sled holds a lock while it writes one.
const BATCH_ROWS: usize = 256;

impl Store {
    /// Takes the words of these versions, which the journal now keeps at these places, out of their rows and those of their
    /// articles, and writes the rows of the sets that show them, as `changes` has them. Versions there are no rows of are passed
    /// over, and the same call may be made again. Those that `moved` have their words, and only lie elsewhere.
    pub fn redact(
        &self,
        versions: &[(VersionId, Location)],
        moved: &[(VersionId, Location)],
        changes: &[Change],
    ) -> Result<(), StoreError> {
        for part in versions.chunks(BATCH_ROWS) {
            self.redraft(|draft| redact_versions(draft, part))?;
        }
        for part in moved.chunks(BATCH_ROWS) {
            self.redraft(|draft| {
                part.iter().try_for_each(|&(id, at)| move_version(draft, id, at))
            })?;
        }
        for part in changes.chunks(BATCH_ROWS) {
            self.redraft(|draft| part.iter().try_for_each(|change| enter_change(draft, change)))?;
        }
        Ok(())
    }

    fn redraft(
        &self,
        write: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.redraft_as("remove words", write)
    }

    /// Drafts rows without applying a record.
    pub(super) fn redraft_as(
        &self,
        what: &'static str,
        write: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let _one_writer = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with(what, |packed| {
            self.write_if_due(packed)?;
            let mut draft = Draft::over(packed, self.meta());
            write(&mut draft)?;
            self.commit(packed, draft)
        })
    }
}

/// Drafts the rows of versions without their words. The rows of their sets come with the changes.
fn redact_versions(
    draft: &mut Draft<'_>,
    versions: &[(VersionId, Location)],
) -> Result<(), StoreError> {
    let mut articles = BTreeSet::new();
    for &(version, at) in versions {
        let key = keys::version(version);
        let Some(mut part) = draft.get::<VersionPart>(&key)? else { continue };
        part.redact(at);
        articles.insert(part.article());
        draft.put(key, &part)?;
    }
    articles.into_iter().try_for_each(|article| restate_article(draft, article))
}

fn move_version(draft: &mut Draft<'_>, version: VersionId, at: Location) -> Result<(), StoreError> {
    let key = keys::version(version);
    let Some(mut part) = draft.get::<VersionPart>(&key)? else { return Ok(()) };
    part.move_to(at);
    draft.put(key, &part)
}

/// An article has the address of the newest version that still has one.
fn restate_article(draft: &mut Draft<'_>, article: ArticleId) -> Result<(), StoreError> {
    let key = keys::article(article);
    // One of a single version is that version's row.
    let Some(mut row) = draft.get::<ArticlePart>(&key)? else { return Ok(()) };
    let mut url = None;
    let first: Option<VersionPart> = draft.get(&keys::version(VersionId(article.0)))?;
    if let Some(first) = first {
        url = first.url;
    }
    for version in draft.states(article)? {
        let part: VersionPart = draft.need(&keys::version(version))?;
        url = part.url.or(url);
    }
    row.url = url;
    draft.put(key, &row)
}
