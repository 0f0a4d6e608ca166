//! Rows to bytes and back: postcard, in a block with others or by itself, in an envelope of `format u8 │ checksum u64 │ body`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use crate::store::{StoreError, keys};

/// Most bytes of a row: larger ones end in sled's blob files, which it never removes (DESIGN §6).
pub const ROW_BYTES_MAX: usize = 8 << 10;

/// Format of the derived rows this program writes. Those of an older one are made again from the journal.
const FORMAT: u8 = 4;

/// Format of the rows that are not derived, which nothing could make again.
const FORMAT_OF_NOTES: u8 = 1;

/// Format byte and checksum.
pub(in crate::store) const ENVELOPE_BYTES: usize = 9;

/// The bytes of a row that lies in a block.
pub(in crate::store) fn bytes(row: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(row, &mut bytes);
    bytes
}

/// The same, behind what there is in `out`.
pub(in crate::store) fn append(row: &impl Serialize, out: &mut Vec<u8>) {
    *out = postcard::to_extend(row, std::mem::take(out))
        .expect("a growing buffer takes plain structs of known length");
}

/// The row that bytes in a block hold.
pub(in crate::store) fn row<T: DeserializeOwned>(
    key: &[u8],
    bytes: &[u8],
) -> Result<T, StoreError> {
    match postcard::take_from_bytes(bytes) {
        Ok((row, [])) => Ok(row),
        Ok(_) => Err(damaged(key, "has bytes left over")),
        Err(fault) => Err(damaged(key, &format!("is unreadable: {fault}"))),
    }
}

/// What the row that bytes in a block hold begins with.
pub(in crate::store) fn head<T: DeserializeOwned>(
    key: &[u8],
    bytes: &[u8],
) -> Result<T, StoreError> {
    let head = postcard::take_from_bytes(bytes).map(|(head, _)| head);
    head.map_err(|fault| damaged(key, &format!("is unreadable: {fault}")))
}

/// What a row in a block adds to the digest. It covers the key, too.
pub(in crate::store) fn mark(key: &[u8], bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, xxh3_64(key))
}

/// The bytes of a row of its own.
pub(in crate::store) fn seal(key: &[u8], row: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let body = bytes(row);
    let bytes = ENVELOPE_BYTES + body.len();
    if bytes > ROW_BYTES_MAX {
        return Err(StoreError::TooLarge { kind: keys::kind(key[0]), bytes });
    }
    Ok(envelop(key, &body))
}

/// A body in its envelope. The checksum covers the key, too: what lies under another's key is damage.
pub(in crate::store) fn envelop(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ENVELOPE_BYTES + body.len());
    out.push(format(key));
    out.extend_from_slice(&checksum(key, body).to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// What lies in an envelope that holds.
pub(in crate::store) fn body<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let (&found, rest) = bytes.split_first().ok_or_else(|| damaged(key, "is empty"))?;
    if found != format(key) {
        return Err(damaged(key, &format!("has format {found}, not {}", format(key))));
    }
    let (stored, body) =
        rest.split_first_chunk::<8>().ok_or_else(|| damaged(key, "is cut short"))?;
    if u64::from_be_bytes(*stored) != checksum(key, body) {
        return Err(damaged(key, "has a checksum that does not hold"));
    }
    Ok(body)
}

/// The row that a row of its own holds.
pub(in crate::store) fn unseal<T: DeserializeOwned>(
    key: &[u8],
    bytes: &[u8],
) -> Result<T, StoreError> {
    row(key, body(key, bytes)?)
}

/// The format of what lies under a key.
fn format(key: &[u8]) -> u8 {
    match key.first() {
        Some(&keys::FINDABLE) => FORMAT,
        Some(tag) if *tag >= keys::NOT_DERIVED => FORMAT_OF_NOTES,
        _ => FORMAT,
    }
}

fn checksum(key: &[u8], body: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&[format(key), key.len() as u8]);
    hash.update(key);
    hash.update(body);
    hash.digest()
}

pub(in crate::store) fn damaged(key: &[u8], what: &str) -> StoreError {
    let hex = key.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let kind = key.first().map_or("keyless", |&tag| keys::kind(tag));
    StoreError::damaged(format!("the {kind} row {hex} {what}"))
}
