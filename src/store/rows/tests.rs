//! Golden bytes of rows, their bounds, and what damage to them looks like.

use super::envelope::bytes;
use super::*;
use crate::cluster::{LinkKind, Reason, Relation, Verdicts};
use crate::model::{Article, OriginBasis, PageKind};
use crate::store::meta::Meta;
use crate::store::{block, keys};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A version with every field `long` bytes long.
fn version(long: usize) -> Version {
    let words = || Some("é".repeat(long / 2));
    Version {
        id: VersionId(9),
        seen_at: Timestamp::from_secs(7),
        extractor: 1,
        article: Article {
            source: SourceId("s".repeat(long)),
            id: words(),
            url: Some("u".repeat(long)),
            title: "é".repeat(long / 2),
            text: "three plain words".to_owned(),
            kind: PageKind::PaywallStub,
            published: Some(Timestamp::EPOCH),
            updated: Some(Timestamp::from_millis(i64::MIN)),
            lang: words(),
            origin: Some(OriginClaim {
                agency: "A".repeat(long),
                basis: OriginBasis::Quote,
                evidence: "x".repeat(long),
            }),
            ..Article::default()
        },
        verdicts: Verdicts::default(),
        redacted: None,
    }
}

fn summary(sources: usize, long: usize) -> Summary {
    Summary {
        cluster: ClusterId(u64::MAX),
        lead: VersionId(9),
        articles: u32::MAX,
        versions: 1,
        sources: (0..sources).map(|n| SourceId(format!("{n:08}{}", "s".repeat(long)))).collect(),
        copies: 1,
        first_seen: Timestamp::from_millis(i64::MAX),
        first_published: Some(Timestamp::from_millis(i64::MIN)),
        last_changed: Timestamp::EPOCH,
        last_activity: Timestamp::EPOCH,
        languages: (0..sources).map(|n| format!("{n:08}{}", "l".repeat(long))).collect(),
        origin: version(long).article.origin,
    }
}

#[test]
fn format_four_stays_format_four() {
    let at = Location { segment: 3, offset: 300 };
    let version = version(4);
    let part = version_part(&version, ArticleId(5), Stands { at, set: SetId(7), words: 3 });
    let parent = Link {
        other: VersionId(3),
        kind: LinkKind::Short,
        reason: Reason::HeldWhole,
        shared: 3,
        size: 4,
        other_size: 5,
        rests_on: 0,
    };
    let member = Member {
        version: VersionId(9),
        article: ArticleId(5),
        relation: Relation::Blend,
        parent: Some(parent),
        superseded: true,
    };
    let event = Event {
        seq: Seq(9),
        n: 1,
        kind: EventKind::ClusterSplit,
        cluster: Some(ClusterId(1)),
        into: Some(ClusterId(2)),
        article: None,
        version: None,
    };
    let check = |found: Vec<u8>, golden: &str| {
        assert_eq!(hex(&found), golden, "a row changed: add a format, or make the rows anew");
    };
    check(
        bytes(&part),
        "070504737373730104c3a9c3a901047575757504c3a9c3a9010001ffffffffffffffffff01b06d0104c3a9c3a90401044141414105047878787803ac0203",
    );
    check(
        bytes(&set_part(&summary(2, 1), &part)),
        "ffffffffffffffffff0102feffffffffffffffff01000009ffffffff0f010209303030303030303073093030303030303031730101ffffffffffffffffff01020930303030303030306c0930303030303030316c01014105017804c3a9c3a90473737373010475757575",
    );
    check(bytes(&member_part(&member)), "05070103010703040501");
    let events = bytes(&[event_part(&event)].as_slice());
    check(events.clone(), "0103010101020000");
    check(bytes(&ClusterPart::Redirects(2)), "0102");
    // Two rows in a block, what they add to the digest, and rows of their own.
    let mut block = block::Writer::new(keys::event(Seq(9), 1));
    block.push(&keys::event(Seq(9), 1), &events);
    block.push(&keys::event(Seq(9), 129), &events);
    check(block.end().1, "04c005d5143b9ec0650d000801030101010200000c0108810103010101020000");
    assert_eq!(mark(&keys::event(Seq(9), 1), &events), 6_270_351_120_669_787_262);
    check(
        seal(&keys::meta(), &Meta::default()).unwrap(),
        "048946b6dfbbf19d2d00000000000000000000000000000000000000",
    );
    // What is not derived keeps its format: nothing could make it again.
    let key = keys::poll("x");
    check(seal(&key, &b"etag".as_slice()).unwrap(), "0193f4a631ed1ca0390465746167");
}

#[test]
fn rows_read_back_as_they_were_where_nothing_is_cut() {
    let whole = version(4);
    let part = version_part(
        &whole,
        ArticleId(5),
        Stands { at: Location { segment: 1, offset: 2 }, set: SetId(7), words: 3 },
    );
    let key = keys::version(VersionId(9));
    let shown = version_row(VersionId(9), row(&key, &bytes(&part)).unwrap()).unwrap();
    assert_eq!((shown.title.as_str(), shown.words, shown.kind), ("éé", 3, PageKind::PaywallStub));
    assert_eq!(shown.origin, whole.article.origin);
    let key = keys::set(SetId(7));
    let sealed = bytes(&set_part(&summary(3, 5), &part));
    let row = cluster_row(SetId(7), row(&key, &sealed).unwrap()).unwrap();
    assert_eq!(row.summary, summary(3, 5));
}

#[test]
fn the_largest_version_and_the_largest_cluster_fit_a_row() {
    let version = version(1 << 20);
    let part = version_part(
        &version,
        ArticleId(5),
        Stands { at: Location::default(), set: SetId(u32::MAX), words: u32::MAX },
    );
    let key = keys::version(VersionId(9));
    assert!(block::fits(&key, &bytes(&part)));
    assert_eq!(part.url, None, "half an address is none");
    let key = keys::event(Seq(u64::MAX), u32::MAX);
    let far = Some(ClusterId(u64::MAX));
    let event = Event { cluster: far, into: far, ..event_of(EventKind::ClusterSplit) };
    let article = Some(ArticleId(u64::MAX));
    let event = Event { article, version: Some(VersionId(u64::MAX)), ..event };
    assert!(block::fits(&key, &bytes(&vec![event_part(&event); EVENTS_PER_ROW])));
    let key = keys::set(SetId(u32::MAX));
    let mut lead = part;
    let url = "u".repeat(URL_BYTES_MAX);
    lead.url = Some(&url);
    let summary = summary(50_000, 400);
    let row = set_part(&summary, &lead);
    assert!(row.is_cut());
    assert_eq!(row.places.place(Sort::Sources), 50_000);
    assert!(block::fits(&key, &bytes(&row)));
}

#[test]
fn a_row_over_the_bound_is_refused_by_name() {
    let told = seal(&keys::poll("x"), &vec![0_u8; ROW_BYTES_MAX]).unwrap_err();
    assert!(matches!(told, StoreError::TooLarge { kind: "poll", .. }), "{told}");
}

#[test]
fn every_flip_cut_and_swap_of_a_row_is_damage() {
    let key = keys::event(Seq(9), 1);
    let sealed = seal(&key, &"some row").unwrap();
    let is_damage = |key: &[u8], bytes: &[u8]| {
        unseal::<String>(key, bytes).is_err_and(|fault| fault.is_damage())
    };
    for bit in 0..sealed.len() * 8 {
        let mut bad = sealed.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(is_damage(&key, &bad), "bit {bit}");
    }
    for cut in 0..sealed.len() {
        assert!(is_damage(&key, &sealed[..cut]), "cut {cut}");
    }
    assert!(is_damage(&keys::event(Seq(9), 2), &sealed), "another's row");
}

#[test]
fn event_kinds_keep_their_bytes() {
    for (byte, kind) in EVENT_KINDS.into_iter().enumerate() {
        assert_eq!(usize::from(event_part(&event_of(kind)).kind), byte);
    }
}

fn event_of(kind: EventKind) -> Event {
    Event { seq: Seq(1), n: 0, kind, cluster: None, into: None, article: None, version: None }
}

#[test]
fn of_too_many_agencies_whole_names_are_kept() {
    let of = |names: &str| {
        let mut version = version(1);
        version.article.origin.as_mut().unwrap().agency = names.to_owned();
        let part = origin_part(version.article.origin.as_ref().unwrap());
        part.agency.to_owned()
    };
    assert_eq!(of("AP\nReuters"), "AP\nReuters");
    let many = vec!["Norland Press"; 30].join("\n");
    assert_eq!(of(&many), vec!["Norland Press"; 18].join("\n"));
    assert_eq!(of(&"N".repeat(999)).len(), AGENCIES_BYTES_MAX);
}
