//! A data directory to an open journal, its rows, and the fold of the one with the other brought up to it.

use std::path::Path;

use tracing::{error, info, warn};

use super::fold::{Fold, write_rows};
use super::known::known;
use super::lagging::{Folded, ToRows};
use super::{Fault, words};
use crate::api::{Part, Status};
use crate::cluster::Params;
use crate::journal::{Log, Reader};
use crate::model::Seq;
use crate::store::{Opened, Store, StoreError};

/// Opens journal and derived rows for writing, and mends what a crash or a bad disk left. Quick: of the rows only how far they
/// are is read; [`look_over`] does the rest.
pub(super) fn open_dir(dir: &Path, cache_bytes: u64) -> Result<(Log, Store, Opened), Fault> {
    let (log, found) = Log::open(dir)?;
    if found.cut_bytes > 0 {
        warn!(
            bytes = found.cut_bytes,
            kept = found.cut_kept.as_deref().map(|path| path.display().to_string()),
            "the last write had not been finished and was cut; nothing acknowledged is lost"
        );
    }
    let (store, opened) = Store::open_unread(dir, cache_bytes)?;
    say_aside(&opened);
    let reader = log.reader();
    // Events of these records are read from their rows, once those are there.
    store.told(reader.last_seq());
    let applied = store.applied_seq();
    if applied > reader.last_seq()
        && let Some(known) = known(dir, &store)
    {
        return Err(reader.ends_before(known).into());
    }
    let at_its_place = |at| reader.read(at).is_ok_and(|entry| entry.seq == applied);
    if applied == Seq(0) || opened.applied_at.is_some_and(at_its_place) {
        return Ok((log, store, opened));
    }
    warn!(%applied, journal = %found.last_seq, "the derived rows are of another journal; they are made again from this one");
    let opened = store.disown()?;
    Ok((log, store, opened))
}

/// Tells where rows went that could not be trusted.
pub(super) fn say_aside(opened: &Opened) {
    if let Some(aside) = &opened.quarantined {
        let why = opened.why.as_deref().unwrap_or_default();
        warn!(path = %aside.display(), why, "the derived rows were damaged; they are set aside and made again from the journal");
    }
}

/// Reads all rows where no clean stop left them whole, and begins them anew where they are damaged. Reads are answered meanwhile.
fn look_over(store: &Store, opened: &Opened) -> Result<(), StoreError> {
    if opened.rested || store.applied_seq() == Seq(0) {
        return Ok(());
    }
    match store.check() {
        Err(fault) if fault.is_damage() => {
            let why = fault.to_string();
            let opened = store.begin_anew()?;
            say_aside(&Opened { why: Some(why), ..opened });
            Ok(())
        }
        done => done,
    }
}

/// The fold of the journal, and why the rows could not be brought up to it, where they could not: the journal is enough to go on.
pub(super) fn fold(
    reader: &Reader,
    store: &Store,
    opened: &Opened,
    params: Params,
    status: &Status,
) -> Result<(Fold, Option<Fault>), Fault> {
    let mut owed = look_over(store, opened).err().map(Fault::Store);
    if let Some(fault) = &owed {
        error!("the derived rows cannot be looked over: {}", words(fault));
    }
    let (from, last) = (store.applied_seq(), reader.last_seq());
    let mut progress = Progress::new(status, Part::Start, from, last);
    let mut to_rows = |batch: Vec<Folded>| {
        if owed.is_none()
            && let Err(fault) = write_rows(store, &batch)
        {
            error!("the derived rows cannot be written: {}", words(&fault));
            owed = Some(fault);
        }
        Ok(())
    };
    let rows: &mut ToRows<'_> = &mut to_rows;
    let fold = Fold::open(reader, params, store, rows, &mut |seq| progress.at(seq))?;
    Ok((fold, owed))
}

/// Parts of the way after which the log has a line.
const LINES: u64 = 10;

/// Records after which a stop is looked for and the state is told anew.
const TELL_EVERY: u64 = 256;

/// How far a fold or a rebuild is, on `/readyz` and in the log.
pub(super) struct Progress<'a> {
    status: &'a Status,
    part: Part,
    /// The rows have all up to here.
    from: Seq,
    last: Seq,
    said: u64,
    may_stop: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(status: &'a Status, part: Part, from: Seq, last: Seq) -> Self {
        // Offline work is told to give up at the first fault, not to stop.
        let may_stop = !status.stopping.is_cancelled();
        Self { status, part, from, last, said: 0, may_stop }
    }

    /// Record `seq` is done. False where the daemon stops.
    pub(super) fn at(&mut self, seq: Seq) -> bool {
        if !seq.0.is_multiple_of(TELL_EVERY) {
            return true;
        }
        let Self { status, part, from, last, may_stop, .. } = *self;
        let doing = if seq > from { "rebuilding the derived rows" } else { "reading the journal" };
        status.hinder(part, format!("{doing}: {seq} of {last}"));
        let tenth = seq.0 * LINES / last.0.max(1);
        if tenth > self.said {
            self.said = tenth;
            info!(record = seq.0, last = last.0, "{doing}: {seq} of {last}");
        }
        !(may_stop && status.stopping.is_cancelled())
    }
}
