//! Stored journals and records of every kind, to what they fold to: old bytes are read for ever, and say what they said.

use std::fs;
use std::path::Path;

use copytaster::cluster::{Batch, Link, Override, Params, Placed, Version};
use copytaster::daemon::{Fault, rebuild, rejudge};
use copytaster::journal::{Entry, Gap, Log, Reader, Record, Spoken};
use copytaster::model::{Article, ArticleId, ClusterId, Seq, Signal, Timestamp, VersionId};
use copytaster::store::{Lookup, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::patience::reopen;
use crate::wire;

const CACHE_BYTES: u64 = 16 << 20;

fn fold(data: &Path) -> Result<(TempDir, Store), Fault> {
    let scratch = tempfile::tempdir().unwrap();
    let reader = Reader::open(data)?;
    let store =
        rebuild(&reader, reader.last_seq(), &scratch.path().join("d"), CACHE_BYTES, &mut |_| {})?;
    Ok((scratch, store))
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Every field of a version that its journal had when it was stored.
fn version_line(version: &Version) -> Value {
    let (article, verdicts) = (&version.article, &version.verdicts);
    let link = |link: &Link| {
        let sizes = [link.shared, link.size, link.other_size];
        let (kind, reason) = (link.kind.as_str(), link.reason.as_str());
        json!([link.other.to_string(), kind, reason, sizes, link.rests_on])
    };
    let subject = |subject: &copytaster::model::Subject| json!([subject.scheme, subject.code]);
    let mut line = json!({
        "version": version.id.to_string(), "seen_at": version.seen_at.to_string(),
        "extractor": version.extractor, "source": article.source.as_str(), "id": article.id,
        "url": article.url, "guid": article.guid, "title": article.title, "text": article.text,
        "kind": article.kind.as_str(), "published": time(article.published),
        "updated": time(article.updated), "first_seen": time(article.first_seen),
        "lang": article.lang, "credit": article.credit, "byline": article.byline,
        "number": article.version, "slugline": article.slugline, "urgency": article.urgency,
        "subjects": article.subjects.iter().map(subject).collect::<Vec<_>>(),
        "genre": article.genre, "ednote": article.ednote, "rights": article.rights,
        "origin": article.origin.as_ref().map(|claim| json!([claim.agency, claim.basis.as_str(), claim.evidence])),
        "extra": article.extra, "engine": verdicts.engine, "settings": verdicts.settings,
        "of": verdicts.article.map(|id| id.to_string()), "keys": verdicts.keys,
        "content": verdicts.content, "blocks": verdicts.blocks, "furniture": verdicts.furniture,
        "no_evidence": verdicts.no_evidence, "headline": verdicts.headline,
        "shingles": verdicts.shingles, "links": verdicts.links.iter().map(link).collect::<Vec<_>>(),
        "hub": verdicts.hub, "unjudged": verdicts.unjudged,
    });
    let signal = |one: &Signal| json!([one.place.as_str(), one.name, one.value]);
    if !article.signals.is_empty() {
        line["signals"] = article.signals.iter().map(signal).collect();
    }
    if let Some(at) = article.not_before {
        line["not_before"] = json!(at.to_string());
    }
    if let Some(left) = version.redacted {
        line["redacted"] = json!([left.corrects, left.words]);
    }
    line
}

fn record_line(entry: &Entry) -> Value {
    let body = match &entry.record {
        Record::Version(version) => version_line(version),
        Record::Lost(lost) => {
            json!({"lost": lost.url, "source": lost.source.as_str(), "reason": lost.reason})
        }
        Record::Settings(settings) => json!({
            "engine": settings.engine, "digest": settings.digest,
            "window_millis": settings.window_millis, "live_max": settings.live_max,
        }),
        Record::Source(note) => json!({
            "source": note.id.as_str(), "name": note.name, "kind": note.kind, "own": note.own,
            "lang": note.lang,
        }),
        Record::Erase(erase) => {
            let articles: Vec<u64> = erase.articles.iter().map(|article| article.0).collect();
            json!({"erased": articles, "keys": erase.keys})
        }
        other => panic!("the stored journal has no {other:?}"),
    };
    json!({"seq": entry.seq.0, "at": entry.at.to_string(), "record": body})
}

/// What the fold makes of a version: its article, its cluster, how it stands there.
fn place_line(store: &Store, version: VersionId) -> Value {
    let row = store.version(version).unwrap().unwrap();
    let cluster = store.cluster_of_set(row.set).unwrap().unwrap();
    let members = store.members(row.set).unwrap();
    let member = &members.iter().find(|member| member.version.id == version).unwrap().member;
    json!({
        "place": version.to_string(), "article": row.article.to_string(),
        "cluster": cluster.summary.cluster.to_string(), "lead": cluster.summary.lead.to_string(),
        "title": cluster.title, "relation": member.relation.as_str(),
        "parent": member.parent.map(|link| link.other.to_string()), "superseded": member.superseded,
        "versions": cluster.summary.versions, "copies": cluster.summary.copies,
    })
}

/// The records of a journal and what they fold to, a line each.
fn told(data: &Path) -> String {
    let entries: Vec<Entry> =
        Reader::open(data).unwrap().entries(Seq(1)).map(|entry| entry.unwrap().1).collect();
    let (_scratch, store) = fold(data).unwrap();
    let versions = entries.iter().filter_map(|entry| match &entry.record {
        Record::Version(version) => Some(place_line(&store, version.id)),
        _ => None,
    });
    let lines: Vec<String> =
        entries.iter().map(record_line).chain(versions).map(|line| line.to_string()).collect();
    lines.join("\n") + "\n"
}

#[test]
fn a_stored_journal_is_opened_and_folds_to_what_it_folded_to_for_ever() {
    check("kinds-1-to-5", &["00000001.log", "00000002.log"], 11);
    check("kind-12", &["00000001.log"], 5);
    check("format-2", &["00000001.log"], 7);
}

/// The stored journal of this name is these files, and has this many records.
fn check(name: &str, files: &[&str], records: u64) {
    let stored = Path::new("tests/fixtures/journals").join(name);
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("journal")).unwrap();
    for name in files {
        let name = Path::new("journal").join(name);
        fs::copy(stored.join(&name), data.path().join(&name)).unwrap();
    }
    let expected = fs::read_to_string(stored.join("folded.jsonl")).unwrap();
    assert_eq!(told(data.path()), expected, "what is on disk is for ever: mend the reading");
    let (mut log, opened) = reopen(|| Log::open(data.path()));
    assert_eq!((opened.last_seq, opened.cut_bytes), (Seq(records), 0));
    log.append(&[entry(records + 1, Record::Tick)]).unwrap();
    let read = log.reader().entries(Seq(1)).filter_map(Result::ok).count();
    assert_eq!(read as u64, records + 1);
}

#[test]
fn a_stored_trimmed_journal_begins_where_it_was_trimmed_for_ever() {
    let stored = Path::new("tests/fixtures/journals/trimmed");
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("journal")).unwrap();
    for file in fs::read_dir(stored.join("journal")).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), data.path().join("journal").join(file.file_name())).unwrap();
    }
    let reader = Reader::open(data.path()).unwrap();
    let base = reader.base().unwrap();
    let (_scratch, store) = fold(data.path()).unwrap();
    let after = reader.entries(Seq(1)).map(|entry| entry.map(|(_, entry)| entry));
    let mut lines = vec![json!({"upto": base.upto().0, "versions": base.versions()}).to_string()];
    for entry in base.entries().chain(after) {
        let Entry { seq, record, .. } = entry.unwrap();
        let line = match record {
            Record::Version(version) => place_line(&store, version.id),
            Record::Trim(trim) => {
                let gone: Vec<u64> = trim.gone.iter().map(|cluster| cluster.0).collect();
                json!({"seq": seq.0, "upto": trim.upto.0, "file": trim.file, "digest": trim.digest, "gone": gone})
            }
            other => panic!("the stored journal has no {other:?}"),
        };
        lines.push(line.to_string());
    }
    let counts = store.counts();
    lines.push(json!({"articles": counts.articles, "versions": counts.versions, "clusters": counts.clusters}).to_string());
    let expected = fs::read_to_string(stored.join("folded.jsonl")).unwrap();
    assert_eq!(lines.join("\n") + "\n", expected, "what is on disk is for ever: mend the reading");
}

fn entry(seq: u64, record: Record) -> Entry {
    Entry { seq: Seq(seq), at: wire::minute(seq.cast_signed()), record }
}

fn word(seq: u64, word: Override) -> Entry {
    entry(seq, Record::Override(Spoken { user: "desk".to_owned(), word }))
}

/// A journal of three articles of one story and one of another, then `more`.
fn journal(more: &[Entry]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path()).unwrap();
    let mut batch = Batch::new(Params::default());
    for (at, (site, story, edit)) in (1..).zip([("a", 1, 0), ("b", 1, 1), ("c", 1, 2), ("d", 2, 0)])
    {
        let article = wire::article(site, "1", wire::version(story, edit));
        let Placed::Version { version, .. } = batch.push(article, wire::minute(at)) else {
            panic!("{site} is new")
        };
        log.append(&[entry(version.id.0, Record::Version(version))]).unwrap();
    }
    log.append(more).unwrap();
    dir
}

fn clusters(store: &Store, versions: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let of = |version| {
        let row = store.version(VersionId(version)).unwrap().unwrap();
        store.set_cluster(row.set).unwrap().unwrap().0
    };
    versions.map(of).collect()
}

#[test]
fn an_editors_word_in_the_journal_is_obeyed_by_every_replay() {
    let split = word(5, Override::Split { articles: vec![ArticleId(3)] });
    let merge = word(6, Override::Merge { a: ClusterId(4), b: ClusterId(3) });
    let undo = word(7, Override::Undo { number: 5 });
    let words = [split, merge, undo];
    for (said, expected) in
        [[1, 1, 1, 4], [1, 1, 3, 4], [1, 1, 3, 3], [1, 1, 1, 1]].into_iter().enumerate()
    {
        let data = journal(&words[..said]);
        let (_scratch, store) = fold(data.path()).unwrap();
        assert_eq!(clusters(&store, 1..=4), expected, "after {said} words");
        assert_eq!(store.applied_seq(), Seq(4 + said as u64));
        let judged = rejudge(&Reader::open(data.path()).unwrap(), Params::default(), &mut |_| {});
        let regrouping = judged.unwrap().regrouping;
        assert_eq!((regrouping.merged.len(), regrouping.split.len()), (0, 0), "after {said} words");
    }
}

#[test]
fn an_editors_word_that_cannot_be_obeyed_is_damage_and_says_where() {
    let data = journal(&[word(5, Override::Undo { number: 3 })]);
    let told = fold(data.path()).unwrap_err().to_string();
    for words in ["00000001.log is damaged at byte", "editor's word 5", "override 3 is not known"] {
        assert!(told.contains(words), "no {words:?} in: {told}");
    }
}

#[test]
fn an_editors_word_may_name_what_was_lost_before_it() {
    let gap = Gap { from: Seq(5), to: Seq(7), why: "a checksum does not hold".to_owned() };
    let gap = entry(7, Record::Gap(gap));
    let data = journal(&[gap, word(8, Override::Undo { number: 6 }), entry(9, Record::Tick)]);
    let (_scratch, store) = fold(data.path()).unwrap();
    assert_eq!(clusters(&store, 1..=4), [1, 1, 1, 4]);
    assert_eq!(store.applied_seq(), Seq(9));
    assert_eq!(store.cluster(ClusterId(6)).unwrap(), Lookup::Absent);
}

/// Characters that are, byte for byte, a frame of the journal: a tick far ahead.
fn forged() -> String {
    // Every byte has to be one of ASCII, the checksum's eight, too; some moment in a few hundred has such a frame.
    let frames =
        (0_u8..64).flat_map(|high| (0_u8..64).map(move |low| [high, low])).map(|[high, low]| {
            let payload = [11, 0, 0, 0, 3, 0x40 | high, 0x40 | low, 1];
            let mut frame = vec![0, 0, 0, payload.len() as u8, 0, 0, 0, 0, 0, 0, 3, 0x64, 2];
            let sum = xxhash_rust::xxh3::xxh3_64(&[&frame[..], &payload].concat());
            frame.extend(sum.to_be_bytes());
            frame.extend(payload);
            frame
        });
    let mut texts =
        frames.filter(|frame| frame.is_ascii()).filter_map(|frame| String::from_utf8(frame).ok());
    texts.next().expect("one in 256 checksums is ASCII")
}

#[test]
fn a_title_that_is_a_frame_is_none_in_a_torn_record() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path()).unwrap();
    let mut batch = Batch::new(Params::default());
    for (at, title) in (1..).zip(["Ferry back".to_owned(), forged()]) {
        let article =
            Article { title, ..wire::article("a", &at.to_string(), wire::version(at, 0)) };
        let Placed::Version { version, .. } = batch.push(article, wire::minute(1)) else {
            panic!("{at} is new")
        };
        log.append(&[entry(version.id.0, Record::Version(version))]).unwrap();
    }
    drop(log);
    // Only the first was acknowledged when the power went, and the second is not all there.
    fs::remove_file(dir.path().join("journal/acknowledged")).unwrap();
    let path = dir.path().join("journal/00000001.log");
    let whole = fs::metadata(&path).unwrap().len();
    fs::File::options().write(true).open(&path).unwrap().set_len(whole - 1).unwrap();
    let (_log, opened) = reopen(|| Log::open(dir.path()));
    assert_eq!(opened.last_seq, Seq(1), "what a title says is no record");
    assert!(opened.cut_bytes > 0);
}
