//! The one writer: gives each record its place, judges and applies it, and has it made durable and told of.
//!
//! Plain blocking code on a thread of its own. Order of things: judge and apply in memory; append the batch and sync it, on the
//! journal's thread, while the next is judged; then the answers, and beside them the derived rows and the change stream, on a thread
//! of their own. Rows that fail hold nothing up: what the answers tell is durable.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::appender::{Appender, Batch, Placed};
use super::fold::Fold;
use super::keep::Keep;
use super::line::{Ended, Harvest, OfPage, Said, Visits, Work};
use super::planned::Planned;
use super::rejudge::prior;
use super::rows::{Job, Redacted};
use super::{Fault, Notes, words};
use crate::api::{Accepted, Obeyed, Push, Refused, Word};
use crate::cluster::{Arrival, Change, Judged, Version};
use crate::extract::{EXTRACTOR, Lines};
use crate::journal::{Entry, Lost, Reader, Record, Spoken};
use crate::model::{Article, Clock, ClusterId, Seq, SourceId, Timestamp, VersionId};
use crate::telemetry::Metrics;
use crate::warc::Packed;

/// Age up to which an article counts as news in the latency histogram: a week.
const NEWS_MILLIS: i64 = 7 * 24 * 3_600_000;

/// Why nothing comes of a page that was erased.
const ERASED: &str = "erased by order";

/// Why nothing comes of an old page that is listed again.
const TRIMMED: &str = "known before, and trimmed (history_days)";

/// How an article comes that was read from a page.
pub(super) const PAGE: &str = "page";

/// Everything the writer owns or tells.
pub(super) struct Writer {
    pub(super) appender: Appender,
    pub(super) reader: Reader,
    pub(super) fold: Fold,
    pub(super) keep: Keep,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    /// The last record when it began.
    pub(super) began: Seq,
}

/// A pushed record's version, and whether it was there already.
type Answered = (VersionId, bool);

impl Writer {
    /// Writes until every sender is gone, and then until the rows are written.
    pub(super) fn run(mut self, notes: Notes, mut work: mpsc::Receiver<Work>) -> Result<(), Fault> {
        self.note(notes)?;
        while let Some(first) = work.blocking_recv() {
            let mut batch = Batch::default();
            self.make_room()?;
            self.take(first, &mut batch)?;
            while !batch.is_full() && !self.is_idle() {
                let Ok(next) = work.try_recv() else { break };
                self.take(next, &mut batch)?;
            }
            self.send(&mut batch)?;
            if self.keep.is_wanted(self.fold.last) {
                self.settle()?;
                self.keep.look(&self.fold);
            }
        }
        self.end()
    }

    /// Waits until all is durable and the rows are written, and leaves a checkpoint. A fault is what keeps the journal from that.
    fn end(mut self) -> Result<(), Fault> {
        self.settle()?;
        let Self { appender, keep, fold, .. } = self;
        let ended = appender.end()?;
        if let Err(fault) = ended.rows {
            warn!(
                "the next start brings the derived rows up to the journal, now it was not possible: {}",
                words(&fault)
            );
        }
        keep.end(&fold);
        Ok(())
    }

    /// Journals the settings and sources in force where they differ from what was.
    pub(super) fn note(&mut self, notes: Notes) -> Result<(), Fault> {
        let mut batch = Batch::default();
        if self.fold.settings.as_ref() != Some(&notes.settings) {
            self.fold.settings = Some(notes.settings.clone());
            self.enter(Record::Settings(notes.settings), Vec::new(), &mut batch);
        }
        for note in notes.sources {
            if self.fold.sources.get(&note.id) != Some(&note) {
                self.fold.sources.insert(note.id.clone(), note.clone());
                self.enter(Record::Source(note), Vec::new(), &mut batch);
            }
        }
        self.commit(&mut batch)
    }

    fn take(&mut self, work: Work, batch: &mut Batch) -> Result<(), Fault> {
        match work {
            Work::Harvest(harvest) => self.take_harvest(*harvest, batch),
            Work::Push(push) => return self.take_push(push, batch),
            Work::Word(word) => self.take_word(word, batch),
            Work::Trim { planned, done } => return self.take_trim(*planned, done, batch),
            Work::Redacted { versions, moved, done } => {
                let redacted = Redacted { versions, moved, changes: Vec::new(), done };
                return self.take_redacted(redacted, batch);
            }
            Work::Polled { endpoint, poll } => batch.polled.push((endpoint, poll)),
        }
        Ok(())
    }

    /// The fold forgets words that are gone from the journal, and the rows follow, after those of all that came before.
    fn take_redacted(&mut self, redacted: Redacted, batch: &mut Batch) -> Result<(), Fault> {
        self.commit(batch)?;
        let ids: Vec<VersionId> = redacted.versions.iter().map(|&(version, _)| version).collect();
        let changes = self.fold.clusterer.forget_words(&ids);
        self.fold.rewritings = self.reader.rewritings();
        if let Err(fault) = self.keep.forget() {
            // Whoever asked is not told that it is done, and asks again.
            warn!("words that are gone may stand in the checkpoint: {}", words(&fault));
            return Ok(());
        }
        let redacted = Some(Redacted { changes, ..redacted });
        batch.job = Job { redacted, ..Job::default() };
        self.commit(batch)
    }

    /// Journals a trim and forgets what goes with it, unless a record that came meanwhile names some of that.
    fn take_trim(
        &mut self,
        planned: Planned,
        done: SyncSender<bool>,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        self.commit(batch)?;
        match planned.is_overtaken(&self.reader) {
            Ok(false) => {}
            Ok(true) => {
                // Whoever asked may have stopped.
                let _ = done.try_send(false);
                return Ok(());
            }
            Err(fault) => {
                warn!("nothing is trimmed: {}", words(&fault));
                return Ok(());
            }
        }
        let changes = self.fold.trim(&planned.trim, Timestamp::EPOCH);
        self.enter(Record::Trim(planned.trim), changes, batch);
        let at = batch.job.entries.last().map_or(Timestamp::EPOCH, |entry| entry.at);
        self.fold.passed.at = self.fold.passed.at.max(at);
        batch.job.trimmed = Some(done);
        self.commit(batch)
    }

    /// The writer's clock, never backwards: the time of the fold for what comes in now.
    pub(super) fn now(&self) -> Timestamp {
        self.fold.seen_at.max(self.clock.now())
    }

    fn take_harvest(&mut self, harvest: Harvest, batch: &mut Batch) {
        let Harvest { source, key, mut visits, ended } = harvest;
        match ended {
            Ended::Article(article, OfPage { packed, lines }) => {
                let arrival = Arrival::from(*article);
                let placed = if self.is_passed(&arrival) {
                    Err(TRIMMED)
                } else {
                    self.judge_page(arrival, &lines, batch).ok_or(ERASED)
                };
                match placed {
                    Ok((version, duplicate)) => {
                        let page = packed.filter(|_| !duplicate);
                        batch.bytes += page.as_ref().map_or(0, Packed::len);
                        batch.pages.extend(page);
                        debug!(%version, duplicate, url = visits.url, "read {}", visits.url);
                    }
                    Err(why) => visits = self.pass_over(why, &source.id, visits, batch),
                }
            }
            Ended::Unchanged => {}
            Ended::Lost { reason, news } => {
                info!(source.id = %source.id, url = visits.url, reason, "nothing from {}: {reason}", visits.url);
                let lost = Lost { source: source.id.clone(), url: visits.url.clone(), reason };
                if news {
                    self.enter(Record::Lost(lost), Vec::new(), batch);
                }
            }
        }
        batch.visited.push((key, source, visits));
    }

    /// A page that was erased or trimmed ends its lead, once, and nothing of it is kept but that it is known.
    fn pass_over(
        &mut self,
        why: &str,
        source: &SourceId,
        visits: Visits,
        batch: &mut Batch,
    ) -> Visits {
        if visits.lost != why {
            info!(source.id = %source, "a page is passed over: {why}");
            let lost = Lost { source: source.clone(), url: String::new(), reason: why.to_owned() };
            self.enter(Record::Lost(lost), Vec::new(), batch);
        }
        Visits {
            url: String::new(),
            title: String::new(),
            lost: why.to_owned(),
            said: Said::default(),
            ..visits
        }
    }

    /// A large push fills several batches; its answer goes with the last.
    fn take_push(&mut self, push: Push, batch: &mut Batch) -> Result<(), Fault> {
        let mut placed = Vec::with_capacity(push.articles.len());
        let is_erased = |arrival: &Arrival| self.is_erased(arrival.keys());
        if push.strict && push.articles.iter().any(is_erased) {
            let refused = push.articles.iter().map(|arrival| {
                Err(if is_erased(arrival) { Refused::Erased } else { Refused::Strict })
            });
            // A sender that hung up needs no answer.
            let _ = push.reply.send(refused.collect());
            return Ok(());
        }
        for article in push.articles {
            if batch.is_full() {
                self.send(batch)?;
            }
            let seen_at = self.now();
            placed.push(self.judge(article, "push", seen_at, batch));
        }
        let taken = placed.into_iter().filter_map(|placed| match placed {
            Some((version, duplicate)) => self.accepted(version, duplicate).map(Ok),
            None => Some(Err(Refused::Erased)),
        });
        batch.replies.push((push.reply, taken.collect()));
        Ok(())
    }

    /// Carries out an editor's word; what cannot be is answered at once, and no record.
    fn take_word(&mut self, word: Word, batch: &mut Batch) {
        let Word { user, word, reply } = word;
        let number = self.fold.last.0 + 1;
        match self.fold.clusterer.override_with(number, &word) {
            Ok(changes) => {
                let clusters: BTreeSet<ClusterId> = changes.iter().filter_map(touched).collect();
                info!(number, user, ?word, "an editor's word");
                self.enter(Record::Override(Spoken { user, word }), changes, batch);
                let obeyed =
                    Obeyed { number: Seq(number), clusters: clusters.into_iter().collect() };
                batch.words.push((reply, obeyed));
            }
            Err(refusal) => {
                // A sender that hung up needs no answer.
                let _ = reply.send(Err(refusal));
            }
        }
    }

    /// True where an article goes by a name that was erased.
    fn is_erased(&self, keys: &[u64]) -> bool {
        let erased = &self.fold.erased;
        !erased.is_empty() && keys.iter().any(|key| erased.contains(key))
    }

    /// True of an article that was trimmed, is not known since, and does not say that it is newer than that.
    fn is_passed(&self, arrival: &Arrival) -> bool {
        let Fold { passed, clusterer, .. } = &self.fold;
        let told = arrival.article.updated.max(arrival.article.published);
        let keys = arrival.keys();
        told.is_none_or(|told| told <= passed.at)
            && keys.iter().any(|&key| passed.has(key))
            && !keys.iter().any(|&key| clusterer.knows(key))
    }

    /// Gives an article its place; tells which version it is and whether it was there already. `None` where it was erased.
    pub(super) fn judge(
        &mut self,
        arrival: Arrival,
        via: &'static str,
        seen_at: Timestamp,
        batch: &mut Batch,
    ) -> Option<Answered> {
        if self.is_erased(arrival.keys()) {
            return None;
        }
        Some(self.place(arrival, None, via, seen_at, batch))
    }

    /// The same for an article of a page, which may be another reading of the one before.
    fn judge_page(
        &mut self,
        arrival: Arrival,
        lines: &Lines,
        batch: &mut Batch,
    ) -> Option<Answered> {
        if self.is_erased(arrival.keys()) {
            return None;
        }
        let prior = self.read_before(&arrival, lines);
        let seen_at = self.now();
        Some(self.place(arrival, prior.as_deref(), PAGE, seen_at, batch))
    }

    /// The version of which a page's article is another reading; `None` where it may be news.
    fn read_before(&self, arrival: &Arrival, lines: &Lines) -> Option<Box<Version>> {
        // What this process has read was read by the extractor it has.
        let newest = self.fold.clusterer.newest_of(arrival.keys());
        let known = newest.filter(|known| known.0 <= self.began.0)?;
        prior(&self.reader, known).filter(|prior| is_reading(&arrival.article, lines, prior))
    }

    /// Gives an article its place, as another reading of `prior` where that is given.
    pub(super) fn place(
        &mut self,
        mut arrival: Arrival,
        prior: Option<&Version>,
        via: &'static str,
        seen_at: Timestamp,
        batch: &mut Batch,
    ) -> Answered {
        let Fold { clusterer, texts, .. } = &mut self.fold;
        let mut lend = |version| texts.lend(version);
        let judged = match prior {
            Some(prior) => clusterer.judge_reextracted(&arrival.article, prior, seen_at, &mut lend),
            None => clusterer.judge_arrival(&mut arrival, seen_at, &mut lend),
        };
        match judged {
            Judged::Duplicate(version) => (version, true),
            Judged::New { verdicts, prepared, .. } => {
                let id = VersionId(self.fold.last.0 + 1);
                self.fold.seen_at = self.fold.seen_at.max(seen_at);
                let article = arrival.article;
                batch.bytes += article.text.len() + article.title.len();
                let extractor = if via == PAGE { EXTRACTOR } else { 0 };
                let verdicts = *verdicts;
                let version = Version { id, seen_at, extractor, article, verdicts, redacted: None };
                let changes = self.fold.clusterer.apply(&version);
                // Nothing is compared with another reading of a page: what was read first stands for it.
                if version.reextracted_from().is_none() {
                    self.count(&version);
                    self.fold.clusterer.admit(id, &prepared);
                    batch.job.findable.push((id, prepared.to_bytes()));
                    self.fold.texts.keep_unplaced(id, prepared.compared);
                }
                batch.via.push(via);
                self.enter(Record::Version(Box::new(version)), changes, batch);
                (id, false)
            }
        }
    }

    /// How long after it came out an article stands in a cluster.
    fn count(&self, version: &Version) {
        if let Some(published) = version.article.published {
            let late = version.seen_at.millis().saturating_sub(published.millis());
            // What is older comes from an archive, what is ahead from a wrong clock: neither says how quick we are.
            if (0..=NEWS_MILLIS).contains(&late) {
                self.metrics.clustered_after(late as f64 / 1000.0);
            }
        }
    }

    fn enter(&mut self, record: Record, changes: Vec<Change>, batch: &mut Batch) {
        self.fold.last = Seq(self.fold.last.0 + 1);
        batch.job.entries.push(Entry { seq: self.fold.last, at: self.clock.now(), record });
        batch.job.changes.push(changes);
    }

    /// Has the batch made durable, then true for readers, then known, while the writer goes on.
    pub(super) fn send(&mut self, batch: &mut Batch) -> Result<(), Fault> {
        let mut batch = std::mem::take(batch);
        batch.job.oldest = self.fold.clusterer.oldest_live_version();
        batch.overrides = (!batch.words.is_empty()).then(|| self.fold.clusterer.overrides());
        let Self { appender, fold, .. } = self;
        appender.send(batch, &mut |placed| note_places(fold, placed))
    }

    /// The same, and waits until it is durable, and all before it.
    pub(super) fn commit(&mut self, batch: &mut Batch) -> Result<(), Fault> {
        self.send(batch)?;
        self.settle()
    }

    /// Nothing is judged that could not be sent on.
    fn make_room(&mut self) -> Result<(), Fault> {
        let Self { appender, fold, .. } = self;
        appender.make_room(&mut |placed| note_places(fold, placed))
    }

    /// True where a batch becomes durable at once, so that it need not grow.
    fn is_idle(&mut self) -> bool {
        let Self { appender, fold, .. } = self;
        appender.is_idle(&mut |placed| note_places(fold, placed))
    }

    fn settle(&mut self) -> Result<(), Fault> {
        let Self { appender, fold, .. } = self;
        appender.settle(0, &mut |placed| note_places(fold, placed))
    }

    fn accepted(&self, version: VersionId, duplicate: bool) -> Option<Accepted> {
        let clusterer = &self.fold.clusterer;
        Some(Accepted {
            article: clusterer.article_of(version)?,
            version,
            cluster: clusterer.cluster_of(version)?,
            seq: Seq(version.0),
            duplicate,
        })
    }
}

/// The cluster whose row a change restates.
fn touched(change: &Change) -> Option<ClusterId> {
    match change {
        Change::Updated { summary, .. } => Some(summary.cluster),
        _ => None,
    }
}

/// True where a page's article differs from a version of it by the extractor alone: other rules read it then, and it is the very
/// page, or its publisher names the same moment as that of the last change, or the present rules cut more of the same words. Where
/// nothing of the kind is said, it may be news.
fn is_reading(article: &Article, lines: &Lines, prior: &Version) -> bool {
    let by_others = prior.extractor != EXTRACTOR && prior.extractor > 0;
    let same_page = article.raw.is_some() && article.raw == prior.article.raw;
    let says_unchanged = article.updated.is_some() && article.updated == prior.article.updated;
    by_others
        && prior.redacted.is_none()
        && (same_page || says_unchanged || is_cut(article, lines, &prior.article))
}

/// True where an article has no line that it had not before, and all that it had still stands in its page: then nobody took it away
/// but the rules. What a publisher puts in or takes out shows.
fn is_cut(article: &Article, lines: &Lines, before: &Article) -> bool {
    let mut old = before.text.lines();
    !article.text.is_empty()
        && article.title == before.title
        && article.text.lines().all(|line| old.any(|old| old == line))
        && before.text.lines().all(|line| lines.holds(line))
}

/// Texts can be read back from where they lie.
fn note_places(fold: &mut Fold, placed: Placed) {
    for (version, location, furniture) in placed.versions {
        fold.texts.place(version, location, furniture);
    }
    fold.at = placed.last.unwrap_or(fold.at);
}
