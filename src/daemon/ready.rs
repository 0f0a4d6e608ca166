//! A fold and the rows that were kept of its live versions to a fold that finds them: bands, anchors, and the short path.

use std::collections::VecDeque;

use super::fold::Fold;
use super::lagging::BATCH_RECORDS;
use super::mend::has_room;
use crate::cluster::{Found, Prepared, SHORT_PATH_MAX, ShortText};
use crate::model::{Seq, VersionId};
use crate::store::Store;

impl Fold {
    /// Makes what is live findable again, from what the rows keep of it and, where they do not, from its text. The short path
    /// remembers what came up to `remembered` already; of what came later, it wants the words of the newest stories, which only
    /// their texts have.
    pub(super) fn ready(&mut self, store: &Store, remembered: Seq) {
        let live: Vec<VersionId> = self.clusterer.live().collect();
        let Some(&first) = live.first() else { return };
        let mut live = live.into_iter().peekable();
        let mut newest = Newest { remembered, ..Newest::default() };
        let mut lacking = Lacking { store, first, made: Vec::new() };
        let read = store.each_findable(first, &mut |version, bytes| {
            while let Some(next) = live.next_if(|&next| next < version) {
                lacking.keep(next, self.find_by_text(next, &mut newest));
            }
            if live.next_if_eq(&version).is_some() {
                match Prepared::from_bytes(bytes) {
                    Some(found) => self.find(version, found, &mut newest),
                    None => lacking.keep(version, self.find_by_text(version, &mut newest)),
                }
            }
        });
        if let Err(fault) = read {
            tracing::warn!(%fault, "live versions are made findable from their texts");
        }
        for next in live {
            lacking.keep(next, self.find_by_text(next, &mut newest));
        }
        lacking.put();
        self.remember(newest);
    }

    fn find(&mut self, version: VersionId, found: Found, newest: &mut Newest) {
        let Found { mut prepared, is_story } = found;
        let short = std::mem::take(&mut prepared.short);
        self.clusterer.admit(version, &prepared);
        if is_story {
            newest.story(version, None);
        } else if short.is_item {
            newest.item(version, short);
        }
    }

    /// Gives what the rows should have kept.
    fn find_by_text(&mut self, version: VersionId, newest: &mut Newest) -> Option<Vec<u8>> {
        let mut prepared = self.texts.read(version)?;
        let bytes = prepared.to_bytes();
        let short = std::mem::take(&mut prepared.short);
        self.clusterer.admit(version, &prepared);
        self.texts.keep(version, prepared.compared);
        if short.is_item {
            newest.item(version, short);
        } else if !short.words.is_empty() {
            newest.story(version, Some(short));
        }
        Some(bytes)
    }

    /// Tells the short path, the oldest first.
    fn remember(&mut self, newest: Newest) {
        let Newest { items, stories, .. } = newest;
        for (version, short) in items {
            self.clusterer.admit_short(version, &short);
        }
        for (version, short) in stories {
            let short = short.or_else(|| {
                let prepared = self.texts.read(version)?;
                self.texts.keep(version, prepared.compared);
                Some(prepared.short)
            });
            if let Some(short) = short {
                self.clusterer.admit_short(version, &short);
            }
        }
    }
}

/// What makes versions findable and was not kept: kept now, so that the next start need not read their texts.
struct Lacking<'a> {
    store: &'a Store,
    first: VersionId,
    made: Vec<(VersionId, Vec<u8>)>,
}

impl Lacking<'_> {
    fn keep(&mut self, version: VersionId, made: Option<Vec<u8>>) {
        self.made.extend(made.map(|bytes| (version, bytes)));
        if self.made.len() >= BATCH_RECORDS {
            self.put();
        }
    }

    fn put(&mut self) {
        // Where the rows take nothing, the next start reads texts again; nothing else depends on it.
        if !self.made.is_empty() && has_room(self.store.dir()).is_ok() {
            let _again = self.store.put_findable(&self.made, self.first);
        }
        self.made.clear();
    }
}

/// The newest items and stories that the short path does not remember, as many as it would.
#[derive(Default)]
struct Newest {
    remembered: Seq,
    items: VecDeque<(VersionId, ShortText)>,
    /// Without their words where only the text has them.
    stories: VecDeque<(VersionId, Option<ShortText>)>,
}

impl Newest {
    fn item(&mut self, version: VersionId, short: ShortText) {
        if version.0 > self.remembered.0 {
            push(&mut self.items, (version, short));
        }
    }

    fn story(&mut self, version: VersionId, short: Option<ShortText>) {
        if version.0 > self.remembered.0 {
            push(&mut self.stories, (version, short));
        }
    }
}

fn push<T>(newest: &mut VecDeque<T>, one: T) {
    newest.push_back(one);
    if newest.len() > SHORT_PATH_MAX {
        newest.pop_front();
    }
}
