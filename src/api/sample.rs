//! Hand-made rows for the tests of this room: a dam that never broke in a town that is not there.

use std::collections::BTreeMap;

use crate::cluster::{Link, LinkKind, Member, Reason, Relation, SetId, Summary};
use crate::journal::Location;
use crate::model::{
    ArticleId, ClusterId, OriginBasis, OriginClaim, PageKind, SourceId, Timestamp, VersionId,
};
use crate::store::{ClusterRow, MemberRow, VersionRow};

/// Noon of the invented day.
pub(super) const NOON: Timestamp = Timestamp::from_secs(1_772_366_400);

/// One version of an article, `minutes` after noon.
pub(super) fn version_row(id: u64, article: u64, source: &str, minutes: i64) -> VersionRow {
    VersionRow {
        id: VersionId(id),
        article: ArticleId(article),
        source: SourceId::from(source),
        name: None,
        url: Some(format!("https://{source}.example/{article}")),
        title: format!("Dam breaks near Orvale, says {source}"),
        published: Some(NOON.plus_millis((minutes - 2) * 60_000)),
        updated: None,
        seen_at: NOON.plus_millis(minutes * 60_000),
        lang: Some("en".to_owned()),
        kind: PageKind::Article,
        origin: (source == "nap").then(|| OriginClaim {
            agency: "NAP".to_owned(),
            basis: OriginBasis::OwnItem,
            evidence: String::new(),
        }),
        location: Location { segment: 0, offset: id },
        words: 300,
        set: SetId(1),
    }
}

/// A version as a member, tied to `parent` where it has one.
pub(super) fn member_row(
    version: VersionRow,
    relation: Relation,
    parent: Option<u64>,
) -> MemberRow {
    let link = parent.map(|other| Link {
        other: VersionId(other),
        kind: LinkKind::Text,
        reason: Reason::NearlyEqual,
        shared: 240,
        size: 250,
        other_size: 300,
        rests_on: 0,
    });
    let member = Member {
        version: version.id,
        article: version.article,
        relation,
        parent: link,
        superseded: false,
    };
    MemberRow { member, version }
}

/// Four versions of three articles: an agency's story, two copies, and the agency's update.
pub(super) fn member_rows() -> Vec<MemberRow> {
    vec![
        member_row(version_row(1, 1, "nap", 0), Relation::Origin, None),
        member_row(version_row(2, 2, "herald", 6), Relation::Copy, Some(1)),
        member_row(version_row(3, 3, "kurier", 9), Relation::Excerpt, Some(1)),
        member_row(version_row(4, 1, "nap", 20), Relation::Update, Some(1)),
    ]
}

/// The cluster of [`member_rows`].
pub(super) fn cluster_row() -> ClusterRow {
    ClusterRow {
        set: SetId(1),
        summary: Summary {
            cluster: ClusterId(1),
            lead: VersionId(1),
            articles: 3,
            versions: 4,
            sources: ["herald", "kurier", "nap"].map(SourceId::from).to_vec(),
            copies: 2,
            first_seen: NOON,
            first_published: Some(NOON.plus_millis(-120_000)),
            last_changed: NOON.plus_millis(20 * 60_000),
            last_activity: NOON.plus_millis(20 * 60_000),
            languages: vec!["en".to_owned()],
            origin: Some(OriginClaim {
                agency: "NAP".to_owned(),
                basis: OriginBasis::OwnItem,
                evidence: String::new(),
            }),
        },
        title: "Dam breaks near Orvale, says nap".to_owned(),
        lead_source: SourceId::from("nap"),
        lead_url: Some("https://nap.example/1".to_owned()),
    }
}

/// Display names by source id.
pub(super) fn names() -> BTreeMap<String, String> {
    [("nap", "North Agency Press"), ("herald", "Orvale Herald"), ("kurier", "Kurier")]
        .into_iter()
        .map(|(id, name)| (id.to_owned(), name.to_owned()))
        .collect()
}
