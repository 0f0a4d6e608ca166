//! An editor's word to its bytes, and back: one byte for the verb, then the numbers it names.

use serde::{Deserialize, Serialize};

use super::{Unreadable, broken, read};
use crate::cluster::Override;
use crate::journal::{Record, Spoken};
use crate::model::{ArticleId, ClusterId};

const SPLIT: u8 = 0;
const MERGE: u8 = 1;
const UNDO: u8 = 2;

#[derive(Serialize, Deserialize)]
struct DiskOverride {
    at: i64,
    user: String,
    verb: u8,
    /// Split: the articles. Merge: the two clusters. Undo: the number of the override.
    names: Vec<u64>,
}

/// The body of an editor's word.
pub(super) fn body(at: i64, spoken: &Spoken) -> impl Serialize {
    let (verb, names) = match &spoken.word {
        Override::Split { articles } => (SPLIT, articles.iter().map(|id| id.0).collect()),
        Override::Merge { a, b } => (MERGE, vec![a.0, b.0]),
        Override::Undo { number } => (UNDO, vec![*number]),
    };
    DiskOverride { at, user: spoken.user.clone(), verb, names }
}

/// The record that a body holds, and its time.
pub(super) fn read_back(body: &[u8]) -> Result<(i64, Record), Unreadable> {
    let DiskOverride { at, user, verb, names } = read(body)?;
    let word = match (verb, names.as_slice()) {
        (SPLIT, articles) => {
            Override::Split { articles: articles.iter().map(|&id| ArticleId(id)).collect() }
        }
        (MERGE, &[a, b]) => Override::Merge { a: ClusterId(a), b: ClusterId(b) },
        (UNDO, &[number]) => Override::Undo { number },
        (verb, names) => {
            let count = names.len();
            return Err(broken(&format!("{verb} with {count} numbers is no editor's word")));
        }
    };
    Ok((at, Record::Override(Spoken { user, word })))
}
