//! Record after record to verdicts, and verdicts to changes: the fold that makes clusters.
//!
//! [`Clusterer::judge`] decides with the texts in reach and changes nothing; [`Clusterer::apply`] carries a verdict out and
//! needs no text; [`Clusterer::admit`] makes the version findable. A start, a check or a rebuild only applies. Nothing here
//! knows a clock, a disk or chance, and no hash map is iterated: the same records give the same changes, byte for byte.

mod agencies;
mod apply;
mod arrival;
mod batch;
pub(crate) mod code;
mod compared;
mod forget;
mod frozen;
mod furniture;
mod graph;
mod hubs;
mod index;
mod judge;
mod lineage;
mod link;
mod meeting;
mod near;
mod overrides;
mod prepared;
mod redact;
mod reextracted;
pub mod regroup;
mod sets;
mod short;
mod shown;
mod split;
mod stored;
mod types;

pub use arrival::{Arrival, content, keys};
pub use batch::{Batch, Placed};
pub use compared::{BODY_WORDS_MIN, Compared, KeptBlock};
pub use forget::{ArticleStands, Stands, Touched};
pub use frozen::Unthawed;
pub use index::Index;
pub use judge::Judged;
pub use link::{Between, Refusal, rule};
pub use meeting::Overlap;
pub use near::Texts;
pub use overrides::{Override, OverrideError};
pub use prepared::{Prepared, WORDS_MAX, prepare};
pub use short::{KEPT_MAX as SHORT_PATH_MAX, ShortText};
pub use stored::Found;
pub use types::{
    Change, Link, LinkKind, Member, Reason, Redacted, Relation, SetId, Summary, Verdicts, Version,
    Withdrawn,
};

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use crate::lsh::Table;
use crate::model::{ArticleId, ClusterId, OriginClaim, PageKind, Timestamp, VersionId};
use graph::Graph;
use overrides::InForce;
use sets::{Seen, Sets};
use short::Shorts;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Number of the judging rules: link rule, hub rule, identity. A change that alters one verdict needs a new number.
pub const ENGINE: u16 = 4;

/// What decides clusters and may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Versions further apart in time of the fold are not compared, in milliseconds.
    pub window_millis: u64,
    /// Only this many newest versions are compared with. Sizes the tables: some 800 bytes each.
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
    /// It says that it corrects another.
    corrects: bool,
    /// Number of its language.
    language: Option<u16>,
    /// The longer words of its headline, a bit each.
    headline: u64,
    /// The one block on which all its links at arrival rested; 0 where they did not.
    strayed: u64,
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
    /// Versions that are not among the rows any more.
    dropped: u64,
    articles: Vec<ArticleRow>,
    named: Fixed<u64, u32>,
    sources: Names,
    languages: Names,
    /// Claims of origin, by the version that makes them.
    claims: BTreeMap<u32, OriginClaim>,
    sets: Sets,
    graph: Graph,
    index: Index,
    blocks: Table,
    /// Links that rest on a block, by the block's key, the oldest first.
    resting: BTreeMap<u64, Vec<(u32, u32)>>,
    shorts: Shorts,
    overrides: Vec<InForce>,
    /// Articles whose first version is lost, by the id their later versions go on to name.
    orphans: BTreeMap<ArticleId, u32>,
    /// Versions that are compared with nothing, since those they are readings of are, ascending.
    idle: Vec<u32>,
}

/// Names by number, in order of first use.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Vec<String>,
    numbers: BTreeMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

impl Clusterer {
    /// A fold of nothing yet.
    pub fn new(params: Params) -> Self {
        let live = params.live_max as usize;
        Self {
            params,
            rows: Vec::new(),
            dropped: 0,
            articles: Vec::new(),
            named: Fixed::default(),
            sources: Names::default(),
            languages: Names::default(),
            claims: BTreeMap::new(),
            sets: Sets::default(),
            graph: Graph::default(),
            index: Index::with_capacity(live),
            blocks: Table::with_capacity(live * BLOCKS_MEAN),
            resting: BTreeMap::new(),
            shorts: Shorts::default(),
            overrides: Vec::new(),
            orphans: BTreeMap::new(),
            idle: Vec::new(),
        }
    }

    /// Bytes the tables of bands, anchors and blocks may come to hold; fixed by `live_max`.
    pub const fn index_bytes_max(&self) -> usize {
        self.index.bytes_max() + self.blocks.bytes_max()
    }

    /// The settings it folds with.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Versions applied.
    pub const fn len(&self) -> usize {
        self.rows.len() + self.dropped as usize
    }

    /// True before the first version.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes an applied version findable. In order of application; older than the live ones does no harm.
    pub fn admit(&mut self, version: VersionId, prepared: &Prepared) {
        let Some(number) = self.number_of(version) else { return };
        self.index.insert(number, prepared);
        self.admit_short(version, &prepared.short);
    }

    /// Lets the short path remember an applied version. In order of application, items and stories each.
    pub fn admit_short(&mut self, version: VersionId, short: &ShortText) {
        let Some(number) = self.number_of(version) else { return };
        let row = &self.rows[number as usize];
        self.shorts.admit(number, row.seen_at, short);
    }

    /// Position of the oldest version that is still compared with. Those that are compared with nothing count for nothing.
    pub(crate) fn oldest_live(&self) -> u32 {
        let newest = (self.rows.len() as u32).saturating_sub(self.params.live_max);
        let mut oldest = newest;
        loop {
            let idle = self.idle.len() - self.idle.partition_point(|&number| number < oldest);
            let older = newest.saturating_sub(idle as u32);
            if older == oldest {
                return oldest;
            }
            oldest = older;
        }
    }

    /// The oldest version that is still compared with.
    pub fn oldest_live_version(&self) -> Option<VersionId> {
        self.rows.get(self.oldest_live() as usize).map(|row| row.id)
    }

    /// The versions that are live: start-up readies these. Those beyond the window are among them, since they still make
    /// phrases common, and a start must judge as if it had never stopped.
    pub fn live(&self) -> impl Iterator<Item = VersionId> + '_ {
        let live = self.rows[self.oldest_live() as usize..].iter();
        live.filter(|row| row.relation != Relation::Reextracted).map(|row| row.id)
    }

    /// The public id of the cluster a version is in, after all merges so far.
    pub fn cluster_of(&self, version: VersionId) -> Option<ClusterId> {
        let row = &self.rows[self.number_of(version)? as usize];
        Some(self.sets.cluster(row.set, &self.rows))
    }

    /// The set a version is in.
    pub fn set_of(&self, version: VersionId) -> Option<SetId> {
        Some(self.rows[self.number_of(version)? as usize].set)
    }

    /// True where an article goes by this name.
    pub fn knows(&self, name: u64) -> bool {
        self.named.contains_key(&name)
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

    /// The links a version had at arrival, as they stand now, the best first. Those taken back since are gone.
    pub fn links_of(&self, version: VersionId) -> impl Iterator<Item = Link> + '_ {
        let number = self.number_of(version);
        number.map_or(&[][..], |number| self.graph.of(number)).iter().map(|&(_, link)| link)
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.sets.live()
    }

    /// Versions get their places in order, so their positions are found by halving.
    fn number_of(&self, version: VersionId) -> Option<u32> {
        let number = self.rows.binary_search_by_key(&version, |row| row.id).ok()?;
        (!self.rows[number].is_ghost()).then_some(number as u32)
    }
}
