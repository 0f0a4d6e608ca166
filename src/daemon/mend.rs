//! Rows that could not be written or read, to rows that can: opened again, brought up to the journal, made anew where damaged.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, warn};

use super::fold::catch_up;
use super::open::{Progress, say_aside};
use super::{Fault, words};
use crate::api::{Part, Status};
use crate::journal::Reader;
use crate::model::Seq;
use crate::store::{Opened, Store};

/// Pause before the second attempt; doubled with each.
const PAUSE: Duration = Duration::from_secs(1);

/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How soon a stop is seen in a pause.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes that must fit on the disk before the handle that still answers reads is let go of: sled wants a segment of 512 KiB and a
/// snapshot to open.
const ROOM_BYTES: usize = 2 << 20;

/// Bytes that must be free before sled is asked to write anything: 32 of its segments, more than a batch comes to.
const FREE_BYTES: u64 = 16 << 20;

/// Who mends. Remembers how often it was in vain.
pub(super) struct Mender {
    store: Store,
    reader: Reader,
    status: Arc<Status>,
    attempts: u32,
}

impl Mender {
    pub(super) fn new(store: Store, reader: Reader, status: Arc<Status>) -> Self {
        Self { store, reader, status, attempts: 0 }
    }

    /// The rows are well: the next fault is mended at once.
    pub(super) const fn rested(&mut self) {
        self.attempts = 0;
    }

    /// Mends until the rows have all records up to `upto`. Only a stop ends it earlier: then the error is what was wrong.
    pub(super) fn mend(&mut self, fault: Fault, upto: Seq) -> Result<(), Fault> {
        let mut fault = fault;
        self.say(&fault);
        loop {
            if !self.pause() {
                return Err(fault);
            }
            match self.attempt(&fault, upto) {
                Ok(()) => return Ok(()),
                Err(Fault::Stopped) => return Err(fault),
                Err(next) => {
                    self.say(&next);
                    // What was wrong before still is.
                    if !matches!(next, Fault::NoRoom(_)) {
                        fault = next;
                    }
                }
            }
        }
    }

    fn say(&self, fault: &Fault) {
        let why = words(fault);
        error!(attempts = self.attempts, "the derived rows cannot be written: {why}");
        let safe = "what is taken in is safe in the journal, reads show what was there before";
        self.status
            .hinder(Part::Rows, format!("the derived rows cannot be written: {why}; {safe}"));
    }

    /// Waits, longer with each attempt. False where the daemon stops.
    fn pause(&mut self) -> bool {
        let pause = match self.attempts {
            0 => Duration::ZERO,
            attempts => PAUSE.saturating_mul(1 << (attempts - 1).min(10)).min(PAUSE_MAX),
        };
        self.attempts += 1;
        let mut slept = Duration::ZERO;
        while slept < pause && !self.status.stopping.is_cancelled() {
            std::thread::park_timeout(LOOK);
            slept += LOOK;
        }
        !self.status.stopping.is_cancelled()
    }

    fn attempt(&self, fault: &Fault, upto: Seq) -> Result<(), Fault> {
        has_room(self.store.dir())?;
        try_room(self.store.dir())?;
        let opened = match fault {
            // Nothing is wrong with the rows there are.
            Fault::NoRoom(_) => Opened::default(),
            // What was found while writing is certain; what a read saw is looked for.
            Fault::Store(damage) if damage.is_damage() => {
                Opened { why: Some(damage.to_string()), ..self.store.begin_anew()? }
            }
            _ => self.store.reopen()?,
        };
        say_aside(&opened);
        let from = self.store.applied_seq();
        if from < upto {
            warn!(
                applied = from.0,
                journal = upto.0,
                "the derived rows lack records; they come from the journal"
            );
            let mut progress = Progress::new(&self.status, Part::Rows, from, upto);
            catch_up(&self.reader, upto, &self.store, &mut |seq| progress.at(seq))?;
        }
        Ok(())
    }
}

/// Errors where so little is free that sled may not be able to finish what it begins. After that it could not even be read: a
/// page that was not divided to the end is divided by whoever reads it. The journal has no such need and fills the disk.
pub(super) fn has_room(dir: &Path) -> Result<(), Fault> {
    let Some(free) = free_bytes(dir).filter(|&free| free < FREE_BYTES) else { return Ok(()) };
    let (free, wanted) = (free >> 10, FREE_BYTES >> 10);
    Err(Fault::NoRoom(format!(
        "no space left on {}: {free} KiB are free, {wanted} are wanted",
        dir.display()
    )))
}

/// Bytes that are free where a directory lies. Some file systems do not tell.
pub(super) fn free_bytes(dir: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(dir).ok()?;
    (found.f_blocks > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Errors where the disk takes nothing, whatever it says of its room: then the present handle goes on answering reads.
fn try_room(dir: &Path) -> Result<(), Fault> {
    let path: PathBuf = dir.join("store.room");
    let tried = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0x5a; ROOM_BYTES])?;
        file.sync_all()
    });
    let removed = match fs::remove_file(&path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    };
    tried.and(removed).map_err(|fault| {
        Fault::NoRoom(format!("{} takes no file of {ROOM_BYTES} bytes: {fault}", dir.display()))
    })
}
