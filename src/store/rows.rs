//! Core words to rows and back, cut to bounds; `envelope` makes bytes of them.

mod envelope;

pub use envelope::ROW_BYTES_MAX;
pub(super) use envelope::{
    ENVELOPE_BYTES, append, body, damaged, envelop, head, mark, row, seal, unseal,
};

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::query::{Sort, place_of};
use super::types::{ArticleRow, ClusterRow, Event, EventKind, VersionRow};
use crate::cluster::{Link, Member, SetId, Summary, Version};
use crate::journal::{Location, code};
use crate::model::{ArticleId, ClusterId, OriginClaim, Seq, SourceId, Timestamp, VersionId};

const TITLE_BYTES_MAX: usize = 1 << 10;
const URL_BYTES_MAX: usize = 2 << 10; // what feed links are bounded to
const WORDS_BYTES_MAX: usize = 512; // evidence of origin, record ids
const ID_BYTES_MAX: usize = 256; // source ids
const SHORT_BYTES_MAX: usize = 64; // languages
const AGENCIES_BYTES_MAX: usize = 256; // a credit names two or three of some ten bytes
/// Bytes of all source ids in a set's row; the rest is read from its members where it is asked for.
const SOURCES_BYTES_MAX: usize = 2 << 10;
const LANGUAGES_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OriginPart<S = String> {
    pub(super) agency: S,
    basis: u8,
    evidence: S,
}

/// Strings are owned where it is read and lent where it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VersionPart<S = String> {
    /// The set it is in. First, so that it is read without the rest.
    pub(super) set: u32,
    article: u64,
    pub(super) source: S,
    name: Option<S>,
    pub(super) url: Option<S>,
    pub(super) title: S,
    published: Option<i64>,
    updated: Option<i64>,
    seen_at: i64,
    lang: Option<S>,
    kind: u8,
    origin: Option<OriginPart<S>>,
    segment: u32,
    offset: u64,
    words: u32,
}

/// Where a version lies, in which set it is, and how long it is.
#[derive(Clone, Copy)]
pub(super) struct Stands {
    pub(super) at: Location,
    pub(super) set: SetId,
    pub(super) words: u32,
}

impl VersionPart {
    /// Its article.
    pub(super) const fn article(&self) -> ArticleId {
        ArticleId(self.article)
    }

    /// The article of which this is the only version; `None` where it is not its first.
    pub(super) fn alone(self, id: VersionId) -> Option<ArticlePart> {
        let Self { article, source, url, .. } = self;
        (article == id.0).then_some(ArticlePart { source, url, newest: id.0, versions: 1 })
    }

    /// Where the journal keeps it.
    pub(super) const fn place(&self) -> Location {
        Location { segment: self.segment, offset: self.offset }
    }

    /// It lies there from now on.
    pub(super) const fn move_to(&mut self, at: Location) {
        (self.segment, self.offset) = (at.segment, at.offset);
    }

    /// Takes its words out: as it would be made from a version that has none and lies there.
    pub(super) fn redact(&mut self, at: Location) {
        self.move_to(at);
        (self.name, self.url, self.title) = (None, None, String::new());
        if let Some(origin) = &mut self.origin {
            origin.evidence = String::new();
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArticlePart {
    pub(super) source: String,
    pub(super) url: Option<String>,
    pub(super) newest: u64,
    pub(super) versions: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourcePart {
    pub(super) articles: u64,
    pub(super) versions: u64,
}

/// A cluster, and by what it stands in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Places {
    pub(super) cluster: u64,
    pub(super) sources_total: u32,
    first_seen: i64,
    last_changed: i64,
    pub(super) last_activity: i64,
}

impl Places {
    /// Where it stands in an order, as a number that sorts so.
    pub(super) const fn place(&self, sort: Sort) -> u64 {
        match sort {
            Sort::Changed => place_of(self.last_changed),
            Sort::Activity => place_of(self.last_activity),
            Sort::FirstSeen => place_of(self.first_seen),
            Sort::Sources => self.sources_total as u64,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetRow<S = String> {
    /// First, so that they are read without the rest.
    pub(super) places: Places,
    lead: u64,
    articles: u32,
    versions: u32,
    pub(super) sources: Vec<S>,
    copies: u32,
    first_published: Option<i64>,
    pub(super) languages: Vec<S>,
    pub(super) origin: Option<OriginPart<S>>,
    pub(super) title: S,
    lead_source: S,
    lead_url: Option<S>,
}

impl<S> SetRow<S> {
    /// True where its list of sources was cut.
    pub(super) const fn is_cut(&self) -> bool {
        self.sources.len() < self.places.sources_total as usize
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkPart {
    other: u64,
    kind: u8,
    reason: u8,
    shared: u32,
    size: u32,
    other_size: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemberPart {
    article: u64,
    relation: u8,
    parent: Option<LinkPart>,
    superseded: bool,
}

/// What a public id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ClusterPart {
    Lives(u32),
    Redirects(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EventPart {
    kind: u8,
    cluster: Option<u64>,
    into: Option<u64>,
    article: Option<u64>,
    version: Option<u64>,
}

/// The longest part of `text` of at most `bytes_max` bytes that ends between characters.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The same, and of several lines only whole ones: half a name is another name.
fn whole_lines(text: &str, bytes_max: usize) -> &str {
    let cut = cut(text, bytes_max);
    let end = cut.rfind('\n').filter(|_| cut.len() < text.len());
    &cut[..end.unwrap_or(cut.len())]
}

/// A source id as keys and rows hold it.
pub(super) fn source(id: &SourceId) -> &str {
    cut(id.as_str(), ID_BYTES_MAX)
}

/// An address, where it is short enough: half an address is none.
fn address(url: Option<&str>) -> Option<&str> {
    url.filter(|url| url.len() <= URL_BYTES_MAX)
}

fn origin_part(claim: &OriginClaim) -> OriginPart<&str> {
    OriginPart {
        agency: whole_lines(&claim.agency, AGENCIES_BYTES_MAX),
        basis: code::of_basis(claim.basis),
        evidence: cut(&claim.evidence, WORDS_BYTES_MAX),
    }
}

fn origin(part: OriginPart) -> Result<OriginClaim, StoreError> {
    let basis = word(part.basis, code::basis)?;
    Ok(OriginClaim { agency: part.agency, basis, evidence: part.evidence })
}

fn word<T>(byte: u8, read: fn(u8) -> Option<T>) -> Result<T, StoreError> {
    read(byte).ok_or_else(|| StoreError::damaged(format!("{byte} stands for no word")))
}

pub(super) fn version_part(
    version: &Version,
    article: ArticleId,
    Stands { at, set, words }: Stands,
) -> VersionPart<&str> {
    let found = &version.article;
    VersionPart {
        set: set.0,
        article: article.0,
        source: source(&found.source),
        name: found.id.as_deref().map(|id| cut(id, WORDS_BYTES_MAX)),
        url: address(found.url.as_deref()),
        title: cut(&found.title, TITLE_BYTES_MAX),
        published: found.published.map(Timestamp::millis),
        updated: found.updated.map(Timestamp::millis),
        seen_at: version.seen_at.millis(),
        lang: found.lang.as_deref().map(|lang| cut(lang, SHORT_BYTES_MAX)),
        kind: code::of_page_kind(found.kind),
        origin: found.origin.as_ref().map(origin_part),
        segment: at.segment,
        offset: at.offset,
        words,
    }
}

pub(super) fn version_row(id: VersionId, part: VersionPart) -> Result<VersionRow, StoreError> {
    Ok(VersionRow {
        id,
        article: ArticleId(part.article),
        source: SourceId(part.source),
        name: part.name,
        url: part.url,
        title: part.title,
        published: part.published.map(Timestamp::from_millis),
        updated: part.updated.map(Timestamp::from_millis),
        seen_at: Timestamp::from_millis(part.seen_at),
        lang: part.lang,
        kind: word(part.kind, code::page_kind)?,
        origin: part.origin.map(origin).transpose()?,
        location: Location { segment: part.segment, offset: part.offset },
        words: part.words,
        set: SetId(part.set),
    })
}

pub(super) fn article_row(id: ArticleId, part: ArticlePart) -> ArticleRow {
    ArticleRow {
        id,
        source: SourceId(part.source),
        url: part.url,
        newest: VersionId(part.newest),
        versions: part.versions,
    }
}

/// A set's row from what the fold says of it and from its lead.
pub(super) fn set_part<'a, S: AsRef<str>>(
    summary: &'a Summary,
    lead: &'a VersionPart<S>,
) -> SetRow<&'a str> {
    let mut room = SOURCES_BYTES_MAX;
    let fits = |id: &&str| {
        room = room.saturating_sub(id.len() + 2);
        room > 0
    };
    let places = Places {
        cluster: summary.cluster.0,
        sources_total: summary.sources.len() as u32,
        first_seen: summary.first_seen.millis(),
        last_changed: summary.last_changed.millis(),
        last_activity: summary.last_activity.millis(),
    };
    SetRow {
        places,
        lead: summary.lead.0,
        articles: summary.articles,
        versions: summary.versions,
        sources: summary.sources.iter().map(source).take_while(fits).collect(),
        copies: summary.copies,
        first_published: summary.first_published.map(Timestamp::millis),
        languages: summary
            .languages
            .iter()
            .take(LANGUAGES_MAX)
            .map(|lang| cut(lang, SHORT_BYTES_MAX))
            .collect(),
        origin: summary.origin.as_ref().map(origin_part),
        title: lead.title.as_ref(),
        lead_source: lead.source.as_ref(),
        lead_url: lead.url.as_ref().map(S::as_ref),
    }
}

pub(super) fn cluster_row(set: SetId, part: SetRow) -> Result<ClusterRow, StoreError> {
    let summary = Summary {
        cluster: ClusterId(part.places.cluster),
        lead: VersionId(part.lead),
        articles: part.articles,
        versions: part.versions,
        sources: part.sources.into_iter().map(SourceId).collect(),
        copies: part.copies,
        first_seen: Timestamp::from_millis(part.places.first_seen),
        first_published: part.first_published.map(Timestamp::from_millis),
        last_changed: Timestamp::from_millis(part.places.last_changed),
        last_activity: Timestamp::from_millis(part.places.last_activity),
        languages: part.languages,
        origin: part.origin.map(origin).transpose()?,
    };
    Ok(ClusterRow {
        set,
        summary,
        title: part.title,
        lead_source: SourceId(part.lead_source),
        lead_url: part.lead_url,
    })
}

pub(super) fn member_part(member: &Member) -> MemberPart {
    MemberPart {
        article: member.article.0,
        relation: code::of_relation(member.relation),
        parent: member.parent.as_ref().map(|link| LinkPart {
            other: link.other.0,
            kind: code::of_link_kind(link.kind),
            reason: code::of_reason(link.reason),
            shared: link.shared,
            size: link.size,
            other_size: link.other_size,
        }),
        superseded: member.superseded,
    }
}

pub(super) fn member(version: VersionId, part: &MemberPart) -> Result<Member, StoreError> {
    let link = |part: &LinkPart| -> Result<Link, StoreError> {
        Ok(Link {
            other: VersionId(part.other),
            kind: word(part.kind, code::link_kind)?,
            reason: word(part.reason, code::reason)?,
            shared: part.shared,
            size: part.size,
            other_size: part.other_size,
            // What a link rests on matters to the fold alone, which has it from the journal.
            rests_on: 0,
        })
    };
    Ok(Member {
        version,
        article: ArticleId(part.article),
        relation: word(part.relation, code::relation)?,
        parent: part.parent.as_ref().map(link).transpose()?,
        superseded: part.superseded,
    })
}

/// The kinds of events by their bytes.
const EVENT_KINDS: [EventKind; 9] = [
    EventKind::ClusterCreated,
    EventKind::ClusterUpdated,
    EventKind::ClusterMerged,
    EventKind::ClusterSplit,
    EventKind::ArticleCreated,
    EventKind::ArticleRevised,
    EventKind::ArticleErased,
    EventKind::ClusterTrimmed,
    EventKind::ArticleReextracted,
];

/// Events of one row: as many as fit, whatever they name.
pub(super) const EVENTS_PER_ROW: usize = 128;

pub(super) const fn event_part(event: &Event) -> EventPart {
    const fn number(id: Option<ClusterId>) -> Option<u64> {
        match id {
            Some(id) => Some(id.0),
            None => None,
        }
    }
    EventPart {
        kind: match event.kind {
            EventKind::ClusterCreated => 0,
            EventKind::ClusterUpdated => 1,
            EventKind::ClusterMerged => 2,
            EventKind::ClusterSplit => 3,
            EventKind::ArticleCreated => 4,
            EventKind::ArticleRevised => 5,
            EventKind::ArticleErased => 6,
            EventKind::ClusterTrimmed => 7,
            EventKind::ArticleReextracted => 8,
        },
        cluster: number(event.cluster),
        into: number(event.into),
        article: match event.article {
            Some(id) => Some(id.0),
            None => None,
        },
        version: match event.version {
            Some(id) => Some(id.0),
            None => None,
        },
    }
}

pub(super) fn event(seq: Seq, n: u32, part: &EventPart) -> Result<Event, StoreError> {
    let kind = EVENT_KINDS
        .get(usize::from(part.kind))
        .copied()
        .ok_or_else(|| StoreError::damaged(format!("{} stands for no kind of event", part.kind)))?;
    Ok(Event {
        seq,
        n,
        kind,
        cluster: part.cluster.map(ClusterId),
        into: part.into.map(ClusterId),
        article: part.article.map(ArticleId),
        version: part.version.map(VersionId),
    })
}

#[cfg(test)]
mod tests;
