//! Record after record to verdicts, and verdicts to changes: the fold that makes clusters.
//!
//! [`Clusterer::judge`] decides with the texts in reach and changes nothing; [`Clusterer::apply`] carries a verdict out and
//! needs no text; [`Clusterer::admit`] makes the version findable. A start, a check or a rebuild only applies. Nothing here
//! knows a clock, a disk or chance, and no hash map is iterated: the same records give the same changes, byte for byte.

mod apply;
mod batch;
mod compared;
mod judge;
mod lineage;
mod link;
mod sets;
mod types;

pub use batch::{Batch, Placed};
pub use compared::{BODY_WORDS_MIN, Compared, Prepared, prepare};
pub use judge::{Judged, Texts, keys};
pub use link::{Overlap, rule};
pub use types::{
    Change, Link, LinkKind, Member, Reason, Relation, SetId, Summary, Verdicts, Version,
};

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use crate::lsh::Table;
use crate::model::{ArticleId, ClusterId, PageKind, SourceId, Timestamp, VersionId};
use sets::Sets;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Number of the judging rules: link rule, hub rule, identity. A change that alters one verdict needs a new number.
pub const ENGINE: u16 = 1;

/// What decides clusters and may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Versions further apart in time of the fold are not compared, in milliseconds.
    pub window_millis: u64,
    /// Only this many newest versions are compared with. Sizes the tables: some 1.3 KB each.
    pub live_max: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { window_millis: 72 * 3600 * 1000, live_max: 100_000 }
    }
}

impl Params {
    /// A number that differs where the settings differ; journalled with each verdict.
    pub fn digest(&self) -> u64 {
        xxh3_64(format!("window={} live_max={}", self.window_millis, self.live_max).as_bytes())
    }
}

/// Clusters of one source a block must have been seen in to be furniture. Clusters, not pages: a much-updated story would
/// filter itself out.
const FURNITURE_CLUSTERS: usize = 3;

/// Keys of a text in the containment index: sampled 5-grams and the opening. Fifty is the mean over news of 130 to 700 words.
const ANCHORS_MEAN: usize = 50;

/// Blocks of a text that are long enough to be furniture, in the mean.
const BLOCKS_MEAN: usize = 12;

/// A map that is looked up and never iterated, with a fixed hasher.
type Fixed<K, V> = HashMap<K, V, BuildHasherDefault<Xxh3>>;

/// What the fold remembers of a version.
#[derive(Clone, Debug)]
struct Row {
    id: VersionId,
    article: u32,
    source: u32,
    set: SetId,
    seen_at: Timestamp,
    published: Option<Timestamp>,
    relation: Relation,
    parent: Option<Link>,
    hub: bool,
}

/// What the fold remembers of an article.
#[derive(Clone, Debug)]
struct ArticleRow {
    id: ArticleId,
    /// Positions of its versions, ascending; the last is the newest.
    versions: Vec<u32>,
    /// Content hash of each of them.
    contents: Vec<u64>,
    /// Kind of its newest version.
    kind: PageKind,
}

/// The state of the fold: what has been applied, and the indexes over what is live.
#[derive(Clone, Debug)]
pub struct Clusterer {
    params: Params,
    rows: Vec<Row>,
    articles: Vec<ArticleRow>,
    named: Fixed<u64, u32>,
    sources: Vec<SourceId>,
    source_numbers: BTreeMap<SourceId, u32>,
    sets: Sets,
    bands: Table,
    anchors: Table,
    blocks: Table,
}

impl Clusterer {
    /// A fold of nothing yet.
    pub fn new(params: Params) -> Self {
        let live = params.live_max as usize;
        Self {
            params,
            rows: Vec::new(),
            articles: Vec::new(),
            named: Fixed::default(),
            sources: Vec::new(),
            source_numbers: BTreeMap::new(),
            sets: Sets::default(),
            bands: Table::with_capacity(live * crate::sketch::BANDS),
            anchors: Table::with_capacity(live * ANCHORS_MEAN),
            blocks: Table::with_capacity(live * BLOCKS_MEAN),
        }
    }

    /// The settings it folds with.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Versions applied.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True before the first version.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Makes an applied version findable. In order of application; older than the live ones does no harm.
    pub fn admit(&mut self, version: VersionId, prepared: &Prepared) {
        let Some(number) = self.number_of(version) else { return };
        if let Some(sketch) = &prepared.sketch {
            for (band, key) in sketch.bands().into_iter().enumerate() {
                self.bands.insert(band_key(band, key), number);
            }
        }
        for &anchor in &prepared.anchors {
            self.anchors.insert(anchor, number);
        }
    }

    /// Position of the oldest version that is still compared with.
    pub(crate) fn oldest_live(&self) -> u32 {
        (self.rows.len() as u32).saturating_sub(self.params.live_max)
    }

    /// The versions that may still be compared with one seen at `now` or later: start-up readies these.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = VersionId> + '_ {
        let window = self.params.window_millis;
        self.rows[self.oldest_live() as usize..]
            .iter()
            .filter(move |row| row.seen_at.distance_millis(now) <= window || row.seen_at > now)
            .map(|row| row.id)
    }

    /// The public id of the cluster a version is in, after all merges so far.
    pub fn cluster_of(&self, version: VersionId) -> Option<ClusterId> {
        let row = &self.rows[self.number_of(version)? as usize];
        Some(self.sets.cluster(row.set, &self.rows))
    }

    /// The article a version belongs to.
    pub fn article_of(&self, version: VersionId) -> Option<ArticleId> {
        let row = &self.rows[self.number_of(version)? as usize];
        Some(self.articles[row.article as usize].id)
    }

    /// How an applied version stands to its parent, and the link that says so.
    pub fn relation_of(&self, version: VersionId) -> Option<(Relation, Option<Link>)> {
        let row = &self.rows[self.number_of(version)? as usize];
        Some((row.relation, row.parent))
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.sets.live()
    }

    /// Versions get their places in order, so their positions are found by halving.
    fn number_of(&self, version: VersionId) -> Option<u32> {
        self.rows.binary_search_by_key(&version, |row| row.id).ok().map(|number| number as u32)
    }
}

/// Equal slots in two bands must not meet.
const fn band_key(band: usize, key: u64) -> u64 {
    key.rotate_left(band as u32) ^ (band as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The key of a block of a source in the table of blocks.
fn block_key(source: &SourceId, block: u64) -> u64 {
    xxh3_64(source.as_str().as_bytes()) ^ block.rotate_left(17)
}
