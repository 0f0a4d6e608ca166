//! The store over real sled directories, fed with changes made by hand and by the fold.

mod commands;
mod crash;
mod damage;
mod late;
mod load;

use std::path::Path;
use std::sync::Arc;

use copytaster::cluster::{
    Batch, Change, Member, Params, Placed, Relation, SetId, Summary, Verdicts, Version,
};
use copytaster::journal::{Entry, Location, Record};
use copytaster::model::{
    Article, ArticleId, ClusterId, OriginBasis, OriginClaim, Seq, SourceId, Timestamp, VersionId,
};
use copytaster::store::{
    Applied, Cursor, DumpRow, Event, EventKind, Lookup, Opened, Page, Query, Sort, Store,
    StoreError,
};

use crate::patience::reopen;

const CACHE_BYTES: u64 = 16 << 20;

fn open(dir: &Path) -> (Store, Opened) {
    reopen(|| Store::open(dir, CACHE_BYTES))
}

/// A version of article `article` by source `s{seq % 3}`, seen at second `seq`.
fn entry(seq: u64, article: u64) -> Entry {
    let version = Version {
        id: VersionId(seq),
        seen_at: Timestamp::from_secs(seq.cast_signed()),
        extractor: 0,
        article: Article {
            source: SourceId(format!("s{}", seq % 3)),
            url: Some(format!("https://s{}.example/{article}", seq % 3)),
            title: format!("Ferry  No. {seq} RETURNS"),
            text: "one two three four".to_owned(),
            ..Article::default()
        },
        verdicts: Verdicts {
            article: (article != seq).then_some(ArticleId(article)),
            keys: vec![1_000 + article],
            ..Verdicts::default()
        },
        redacted: None,
    };
    let at = version.seen_at;
    Entry { seq: Seq(seq), at, record: Record::Version(Box::new(version)) }
}

const fn at(seq: u64) -> Location {
    Location { segment: 1, offset: seq * 100 }
}

fn member(seq: u64, article: u64) -> Member {
    let (version, article) = (VersionId(seq), ArticleId(article));
    Member { version, article, relation: Relation::Copy, parent: None, superseded: false }
}

/// A summary led by version `lead`, last active at second `active`.
fn summary(cluster: u64, lead: u64, sources: &[&str], active: u64) -> Arc<Summary> {
    let active = Timestamp::from_secs(active.cast_signed());
    Arc::new(Summary {
        cluster: ClusterId(cluster),
        lead: VersionId(lead),
        articles: 1,
        versions: 1,
        sources: sources.iter().map(|&id| id.into()).collect(),
        first_seen: Timestamp::from_secs(cluster.cast_signed()),
        last_changed: active,
        last_activity: active,
        languages: vec!["en".to_owned()],
        ..Summary::default()
    })
}

/// The changes of a version that founds cluster `seq` on set `set`.
fn founds(seq: u64, set: u32, sources: &[&str]) -> Vec<Change> {
    let set = SetId(set);
    vec![
        Change::Created { set, cluster: ClusterId(seq) },
        Change::Joined { set, member: member(seq, seq), new_article: true },
        Change::Updated { set, summary: summary(seq, seq, sources, seq) },
    ]
}

fn apply(store: &Store, seq: u64, article: u64, changes: &[Change]) -> Vec<Event> {
    let entry = entry(seq, article);
    store.apply(&[Applied { entry: &entry, location: at(seq), changes, words: None }]).unwrap()
}

/// Clusters 1 to `count`, each of one version, cluster n on set n.
fn singles(store: &Store, count: u64) {
    for seq in 1..=count {
        apply(store, seq, seq, &founds(seq, seq as u32, &["s1"]));
    }
}

fn ids(page: &Page<copytaster::store::ClusterRow>) -> Vec<u64> {
    page.items.iter().map(|row| row.summary.cluster.0).collect()
}

fn list(store: &Store, query: &Query) -> Vec<u64> {
    ids(&store.clusters(query).unwrap())
}

fn dump(store: &Store) -> Vec<DumpRow> {
    store.dump().map(Result::unwrap).collect()
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

#[test]
fn a_version_is_found_by_every_way_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let events = apply(&store, 1, 1, &founds(1, 1, &["s1"]));
    assert_eq!(kinds(&events), ["cluster.created", "article.created"]);
    assert_eq!(events[1].cluster, Some(ClusterId(1)));

    let row = store.version(VersionId(1)).unwrap().unwrap();
    assert_eq!((row.set, row.words, row.location), (SetId(1), 4, at(1)));
    let Lookup::Found(cluster) = store.cluster(ClusterId(1)).unwrap() else { panic!() };
    assert_eq!(cluster.title, "Ferry  No. 1 RETURNS");
    assert_eq!(cluster.lead_url.as_deref(), Some("https://s1.example/1"));
    assert_eq!(store.cluster_of_set(SetId(1)).unwrap(), Some(cluster));
    assert_eq!(store.members(SetId(1)).unwrap()[0].version, row);
    assert_eq!(store.article_named(1_001).unwrap(), Some(ArticleId(1)));
    assert_eq!(store.article_versions(ArticleId(1)).unwrap(), [row]);
    assert_eq!(store.article(ArticleId(1)).unwrap().unwrap().versions, 1);
    assert_eq!(store.cluster(ClusterId(2)).unwrap(), Lookup::Absent);
    assert_eq!(store.version(VersionId(2)).unwrap(), None);
    assert_eq!(store.article(ArticleId(2)).unwrap(), None);
    assert_eq!(store.article_named(7).unwrap(), None);
}

#[test]
fn the_next_version_of_an_article_restates_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    apply(&store, 1, 1, &founds(1, 1, &["s1"]));
    let older = Member { superseded: true, ..member(1, 1) };
    let set = SetId(1);
    let events = apply(
        &store,
        2,
        1,
        &[
            Change::Joined { set, member: member(2, 1), new_article: false },
            Change::Restated { set, member: older.clone() },
            Change::Updated { set, summary: summary(1, 2, &["s1", "s2"], 2) },
        ],
    );
    assert_eq!(kinds(&events), ["article.revised", "cluster.updated"]);
    let members = store.members(set).unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0].member, older);
    let article = store.article(ArticleId(1)).unwrap().unwrap();
    assert_eq!((article.newest, article.versions), (VersionId(2), 2));
    let counts = store.counts();
    assert_eq!((counts.articles, counts.versions, counts.clusters, counts.sources), (1, 2, 1, 2));
    assert_eq!(list(&store, &Query { limit: 9, ..Query::default() }), [1]);
}

/// Clusters 1 to 3; then record 4 joins 2 and merges it with 1, whose rows go to set 2.
fn merged(dir: &Path) -> (Store, Vec<Event>) {
    let (store, _) = open(dir);
    singles(&store, 3);
    let (gone, kept) = (SetId(1), SetId(2));
    let events = apply(
        &store,
        4,
        4,
        &[
            Change::Moved { from: gone, to: kept, versions: vec![VersionId(1)] },
            Change::Merged { from: ClusterId(2), into: ClusterId(1), kept, gone },
            Change::Joined { set: kept, member: member(4, 4), new_article: true },
            Change::Updated { set: kept, summary: summary(1, 1, &["s1", "s2"], 4) },
        ],
    );
    (store, events)
}

#[test]
fn a_merge_moves_members_and_leaves_a_redirect() {
    let dir = tempfile::tempdir().unwrap();
    let (store, events) = merged(dir.path());
    assert_eq!(kinds(&events), ["cluster.merged", "article.created", "cluster.updated"]);
    assert_eq!((events[0].cluster, events[0].into), (Some(ClusterId(2)), Some(ClusterId(1))));
    assert_eq!(events[1].cluster, Some(ClusterId(1)));
    assert_eq!(store.cluster(ClusterId(2)).unwrap(), Lookup::Merged(ClusterId(1)));
    assert!(
        matches!(store.cluster(ClusterId(1)).unwrap(), Lookup::Found(row) if row.set == SetId(2))
    );
    let members: Vec<_> =
        store.members(SetId(2)).unwrap().iter().map(|row| row.member.version.0).collect();
    assert_eq!(members, [1, 2, 4]);
    assert_eq!(store.members(SetId(1)).unwrap(), []);
    assert_eq!(store.cluster_of_set(SetId(1)).unwrap(), None);
    assert_eq!(store.version(VersionId(1)).unwrap().unwrap().set, SetId(2));
    for sort in Sort::ALL {
        assert_eq!(
            list(&store, &Query { sort, limit: 9, ..Query::default() }).len(),
            2,
            "{sort:?}"
        );
    }
    assert_eq!(store.counts().clusters, 2);
}

#[test]
fn a_chain_of_redirects_leads_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    singles(&store, 5);
    for (seq, from) in (6..).zip((2..=5).rev()) {
        let (gone, kept) = (SetId(from as u32), SetId(from as u32 - 1));
        let versions = store.members(gone).unwrap();
        let versions = versions.iter().map(|row| row.member.version).collect();
        apply(
            &store,
            seq,
            seq,
            &[
                Change::Moved { from: gone, to: kept, versions },
                Change::Merged { from: ClusterId(from), into: ClusterId(from - 1), kept, gone },
                Change::Joined { set: kept, member: member(seq, seq), new_article: true },
                Change::Updated { set: kept, summary: summary(from - 1, 1, &["s1"], seq) },
            ],
        );
    }
    assert_eq!(store.cluster(ClusterId(5)).unwrap(), Lookup::Merged(ClusterId(1)));
    assert_eq!(store.members(SetId(1)).unwrap().len(), 9);
}

#[test]
fn a_split_revives_the_id_that_redirected() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    let (from, to) = (SetId(2), SetId(9));
    let events = apply(
        &store,
        5,
        5,
        &[
            Change::Moved { from, to, versions: vec![VersionId(2), VersionId(4)] },
            Change::Split { from: ClusterId(1), into: vec![ClusterId(1), ClusterId(2)] },
            Change::Joined { set: to, member: member(5, 5), new_article: true },
            Change::Updated { set: from, summary: summary(1, 1, &["s1"], 5) },
            Change::Updated { set: to, summary: summary(2, 2, &["s2"], 5) },
        ],
    );
    assert_eq!(
        kinds(&events),
        ["cluster.split", "article.created", "cluster.updated", "cluster.updated"]
    );
    assert_eq!((events[0].cluster, events[0].into), (Some(ClusterId(1)), Some(ClusterId(2))));
    assert!(events.iter().enumerate().all(|(n, event)| event.n as usize == n));
    assert!(matches!(store.cluster(ClusterId(2)).unwrap(), Lookup::Found(row) if row.set == to));
    assert!(matches!(store.cluster(ClusterId(1)).unwrap(), Lookup::Found(row) if row.set == from));
    assert_eq!(store.members(to).unwrap().len(), 3);
    assert_eq!(store.counts().clusters, 3);
}

#[test]
fn pages_join_without_gap_or_double_while_clusters_come_and_move() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    singles(&store, 9);
    let query = |cursor| Query { limit: 3, cursor, ..Query::default() };
    let first = store.clusters(&query(None)).unwrap();
    assert_eq!(ids(&first), [9, 8, 7]);
    assert_eq!(first.items.len(), 3);
    // A newcomer, and an item of the first page that moves up.
    apply(&store, 10, 10, &founds(10, 10, &["s1"]));
    let set = SetId(8);
    apply(
        &store,
        11,
        11,
        &[
            Change::Joined { set, member: member(11, 11), new_article: true },
            Change::Updated { set, summary: summary(8, 8, &["s1", "s2"], 11) },
        ],
    );
    let cursor: Cursor = first.next.unwrap().to_string().parse().unwrap();
    let second = store.clusters(&query(Some(cursor))).unwrap();
    assert_eq!(ids(&second), [6, 5, 4]);
    let third = store.clusters(&query(second.next)).unwrap();
    assert_eq!((ids(&third), third.next), (vec![3, 2, 1], None));
    // And what came since stands above the first page.
    let newer = store.clusters(&query(first.newer)).unwrap();
    assert_eq!(ids(&newer), [8, 10]);
    assert_eq!(list(&store, &query(newer.next)), [9, 7, 6]);
    assert_eq!(list(&store, &query(newer.newer)), [] as [u64; 0]);
    assert_eq!(list(&store, &query(third.newer)), [6, 5, 4]);
}

#[test]
fn lists_are_ordered_and_filtered_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    apply(&store, 1, 1, &founds(1, 1, &["alba", "mara", "nord"]));
    apply(&store, 2, 2, &founds(2, 2, &["mara"]));
    let mut changes = founds(3, 3, &["alba", "mara"]);
    if let Some(Change::Updated { summary, .. }) = changes.last_mut() {
        let summary = Arc::make_mut(summary);
        summary.last_changed = Timestamp::from_secs(-5);
        summary.languages = vec!["fr".to_owned()];
        let (agency, evidence) = ("Mara\nAlba".to_owned(), String::new());
        summary.origin = Some(OriginClaim { agency, basis: OriginBasis::Byline, evidence });
    }
    apply(&store, 3, 3, &changes);
    let check = |query: Query, expected: &[u64]| {
        assert_eq!(list(&store, &Query { limit: 9, ..query.clone() }), expected, "{query:?}");
    };
    let all = Query::default;
    let some = |text: &str| Some(text.to_owned());
    let second = |secs| Some(Timestamp::from_secs(secs));
    check(all(), &[2, 1, 3]);
    check(Query { sort: Sort::Activity, ..all() }, &[3, 2, 1]);
    check(Query { sort: Sort::FirstSeen, ..all() }, &[3, 2, 1]);
    check(Query { sort: Sort::Sources, ..all() }, &[1, 3, 2]);
    check(Query { since: second(1), ..all() }, &[2, 1]);
    check(Query { until: second(2), ..all() }, &[1, 3]);
    check(Query { since: second(2), until: second(2), ..all() }, &[]);
    check(Query { sort: Sort::Sources, since: second(2), ..all() }, &[3, 2]);
    check(Query { q: some("ferry no. 2  returns"), ..all() }, &[2]);
    check(Query { q: some("returned"), ..all() }, &[]);
    check(Query { q: some("  "), ..all() }, &[2, 1, 3]);
    check(Query { source: some("alba"), ..all() }, &[1, 3]);
    check(Query { origin: some("ALBA"), ..all() }, &[3]);
    check(Query { origin: some("mara"), ..all() }, &[3]);
    check(Query { origin: some("Mara\nAlba"), ..all() }, &[]);
    check(Query { lang: some("fr"), ..all() }, &[3]);
    check(Query { min_sources: 2, ..all() }, &[1, 3]);
}

#[test]
fn applying_again_changes_nothing_and_a_hole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = merged(dir.path());
    let before = dump(&store);
    assert_eq!(apply(&store, 3, 3, &founds(3, 3, &["s1"])), []);
    assert_eq!(dump(&store), before);
    let ahead = entry(6, 6);
    let changes = founds(6, 6, &["s1"]);
    let told =
        store.apply(&[Applied { entry: &ahead, location: at(6), changes: &changes, words: None }]);
    assert!(matches!(told, Err(StoreError::OutOfTurn { expected: Seq(5), found: Seq(6) })));
    assert_eq!(dump(&store), before);
}

#[test]
fn rows_do_not_depend_on_how_records_are_batched() {
    let (one, all) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, _) = open(one.path());
    singles(&store, 20);
    let entries: Vec<_> =
        (1..=20).map(|seq| (entry(seq, seq), founds(seq, seq as u32, &["s1"]))).collect();
    let batch: Vec<_> = entries
        .iter()
        .map(|(entry, changes)| Applied { entry, location: at(entry.seq.0), changes, words: None })
        .collect();
    let (other, _) = open(all.path());
    let events = other.apply(&batch).unwrap();
    assert_eq!(events.len(), 40);
    assert_eq!(dump(&store), dump(&other));
}

#[test]
fn the_stream_goes_on_after_the_last_event_that_was_heard() {
    let dir = tempfile::tempdir().unwrap();
    let (store, last) = merged(dir.path());
    let all = store.events((Seq(0), 0), 100).unwrap();
    assert_eq!(all.len(), 9);
    assert_eq!(all[6..], last);
    for (heard, event) in all.iter().enumerate() {
        let rest = store.events((event.seq, event.n), 100).unwrap();
        assert_eq!(rest, all[heard + 1..]);
    }
    assert_eq!(store.events((Seq(0), 0), 2).unwrap(), all[..2]);
    assert_eq!(all[6].kind, EventKind::ClusterMerged);
    assert_eq!(store.events_from().unwrap(), Seq(0));
}

#[test]
fn sources_beyond_the_row_are_read_from_the_members() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    apply(&store, 1, 1, &founds(1, 1, &["s1"]));
    let mut sources: Vec<_> = (0..300).map(|n| SourceId(format!("source-{n:04}"))).collect();
    sources.push("s1".into());
    sources.sort();
    let set = SetId(1);
    for (seq, source) in (2..).zip(sources.iter().filter(|source| source.as_str() != "s1")) {
        let mut entry = entry(seq, seq);
        if let Record::Version(version) = &mut entry.record {
            version.article.source = source.clone();
        }
        let mut row = summary(1, 1, &[], seq);
        Arc::make_mut(&mut row).sources.clone_from(&sources);
        let joined = Change::Joined { set, member: member(seq, seq), new_article: true };
        let changes = [joined, Change::Updated { set, summary: row }];
        store
            .apply(&[Applied { entry: &entry, location: at(seq), changes: &changes, words: None }])
            .unwrap();
    }
    let Lookup::Found(row) = store.cluster(ClusterId(1)).unwrap() else { panic!() };
    assert_eq!(row.summary.sources, sources);
    let source = Some("source-0299".to_owned());
    assert_eq!(list(&store, &Query { limit: 1, source, ..Query::default() }), [1]);
    assert_eq!(store.counts().sources, 301);
}

#[test]
fn what_the_fold_says_is_what_the_store_serves() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut fold = Batch::new(Params::default());
    let story =
        |n: u32| (0..60).fold(String::new(), |text, word| format!("{text} w{n}x{}", word * 7 % 61));
    let mut expected = Vec::new();
    for step in 0..40_u32 {
        let article = Article {
            source: SourceId(format!("s{}", step % 4)),
            id: Some(format!("{}", step % 25)),
            title: format!("Story {}", step % 7),
            text: format!("{} tail {step}", story(step % 7)),
            ..Article::default()
        };
        let seen_at = Timestamp::from_secs(60 * i64::from(step));
        let Placed::Version { version, changes, .. } = fold.push(article, seen_at) else {
            continue;
        };
        let seq = version.id.0;
        let entry = Entry { seq: Seq(seq), at: seen_at, record: Record::Version(version) };
        store
            .apply(&[Applied { entry: &entry, location: at(seq), changes: &changes, words: None }])
            .unwrap();
        expected.push(seq);
    }
    for seq in &expected {
        let row = store.version(VersionId(*seq)).unwrap().unwrap();
        let cluster = store.cluster_of_set(row.set).unwrap().unwrap();
        assert_eq!(Some(cluster.summary.cluster), fold.clusterer().cluster_of(row.id));
        assert_eq!(Some(row.article), fold.clusterer().article_of(row.id));
    }
    let clusters = fold.clusterer().clusters();
    assert!(clusters > 1 && clusters < expected.len());
    assert_eq!(store.counts().clusters, clusters as u64);
    assert_eq!(list(&store, &Query { limit: 500, ..Query::default() }).len(), clusters);
    drop(store);
    assert_eq!(open(dir.path()).1.quarantined, None);
}
