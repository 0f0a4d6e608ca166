//! The sets of live versions, lent to the judge: a bounded cache over the journal.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use tracing::error;

use crate::cluster::{Compared, Prepared, Version, prepare};
use crate::journal::{Location, Reader, Record};
use crate::model::{Seq, VersionId};

/// Versions whose sets are kept at hand, where so many are live: some 6 KB each for a story of 700 words.
const KEPT_MAX: NonZeroUsize = NonZeroUsize::new(8192).expect("8192 is not 0");

/// Sets by version; those not at hand are made again from the journal.
pub(super) struct LiveTexts {
    kept: LruCache<VersionId, Arc<Compared>>,
    /// Sets of versions that are not durable yet, ascending: there is nowhere to read them from.
    unplaced: VecDeque<(VersionId, Arc<Compared>)>,
    /// The newest versions, ascending.
    places: VecDeque<Place>,
    live_max: usize,
    reader: Reader,
}

/// Where a version lies, and what of it was left out of the comparison.
struct Place {
    version: VersionId,
    location: Location,
    furniture: Box<[u16]>,
}

impl LiveTexts {
    pub(super) fn new(reader: Reader, live_max: u32) -> Self {
        let live = NonZeroUsize::new(live_max as usize).unwrap_or(NonZeroUsize::MIN);
        Self {
            kept: LruCache::new(KEPT_MAX.min(live)),
            unplaced: VecDeque::new(),
            places: VecDeque::new(),
            live_max: live_max as usize,
            reader,
        }
    }

    /// A version has become durable at `location`. In the order of their ids. Nothing is compared with another reading of a page.
    pub(super) fn placed(&mut self, version: &Version, location: Location) {
        if version.reextracted_from().is_some() {
            return;
        }
        self.place(version.id, location, version.verdicts.furniture.as_slice().into());
    }

    /// The same, in its parts.
    pub(super) fn place(&mut self, version: VersionId, location: Location, furniture: Box<[u16]>) {
        while self.unplaced.front().is_some_and(|&(unplaced, _)| unplaced <= version) {
            self.unplaced.pop_front();
        }
        self.places.push_back(Place { version, location, furniture });
        if self.places.len() > self.live_max {
            self.places.pop_front();
        }
    }

    /// The newest versions with where they lie and what was left out of them, ascending.
    pub(super) fn places(&self) -> impl Iterator<Item = (VersionId, Location, &[u16])> {
        self.places.iter().map(|place| (place.version, place.location, &*place.furniture))
    }

    /// A version was judged; its sets are at hand.
    pub(super) fn keep(&mut self, version: VersionId, compared: Compared) {
        self.kept.put(version, Arc::new(compared));
    }

    /// The same, where it is not durable yet.
    pub(super) fn keep_unplaced(&mut self, version: VersionId, compared: Compared) {
        let compared = Arc::new(compared);
        self.unplaced.push_back((version, Arc::clone(&compared)));
        self.kept.put(version, compared);
    }

    /// The sets of a version, or `None` where its text cannot be read.
    pub(super) fn lend(&mut self, version: VersionId) -> Option<Arc<Compared>> {
        if let Some(compared) = self.kept.get(&version) {
            return Some(Arc::clone(compared));
        }
        let unplaced = self.unplaced.binary_search_by_key(&version, |&(unplaced, _)| unplaced);
        let compared = match unplaced {
            Ok(at) => Arc::clone(&self.unplaced[at].1),
            Err(_) => Arc::new(self.read(version)?.compared),
        };
        self.kept.put(version, Arc::clone(&compared));
        Some(compared)
    }

    /// The text of a live version, read from the journal and made ready as it was when it was judged.
    pub(super) fn read(&self, version: VersionId) -> Option<Prepared> {
        let at = self.places.binary_search_by_key(&version, |place| place.version).ok()?;
        let Place { location, ref furniture, .. } = self.places[at];
        match self.reader.read_seq(Seq(version.0), location) {
            Ok(entry) => match entry.record {
                Record::Version(version) if version.redacted.is_none() => {
                    Some(prepare(&version.article.title, &version.article.text, furniture))
                }
                _ => None,
            },
            Err(fault) => {
                error!(%fault, "a live text cannot be read back; nothing will be tied to it");
                None
            }
        }
    }
}
