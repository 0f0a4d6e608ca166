//! What travels along the line: leads to the harvester, work to the writer.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use url::Url;

use super::planned::Planned;
use crate::api::{Push, Word};
use crate::config::Source;
use crate::extract::Lines;
use crate::feed::Entry;
use crate::fetch::{self, Got};
use crate::journal::Location;
use crate::model::{Article, Signal, Timestamp, VersionId};
use crate::schedule::{self, Poll, Texts};
use crate::warc::Packed;

/// Leads that wait for a free hand.
pub(super) const LEADS_MAX: usize = 256;

/// Harvests, pushes and poll states that wait for the writer.
pub(super) const WORK_MAX: usize = 64;

/// Bytes kept of a reason, so that a lead's row stays small.
pub(super) const REASON_BYTES_MAX: usize = 512;

/// An entry worth a visit.
#[derive(Debug)]
pub(super) struct Lead {
    /// Whose entry it is.
    pub(super) source: Arc<Source>,
    /// What names it: what is remembered of its visits hangs on this.
    pub(super) key: u64,
    /// What the feed said of it; kept for pages that say less.
    pub(super) entry: Arc<Entry>,
    /// The page to visit; `None` where the entry's own text is the article.
    pub(super) page: Option<Url>,
    /// What its feed's own headers and site said of what may be done with it.
    pub(super) signals: Arc<[Signal]>,
    /// What is known from earlier visits.
    pub(super) visits: Visits,
    /// Held while its host is asked; the next lead of the host goes when it is let go.
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

/// What is remembered of a lead's visits, across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Visits {
    /// The page.
    pub(super) url: String,
    /// The feed's title, for a lead that must be visited again when the feed no longer lists it.
    pub(super) title: String,
    /// When it was first visited.
    pub(super) first: Timestamp,
    /// When it was last visited.
    pub(super) last: Timestamp,
    /// The entry's `updated` then, in milliseconds.
    pub(super) stamp: Option<i64>,
    /// Validators of the page, as it gave them.
    pub(super) etag: Option<String>,
    /// The same.
    pub(super) last_modified: Option<String>,
    /// Names the address that gave them, where redirects led there.
    pub(super) of: Option<u64>,
    /// True where it gave an article.
    pub(super) good: bool,
    /// Visits in a row that gave none.
    pub(super) tries: u32,
    /// The last reason it was lost for, cut to [`REASON_BYTES_MAX`]; empty where it never was. It is written down once.
    pub(super) lost: String,
    /// What the feed said of it, for as long as there is no article.
    pub(super) said: Said,
    /// The texts it gave lately.
    pub(super) texts: Texts,
    /// Names the answer that was last read, and by what: the same again is the same text, and is not read again.
    pub(super) print: Option<u64>,
}

/// How long a lost lead that has no tries planned is left alone: an entry without a page, or a row of an earlier build.
const LOST_AGAIN_MILLIS: u64 = 15 * 60 * 1000;

impl Visits {
    /// When a page that gave an article is looked at again.
    pub(super) fn look(&self) -> Option<Timestamp> {
        let planned = schedule::revisit(self.first, self.last)?;
        Some(self.texts.look(self.last, planned))
    }

    /// These visits, where a feed that lists the entry at `now` gives reason for one more: it has changed by its own word, or
    /// was lost and is due for another try.
    pub(super) fn again(self, stamp: Option<i64>, now: Timestamp) -> Option<Self> {
        if stamp.is_some() && stamp != self.stamp {
            // Another text, and all its tries before it.
            return Some(Self { tries: 0, ..self });
        }
        let due = if self.url.is_empty() || self.tries == 0 {
            self.last.distance_millis(now) >= LOST_AGAIN_MILLIS
        } else {
            schedule::retry(self.last, self.tries).is_some_and(|at| at <= now)
        };
        (!self.good && due).then_some(self)
    }
}

/// What a feed said of an entry that an article will want, should the page be read when the feed no longer says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The publisher's own name for it.
    pub(super) guid: Option<String>,
    /// When it was published.
    pub(super) published: Option<Timestamp>,
    /// Its language.
    pub(super) lang: Option<String>,
    /// Its authors in one line.
    pub(super) authors: Option<String>,
}

/// What a poll gave to ask with next time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    /// The feed's `ETag`.
    pub(super) etag: Option<String>,
    /// Its `Last-Modified`.
    pub(super) last_modified: Option<String>,
    /// Names the address that gave them.
    pub(super) of: Option<u64>,
}

impl Validators {
    /// What an answer gave. A 304 gives those again that still hold.
    pub(super) fn of(got: &Got) -> Self {
        let Got { etag, last_modified, .. } = got;
        let of = (etag.is_some() || last_modified.is_some()).then(|| fetch::place(&got.url));
        Self { etag: etag.clone(), last_modified: last_modified.clone(), of }
    }
}

/// What goes with an article beside what is stored of it.
#[derive(Debug, Default)]
pub(super) struct OfPage {
    /// The page, where it is to be kept.
    pub(super) packed: Option<Packed>,
    /// Its lines; none of an entry's own text.
    pub(super) lines: Lines,
}

/// How a lead ended. Each ends exactly once.
#[derive(Debug)]
pub(super) enum Ended {
    /// With an article and what is known of the page it was read from.
    Article(Box<Article>, OfPage),
    /// The page has not changed since the last visit.
    Unchanged,
    /// Without one.
    Lost {
        /// Why, in words.
        reason: String,
        /// True where it is another reason than last time: each is written down once.
        news: bool,
    },
}

/// A lead at its end.
#[derive(Debug)]
pub(super) struct Harvest {
    /// Whose it was.
    pub(super) source: Arc<Source>,
    /// What names it.
    pub(super) key: u64,
    /// What to remember of it.
    pub(super) visits: Visits,
    /// What came of it.
    pub(super) ended: Ended,
}

/// What the writer takes in, in the order it comes.
#[derive(Debug)]
pub(super) enum Work {
    /// A lead that ended.
    Harvest(Box<Harvest>),
    /// Records somebody pushed.
    Push(Push),
    /// What an editor decided.
    Word(Word),
    /// The state of an endpoint, to be kept across restarts.
    Polled {
        /// What names the endpoint.
        endpoint: String,
        /// Its state.
        poll: Box<Poll>,
    },
    /// Clusters that have had their time. Told true when the record of it is durable and their rows are gone, false where they
    /// came up again; dropped where neither can be.
    Trim {
        /// What goes.
        planned: Box<Planned>,
        /// Who is told.
        done: SyncSender<bool>,
    },
    /// Versions that have no words in the journal any more, and where it keeps them now.
    Redacted {
        /// The versions.
        versions: Vec<(VersionId, Location)>,
        /// Versions that have theirs and lie elsewhere now, for what stood before them is shorter.
        moved: Vec<(VersionId, Location)>,
        /// Told when their rows have followed; dropped where they cannot.
        done: SyncSender<()>,
    },
}

impl Lead {
    /// The entry's `updated`, as its visit will leave it behind.
    pub(super) fn stamp(&self) -> Option<i64> {
        self.entry.updated.map_or(self.visits.stamp, |at| Some(at.millis()))
    }

    /// When its entry came, by its own word; `None` where it says nothing or that it is still to come.
    pub(super) fn claims(&self, now: Timestamp) -> Option<Timestamp> {
        self.entry.updated.max(self.entry.published).filter(|&at| at <= now)
    }
}

/// The way to the writer.
pub(super) type ToWriter = mpsc::Sender<Work>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_brings_up_what_changed_and_what_was_lost_and_is_due() {
        let last = Timestamp::from_secs(1_772_000_000);
        let known = |url: &str, good, tries| Visits {
            url: url.to_owned(),
            last,
            stamp: Some(1),
            good,
            tries,
            ..Visits::default()
        };
        let check = |visits: Visits, stamp: Option<i64>, minutes: i64, expected: Option<u32>| {
            let again = visits.clone().again(stamp, last.plus_millis(minutes * 60_000));
            assert_eq!(again.map(|again| again.tries), expected, "{visits:?}");
        };
        let page = "http://a.example/1";
        check(known(page, true, 0), Some(1), 600, None);
        check(known(page, true, 0), None, 600, None);
        check(known(page, true, 0), Some(2), 0, Some(0));
        check(known(page, false, 1), None, 14, None);
        check(known(page, false, 1), None, 15, Some(1));
        check(known(page, false, 2), None, 15, None);
        check(known(page, false, 5), None, 100_000, None);
        check(known(page, false, 5), Some(2), 0, Some(0));
        check(known("", false, 9), None, 15, Some(9));
        check(known(page, false, 0), None, 15, Some(0));
    }
}
