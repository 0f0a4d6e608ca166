//! Many kills, cut power and flipped bits: what was acknowledged is there once, in order, or its loss is said.
//!
//! Bounded here; `just soak` makes as many rounds as are asked for in `COPYTASTER_SOAK`.

mod flips;
mod power;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use copytaster::cli::complain;
use serde_json::{Value, json};

use crate::crash::{self, Daemon, done, verify};
use crate::disk::until;
use crate::{http, wire};

/// Rounds of a test: the environment's, else so many.
fn rounds(here: usize) -> usize {
    std::env::var("COPYTASTER_SOAK").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(here)
}

/// Numbers that look drawn and are the same at every run.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (self.0 >> 33) % end
    }
}

/// What a client was told of its records.
#[derive(Default)]
struct Told {
    /// The answer to each record that had one, by id.
    acknowledged: BTreeMap<String, Value>,
    /// Records without an answer: on either side of the crash.
    unanswered: BTreeSet<String>,
}

fn record(id: &str) -> Value {
    let (client, number) = id.split_once('-').unwrap();
    let (client, number): (u64, u64) = (client.parse().unwrap(), number.parse().unwrap());
    let text = wire::version(number % 23 + 100 * client, (number % 5) as u8);
    json!({"id": id, "source": format!("desk{client}"), "title": format!("Item {id}"), "text": text})
}

/// Pushes each of `ids` until one has no answer.
fn push(
    address: SocketAddr,
    ids: impl Iterator<Item = String>,
    told: &mut Told,
    count: &AtomicUsize,
) {
    for id in ids {
        let Some(answer) = crash::send(address, &record(&id)) else {
            told.unanswered.insert(id);
            return;
        };
        told.unanswered.remove(&id);
        let before = told.acknowledged.insert(id.clone(), answer);
        assert!(before.is_none(), "{id} was told twice");
        count.fetch_add(1, Ordering::SeqCst);
    }
}

/// Three clients push what they have left, and the daemon dies after `after` answers.
fn round(data: &Path, clients: &mut [Told; 3], next: &mut [u64; 3], after: usize) {
    let daemon = Daemon::start_with(data, &[]);
    let address = daemon.address;
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (client, (told, next)) in clients.iter_mut().zip(next.iter_mut()).enumerate() {
            let count = &count;
            scope.spawn(move || {
                // What had no answer is sent again, as clients do.
                let again: Vec<String> = told.unanswered.iter().cloned().collect();
                let first = *next;
                let fresh = (first..first + 10_000).map(|number| format!("{client}-{number}"));
                push(address, again.into_iter().chain(fresh), told, count);
                let newest = told.acknowledged.keys().chain(&told.unanswered);
                let numbers =
                    newest.map(|id| id.split_once('-').unwrap().1.parse::<u64>().unwrap());
                *next = numbers.max().map_or(first, |number| number + 1);
            });
        }
        until("the answers of a round", || count.load(Ordering::SeqCst) >= after);
        daemon.kill();
    });
}

/// The seq and id of every version in the journal, in its order.
fn journalled(data: &Path) -> Vec<(u64, String)> {
    let data = data.to_str().unwrap();
    let lines = done(&["export", "--data", data, "--what", "versions", "--no-text"]);
    let versions = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    versions
        .map(|version| {
            let id = version["record"]["id"].as_str().unwrap().to_owned();
            (version["seq"].as_u64().unwrap(), id)
        })
        .collect()
}

#[test]
fn kills_at_any_moment_lose_and_double_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (mut clients, mut next) = (<[Told; 3]>::default(), [0; 3]);
    let mut draw = Draw(7);
    let kills = rounds(20);
    for kill in 1..=kills {
        let after = 1 + draw.below(40) as usize;
        round(&data, &mut clients, &mut next, after);
        if kill % 50 == 0 {
            complain(&format!("{kill} of {kills} kills"));
        }
    }
    // `verify` folds the journal from nothing and compares every row.
    verify(&data);
    let journal = journalled(&data);
    assert!(journal.is_sorted_by(|a, b| a.0 < b.0), "numbers rise");
    let places: BTreeMap<&str, u64> = journal.iter().map(|(seq, id)| (id.as_str(), *seq)).collect();
    assert_eq!(places.len(), journal.len(), "an item is there twice");
    for told in &clients {
        let mut before = 0;
        let mut in_order: Vec<(&String, &Value)> = told.acknowledged.iter().collect();
        in_order.sort_by_key(|(id, _)| id.split_once('-').unwrap().1.parse::<u64>().unwrap());
        complain(&format!("{} records were acknowledged to a client", in_order.len()));
        for (id, answer) in in_order {
            let seq = answer["seq"].as_u64().unwrap();
            assert_eq!(places.get(id.as_str()), Some(&seq), "{id}");
            assert!(seq > before, "{id} stands before what the same client sent earlier");
            before = seq;
        }
    }
}
