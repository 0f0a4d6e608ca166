//! What the store takes and gives: applied entries in, rows and events out.

use crate::cluster::{Change, Member, SetId, Summary};
use crate::journal::{Entry, Location};
use crate::model::{
    ArticleId, ClusterId, OriginClaim, PageKind, Seq, SourceId, Timestamp, VersionId,
};

/// A journalled entry with the changes that applying it made.
#[derive(Clone, Copy, Debug)]
pub struct Applied<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Where the journal keeps it.
    pub location: Location,
    /// What it changed, in the order it happened.
    pub changes: &'a [Change],
    /// Words of the text of a version that comes without it; `None` where they can be counted.
    pub words: Option<u32>,
}

/// A cluster as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRow {
    /// The set its members hang on.
    pub set: SetId,
    /// The row the fold made.
    pub summary: Summary,
    /// Headline of the lead, cut to 1 KiB.
    pub title: String,
    /// Source of the lead.
    pub lead_source: SourceId,
    /// Address of the lead, where it has one of at most 2 KiB.
    pub lead_url: Option<String>,
}

/// A member of a set, with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// How it belongs to the set.
    pub member: Member,
    /// The version.
    pub version: VersionRow,
}

/// A version as views show it. Its text lies in the journal at `location`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// The version.
    pub id: VersionId,
    /// Its article.
    pub article: ArticleId,
    /// Its publisher.
    pub source: SourceId,
    /// The publisher's id of the article, cut to 512 bytes.
    pub name: Option<String>,
    /// Its address; `None` also where it is longer than 2 KiB (the journal has it whole).
    pub url: Option<String>,
    /// Headline, cut to 1 KiB.
    pub title: String,
    /// When the publisher says it was first published.
    pub published: Option<Timestamp>,
    /// When the publisher says it was last changed.
    pub updated: Option<Timestamp>,
    /// When it got its place.
    pub seen_at: Timestamp,
    /// BCP 47 language, lower case.
    pub lang: Option<String>,
    /// What the page was.
    pub kind: PageKind,
    /// What it says of its origin; evidence cut to 512 bytes.
    pub origin: Option<OriginClaim>,
    /// Where the journal keeps it.
    pub location: Location,
    /// Words of its text.
    pub words: u32,
    /// The set it is in at present.
    pub set: SetId,
}

/// An article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleRow {
    /// The article.
    pub id: ArticleId,
    /// Its publisher.
    pub source: SourceId,
    /// Its address, as the newest version that had one gives it.
    pub url: Option<String>,
    /// Its newest version.
    pub newest: VersionId,
    /// How many versions it has.
    pub versions: u32,
}

/// What became of a public id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It names this.
    Found(T),
    /// It was merged: this id, which is not merged itself, stands for it.
    Merged(ClusterId),
    /// It never named anything here.
    Absent,
}

/// How much is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Articles.
    pub articles: u64,
    /// Versions.
    pub versions: u64,
    /// Clusters that are not merged away.
    pub clusters: u64,
    /// Sources that brought at least one version.
    pub sources: u64,
    /// Leads that ended without an article.
    pub lost: u64,
    /// Last record whose changes are counted.
    pub applied_seq: Seq,
}

/// One thing the change stream tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The record that caused it.
    pub seq: Seq,
    /// Its number among that record's events, from 0.
    pub n: u32,
    /// What happened.
    pub kind: EventKind,
    /// The cluster it happened to, by the id it had after the record; for `ClusterMerged` the id that now redirects.
    pub cluster: Option<ClusterId>,
    /// `ClusterMerged`: the id it redirects to. `ClusterSplit`: a part that left; one event for each.
    pub into: Option<ClusterId>,
    /// The article, for article events.
    pub article: Option<ArticleId>,
    /// The version that came, for article events.
    pub version: Option<VersionId>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A cluster came to be. No `ClusterUpdated` of the same record follows for it.
    ClusterCreated,
    /// Members or their standing changed.
    ClusterUpdated,
    /// An id now redirects.
    ClusterMerged,
    /// A cluster fell apart.
    ClusterSplit,
    /// An article's first version came.
    ArticleCreated,
    /// An article's next version came.
    ArticleRevised,
    /// An article's newest version was read again by another extractor; its publisher said nothing new.
    ArticleReextracted,
    /// An article's words were removed by order, and it is not taken in again.
    ArticleErased,
    /// A cluster has had its time (`history_days`): its id and those of its articles name nothing any more.
    ClusterTrimmed,
}

impl EventKind {
    /// The word used in the stream.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClusterCreated => "cluster.created",
            Self::ClusterUpdated => "cluster.updated",
            Self::ClusterMerged => "cluster.merged",
            Self::ClusterSplit => "cluster.split",
            Self::ArticleCreated => "article.created",
            Self::ArticleRevised => "article.revised",
            Self::ArticleReextracted => "article.reextracted",
            Self::ArticleErased => "article.erased",
            Self::ClusterTrimmed => "cluster.trimmed",
        }
    }
}
