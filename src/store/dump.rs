//! All derived rows in the order of their keys, in a form that two stores can be compared by.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::meta::Meta;
use super::packed::{Block, entries};
use super::rows::{
    self, ArticlePart, ClusterPart, EventPart, MemberPart, SetRow, SourcePart, VersionPart,
};
use super::{Store, StoreError, guarded, keys};

/// A derived row in words. Two stores of one journal dump alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpRow {
    /// What kind of row it is.
    pub kind: &'static str,
    /// Its key in hexadecimal.
    pub key: String,
    /// What it holds.
    pub value: serde_json::Value,
}

impl DumpRow {
    /// The row without what goes when the words of its version go: those, where the journal keeps the version, and the digest
    /// of all rows, which follows from it.
    #[must_use]
    pub fn without_words(mut self) -> Self {
        let without = |value: &mut serde_json::Value, names: &[&str]| {
            if let Some(fields) = value.as_object_mut() {
                fields.retain(|name, _| !names.contains(&name.as_str()));
            }
        };
        without(
            &mut self.value,
            &["title", "url", "name", "lead_url", "segment", "offset", "digest"],
        );
        if let Some(origin) = self.value.get_mut("origin") {
            without(origin, &["evidence"]);
        }
        self
    }
}

impl Store {
    /// Every derived row (not the poller's), by key, after what is held was written. Ends after the first error.
    pub fn dump(&self) -> impl Iterator<Item = Result<DumpRow, StoreError>> + use<> {
        let mut blocks = self
            .write_held()
            .and_then(|()| self.tree())
            .map(|packed| packed.bare().range(..[keys::NOT_DERIVED]));
        let (mut rows, mut ended) = (Vec::new().into_iter(), false);
        std::iter::from_fn(move || {
            while rows.len() == 0 && !ended {
                let next = match &mut blocks {
                    Ok(blocks) => {
                        guarded("dump", || blocks.next().map(|row| show_all(&row?)).transpose())
                    }
                    Err(closed) => Err(std::mem::replace(closed, StoreError::Closed)),
                };
                match next {
                    Ok(Some(shown)) => rows = shown.into_iter(),
                    Ok(None) => ended = true,
                    Err(fault) => {
                        ended = true;
                        return Some(Err(fault));
                    }
                }
            }
            rows.next().map(Ok)
        })
    }
}

/// The rows of a block, or the meta row.
fn show_all((block, bytes): &Block) -> Result<Vec<DumpRow>, StoreError> {
    if block.first() == Some(&keys::META) {
        return Ok(vec![show(block, rows::body(block, bytes)?)?]);
    }
    entries(block, bytes)?.iter().map(|(key, row)| show(key, row)).collect()
}

fn show(key: &[u8], bytes: &[u8]) -> Result<DumpRow, StoreError> {
    let tag = key.first().copied().unwrap_or(u8::MAX);
    let value = match tag {
        keys::META => json::<Meta>(key, bytes),
        keys::VERSION => json::<VersionPart>(key, bytes),
        keys::ARTICLE => json::<ArticlePart>(key, bytes),
        keys::STATE | keys::PASSAGE => json::<()>(key, bytes),
        keys::NAME | keys::TRIMMED => json::<u64>(key, bytes),
        keys::SOURCE => json::<SourcePart>(key, bytes),
        keys::SET => json::<SetRow>(key, bytes),
        keys::MEMBER => json::<MemberPart>(key, bytes),
        keys::CLUSTER => json::<ClusterPart>(key, bytes),
        keys::ORDER => json::<u32>(key, bytes),
        keys::EVENT => json::<Vec<EventPart>>(key, bytes),
        _ => Err(StoreError::damaged(format!("a row has the unknown tag {tag:02x}"))),
    }?;
    let key = key.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    Ok(DumpRow { kind: keys::kind(tag), key, value })
}

fn json<T: DeserializeOwned + Serialize>(
    key: &[u8],
    bytes: &[u8],
) -> Result<serde_json::Value, StoreError> {
    let row: T = rows::row(key, bytes)?;
    serde_json::to_value(row)
        .map_err(|fault| StoreError::damaged(format!("a row has no JSON: {fault}")))
}
