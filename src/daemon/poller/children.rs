//! The sitemaps of an index as endpoints of their own: each is asked at its own pace, with its own validators, one after
//! another, the newest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::{Line, Poller};
use crate::config::{Endpoint, EndpointKind};
use crate::daemon::desk;
use crate::daemon::line::Validators;
use crate::feed::{self, Sitemap};
use crate::model::Timestamp;
use crate::schedule::Poll;

/// Sitemaps of one index that are polled.
const CHILDREN_MAX: usize = 16;

/// Indexes inside each other: a robots.txt, the index it names, and the index in that.
const DEPTH_MAX: u8 = 3;

/// A sitemap that its index called unchanged this long when it was last asked is left alone. Some indexes give days only.
const LASTMOD_MILLIS: i64 = 24 * 3_600_000;

/// What a line has that hangs on another one.
#[derive(Clone, Debug)]
pub(super) struct Child {
    parent: usize,
    depth: u8,
    /// Its place among its siblings: the newest is asked first.
    rank: usize,
    lastmod: Option<Timestamp>,
    /// False while its index does not name it.
    named: bool,
}

impl Line {
    /// True where its index names it no longer.
    pub(super) fn is_dropped(&self) -> bool {
        self.child.as_ref().is_some_and(|child| !child.named)
    }

    /// True where nobody asks it at present: it is being asked, or a sitemap that has nothing new.
    pub(super) fn rests(&self) -> bool {
        let idle = |child: &Child| !child.named || is_unchanged(child.lastmod, &self.poll);
        self.asked || self.child.as_ref().is_some_and(idle)
    }

    /// The validators to ask with. Those of an index live as long as what it named, which is in memory only.
    pub(super) fn validators(&self) -> Validators {
        let Poll { etag, last_modified, validated: of, .. } = self.poll.clone();
        self.index.clone().unwrap_or(Validators { etag, last_modified, of })
    }
}

impl Poller {
    /// The lines that are not at rest, those of the configuration first, sitemaps behind them by their rank; of an index only
    /// the first, and none while a sibling is being asked: so they come in order, and a host is not asked for all at once.
    pub(super) fn ready(&self, is_due: impl Fn(&Line) -> bool) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.lines.len())
            .filter(|&number| !self.lines[number].rests() && is_due(&self.lines[number]))
            .collect();
        let child = |number: usize| self.lines[number].child.as_ref();
        numbers.sort_by_key(|&number| child(number).map_or(0, |child| child.rank + 1));
        let mut busy = self.busy();
        numbers.retain(|&number| child(number).is_none_or(|child| busy.insert(child.parent)));
        numbers
    }

    /// When the next of them is due.
    pub(super) fn next_poll(&self) -> Option<Timestamp> {
        let busy = self.busy();
        let waits = |line: &&Line| line.child.as_ref().is_some_and(|c| busy.contains(&c.parent));
        let lines = self.lines.iter().filter(|line| !line.rests() && !waits(line));
        lines.map(|line| line.poll.next_poll).min()
    }

    /// The indexes one of whose sitemaps is being asked.
    fn busy(&self) -> BTreeSet<usize> {
        let asked = self.lines.iter().filter(|line| line.asked);
        asked.filter_map(|line| line.child.as_ref().map(|child| child.parent)).collect()
    }

    /// An index is asked with no validators after a start: what it named is not known any more. So it is asked as soon as is
    /// polite.
    pub(super) fn hasten_indexes(&mut self) {
        for line in &mut self.lines {
            let Poll { etag, last_modified, last_success, soonest, .. } = line.poll.clone();
            let plain = etag.is_some() || last_modified.is_some() || last_success.is_none();
            if line.endpoint.kind == EndpointKind::Sitemap && !plain {
                line.poll.next_poll = line.poll.next_poll.min(soonest);
            }
        }
    }

    /// Takes over what an index named at `now`: the newest become lines, those no longer named rest, so all of them where it is
    /// an index no more. `None`: it did not say, as with a 304.
    pub(super) fn adopt(&mut self, parent: usize, named: Option<&[Sitemap]>, now: Timestamp) {
        let depth = self.lines[parent].child.as_ref().map_or(0, |child| child.depth) + 1;
        if named.is_some_and(|named| !named.is_empty()) && depth > DEPTH_MAX {
            return;
        }
        self.keep_in_memory(parent, named);
        let Some(named) = named else { return };
        let chosen = feed::newest(named, CHILDREN_MAX);
        for line in &mut self.lines {
            if let Some(child) = line.child.as_mut().filter(|child| child.parent == parent) {
                child.named = false;
            }
        }
        let mut missing = Vec::new();
        for (rank, sitemap) in chosen.into_iter().enumerate() {
            let Ok(url) = Url::parse(&sitemap.url) else { continue };
            let key = self.key_beside(parent, &url);
            let Some(number) = self.lines.iter().position(|line| line.key == key) else {
                missing.push((rank, sitemap, url));
                continue;
            };
            let line = &mut self.lines[number];
            // A sitemap that is configured itself, or named by two indexes, is one endpoint.
            if let Some(child) = line.child.as_mut().filter(|child| child.parent == parent) {
                let before = std::mem::replace(&mut child.lastmod, sitemap.lastmod);
                (child.rank, child.named) = (rank, true);
                if sitemap.lastmod > before {
                    line.poll.next_poll = line.poll.next_poll.min(line.poll.soonest.max(now));
                }
            }
        }
        self.orphan();
        for (rank, sitemap, url) in missing {
            let child = Child { parent, depth, rank, lastmod: sitemap.lastmod, named: true };
            self.place(child, url);
        }
    }

    /// What an index is asked with next must not outlive what it named, also where it answered that this has not changed: on
    /// disk it has no validators. What is an index no more has them like any other.
    fn keep_in_memory(&mut self, parent: usize, named: Option<&[Sitemap]>) {
        let Line { poll, index, .. } = &mut self.lines[parent];
        let answered = poll.etag.is_some() || poll.last_modified.is_some();
        let is_index = match named {
            Some(named) => !named.is_empty(),
            None => index.is_some() && answered,
        };
        if named.is_some_and(<[_]>::is_empty) {
            *index = None;
        }
        if is_index {
            let (etag, last_modified) = (poll.etag.take(), poll.last_modified.take());
            *index = Some(Validators { etag, last_modified, of: poll.validated.take() });
        }
    }

    /// What hangs on an index that rests itself rests, too.
    fn orphan(&mut self) {
        for _ in 1..DEPTH_MAX {
            let resting: BTreeSet<usize> = (0..self.lines.len())
                .filter(|&n| self.lines[n].child.as_ref().is_some_and(|child| !child.named))
                .collect();
            for child in self.lines.iter_mut().filter_map(|line| line.child.as_mut()) {
                child.named &= !resting.contains(&child.parent);
            }
        }
    }

    fn key_beside(&self, parent: usize, url: &Url) -> String {
        format!("{}\n{url}", self.lines[parent].source.id)
    }

    /// Makes a line of a sitemap, in the place of one of its siblings that rests where there are enough.
    fn place(&mut self, child: Child, url: Url) {
        let Line { source, endpoint, .. } = self.lines[child.parent].clone();
        let key = self.key_beside(child.parent, &url);
        let kept = self.context.store.poll(&key).ok().flatten();
        let poll = kept.and_then(|row| desk::read_poll(&row)).unwrap_or_default();
        let endpoint = Arc::new(Endpoint { url, ..Endpoint::clone(&endpoint) });
        let siblings: Vec<usize> = (0..self.lines.len())
            .filter(|&n| self.lines[n].child.as_ref().is_some_and(|c| c.parent == child.parent))
            .collect();
        let unwanted = |&&n: &&usize| {
            !self.lines[n].asked && self.lines[n].child.as_ref().is_some_and(|c| !c.named)
        };
        let free = siblings.iter().find(unwanted).copied();
        let line = Line { child: Some(child), ..Line::new(source, endpoint, key, poll) };
        match free {
            Some(number) if siblings.len() >= CHILDREN_MAX => {
                self.context.desk.release(number);
                self.lines[number] = line;
            }
            _ if siblings.len() < CHILDREN_MAX => self.lines.push(line),
            _ => {}
        }
    }
}

/// True where its index says that nothing has changed since it was last asked.
fn is_unchanged(lastmod: Option<Timestamp>, poll: &Poll) -> bool {
    let (Some(lastmod), Some(asked)) = (lastmod, poll.last_success) else { return false };
    !poll.unfinished && lastmod.plus_millis(LASTMOD_MILLIS) < asked
}
