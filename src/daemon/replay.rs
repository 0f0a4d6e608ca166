//! A data directory to the same one with its derived rows made anew: what its verdicts say, whatever stood there.

use std::path::Path;
use std::time::Duration;

use super::Fault;
use super::fold::rebuild;
use crate::journal::{Reader, generation};
use crate::model::Seq;
use crate::store::{Counts, Note, Store, StoreError};

/// How long the last write may take; sled writes all along, and on a full disk it may never answer.
const FLUSH_DEADLINE: Duration = Duration::from_mins(2);

/// What was made.
#[derive(Debug)]
pub struct Replayed {
    /// What the new rows hold.
    pub counts: Counts,
    /// Rows carried over that are not derived, or why not all could be.
    pub carried: Result<u64, StoreError>,
}

/// Makes the derived rows of `dir` again from the whole journal, beside the present ones, and puts them in their place; tells
/// `each` which records are done. The caller holds the directory's lock. Until the last step, the present rows stay as they are.
pub fn replay(dir: &Path, cache_bytes: u64, each: &mut dyn FnMut(Seq)) -> Result<Replayed, Fault> {
    let now = generation(dir)?;
    remake(dir, &Reader::open(dir)?, cache_bytes, each, now, &|_| true)
}

/// As [`replay`], after the journal was judged again: what the poller noted is taken over from rows of the generation before. What
/// makes versions findable is not, since it rests on verdicts.
pub fn replay_judged(
    dir: &Path,
    cache_bytes: u64,
    each: &mut dyn FnMut(Seq),
) -> Result<Replayed, Fault> {
    let before = generation(dir)?.saturating_sub(1);
    let keeps = |note: Note<'_>| !matches!(note, Note::Findable(_));
    remake(dir, &Reader::open(dir)?, cache_bytes, each, before, &keeps)
}

/// As [`replay`] of what `reader` reads, with the notes of rows of generation `from`, without those that `keeps` refuses.
pub(super) fn remake(
    dir: &Path,
    reader: &Reader,
    cache_bytes: u64,
    each: &mut dyn FnMut(Seq),
    from: u64,
    keeps: &dyn Fn(Note<'_>) -> bool,
) -> Result<Replayed, Fault> {
    let beside = Store::beside(dir)?;
    let former = Store::former(dir, cache_bytes);
    let made = rebuild(reader, reader.last_seq(), &beside, cache_bytes, each);
    let replayed = made.and_then(|store| {
        let is_ours = |seq, at| reader.read_seq(seq, at).is_ok();
        store.set_generation(generation(dir)?)?;
        let carried = former.and_then(|former| store.carry_over(former, from, &is_ours, keeps));
        store.rest(FLUSH_DEADLINE)?;
        Ok(Replayed { counts: store.counts(), carried })
    });
    match replayed {
        Ok(replayed) => {
            Store::put_in_place(dir)?;
            Ok(replayed)
        }
        Err(fault) => {
            // What was made so far is of no use; the fault is what has to be told.
            let _ = Store::beside(dir);
            Err(fault)
        }
    }
}
