//! Files replaced on a disk that fails, then loses its power.

use super::*;
use crate::journal::scratch;

#[test]
fn a_replaced_file_is_the_old_one_or_the_new_one_whichever_call_fails() {
    for at in 0.. {
        let dir = scratch();
        let path = dir.path().join("mark");
        fs::write(&path, "old").unwrap();
        let disk = model::begin();
        disk.plan((0..=at).map(|call| call == at));
        let first = replace_file(&path, &[b"n", b"ew"]);
        if first.is_ok() {
            // The call before was the last that could fail.
            assert!(at > 5, "{at}");
            disk.cut_power();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            return;
        }
        let shown = fs::read(&path).unwrap();
        assert!(shown == b"old" || shown == b"new", "{at}");
        // Made again it is believed, and rightly.
        replace_file(&path, &[b"n", b"ew"]).unwrap();
        disk.cut_power();
        assert_eq!(fs::read(&path).unwrap(), b"new", "{at}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn a_power_cut_in_the_midst_leaves_the_old_file() {
    let dir = scratch();
    let path = dir.path().join("mark");
    fs::write(&path, "old").unwrap();
    let disk = model::begin();
    for op in [Op::Write, Op::Sync, Op::Rename, Op::Names] {
        disk.fail(op);
        assert!(replace_file(&path, &[b"new"]).is_err(), "{op:?}");
        disk.cut_power();
        assert_eq!(fs::read(&path).unwrap(), b"old", "{op:?}");
    }
}
