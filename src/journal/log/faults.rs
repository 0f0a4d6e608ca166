//! The journal on a disk that fails at any call, then loses its power: what was acknowledged is there once, in order.

use proptest::prelude::*;

use super::tests::{read_all, run};
use super::*;
use crate::journal::disk::{Op, model};
use crate::journal::scratch;

/// Bytes of a segment here: about four records.
const SEGMENT: u64 = 300;

/// A journal of `last` records, one a batch.
fn journal(last: u64) -> tempfile::TempDir {
    let dir = scratch();
    let (mut log, _) = Log::open_with(dir.path(), SEGMENT).unwrap();
    for entry in run(1..=last) {
        log.append(&[entry]).unwrap();
    }
    dir
}

/// Opens it under a disk that may fail, until it opens.
fn open(dir: &Path) -> Log {
    (0..64).find_map(|_| Log::open_with(dir, SEGMENT).ok()).expect("plans are shorter than this").0
}

fn append(log: &mut Log, batch: &[Entry]) {
    assert!((0..64).any(|_| log.append(batch).is_ok()), "plans are shorter than this");
}

fn append_and_cut_power(failing: &[Op]) {
    let dir = journal(2);
    let disk = model::begin();
    let mut log = open(dir.path());
    for &op in failing {
        disk.fail(op);
    }
    let before = log.reader();
    assert!(log.append(&run(3..=4)).is_err(), "{failing:?}");
    assert_eq!(read_all(&before, 1), run(1..=2));
    append(&mut log, &run(3..=4));
    drop(log);
    disk.cut_power();
    assert_eq!(read_all(&open(dir.path()).reader(), 1), run(1..=4), "{failing:?}");
}

#[test]
fn what_a_failed_sync_was_to_make_durable_is_written_again_before_it_is_acknowledged() {
    append_and_cut_power(&[Op::Sync]);
    append_and_cut_power(&[Op::Sync, Op::Cut]);
    // The cut is made, and its own sync fails.
    append_and_cut_power(&[Op::Sync, Op::Sync]);
    append_and_cut_power(&[Op::Write]);
    append_and_cut_power(&[Op::Write, Op::Cut, Op::Sync]);
}

#[test]
fn the_name_of_a_new_segment_is_made_anew_where_the_folder_could_not_be_synced() {
    for op in [Op::Names, Op::Open, Op::Remove, Op::Cut, Op::Sync] {
        let dir = journal(2);
        let disk = model::begin();
        let mut log = open(dir.path());
        let full: Vec<Entry> = run(3..=9);
        disk.fail(op);
        assert!(log.append(&full).is_err(), "{op:?}");
        append(&mut log, &full);
        assert_eq!(log.tail.number, 2);
        drop(log);
        disk.cut_power();
        assert_eq!(read_all(&open(dir.path()).reader(), 1), run(1..=9), "{op:?}");
    }
}

#[test]
fn what_an_earlier_process_could_not_sync_is_not_taken_for_durable_because_it_can_be_read() {
    let dir = journal(2);
    let disk = model::begin();
    let mut log = open(dir.path());
    disk.fail(Op::Sync);
    disk.fail(Op::Cut);
    log.append(&run(3..=4)).unwrap_err();
    // Killed now: the system still shows the whole records, and has called them clean.
    drop(log);
    let log = open(dir.path());
    assert_eq!(
        read_all(&log.reader(), 1),
        run(1..=4),
        "a pusher that asks again is told `duplicate`"
    );
    drop(log);
    disk.cut_power();
    assert_eq!(read_all(&open(dir.path()).reader(), 1), run(1..=4));
}

#[test]
fn a_start_that_failed_at_any_call_is_made_again_and_keeps_all() {
    let whole = run(1..=6);
    let asked = {
        let dir = journal(6);
        let disk = model::begin();
        drop(open(dir.path()));
        disk.asked()
    };
    assert!(asked >= 5, "{asked}");
    for at in 0..asked {
        let dir = journal(6);
        let disk = model::begin();
        disk.plan((0..=at).map(|call| call == at));
        assert!(Log::open_with(dir.path(), SEGMENT).is_err(), "call {at}");
        let mut log = open(dir.path());
        append(&mut log, &run(7..=7));
        drop(log);
        disk.cut_power();
        assert_eq!(read_all(&open(dir.path()).reader(), 1), [whole.clone(), run(7..=7)].concat());
    }
}

/// What befalls a journal, and which of the disk's next calls fail.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// A batch of so many records, retried until it stands.
    Batch(u64),
    /// The same, given up after the first failure; then the process is killed and begins again.
    Killed(u64),
    /// The power is cut.
    Power,
}

fn turns() -> impl Strategy<Value = Vec<(Turn, Vec<bool>)>> {
    let turn = prop_oneof![
        4 => (1_u64..5).prop_map(Turn::Batch),
        2 => (1_u64..5).prop_map(Turn::Killed),
        1 => Just(Turn::Power),
    ];
    let plan = proptest::collection::vec(prop::bool::weighted(0.4), 0..8);
    proptest::collection::vec((turn, plan), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_batch_retried_until_it_stands_is_there_once_whatever_the_disk_does(turns in turns()) {
        let dir = journal(1);
        let disk = model::begin();
        let mut log = open(dir.path());
        let mut last = 1;
        for (turn, plan) in turns {
            disk.plan(plan);
            match turn {
                Turn::Batch(count) => {
                    append(&mut log, &run(last + 1..=last + count));
                    last += count;
                }
                Turn::Killed(count) => {
                    let batch = run(last + 1..=last + count);
                    let told = if log.append(&batch).is_ok() { last + count } else { last };
                    prop_assert_eq!(read_all(&log.reader(), 1), run(1..=told));
                    drop(log);
                    log = open(dir.path());
                    let found = log.last_seq().0;
                    prop_assert!((told..=last + count).contains(&found), "{found} of {told}");
                    // From here on it counts: whoever sends one of these again is told that it is there.
                    last = found;
                }
                Turn::Power => {
                    drop(log);
                    disk.cut_power();
                    log = open(dir.path());
                    prop_assert_eq!(log.last_seq(), Seq(last));
                }
            }
            prop_assert_eq!(read_all(&log.reader(), 1), run(1..=last));
        }
        drop(log);
        disk.cut_power();
        prop_assert_eq!(read_all(&open(dir.path()).reader(), 1), run(1..=last));
    }
}
