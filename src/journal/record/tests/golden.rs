//! The golden bytes of formats 1 and 2.

use super::*;

/// A version as engine 1 wrote it.
pub(super) const VERSION: &str = "01c0bb01c0bb010104616c62610105414c422d37011668747470733a2f2f616c62612e6578616d70\
             6c652f3701057461673a37174665727279206261636b20696e20506f72742056656c6c2354686520\
             6665727279206973206261636b2e0a4e6f626f64792077617320687572742e0301a09c0101f0ab01\
             01010102656e0104416c6261010c427920496e6573204d6f6c6c0101320105464552525901040106\
             6d6564746f700830343030303030300106757064617465010a414444532071756f746501046e6f6e\
             650104416c6261030c427920496e6573204d6f6c6c01077b2278223a317d01ffffffffffffffffff\
             010103020102050208090101ad0201030105ac02ad02ae0201";

/// The same with what engine 2 adds.
pub(super) const VERSION_LATER: &str = "05c0bb01c0bb010104616c62610105414c422d37011668747470733a2f2f616c62612e6578616d70\
    6c652f3701057461673a37174665727279206261636b20696e20506f72742056656c6c2354686520\
    6665727279206973206261636b2e0a4e6f626f64792077617320687572742e0301a09c0101f0ab01\
    01010102656e0104416c6261010c427920496e6573204d6f6c6c0101320105464552525901040106\
    6d6564746f700830343030303030300106757064617465010a414444532071756f746501046e6f6e\
    650104416c6261030c427920496e6573204d6f6c6c01077b2278223a317d01ffffffffffffffffff\
    010103020102050208090101ad0201030105ac02ad02ae0201010081010105020104060109";

/// What kind 12 has behind that.
pub(super) const SIGNALS: &str =
    "02030d636f6e74656e742d75736167650a747261696e2d61693d6e00046e6f616900";

/// What kind 13 has behind that.
pub(super) const RAW: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The same without its words, in format 1.
pub(super) const VERSION_REDACTED: &str = "08c0bb01c0bb010104616c62610301a09c0101f0ab010102656e00070104416c62610301ffffffff\
    ffffffffff010103020102050208090101ad0201030105ac02ad02ae0201010081010105020104060109";

/// The head of kind 14.
pub(super) const HEAD: &str = "0e0000015ec0bb01c0bb01010704616c62610105414c422d37011668747470733a2f2f616c6261\
    2e6578616d706c652f3701057461673a37174665727279206261636b20696e20506f7274205665\
    6c6c0301a09c0101f0ab01010101e0da010102656e0104416c6261010c427920496e6573204d6f\
    6c6c01013201054645525259010401066d6564746f700830343030303030300106757064617465\
    010a414444532071756f746501046e6f6e650104416c6261030c427920496e6573204d6f6c6c02\
    030d636f6e74656e742d75736167650a747261696e2d61693d6e00046e6f616900010001020304\
    05060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0118ffffffffffffffff0500\
    000000000000810000000000000001031001000000000000000200000000000000100800000000\
    000000090000000000000001010100ad0201030105ac02ad02ae02080900000000000000010105\
    02010406";

/// What is packed behind it: text and further keys.
pub(super) const WORDS: &str = "23546865206665727279206973206261636b2e0a4e6f626f64792077617320687572742e01077b\
    2278223a317d";

/// The head of kind 15.
pub(super) const REDACTED_HEAD: &str = "0f00000080c0bb01c0bb010104616c62610301a09c0101f0ab010102656e00070104416c626103\
    0118ffffffffffffffff0500000000000000810000000000000001031001000000000000000200\
    000000000000100800000000000000090000000000000001010100ad0201030105ac02ad02ae02\
    08090000000000000001010502010406";

#[test]
fn a_version_of_engine_one_is_read_for_ever() {
    let mut expected = full();
    if let Record::Version(version) = &mut expected.record {
        let verdicts = std::mem::take(&mut version.verdicts);
        let links = verdicts.links.iter().map(|link| Link { rests_on: 0, ..*link }).collect();
        version.verdicts = Verdicts {
            no_evidence: Vec::new(),
            headline: 0,
            links,
            withdrawn: Vec::new(),
            late_hubs: Vec::new(),
            unjudged: 0,
            ..verdicts
        };
    }
    assert_eq!(read_packed(7, &bytes(VERSION)).unwrap(), expected);
}

/// What is no version, and its kind and bytes, which are the same in both formats.
pub(super) fn notes() -> Vec<(Entry, &'static str)> {
    let lost =
        Lost { source: "alba".into(), url: "http://a/".to_owned(), reason: "gone".to_owned() };
    let settings = Settings { engine: 1, digest: 2, window_millis: 3, live_max: 4 };
    let note = SourceNote {
        id: "alba".into(),
        name: "Alba".to_owned(),
        kind: "agency".to_owned(),
        own: true,
        lang: None,
    };
    let word = |word| Record::Override(Spoken { user: "desk".to_owned(), word });
    let split = Override::Split { articles: vec![ArticleId(3), ArticleId(300)] };
    let merge = Override::Merge { a: ClusterId(7), b: ClusterId(2) };
    let erase = Erase { articles: vec![ArticleId(3), ArticleId(300)], keys: vec![5] };
    let gap = Gap { from: Seq(7), to: Seq(9), why: "rot".to_owned() };
    let (upto, file) = (Seq(300), "00000002.trim".to_owned());
    let trim = Trim { upto, file, digest: 5, gone: vec![ClusterId(3), ClusterId(300)] };
    vec![
        (entry(1, word(split)), "06c0bb01046465736b000203ac02"),
        (entry(1, word(merge)), "06c0bb01046465736b01020702"),
        (entry(1, word(Override::Undo { number: 300 })), "06c0bb01046465736b0201ac02"),
        (entry(1, Record::Erase(erase)), "07c0bb010203ac020105"),
        (entry(301, Record::Trim(trim)), "09c0bb01ac020d30303030303030322e7472696d050203a902"),
        (entry(9, Record::Gap(gap)), "0ac0bb01070903726f74"),
        (entry(1, Record::Tick), "0bc0bb01"),
        (entry(1, Record::Lost(lost)), "02c0bb0104616c626109687474703a2f2f612f04676f6e65"),
        (entry(1, Record::Settings(settings)), "03c0bb0101020304"),
        (entry(1, Record::Source(note)), "04c0bb0104616c626104416c6261066167656e63790100"),
    ]
}

#[test]
fn format_one_is_read_for_ever() {
    let versions = [
        (full(), VERSION_LATER.to_owned()),
        (with_signals(), format!("0c{}{SIGNALS}", &VERSION_LATER[2..])),
        (with_raw(), format!("0d{}{SIGNALS}{RAW}", &VERSION_LATER[2..])),
        (redacted(), VERSION_REDACTED.to_owned()),
    ];
    let notes = notes().into_iter().map(|(entry, golden)| (entry, golden.to_owned()));
    for (entry, golden) in versions.into_iter().chain(notes) {
        assert_eq!(read_packed(entry.seq.0, &bytes(&golden)).unwrap(), entry, "{golden}");
    }
}

#[test]
fn format_two_stays_format_two() {
    let versions =
        [(embargoed(), HEAD.to_owned(), WORDS), (redacted(), REDACTED_HEAD.to_owned(), "")];
    let with_length = |golden: &str| {
        let head = golden.len() / 2 - 1;
        format!("{}{head:08x}{}", &golden[..2], &golden[2..])
    };
    let notes = notes().into_iter().map(|(entry, golden)| (entry, with_length(golden), ""));
    for (entry, golden, words) in versions.into_iter().chain(notes) {
        let (head, packed) = parts(&entry);
        let found = (hex(&head), hex(&packed.unwrap_or_default()));
        let expected = (golden.clone(), words.to_owned());
        assert_eq!(found, expected, "format 2 changed: add a format, keep this one");
        let payload = [head, zstd::bulk::compress(&bytes(words), 19).unwrap()].concat();
        let payload = if words.is_empty() { bytes(&golden) } else { payload };
        assert_eq!(read_parted(entry.seq.0, &payload).unwrap(), entry, "any zstd level reads back");
    }
}
