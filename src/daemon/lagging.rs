//! Records that are folded and whose rows are still to be made: in batches, and for a whole rebuild on a thread of its own behind
//! the fold.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Builder};

use super::Fault;
use crate::cluster::Change;
use crate::journal::{Bare, Record};
use crate::store::Applied;

/// Records applied to the store in one batch: sled holds a lock while it writes one.
pub(super) const BATCH_RECORDS: usize = 256;

/// Batches that wait for the thread that makes rows.
const BATCHES_MAX: usize = 8;

/// A record that is folded, and what that changed.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) bare: Bare,
    pub(super) changes: Vec<Change>,
}

/// What takes the records that the rows lack, a batch at a time.
pub(super) type ToRows<'a> = dyn FnMut(Vec<Folded>) -> Result<(), Fault> + 'a;

/// A batch as the store takes it.
pub(super) fn applied(batch: &[Folded]) -> Vec<Applied<'_>> {
    let rows = batch.iter().map(|Folded { bare: (location, entry, words), changes }| Applied {
        entry,
        location: *location,
        changes,
        words: *words,
    });
    rows.collect()
}

/// Collects records to batches.
#[derive(Default)]
pub(super) struct Lagging {
    waiting: Vec<Folded>,
}

impl Lagging {
    pub(super) fn push(&mut self, folded: Folded, rows: &mut ToRows<'_>) -> Result<(), Fault> {
        // What a trim takes away goes by itself, before it.
        let alone = matches!(folded.bare.1.record, Record::Trim(_));
        if alone {
            self.flush(rows)?;
        }
        self.waiting.push(folded);
        if alone || self.waiting.len() >= BATCH_RECORDS { self.flush(rows) } else { Ok(()) }
    }

    pub(super) fn flush(&mut self, rows: &mut ToRows<'_>) -> Result<(), Fault> {
        rows(std::mem::take(&mut self.waiting))
    }
}

/// Does `work`; the batches it hands over are taken by `make` on a thread of its own, a little behind. All of them are made when
/// this returns, where it gives no fault. The fault of a batch ends the work.
pub(super) fn behind<T>(
    make: impl FnMut(Vec<Folded>) -> Result<(), Fault> + Send,
    work: impl FnOnce(&mut ToRows<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (to_maker, batches) = sync_channel(BATCHES_MAX);
    let made = move |batches: Receiver<Vec<Folded>>| batches.into_iter().try_for_each(make);
    thread::scope(|scope| {
        let maker = Builder::new().name("drafts".to_owned());
        let maker = maker.spawn_scoped(scope, || made(batches)).map_err(Fault::Thread)?;
        // Nobody takes it after a fault, which is told below.
        let worked = work(&mut |batch| to_maker.send(batch).map_err(|_| Fault::Stopped));
        drop(to_maker);
        maker.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        worked
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Entry, Location};
    use crate::model::{Seq, Timestamp};

    fn tick(seq: u64) -> Folded {
        let entry = Entry { seq: Seq(seq), at: Timestamp::EPOCH, record: Record::Tick };
        Folded { bare: (Location::default(), entry, None), changes: Vec::new() }
    }

    #[test]
    fn behind_takes_all_in_order_and_has_taken_them_when_it_returns() {
        for count in [0, 1, 255, 256, 257, 256 * (BATCHES_MAX as u64 + 3)] {
            let mut seqs = Vec::new();
            let mut take = |batch: Vec<Folded>| {
                seqs.extend(batch.iter().map(|folded| folded.bare.1.seq.0));
                Ok(())
            };
            let done = behind(&mut take, |rows| {
                let mut lagging = Lagging::default();
                (1..=count).try_for_each(|seq| lagging.push(tick(seq), rows))?;
                lagging.flush(rows)?;
                Ok("done")
            });
            assert_eq!(done.unwrap(), "done");
            assert!(seqs.into_iter().eq(1..=count));
        }
    }

    #[test]
    fn the_fault_of_a_batch_ends_the_work_and_is_what_is_told() {
        let mut taken = 0;
        let mut handed = 0;
        let take = |_: Vec<Folded>| {
            taken += 1;
            if taken == 3 { Err(Fault::Thread(std::io::Error::other("full"))) } else { Ok(()) }
        };
        let fault = behind(take, |rows| {
            // Ends, since what nobody takes cannot be handed over.
            loop {
                rows(vec![tick(1)])?;
                handed += 1;
            }
            #[expect(unreachable_code, reason = "gives the loop a type")]
            Ok(())
        });
        assert!(matches!(fault, Err(Fault::Thread(_))));
        assert!((3..=3 + BATCHES_MAX + 1).contains(&handed));
        assert_eq!(taken, 3);
    }

    #[test]
    fn a_fault_of_the_work_itself_is_told() {
        let fault = behind(|_| Ok(()), |_| Err::<(), _>(Fault::Stopped));
        assert!(matches!(fault, Err(Fault::Stopped)));
    }
}
