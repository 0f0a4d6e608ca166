//! Texts that have had their time, to no texts: closed segments are rewritten without words, then the rows of what is in them.
//!
//! Only whole segments go, the oldest first, and only where their newest record is older than the window: nothing is compared with
//! them any more. With retention on the log begins a segment each day, so a text goes within a day of its term.
//! Single texts go before their segment does where their source has a term of its own, or their publisher closed them on a day.
//!
//! The segment's number stands in `DIR/redacting` from before it is rewritten until its rows are: a start does those rows again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::line::{ToWriter, Work};
use super::raw::{self, Going};
use super::trim::{self, Trimmer};
use super::{Fault, words};
use crate::cluster::{Params, Version};
use crate::config::{Config, Source, Tdm};
use crate::journal::{JournalError, Location, Mark, Reader, Record};
use crate::model::{Clock, Seq, SourceId, Timestamp, VersionId};
use crate::rights;
use crate::store::Store;
use crate::warc::Writing;

/// How often it is looked for texts that have had their time, by the daemon's clock.
const EVERY: Duration = Duration::from_hours(1);

/// How long the rows of a segment may take to reach the disk before they are done again at the next look.
const FLUSH_DEADLINE: Duration = Duration::from_secs(30);

/// A segment file, by its number and its first record.
type Segment = (u32, Seq);

/// How long texts are kept.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Nothing younger is ever touched, in milliseconds: it is still compared with.
    window: i64,
    /// How old a text may become, in milliseconds.
    age: Option<i64>,
    /// How many bytes of segments with texts are kept.
    bytes: Option<u64>,
    /// How old a record may become, in milliseconds.
    history: Option<i64>,
    /// Settings of the fold.
    params: Params,
    /// How old a text of these sources may become, in milliseconds.
    of_sources: BTreeMap<SourceId, i64>,
    /// The sources of which a text stays although its page says that it is closed after a day; `None`: all.
    licensed: Option<BTreeSet<SourceId>>,
}

impl Terms {
    /// What a configuration says; `None` where texts stay for ever and nothing is left to be done from when they did not.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let (age, bytes) = (config.store.text_age().map(millis), config.store.text_bytes);
        let history = config.store.history().map(millis);
        let window = millis(config.detect.window);
        let dir = &config.store.path;
        let term = |source: &Source| Some((source.id.clone(), millis(source.rights().retention?)));
        let of_sources: BTreeMap<SourceId, i64> = config.sources.iter().filter_map(term).collect();
        let licensed = config.sources.iter().filter(|source| source.licence.is_some());
        let licensed = licensed.map(|source| source.id.clone()).collect();
        let licensed = (config.crawl.tdm == Tdm::Respect).then_some(licensed);
        let is_begun = mark(dir).exists() || trim::mark(dir).exists();
        let is_wanted = age.is_some() || bytes.is_some() || !of_sources.is_empty() || is_begun;
        let params = config.cluster_params();
        is_wanted.then_some(Self { window, age, bytes, history, params, of_sources, licensed })
    }

    /// When the words of one version have had their time, whatever their segment does.
    fn end_of(&self, version: &Version) -> Option<Timestamp> {
        let source = &version.article.source;
        let of_source = self.of_sources.get(source).map(|&age| version.seen_at.plus_millis(age));
        let heeded = self.licensed.as_ref().is_some_and(|licensed| !licensed.contains(source));
        let of_page = heeded.then(|| rights::ends(&version.article.signals)).flatten();
        let ends = of_source.into_iter().chain(of_page).min();
        ends.filter(|_| version.redacted.is_none())
    }
}

/// What is known of a closed segment.
#[derive(Clone, Copy)]
struct Known {
    newest: Timestamp,
    has_words: bool,
    /// Its last record.
    last: Seq,
    /// When the first single text in it has had its time.
    due: Option<Timestamp>,
}

impl Known {
    const NOTHING: Self =
        Self { newest: Timestamp::EPOCH, has_words: false, due: None, last: Seq(0) };
}

/// Who looks for texts that have had their time.
pub(super) struct Retain {
    pub(super) terms: Terms,
    pub(super) reader: Reader,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) writer: ToWriter,
    /// The file of pages that is being written.
    pub(super) writing: Writing,
    pub(super) stop: CancellationToken,
}

impl Retain {
    /// Looks at start and each hour, until the daemon stops.
    pub(super) async fn run(self) {
        let this = Arc::new(self);
        let mut known = BTreeMap::new();
        loop {
            let at_work = Arc::clone(&this);
            let pass = tokio::task::spawn_blocking(move || {
                let done = at_work.pass(&mut known);
                (done, known)
            });
            match pass.await {
                Ok((done, learned)) => {
                    known = learned;
                    if let Err(fault) = done {
                        warn!(
                            "texts could not be removed, the next look tries again: {}",
                            words(&fault)
                        );
                    }
                }
                Err(fault) => {
                    return error!(%fault, "texts are no longer removed: the look for them panicked");
                }
            }
            tokio::select! {
                () = this.stop.cancelled() => return,
                () = tokio::time::sleep(this.clock.wait(EVERY)) => {}
            }
        }
    }

    /// Removes the words of all segments that have had their time.
    fn pass(&self, known: &mut BTreeMap<u32, Known>) -> Result<(), Fault> {
        let dir = self.store.dir();
        let closed = self.reader.closed();
        if let Some(number) = begun(dir)?
            && let Some(&segment) = closed.iter().find(|&&(closed, _)| closed == number)
        {
            self.redo_rows(segment)?;
        }
        let now = self.clock.now();
        let mut old = Vec::new();
        let mut with_words = self.reader.bytes()?;
        for &segment in &closed {
            let of = match known.get(&segment.0) {
                Some(&of) => of,
                None => match self.look(segment) {
                    Err(fault @ Fault::Journal(JournalError::Damaged { .. })) => {
                        error!("texts of a damaged segment stay: {}", words(&fault));
                        Known::NOTHING
                    }
                    done => done?,
                },
            };
            known.insert(segment.0, of);
            if of.newest >= now.plus_millis(-self.terms.window) {
                break;
            }
            if of.has_words {
                old.push((segment, of));
            } else {
                with_words -= self.reader.segment_bytes(segment.0)?.min(with_words);
            }
        }
        for &(segment, of) in &old {
            let too_old = self.terms.age.is_some_and(|age| of.newest < now.plus_millis(-age));
            let too_many = self.terms.bytes.is_some_and(|most| with_words > most);
            if !(too_old || too_many) || self.stop.is_cancelled() {
                break;
            }
            with_words -= self.reader.segment_bytes(segment.0)?.min(with_words);
            self.redact(segment, &|_| true)?;
            known.insert(segment.0, Known { has_words: false, due: None, ..of });
        }
        for (segment, _) in old {
            let is_due =
                known.get(&segment.0).is_some_and(|of| of.due.is_some_and(|due| due <= now));
            if is_due && !self.stop.is_cancelled() {
                self.redact(segment, &|version| {
                    self.terms.end_of(version).is_some_and(|end| end <= now)
                })?;
                known.insert(segment.0, self.look(segment)?);
            }
        }
        if let Some(age) = self.terms.age {
            raw::remove_older(self.store.dir(), age, now)?;
        }
        self.trim(&closed, known, now)
    }

    /// Has one file stand for the oldest segments, those without words that have had their time as history, too.
    fn trim(
        &self,
        closed: &[Segment],
        known: &BTreeMap<u32, Known>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let trimmer = self.trimmer();
        trimmer.finish()?;
        let Some(age) = self.terms.history.filter(|_| !self.stop.is_cancelled()) else {
            return Ok(());
        };
        let old = closed.iter().map_while(|&(number, _)| {
            let of = known.get(&number)?;
            // A damaged one has no last record.
            let is_old = of.newest < now.plus_millis(-age) && !of.has_words && of.last > Seq(0);
            is_old.then_some((number, of.last))
        });
        match old.last() {
            Some((number, last)) => trimmer.trim(number, last),
            None => Ok(()),
        }
    }

    const fn trimmer(&self) -> Trimmer<'_> {
        let Self { reader, store, writer, .. } = self;
        Trimmer { reader, store, writer, params: self.terms.params }
    }

    fn look(&self, segment: Segment) -> Result<Known, Fault> {
        let mut known = Known::NOTHING;
        for entry in self.reader.entries_of(segment) {
            let (_, entry) = entry?;
            known.newest = known.newest.max(entry.at);
            known.last = entry.seq;
            if let Record::Version(version) = &entry.record {
                // The fold's time may be ahead of the clock's.
                known.newest = known.newest.max(version.seen_at);
                known.has_words |= version.redacted.is_none();
                let end = self.terms.end_of(version);
                known.due =
                    end.map_or(known.due, |end| Some(known.due.map_or(end, |due| due.min(end))));
            }
        }
        Ok(known)
    }

    /// Removes the words of those versions of a segment that `is_over` names.
    fn redact(&self, segment: Segment, is_over: &dyn Fn(&Version) -> bool) -> Result<(), Fault> {
        mark(self.store.dir()).begin(&segment.0.to_string())?;
        // Pages go first: once the words are gone, nothing names them any more.
        let pages = self.pages(segment, is_over)?.remove(self.store.dir(), &self.writing)?;
        let done = self.reader.rewrite(segment.0, &mut |entry| match &entry.record {
            Record::Version(version) if version.redacted.is_none() && is_over(version) => {
                Some(Record::Version(Box::new(version.without_words())))
            }
            _ => None,
        })?;
        self.redo_rows(segment)?;
        info!(
            segment = segment.0,
            records = done.records,
            pages,
            bytes = done.before.saturating_sub(done.after),
            "texts that have had their time are removed"
        );
        Ok(())
    }

    /// The pages of those versions of a segment that `is_over` names.
    fn pages(&self, segment: Segment, is_over: &dyn Fn(&Version) -> bool) -> Result<Going, Fault> {
        let mut going = Going::default();
        for entry in self.reader.entries_of(segment) {
            if let Record::Version(version) = entry?.1.record
                && is_over(&version)
            {
                going.add(&version);
            }
        }
        Ok(going)
    }

    /// Has the rows of a segment's versions follow it, and waits until they are on disk.
    fn redo_rows(&self, segment: Segment) -> Result<(), Fault> {
        let (mut versions, mut moved): (Vec<_>, Vec<(VersionId, Location)>) = Default::default();
        for entry in self.reader.entries_of(segment) {
            let (place, entry) = entry?;
            // A crash may have come before the segment took its new form.
            if let Record::Version(version) = entry.record {
                let list = if version.redacted.is_some() { &mut versions } else { &mut moved };
                list.push((version.id, place));
            }
        }
        let (done, written) = sync_channel(1);
        let sent = self.writer.blocking_send(Work::Redacted { versions, moved, done });
        if sent.is_err() || written.recv().is_err() {
            // The next start does these rows again.
            return Err(Fault::Stopped);
        }
        self.store.flush(FLUSH_DEADLINE)?;
        Ok(mark(self.store.dir()).end()?)
    }
}

/// The segment whose rows may not have followed it.
fn begun(dir: &Path) -> Result<Option<u32>, Fault> {
    Ok(mark(dir).read()?.and_then(|number| number.trim().parse().ok()))
}

/// True where a crash came while the words of a segment went: its rows may still have them, and the next start ends it.
#[must_use]
pub fn is_losing_words(dir: &Path) -> bool {
    mark(dir).exists()
}

fn mark(dir: &Path) -> Mark {
    Mark::of(dir, "redacting")
}
