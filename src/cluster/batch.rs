//! Articles in order to places, without a journal: what `copytaster cluster` and the tests fold with.

use std::collections::VecDeque;
use std::sync::Arc;

use super::arrival::Arrival;
use super::compared::Compared;
use super::judge::Judged;
use super::link::Refusal;
use super::types::{Change, Version};
use super::{Clusterer, Params};
use crate::model::{Article, Timestamp, VersionId};

/// A fold that keeps the texts of what is live in memory and numbers versions from 1.
#[derive(Clone, Debug)]
pub struct Batch {
    clusterer: Clusterer,
    /// Sets of the newest versions; their ids follow one another.
    texts: VecDeque<(VersionId, Timestamp, Arc<Compared>)>,
    latest: Timestamp,
}

/// What became of one article.
#[derive(Clone, Debug)]
pub enum Placed {
    /// The article has this version already.
    Duplicate(VersionId),
    /// It is this version.
    Version {
        /// The version as a journal would keep it.
        version: Box<Version>,
        /// What it changed.
        changes: Vec<Change>,
        /// Candidates that are no links, with why.
        refused: Vec<(VersionId, Refusal)>,
    },
}

impl Placed {
    /// The version it is, be it new or not.
    pub const fn id(&self) -> VersionId {
        match self {
            Self::Duplicate(id) => *id,
            Self::Version { version, .. } => version.id,
        }
    }
}

impl Batch {
    /// A fold of nothing yet.
    pub fn new(params: Params) -> Self {
        Self { clusterer: Clusterer::new(params), texts: VecDeque::new(), latest: Timestamp::EPOCH }
    }

    /// The fold.
    pub const fn clusterer(&self) -> &Clusterer {
        &self.clusterer
    }

    /// The fold, for an editor's word.
    pub const fn clusterer_mut(&mut self) -> &mut Clusterer {
        &mut self.clusterer
    }

    /// Judges and applies one article, seen at `seen_at`.
    pub fn push(&mut self, article: Article, seen_at: Timestamp) -> Placed {
        let mut arrival = Arrival::from(article);
        let first = self.texts.front().map_or(0, |(id, ..)| id.0);
        let texts = &self.texts;
        let mut lend = |id: VersionId| {
            let at = usize::try_from(id.0.checked_sub(first)?).ok()?;
            texts.get(at).map(|(.., compared)| Arc::clone(compared))
        };
        match self.clusterer.judge_arrival(&mut arrival, seen_at, &mut lend) {
            Judged::Duplicate(version) => Placed::Duplicate(version),
            Judged::New { verdicts, prepared, refused } => {
                let id = VersionId(self.clusterer.len() as u64 + 1);
                let version = Box::new(Version {
                    id,
                    seen_at,
                    extractor: 0,
                    article: arrival.article,
                    verdicts: *verdicts,
                    redacted: None,
                });
                let changes = self.clusterer.apply(&version);
                self.clusterer.admit(id, &prepared);
                self.keep(id, seen_at, prepared.compared);
                Placed::Version { version, changes, refused }
            }
        }
    }

    /// Keeps the newcomer's sets and lets go of those nothing can be compared with any more. Input may be out of order, so
    /// twice the window is kept.
    fn keep(&mut self, id: VersionId, seen_at: Timestamp, compared: Compared) {
        let Params { window_millis, live_max } = *self.clusterer.params();
        self.latest = self.latest.max(seen_at);
        self.texts.push_back((id, seen_at, Arc::new(compared)));
        while let Some(&(_, seen_at, _)) = self.texts.front() {
            let old =
                seen_at < self.latest && seen_at.distance_millis(self.latest) / 2 > window_millis;
            if !old && self.texts.len() <= live_max as usize {
                break;
            }
            self.texts.pop_front();
        }
    }
}
