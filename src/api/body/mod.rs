//! Rows of the store to the bodies that go over the wire. Pure; the dashboard is built from the same bodies.
//!
//! The names are those of CONTRACT §5. Nothing here is stored, so a field may be renamed without touching a disk format.

mod origin;
mod shares;
mod source;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ArticleId, OriginBasis, OriginClaim, Timestamp, VersionId};
use crate::store::{ClusterRow, MemberRow, VersionRow};

pub use origin::{Origin, OriginEvidence, OwnItem};
pub use shares::{AgencyShare, Passage, Shares};
pub use source::{Endpoint, Source, SourceError};

/// The state of everything, until kills, embargoes and corrections are followed.
pub const LIVE: &str = "live";

/// A list: a page of items and how to go on.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct List<T> {
    /// The items of this page, in the asked order.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
    /// The generation of the answer; a cursor of another one gets 410.
    pub generation: u64,
}

/// A cluster: versions and copies of one story, by shared text.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Cluster {
    /// Opaque, time-ordered.
    pub id: String,
    /// Headline of the lead.
    pub title: String,
    /// What to show first: `embargoed`, `killed`, `withheld`, `corrected` or `live`.
    pub state: String,
    /// How many articles are in each state.
    pub states: BTreeMap<String, u32>,
    /// The version that represents the cluster.
    pub lead: String,
    /// Whose copy it is.
    pub origin: Origin,
    /// How much of it there is.
    pub counts: Counts,
    /// When it came up, as an interval.
    pub first_seen: FirstSeen,
    /// When the lead's text last became materially newer.
    pub last_changed: String,
    /// When its newest version was seen.
    pub last_activity: String,
    /// BCP 47 languages of its members, sorted.
    pub languages: Vec<String>,
    /// Each article once, oldest first. Null in a list without `expand=members`.
    pub members: Option<Vec<Member>>,
}

/// How much there is of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Articles with at least one version here.
    pub articles: u32,
    /// Versions.
    pub versions: u32,
    /// Distinct sources.
    pub sources: u32,
    /// Articles by other sources than the first member's.
    pub copies: u32,
}

/// When a cluster came up: what we saw, and what is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FirstSeen {
    /// When we first saw it.
    pub at: String,
    /// The earliest moment it may have been out.
    pub earliest: String,
    /// The latest moment it was certainly out.
    pub latest: String,
    /// What `earliest` rests on: `published` (a publisher's claim) or `seen` (our clock).
    pub basis: &'static str,
}

/// An article as a member of a cluster, in its newest version there.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Member {
    /// The article.
    pub article: String,
    /// Its newest version in this cluster.
    pub version: String,
    /// Its source.
    pub source: String,
    /// Canonical address.
    pub url: Option<String>,
    /// Headline.
    pub title: String,
    /// `origin`, `copy`, `update`, `excerpt`, `extension`, `correction`, `localised`, `blend`, `repeat`, `contains` or `reextracted`.
    pub relation: &'static str,
    /// The version it is tied to best; null for a first member.
    pub parent: Option<String>,
    /// Jaccard similarity to the parent, 0 to 1.
    pub jaccard: Option<f64>,
    /// Share of this text found in the parent, 0 to 1.
    pub in_parent: Option<f64>,
    /// Share of the parent found in this text, 0 to 1.
    pub of_parent: Option<f64>,
    /// As on the cluster.
    pub state: String,
    /// When its publisher says it came out.
    pub published: Option<String>,
    /// When its first version in this cluster was seen.
    pub first_seen: String,
}

impl Cluster {
    /// The body of a row. `members` are all rows of its set; `None` leaves them out.
    pub fn new(row: &ClusterRow, members: Option<&[MemberRow]>) -> Self {
        let summary = &row.summary;
        let lead = members
            .and_then(|rows| newest_of_the_same_article(rows, summary.lead))
            .unwrap_or(summary.lead);
        Self {
            id: summary.cluster.to_string(),
            title: row.title.clone(),
            state: LIVE.to_owned(),
            states: BTreeMap::from([(LIVE.to_owned(), summary.articles)]),
            lead: lead.to_string(),
            origin: origin_of(summary.origin.as_ref(), members),
            counts: Counts {
                articles: summary.articles,
                versions: summary.versions,
                sources: summary.sources.len() as u32,
                copies: summary.copies,
            },
            first_seen: FirstSeen::new(summary.first_seen, summary.first_published),
            last_changed: summary.last_changed.to_string(),
            last_activity: summary.last_activity.to_string(),
            languages: summary.languages.clone(),
            members: members.map(self::members),
        }
    }
}

/// The verdict of a cluster, with the version of the agency's own item that is among its members.
fn origin_of(claim: Option<&OriginClaim>, members: Option<&[MemberRow]>) -> Origin {
    let mut origin = Origin::new(claim);
    let own = claim.filter(|claim| claim.basis == OriginBasis::OwnItem);
    let item = own.and_then(|own| {
        members?
            .iter()
            .map(|row| &row.version)
            .filter(|row| row.origin.as_ref() == Some(own))
            .min_by_key(|row| row.id)
    });
    if let (Some(item), Some(evidence)) = (item, origin.evidence.first_mut()) {
        evidence.version = Some(item.id.to_string());
    }
    origin
}

/// The version that is shown where `version` was meant: the newest one of its article here.
fn newest_of_the_same_article(rows: &[MemberRow], version: VersionId) -> Option<VersionId> {
    let article = rows.iter().find(|row| row.member.version == version)?.member.article;
    rows.iter().filter(|row| row.member.article == article).map(|row| row.member.version).max()
}

/// Each article once, in its newest version here; the one seen first comes first, ties go to the older version.
pub fn members(rows: &[MemberRow]) -> Vec<Member> {
    let mut articles: BTreeMap<ArticleId, (&MemberRow, Timestamp)> = BTreeMap::new();
    for row in rows {
        let (newest, first) =
            articles.entry(row.member.article).or_insert((row, row.version.seen_at));
        *first = (*first).min(row.version.seen_at);
        if row.member.version > newest.member.version {
            *newest = row;
        }
    }
    let mut shown: Vec<_> = articles.into_values().collect();
    shown.sort_by_key(|(row, first)| (*first, row.member.article));
    shown.into_iter().map(|(row, first)| Member::new(row, first)).collect()
}

impl Member {
    fn new(row: &MemberRow, first_seen: Timestamp) -> Self {
        let link = row.member.parent.as_ref();
        Self {
            article: row.member.article.to_string(),
            version: row.member.version.to_string(),
            source: row.version.source.to_string(),
            url: row.version.url.clone(),
            title: row.version.title.clone(),
            relation: row.member.relation.as_str(),
            parent: link.map(|link| link.other.to_string()),
            jaccard: link.map(|link| rounded(link.jaccard())),
            in_parent: link.map(|link| rounded(link.in_other())),
            of_parent: link.map(|link| rounded(link.of_other())),
            state: LIVE.to_owned(),
            published: row.version.published.map(|at| at.to_string()),
            first_seen: first_seen.to_string(),
        }
    }
}

/// Four digits: finer than any decision, and the same on every machine.
pub fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

impl FirstSeen {
    /// The interval between a publisher's earliest claim and our own sight. A claim from after our sight is no evidence.
    pub fn new(seen: Timestamp, published: Option<Timestamp>) -> Self {
        let claimed = published.filter(|&at| at < seen);
        Self {
            at: seen.to_string(),
            earliest: claimed.unwrap_or(seen).to_string(),
            latest: seen.to_string(),
            basis: if claimed.is_some() { "published" } else { "seen" },
        }
    }
}

/// One state of an article.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Version {
    /// The version.
    pub version: String,
    /// Its article.
    pub article: String,
    /// The cluster it is in.
    pub cluster: Option<String>,
    /// Its source.
    pub source: String,
    /// Canonical address.
    pub url: Option<String>,
    /// Headline.
    pub title: String,
    /// When its publisher says it came out.
    pub published: Option<String>,
    /// When its publisher says it changed.
    pub updated: Option<String>,
    /// When we saw it.
    pub seen_at: String,
    /// BCP 47 language.
    pub lang: Option<String>,
    /// What the page was: `article`, `index`, `soft_404`, `live_blog`, `paywall_stub` or `other`.
    pub kind: &'static str,
    /// Whose copy it says it is.
    pub origin: Origin,
    /// Words of its text.
    pub words: u32,
}

impl Version {
    /// The body of a row, in the cluster it is in.
    pub fn new(row: &VersionRow, cluster: Option<String>) -> Self {
        Self {
            version: row.id.to_string(),
            article: row.article.to_string(),
            cluster,
            source: row.source.to_string(),
            url: row.url.clone(),
            title: row.title.clone(),
            published: row.published.map(|at| at.to_string()),
            updated: row.updated.map(|at| at.to_string()),
            seen_at: row.seen_at.to_string(),
            lang: row.lang.clone(),
            kind: row.kind.as_str(),
            origin: Origin::new(row.origin.as_ref()),
            words: row.words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::sample;

    #[test]
    fn a_cluster_and_a_member_have_exactly_the_keys_of_the_contract() {
        let row = sample::cluster_row();
        let rows = sample::member_rows();
        let shown = serde_json::to_value(Cluster::new(&row, Some(&rows))).unwrap();
        let keys = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(
            keys(&shown),
            [
                "id",
                "title",
                "state",
                "states",
                "lead",
                "origin",
                "counts",
                "first_seen",
                "last_changed",
                "last_activity",
                "languages",
                "members"
            ]
        );
        assert_eq!(keys(&shown["counts"]), ["articles", "versions", "sources", "copies"]);
        assert_eq!(keys(&shown["first_seen"]), ["at", "earliest", "latest", "basis"]);
        assert_eq!(keys(&shown["origin"]), ["source", "verdict", "evidence", "agencies"]);
        assert_eq!(
            keys(&shown["members"][0]),
            [
                "article",
                "version",
                "source",
                "url",
                "title",
                "relation",
                "parent",
                "jaccard",
                "in_parent",
                "of_parent",
                "state",
                "published",
                "first_seen"
            ]
        );
    }

    #[test]
    fn an_article_is_shown_once_in_its_newest_version_since_its_first() {
        let rows = sample::member_rows();
        let shown = members(&rows);
        assert_eq!(shown.len(), 3, "four versions, three articles");
        let first = &shown[0];
        assert_eq!(first.version, VersionId(4).to_string());
        assert_eq!(first.first_seen, rows[0].version.seen_at.to_string());
        assert_eq!(first.relation, "update");
    }

    #[test]
    fn the_lead_is_a_version_that_is_shown() {
        let body = Cluster::new(&sample::cluster_row(), Some(&sample::member_rows()));
        let members = body.members.unwrap();
        assert!(members.iter().any(|member| member.version == body.lead));
    }

    #[test]
    fn a_claim_from_after_our_sight_moves_nothing() {
        let seen = Timestamp::from_secs(100);
        let later = FirstSeen::new(seen, Some(Timestamp::from_secs(200)));
        assert_eq!((later.earliest.as_str(), later.basis), ("1970-01-01T00:01:40Z", "seen"));
        let before = FirstSeen::new(seen, Some(Timestamp::from_secs(40)));
        assert_eq!((before.earliest.as_str(), before.basis), ("1970-01-01T00:00:40Z", "published"));
    }
}
