//! Rows of the store to the bodies that go over the wire. Pure; the dashboard is built from the same bodies.
//!
//! The names are those of CONTRACT §5. Nothing here is stored, so a field may be renamed without touching a disk format.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::status::{EndpointStatus, SourceState, SourceStatus};
use crate::model::{ArticleId, OriginBasis, OriginClaim, Timestamp, VersionId};
use crate::store::{ClusterRow, MemberRow, VersionRow};

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

/// Whose copy a text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    /// The agency, as the agency table writes it; null where the text does not say.
    pub source: Option<String>,
    /// `certain`, `likely`, `claimed` or `unknown`.
    pub verdict: &'static str,
    /// What it was concluded from.
    pub evidence: Vec<OriginEvidence>,
}

/// A place in the text that speaks for an origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OriginEvidence {
    /// `own_item`, `dateline`, `sign_off`, `byline`, `metadata` or `quote`.
    pub basis: &'static str,
    /// The very words; empty for an agency's own item.
    pub text: String,
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
    /// `origin`, `copy`, `update`, `excerpt`, `extension`, `correction`, `localised`, `blend`, `repeat` or `contains`.
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
            origin: Origin::new(summary.origin.as_ref()),
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

impl Origin {
    /// The verdict a claim is worth.
    pub fn new(claim: Option<&OriginClaim>) -> Self {
        let Some(claim) = claim else {
            return Self { source: None, verdict: "unknown", evidence: Vec::new() };
        };
        Self {
            source: Some(claim.agency.clone()),
            verdict: verdict(claim.basis),
            evidence: vec![OriginEvidence {
                basis: claim.basis.as_str(),
                text: claim.evidence.clone(),
            }],
        }
    }
}

/// An agency's own item is certain; a credit in the text or its metadata is likely; "told AFP" alone is a claim (DESIGN §5).
const fn verdict(basis: OriginBasis) -> &'static str {
    match basis {
        OriginBasis::OwnItem => "certain",
        OriginBasis::Dateline
        | OriginBasis::SignOff
        | OriginBasis::Byline
        | OriginBasis::Metadata => "likely",
        OriginBasis::Quote => "claimed",
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// A configured publisher and how it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Source {
    /// The id of the configuration.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `agency`, `outlet`, `pr` or `aggregator`.
    pub kind: String,
    /// Where it is configured: `file` or `api`.
    pub managed: &'static str,
    /// It is us.
    pub own: bool,
    /// BCP 47 language.
    pub lang: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// How it is doing.
    pub state: SourceState,
    /// Why it fails; null where it does not.
    pub error: Option<SourceError>,
    /// When an endpoint was last asked.
    pub last_poll: Option<String>,
    /// When an endpoint last answered well.
    pub last_success: Option<String>,
    /// When the next endpoint is due.
    pub next_poll: Option<String>,
    /// Why then.
    pub next_poll_why: Option<String>,
    /// What is polled, watched or pushed to.
    pub endpoints: Vec<Endpoint>,
}

/// Why a source fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceError {
    /// The kind, as in the metrics.
    pub kind: String,
    /// In plain words.
    pub detail: String,
    /// When the row of failures began.
    pub since: String,
    /// Failures in a row.
    pub count: u32,
}

/// One endpoint of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Endpoint {
    /// `feed`, `sitemap`, `page`, `spool` or `push`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Address.
    pub url: Option<String>,
    /// When it was last asked.
    pub last_poll: Option<String>,
    /// When it last answered well.
    pub last_success: Option<String>,
    /// When it is due.
    pub next_poll: Option<String>,
    /// Why then.
    pub next_poll_why: Option<String>,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Source {
    /// The body of a status.
    pub fn new(status: &SourceStatus) -> Self {
        Self {
            id: status.id.clone(),
            name: status.name.clone(),
            kind: status.kind.clone(),
            managed: "file",
            own: status.own,
            lang: status.lang.clone(),
            tags: status.tags.clone(),
            state: status.state,
            error: status.error.as_ref().map(|fault| SourceError {
                kind: fault.kind.clone(),
                detail: fault.detail.clone(),
                since: fault.since.to_string(),
                count: fault.count,
            }),
            last_poll: status.last_poll.map(|at| at.to_string()),
            last_success: status.last_success.map(|at| at.to_string()),
            next_poll: status.next_poll.map(|at| at.to_string()),
            next_poll_why: status.next_poll_why.clone(),
            endpoints: status.endpoints.iter().map(Endpoint::new).collect(),
        }
    }
}

impl Endpoint {
    fn new(status: &EndpointStatus) -> Self {
        Self {
            kind: status.kind.clone(),
            url: status.url.clone(),
            last_poll: status.last_poll.map(|at| at.to_string()),
            last_success: status.last_success.map(|at| at.to_string()),
            next_poll: status.next_poll.map(|at| at.to_string()),
            next_poll_why: status.next_poll_why.clone(),
            error: status.error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::sample;
    use crate::model::SourceId;

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
        assert_eq!(keys(&shown["origin"]), ["source", "verdict", "evidence"]);
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

    #[test]
    fn only_an_agencys_own_item_is_certain() {
        let claim = |basis| {
            let claim = OriginClaim { agency: "NAP".into(), basis, evidence: String::new() };
            Origin::new(Some(&claim)).verdict
        };
        assert_eq!(claim(OriginBasis::OwnItem), "certain");
        assert_eq!(claim(OriginBasis::Dateline), "likely");
        assert_eq!(claim(OriginBasis::Quote), "claimed");
        assert_eq!(Origin::new(None).verdict, "unknown");
    }

    #[test]
    fn a_source_shows_its_state_as_a_word_and_no_error_as_null() {
        let status = SourceStatus { id: SourceId::UNKNOWN.into(), ..SourceStatus::default() };
        let shown = serde_json::to_value(Source::new(&status)).unwrap();
        assert_eq!(shown["state"], "new");
        assert!(shown["error"].is_null());
    }
}
