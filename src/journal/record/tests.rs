//! Entries through their bytes and back.

mod golden;

use golden::{RAW, SIGNALS, VERSION_LATER, notes};
use proptest::prelude::*;

use super::*;
use crate::cluster::{Link, LinkKind, Override, Reason, Verdicts, Version, Withdrawn};
use crate::journal::{Erase, Gap, Lost, Settings, SourceNote, Spoken, Trim, code};
use crate::model::{
    Article, ArticleId, ClusterId, OriginBasis, OriginClaim, PageKind, RawHash, Signal,
    SignalPlace, Subject, VersionId,
};

/// One of everything, so that every field is in the golden bytes.
fn full() -> Entry {
    let article = Article {
        source: "alba".into(),
        id: Some("ALB-7".to_owned()),
        url: Some("https://alba.example/7".to_owned()),
        guid: Some("tag:7".to_owned()),
        title: "Ferry back in Port Vell".to_owned(),
        text: "The ferry is back.\nNobody was hurt.".to_owned(),
        kind: PageKind::LiveBlog,
        published: Some(Timestamp::from_secs(10)),
        updated: Some(Timestamp::from_secs(11)),
        first_seen: Some(Timestamp::from_millis(-1)),
        not_before: None,
        lang: Some("en".to_owned()),
        credit: Some("Alba".to_owned()),
        byline: Some("By Ines Moll".to_owned()),
        version: Some("2".to_owned()),
        slugline: Some("FERRY".to_owned()),
        urgency: Some(4),
        subjects: vec![Subject { scheme: "medtop".to_owned(), code: "04000000".to_owned() }],
        genre: Some("update".to_owned()),
        ednote: Some("ADDS quote".to_owned()),
        rights: Some("none".to_owned()),
        origin: Some(OriginClaim {
            agency: "Alba".to_owned(),
            basis: OriginBasis::Byline,
            evidence: "By Ines Moll".to_owned(),
        }),
        signals: Vec::new(),
        raw: None,
        extra: Some("{\"x\":1}".to_owned()),
    };
    let link = Link {
        other: VersionId(3),
        kind: LinkKind::Short,
        reason: Reason::WordsOfHeadline,
        shared: 300,
        size: 301,
        other_size: 302,
        rests_on: 9,
    };
    let verdicts = Verdicts {
        engine: 1,
        settings: u64::MAX,
        article: Some(ArticleId(3)),
        keys: vec![1, 2],
        content: 5,
        blocks: vec![8, 9],
        furniture: vec![1],
        no_evidence: vec![0],
        headline: 0x81,
        shingles: 301,
        links: vec![link],
        hub: true,
        withdrawn: vec![Withdrawn { newer: VersionId(5), older: VersionId(2) }],
        late_hubs: vec![VersionId(4)],
        unjudged: 6,
    };
    let version = Version {
        id: VersionId(7),
        seen_at: Timestamp::from_secs(12),
        extractor: 1,
        article,
        verdicts,
        redacted: None,
    };
    entry(7, Record::Version(Box::new(version)))
}

/// The same version with what its publisher said of its use.
fn with_signals() -> Entry {
    let mut entry = full();
    if let Record::Version(version) = &mut entry.record {
        version.article.signals = vec![
            Signal::new(SignalPlace::Robots, "content-usage", "train-ai=n"),
            Signal::new(SignalPlace::Header, "noai", ""),
        ];
    }
    entry
}

/// The same with the page it was read from.
fn with_raw() -> Entry {
    let mut entry = with_signals();
    if let Record::Version(version) = &mut entry.record {
        version.article.raw = Some(RawHash(std::array::from_fn(|at| at as u8)));
    }
    entry
}

/// The same under an embargo, which kinds before 14 had no field for.
fn embargoed() -> Entry {
    let mut entry = with_raw();
    if let Record::Version(version) = &mut entry.record {
        version.article.not_before = Some(Timestamp::from_secs(14));
    }
    entry
}

/// The same version without its words.
fn redacted() -> Entry {
    let Record::Version(version) = full().record else { panic!("it is a version") };
    entry(7, Record::Version(Box::new(version.without_words())))
}

fn entry(seq: u64, record: Record) -> Entry {
    Entry { seq: Seq(seq), at: Timestamp::from_secs(12), record }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// What is read of a payload of format 1, given before it is packed.
fn read_packed(seq: u64, raw: &[u8]) -> Result<Entry, Unreadable> {
    let payload = &zstd::bulk::compress(raw, 19).unwrap()[..];
    decode(&Frame { seq, format: frame::PACKED, payload })
}

fn read_parted(seq: u64, payload: &[u8]) -> Result<Entry, Unreadable> {
    decode(&Frame { seq, format: frame::FORMAT, payload })
}

/// The payload of format 2 of a head.
fn headed(kind: u8, head: &[u8]) -> Vec<u8> {
    [&[kind, 0, 0, 0, head.len() as u8], head].concat()
}

#[test]
fn what_is_read_without_its_text_is_all_the_rest_and_how_many_words_it_was() {
    let bare = |seq, format, payload: &[u8]| decode_bare(&Frame { seq, format, payload }).unwrap();
    let all = [full(), with_signals(), embargoed(), redacted(), of_size(7, 0), of_size(7, 300)];
    for entry in all {
        let mut without = entry.clone();
        let Record::Version(version) = &mut without.record else { panic!("it is a version") };
        let words = version.words();
        (version.article.text, version.article.extra) = (String::new(), None);
        let found = bare(7, frame::FORMAT, &encode(&entry).unwrap());
        assert_eq!(found, (without, Some(words)));
    }
    let packed = zstd::bulk::compress(&bytes(VERSION_LATER), 3).unwrap();
    let found = bare(7, frame::PACKED, &packed);
    assert_eq!(found, bare(7, frame::FORMAT, &encode(&full()).unwrap()), "in both formats");
    assert_eq!(found.1, Some(7));
    for (entry, golden) in notes() {
        let found =
            bare(entry.seq.0, frame::FORMAT, &headed(bytes(golden)[0], &bytes(golden)[1..]));
        assert_eq!(found, (entry, None));
    }
}

#[test]
fn agencies_that_share_a_credit_stand_in_one_field_a_line_each() {
    let mut entry = full();
    if let Record::Version(version) = &mut entry.record {
        version.article.origin.as_mut().unwrap().agency = "AP\nReuters".to_owned();
    }
    let read = read_parted(7, &encode(&entry).unwrap()).unwrap();
    let Record::Version(back) = read.record else { panic!("a version") };
    let claim = back.article.origin.unwrap();
    assert_eq!(claim.agencies().collect::<Vec<_>>(), ["AP", "Reuters"]);
}

#[test]
fn what_is_no_record_says_why() {
    let check = |format, payload: &[u8], expected: &str| {
        let told = format!("{:?}", decode(&Frame { seq: 1, format, payload }).unwrap_err());
        assert!(told.contains(expected), "{told}");
    };
    check(frame::PACKED, b"", "not compressed");
    check(frame::PACKED, b"plain", "not compressed");
    check(frame::PACKED, &zstd::bulk::compress(&[], 3).unwrap(), "empty");
    check(frame::FORMAT + 1, b"", "Newer(\"format 3\")");
    check(frame::FORMAT, b"", "empty");
    check(frame::FORMAT, &[KIND_TICK, 0, 0, 0], "no head");
    check(frame::FORMAT, &[KIND_TICK, 0, 0, 0, 2, 0], "cut short");
    check(frame::FORMAT, &[KIND_TICK, 0, 0, 0, 1, 0, 0], "1 bytes are left over");
    check(frame::FORMAT, &headed(KIND_VERSION_PARTED, &[0]), "Broken");
    let whole = parts(&full()).0;
    check(frame::FORMAT, &[&whole[..], b"plain"].concat(), "not compressed");
    // What the other format wrote versions as.
    for kind in [0, 16, KIND_VERSION_PARTED, KIND_REDACTED_HEAD] {
        let packed = zstd::bulk::compress(&[kind, 1, 2, 3], 3).unwrap();
        check(frame::PACKED, &packed, &format!("Newer(\"kind {kind}\")"));
    }
    let packed = [KIND_VERSION, KIND_VERSION_LATER, KIND_REDACTED, KIND_VERSION_SIGNALS];
    for kind in [0, 16, KIND_VERSION_RAW].into_iter().chain(packed) {
        check(frame::FORMAT, &headed(kind, &[1]), &format!("Newer(\"kind {kind}\")"));
    }
}

#[test]
fn what_is_no_note_says_why_in_both_formats() {
    let check = |kind: u8, body: &[u8], expected: &str| {
        for told in [
            read_packed(1, &[&[kind], body].concat()).unwrap_err(),
            read_parted(1, &headed(kind, body)).unwrap_err(),
        ] {
            assert!(format!("{told:?}").contains(expected), "{told:?}");
        }
    };
    check(KIND_OVERRIDE, &[0, 0, 1, 1, 7], "1 with 1 numbers is no editor's word");
    check(KIND_OVERRIDE, &[0, 0, 3, 0], "3 with 0 numbers is no editor's word");
    for (from, to) in [(0, 1), (2, 1), (1, 2)] {
        check(KIND_GAP, &[0, from, to, 0], "cannot stand at 1");
    }
    // Up to itself; a cluster of later; one that overflows.
    for (upto, gone) in [(1, vec![0]), (0, vec![1, 1])] {
        let body = [vec![0, upto, 0, 0], gone].concat();
        check(KIND_TRIM, &body, &format!("a trim up to {upto} cannot stand at 1"));
    }
    check(KIND_SETTINGS, &[], "Broken");
    check(KIND_SETTINGS, &[0; 6], "1 bytes are left over");
}

#[test]
fn a_small_payload_that_unpacks_to_a_huge_one_is_refused() {
    let bomb = zstd::bulk::compress(&vec![0; RECORD_BYTES_MAX + 1], 3).unwrap();
    assert!(bomb.len() < 10_000);
    let head = parts(&full()).0;
    for (format, payload) in [(frame::PACKED, bomb.clone()), (frame::FORMAT, [head, bomb].concat())]
    {
        let frame = Frame { seq: 1, format, payload: &payload };
        let told = format!("{:?}", decode(&frame).unwrap_err());
        assert!(told.contains("would unpack"), "{told}");
    }
}

/// A version under this number whose text has so many bytes.
fn of_size(seq: u64, bytes: usize) -> Entry {
    let mut version = match full().record {
        Record::Version(version) => version,
        other => unreachable!("{other:?}"),
    };
    version.id = VersionId(seq);
    version.article.text = format!("{seq} ").repeat(bytes)[..bytes].to_owned();
    entry(seq, Record::Version(version))
}

#[test]
fn entries_that_two_threads_pack_come_out_as_each_by_itself_and_in_their_order() {
    let check = |sizes: &[usize]| {
        let entries: Vec<Entry> = (1..).zip(sizes).map(|(seq, &size)| of_size(seq, size)).collect();
        let alone: Vec<Vec<u8>> = entries.iter().map(|entry| encode(entry).unwrap()).collect();
        assert_eq!(encode_all(&entries).unwrap(), alone, "{sizes:?}");
    };
    check(&[]);
    check(&[9; 5]);
    check(&[3_000; 64]);
    check(&[100_000, 9, 9]);
    check(&[9, 9, 100_000]);
    check(&[100_000]);
    assert_eq!(half(&vec![of_size(1, 3_000); 64]), 32, "both have as much to do");
}

#[test]
fn of_entries_that_are_too_large_the_first_is_named() {
    let huge = RECORD_BYTES_MAX + 1;
    for (sizes, first) in [([huge, 9, huge], 1), ([9, 9, huge], 3)] {
        let entries: Vec<Entry> = (1..).zip(sizes).map(|(seq, size)| of_size(seq, size)).collect();
        let (seq, bytes) = encode_all(&entries).unwrap_err();
        assert!(seq == Seq(first) && bytes > RECORD_BYTES_MAX);
    }
}

#[test]
fn a_record_over_the_bound_is_refused_with_its_size() {
    let mut entry = full();
    if let Record::Version(version) = &mut entry.record {
        version.article.text = "x".repeat(RECORD_BYTES_MAX);
    }
    assert!(encode(&entry).unwrap_err() > RECORD_BYTES_MAX);
}

prop_compose! {
    fn an_article()(
        names in proptest::array::uniform5(proptest::option::of(".{0,12}")),
        title in ".{0,40}",
        text in "(?s).{0,200}",
        kind in 0_u8..6,
        times in proptest::array::uniform4(proptest::option::of(any::<i64>())),
        urgency in proptest::option::of(any::<u8>()),
        subjects in proptest::collection::vec((".{0,5}", ".{0,5}"), 0..3),
        origin in proptest::option::of((".{0,5}", 0_u8..6, ".{0,9}")),
        signals in proptest::collection::vec((0_u8..4, ".{0,5}", ".{0,5}"), 0..3),
        raw in proptest::option::of(any::<[u8; 32]>().prop_map(RawHash)),
    ) -> Article {
        let [id, url, lang, ednote, extra] = names;
        let times = times.map(|t| t.map(Timestamp::from_millis));
        let [published, updated, first_seen, not_before] = times;
        Article {
            source: "mara".into(), id, url, title, text, lang, ednote, extra, published, updated,
            first_seen, not_before, urgency, raw,
            kind: code::page_kind(kind).unwrap(),
            subjects: subjects.into_iter().map(|(scheme, code)| Subject { scheme, code }).collect(),
            origin: origin.map(|(agency, basis, evidence)| OriginClaim {
                agency, evidence, basis: code::basis(basis).unwrap(),
            }),
            signals: signals.into_iter().map(|(place, name, value)| Signal {
                name, value, place: code::signal_place(place).unwrap(),
            }).collect(),
            ..Article::default()
        }
    }
}

prop_compose! {
    fn verdicts_of()(
        engine in any::<u16>(),
        article in proptest::option::of(any::<u64>()),
        hashes in proptest::collection::vec(any::<u64>(), 0..5),
        furniture in proptest::collection::vec(any::<u16>(), 0..3),
        links in proptest::collection::vec((any::<u64>(), 0_u8..6, 0_u8..11, any::<[u32; 3]>()), 0..4),
        hub in any::<bool>(),
        withdrawn in proptest::collection::vec(any::<(u64, u64)>(), 0..3),
    ) -> Verdicts {
        let version = |(newer, older)| Withdrawn { newer: VersionId(newer), older: VersionId(older) };
        Verdicts {
            headline: u64::from(engine) << 7,
            no_evidence: furniture.iter().map(|position| position ^ 1).collect(),
            late_hubs: withdrawn.iter().map(|&(newer, _)| VersionId(newer)).collect(),
            unjudged: withdrawn.len() as u32,
            withdrawn: withdrawn.into_iter().map(version).collect(),
            engine, settings: u64::from(engine) << 40, article: article.map(ArticleId),
            keys: hashes.clone(), content: 9, blocks: hashes, furniture, shingles: 4, hub,
            links: links.into_iter().map(|(other, kind, reason, [shared, size, other_size])| Link {
                other: VersionId(other),
                kind: code::link_kind(kind).unwrap(),
                reason: code::reason(reason).unwrap(),
                shared, size, other_size, rests_on: other ^ 5,
            }).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_decodes_to_itself(
        seq in 1_u64..,
        at in any::<i64>(),
        extractor in any::<u16>(),
        article in an_article(),
        verdicts in verdicts_of(),
    ) {
        let seen_at = Timestamp::from_millis(at);
        let whole = Version { id: VersionId(seq), seen_at, extractor, article, verdicts, redacted: None };
        for version in [whole.without_words(), whole] {
            let record = Record::Version(Box::new(version));
            let entry = Entry { seq: Seq(seq), at: seen_at, record };
            prop_assert_eq!(read_parted(seq, &encode(&entry).unwrap()).unwrap(), entry);
        }
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0_u8..17) {
        let _any = decode(&Frame { seq: 1, format: frame::PACKED, payload: &bytes });
        let _any = read_parted(1, &bytes);
        let _inside = read_parted(1, &headed(kind, &bytes[..bytes.len().min(255)]));
        let mut known = vec![kind];
        known.extend(bytes);
        let _inside = read_packed(1, &known);
    }

    #[test]
    fn a_cut_record_is_broken_and_never_panics(cut in 0_usize..400) {
        let packed = bytes(&format!("0d{}{SIGNALS}{RAW}", &VERSION_LATER[2..]));
        let whole = encode(&embargoed()).unwrap();
        // Where all words are cut off, what is left is a version that never had any.
        prop_assume!(cut < packed.len().min(whole.len()) && cut != parts(&embargoed()).0.len());
        prop_assert!(read_packed(7, &packed[..cut]).is_err());
        prop_assert!(read_parted(7, &whole[..cut]).is_err());
    }
}
