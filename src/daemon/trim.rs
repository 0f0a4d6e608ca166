//! What has had its time as history, to a file that stands for it: which segments, which clusters, and the steps in their order.
//!
//! `DIR/trimming` names the file from before it is written until its segments are gone: a start goes on from there, or takes it
//! back where no record of the journal names it.

use std::path::Path;
use std::sync::mpsc::sync_channel;

use tracing::{info, warn};

use super::Fault;
use super::line::{ToWriter, Work};
use super::planned::{Planned, touched};
use super::stand::{first_with_ledger, to_bytes, versions};
use crate::cluster::{Change, Params};
use crate::journal::{Mark, Reader, Record, Trim};
use crate::model::Seq;
use crate::store::Store;

/// How long rows may take to reach the disk before the segments they were made from are removed.
const FLUSH_DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

/// What a trim is made with.
pub(super) struct Trimmer<'a> {
    pub(super) reader: &'a Reader,
    pub(super) store: &'a Store,
    pub(super) writer: &'a ToWriter,
    pub(super) params: Params,
}

impl Trimmer<'_> {
    /// Has one file stand for the closed segments up to `number`, whose last record is `upto`. They hold no words.
    pub(super) fn trim(&self, number: u32, upto: Seq) -> Result<(), Fault> {
        let dir = self.store.dir();
        let seen = self.reader.last_seq();
        mark(dir).begin(&format!("{number} {seen}"))?;
        let planned = self.stage(number, upto, seen)?;
        let (trim, clusters) = (planned.trim.clone(), planned.trim.gone.len());
        let gone = planned.count;
        let (done, written) = sync_channel(1);
        let sent = self.writer.blocking_send(Work::Trim { planned: Box::new(planned), done });
        match sent.map(|()| written.recv()) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                info!("clusters that were to be trimmed came up again; the next look tries again");
                self.reader.drop_staged_trim(number)?;
                return Ok(mark(dir).end()?);
            }
            // The next start goes on.
            _ => return Err(Fault::Stopped),
        }
        self.carry_out(number, trim.digest)?;
        info!(upto = upto.0, clusters, versions = gone, "history that has had its time is trimmed");
        Ok(())
    }

    /// Ends what an earlier run began.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        let dir = self.store.dir();
        let Some((number, seen)) = begun(dir)? else { return Ok(()) };
        let mut decided = None;
        for entry in self.reader.bare_entries(Seq(seen.0 + 1)) {
            if let Record::Trim(trim) = entry?.1.record
                && trim.file == crate::journal::trim_file(number)
            {
                decided = Some(trim);
            }
        }
        if let Some(trim) = decided {
            return self.carry_out(number, trim.digest);
        }
        self.reader.drop_staged_trim(number)?;
        Ok(mark(dir).end()?)
    }

    /// The rows have followed: once that is on the disk, the segments go.
    fn carry_out(&self, number: u32, digest: u64) -> Result<(), Fault> {
        self.store.flush(FLUSH_DEADLINE)?;
        if self.reader.carry_out_trim(number, digest)? {
            return Ok(mark(self.store.dir()).end()?);
        }
        warn!("trimmed segments are still read; they are removed at the next look");
        Ok(())
    }

    /// Writes the file, and tells what goes with it.
    fn stage(&self, number: u32, upto: Seq, seen: Seq) -> Result<Planned, Fault> {
        let (mut fold, mut ledger) = first_with_ledger(self.reader, self.params)?;
        for entry in self.reader.bare_entries(Seq(fold.last.0 + 1)) {
            let (location, entry, _) = entry?;
            if entry.seq > upto {
                break;
            }
            let changes = fold.apply(&entry).map_err(|what| self.reader.unfit(location, &what))?;
            ledger.take(&entry, &changes);
            ledger.forget(&changes);
        }
        let gone = fold.clusterer.forgettable(&touched(self.reader, upto, seen)?);
        // Who touches what these are linked to touches them.
        let (mut of, mut articles) = fold.clusterer.linked_to(&gone);
        let changes = fold.clusterer.forget(&gone);
        fold.pass(&changes, fold.passed.at);
        ledger.forget(&changes);
        let mut count = 0;
        for change in &changes {
            if let Change::Forgotten { versions, articles: own, .. } = change {
                count += versions.len();
                of.extend(versions.iter().copied());
                articles.extend(own.iter().copied());
            }
        }
        let knows = |version| fold.clusterer.set_of(version).is_some();
        let base = self.reader.base();
        let mut stay = versions(base.as_deref(), self.reader, upto, &knows);
        let state = to_bytes(&fold, &ledger);
        let (file, digest) = self.reader.stage_trim(number, upto, &state, &mut stay)?;
        Ok(Planned {
            trim: Trim { upto, file, digest, gone },
            seen,
            count,
            versions: of.into_iter().collect(),
            articles: articles.into_iter().collect(),
        })
    }
}

/// The number of the file of a trim that did not end, and the last record before it.
fn begun(dir: &Path) -> Result<Option<(u32, Seq)>, Fault> {
    let Some(said) = mark(dir).read()? else { return Ok(None) };
    let mut words = said.split_whitespace();
    let number = words.next().and_then(|word| word.parse().ok());
    let seen = words.next().and_then(|word| word.parse().ok());
    Ok(number.zip(Some(Seq(seen.unwrap_or(0)))))
}

/// The file that tells of a trim under way.
pub(super) fn mark(dir: &Path) -> Mark {
    Mark::of(dir, "trimming")
}
