//! A power cut: everything after the last sync is gone or garbled, and the rows are older ones or none.

use std::fs;
use std::path::Path;

use copytaster::journal::Reader;
use copytaster::model::Seq;

use super::*;

/// The last file of the journal, and where the record after `seq` begins in it.
fn tail(data: &Path, seq: u64) -> (std::path::PathBuf, u64) {
    let reader = Reader::open(data).unwrap();
    let next = reader.entries(Seq(seq + 1)).next().map(|entry| entry.unwrap().0);
    let mut files: Vec<_> = fs::read_dir(data.join("journal"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    files.sort();
    let last = files.pop().unwrap();
    let length = last.metadata().unwrap().len();
    (last, next.map_or(length, |place| place.offset))
}

/// The highest number that the journal's own note calls durable: its sync had ended, and no client may have heard of it yet.
fn noted(data: &Path) -> u64 {
    let bytes = fs::read(data.join("journal/acknowledged")).unwrap_or_default();
    let slots = bytes.chunks_exact(16).map(|slot| {
        let (seq, _checksum) = slot.split_first_chunk::<8>().unwrap();
        u64::from_be_bytes(*seq)
    });
    slots.max().unwrap_or(0)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &to);
        } else {
            fs::copy(file.path(), to).unwrap();
        }
    }
}

fn set_rows(data: &Path, older: Option<&Path>) {
    fs::remove_dir_all(data.join("store")).unwrap();
    // An older copy may have been taken while there were none.
    if let Some(older) = older.filter(|older| older.join("store").exists()) {
        copy(&older.join("store"), &data.join("store"));
    }
}

#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (data, older) = (dir.path().join("data"), dir.path().join("older"));
    let (mut clients, mut next) = (<[Told; 3]>::default(), [0; 3]);
    let mut draw = Draw(11);
    for turn in 0..rounds(8) {
        round(&data, &mut clients, &mut next, 5 + draw.below(20) as usize);
        let highest = clients
            .iter()
            .flat_map(|told| told.acknowledged.values())
            .map(|answer| answer["seq"].as_u64().unwrap())
            .max()
            .unwrap();
        let (file, end) = tail(&data, highest.max(noted(&data)));
        // What was never acknowledged may be gone from any byte on, or be anything.
        let mut bytes = fs::read(&file).unwrap();
        let unsure = bytes.len() - end as usize;
        let cut = end as usize + draw.below(unsure as u64 + 1) as usize;
        if turn % 2 == 0 {
            bytes.truncate(cut);
        } else {
            bytes[cut..].iter_mut().for_each(|byte| *byte ^= draw.below(256) as u8);
            bytes.extend((0..draw.below(200)).map(|at| at as u8));
        }
        fs::write(&file, bytes).unwrap();
        match turn % 4 {
            0 if older.exists() => set_rows(&data, Some(&older)),
            1 => set_rows(&data, None),
            _ => {}
        }
        if turn % 3 == 0 {
            let _ = fs::remove_dir_all(&older);
            copy(&data, &older);
        }
        // The note of what was acknowledged is written without a sync of its own: it may be an older one, or none.
        if turn % 3 == 1 {
            fs::remove_file(data.join("journal/acknowledged")).unwrap();
        }
    }
    drop(Daemon::start_with(&data, &[]));
    verify(&data);
    let journal = journalled(&data);
    for (id, answer) in clients.iter().flat_map(|told| &told.acknowledged) {
        let seq = answer["seq"].as_u64().unwrap();
        assert!(journal.contains(&(seq, id.clone())), "{id} was acknowledged as {seq} and is gone");
    }
}
