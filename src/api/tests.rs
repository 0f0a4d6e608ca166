//! The routes over a real journal, a real store and real HTTP on loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};

use crate::api::{self, Accepted, Params, State, Status, Wish, sample};
use crate::cluster::{self, Placed};
use crate::journal::{Entry, Log, Record};
use crate::model::{
    Article, ArticleId, Clock, ClusterId, OriginBasis, OriginClaim, Seq, Timestamp, VersionId,
};
use crate::store::{Applied, Event, Store};
use crate::telemetry::Metrics;

/// A served desk. Its directory is gone when it is dropped.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) state: State,
    pub(super) wishes: mpsc::Receiver<Wish>,
    writer: Writer,
    _dir: tempfile::TempDir,
}

/// What the daemon's writer does, without its line.
struct Writer {
    log: Log,
    store: Store,
    fold: cluster::Batch,
}

impl Writer {
    fn write(&mut self, article: Article, seen_at: Timestamp) -> Vec<Event> {
        let Placed::Version { version, changes, .. } = self.fold.push(article, seen_at) else {
            return Vec::new();
        };
        let seq = Seq(version.id.0);
        let entry = Entry { seq, at: seen_at, record: Record::Version(version) };
        let location = self.log.append(std::slice::from_ref(&entry)).unwrap()[0];
        let applied = Applied { entry: &entry, location, changes: &changes, words: None };
        self.store.apply(&[applied]).unwrap()
    }
}

/// Serves a day's articles; it is two hours after noon of the invented day.
pub(super) async fn serve(day: Vec<(Article, Timestamp)>, settings: Params) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path()).unwrap();
    let (store, _) = Store::open(dir.path(), 1 << 20).unwrap();
    let reader = log.reader();
    let mut writer =
        Writer { log, store: store.clone(), fold: cluster::Batch::new(cluster::Params::default()) };
    for (article, seen_at) in day {
        writer.write(article, seen_at);
    }
    let (to_writer, wishes) = mpsc::channel(4);
    let status = Arc::new(Status::starting());
    status.set_ready();
    let state = State {
        store,
        reader,
        wishes: to_writer,
        events: broadcast::channel(4).0,
        status,
        metrics: Arc::new(Metrics::new()),
        clock: Clock::new(|| sample::NOON.plus_millis(60_000), 1),
        settings: Arc::new(settings),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api::router(state.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Served { address, state, wishes, writer, _dir: dir }
}

/// An answer, as it came.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().filter_map(|line| line.split_once(": "));
        found.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Served {
    /// HTTP/1.0, so that the body ends where the connection does.
    async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let lines = [headers, &[""]].concat().join("\r\n");
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-length: {}\r\n{lines}\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut whole = Vec::new();
        stream.read_to_end(&mut whole).await.unwrap();
        let end = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(whole[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        Answer { status, head, body: whole[end + 4..].to_vec() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }
}

const DAM: &str = "A tailings dam above the town of Orvale gave way early on Sunday, sending a wave of grey mud \
    through two streets and forcing 1,200 people from their homes, the governor said.\n\
    At least 12 people were hurt, three of them seriously, Governor Ilse Maren told reporters.\n\
    The railway line to Kestrin is cut and will stay closed for days, the operator said.";

const BANK: &str = "The central bank of Frell held its main rate at 4.25 percent on Sunday and said inflation was \
    falling more slowly than it had hoped, with two of nine members asking for a cut of a quarter point.";

fn article(source: &str, number: u32, title: &str, text: &str) -> Article {
    Article {
        source: source.into(),
        url: Some(format!("https://{source}.example/{number}")),
        guid: Some(format!("{source}-{number}")),
        title: title.to_owned(),
        text: text.to_owned(),
        lang: Some("en".to_owned()),
        ..Article::default()
    }
}

/// The dam at two sources and updated at the first, and another story.
fn day() -> Vec<(Article, Timestamp)> {
    let at = |minutes: i64| sample::NOON.plus_millis((minutes - 60) * 60_000);
    vec![
        (article("nap", 1, "Dam breaks above Orvale", DAM), at(0)),
        (article("herald", 2, "Mud wave hits Orvale", DAM), at(5)),
        (article("meridian", 3, "Frell bank holds rate", BANK), at(9)),
        (article("nap", 1, "Dam breaks above Orvale, 15 hurt", &DAM.replace("12", "15")), at(20)),
    ]
}

async fn desk() -> Served {
    serve(day(), Params::default()).await
}

const DAM_CLUSTER: ClusterId = ClusterId(1);

#[tokio::test]
async fn clusters_are_listed_with_their_members_page_by_page() {
    let desk = desk().await;
    let first = desk.get("/api/v1/clusters?limit=1&expand=members&sort=sources").await;
    let list = first.json();
    assert_eq!((first.status, list["generation"].as_u64()), (200, Some(1)));
    let cluster = &list["items"][0];
    assert_eq!(cluster["id"], DAM_CLUSTER.to_string());
    assert_eq!(cluster["counts"]["versions"], 3);
    assert_eq!(cluster["members"].as_array().unwrap().len(), 2, "each article once");
    let link = first.header("link").unwrap();
    let next = link.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0;
    let second = desk.get(next).await.json();
    assert_eq!(second["items"][0]["title"], "Frell bank holds rate");
    assert!(second["next"].is_null() && second["items"][0]["members"].is_array());
}

#[tokio::test]
async fn a_wrong_question_is_a_problem_that_names_the_mend() {
    let desk = desk().await;
    for (path, status, says) in [
        ("/api/v1/clusters?colour=red", 400, "colour"),
        ("/api/v1/clusters?cursor=7.1o", 410, "generation 7"),
        ("/api/v1/clusters/c0000000000009", 404, "no cluster c0000000000009"),
        ("/api/v1/clusters/nonsense", 404, "no cluster nonsense"),
        ("/api/v1/articles/a0000000000009", 404, "no article"),
        ("/api/v1/clusters/c0000000000001?at=2026-03-01T00:00:00Z", 400, "at"),
        ("/api/v1/sources?state=ok", 400, "state"),
        ("/api/v1/articles", 400, "url="),
        ("/api/v1/sources/nobody", 404, "no source nobody"),
        ("/api/v1/nothing", 404, "/openapi.json"),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{path}: {answer:?}");
    }
    assert_eq!(desk.ask("DELETE", "/api/v1/clusters", &[], "").await.status, 405);
}

#[tokio::test]
async fn an_article_comes_with_text_versions_cluster_and_evidence() {
    let desk = desk().await;
    let id = ArticleId(1).to_string();
    let body = desk.get(&format!("/api/v1/articles/{id}")).await.json();
    assert!(body["text"].as_str().unwrap().contains("At least 15"));
    assert_eq!(body["source"], "nap");
    assert_eq!(body["cluster"], DAM_CLUSTER.to_string());
    assert_eq!(body["versions"].as_array().unwrap().len(), 2);
    assert!(!body["evidence"]["links"].as_array().unwrap().is_empty());
    let versions = desk.get(&format!("/api/v1/articles/{id}/versions")).await.json();
    assert_eq!(versions["items"][1]["version"], VersionId(4).to_string());
}

#[tokio::test]
async fn the_copy_of_an_agencys_own_item_is_certain_by_what_it_holds_of_it() {
    let mut day = day();
    day[0].0.origin = Some(OriginClaim {
        agency: "NAP".to_owned(),
        basis: OriginBasis::OwnItem,
        evidence: String::new(),
    });
    let desk = serve(day, Params::default()).await;
    let origin = |number: u64| {
        let path = format!("/api/v1/articles/{}", ArticleId(number));
        let desk = &desk;
        async move { desk.get(&path).await.json()["evidence"]["origin"].clone() }
    };
    let copy = origin(2).await;
    assert_eq!((&copy["source"], &copy["verdict"]), (&json!("NAP"), &json!("certain")));
    assert_eq!(copy["evidence"][0]["version"], VersionId(1).to_string());
    assert_eq!(copy["evidence"][0]["containment"], 1.0);
    assert_eq!(origin(3).await["verdict"], "unknown");
}

#[tokio::test]
async fn an_article_is_found_by_its_address_in_any_spelling() {
    let desk = desk().await;
    for (query, found) in [
        ("url=https://nap.example/1&source=nap", 1),
        ("url=https://nap.example/1%3Futm_source=x%23top&source=nap", 1),
        ("url=https://nap.example/2&source=nap", 0),
    ] {
        let list = desk.get(&format!("/api/v1/articles?{query}")).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), found, "{query}");
    }
}

#[tokio::test]
async fn a_diff_shows_the_changed_word_against_the_lead() {
    let desk = desk().await;
    let path = format!("/api/v1/clusters/{DAM_CLUSTER}/diff");
    let (old, new) = (VersionId(1), VersionId(4));
    let body = desk.get(&format!("{path}?from={old}&to={new}")).await.json();
    let edited = body["paragraphs"].as_array().unwrap().iter().find(|p| p["op"] == "replace");
    let words = edited.unwrap()["words"].as_array().unwrap();
    assert!(words.iter().any(|run| run["op"] == "delete" && run["text"] == "12"));
    assert!(words.iter().any(|run| run["op"] == "insert" && run["text"] == "15"));
    let other = VersionId(3);
    assert_eq!(desk.get(&format!("{path}?to={other}")).await.status, 404, "of another cluster");
}

#[tokio::test]
async fn each_coding_has_its_tag_and_a_known_one_is_not_sent_again() {
    let desk = desk().await;
    let path = "/api/v1/clusters?expand=members";
    let plain = desk.get(path).await;
    let tag = plain.header("etag").unwrap();
    for coding in ["gzip", "zstd"] {
        let accept = format!("accept-encoding: {coding}");
        let packed = desk.ask("GET", path, &[&accept], "").await;
        assert_eq!(packed.header("content-encoding"), Some(coding));
        let packed_tag = packed.header("etag").unwrap();
        assert_ne!(packed_tag, tag);
        let known = format!("if-none-match: {packed_tag}");
        let again = desk.ask("GET", path, &[&accept, &known], "").await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(desk.ask("GET", path, &[&known], "").await.status, 200, "another coding");
        assert_eq!(again.header("vary"), Some("accept-encoding"));
    }
    let known = format!("if-none-match: {tag}");
    assert_eq!(desk.ask("GET", path, &[&known], "").await.status, 304);
}

#[tokio::test]
async fn every_answer_is_guarded_by_its_headers() {
    let desk = desk().await;
    let cluster = format!("/clusters/{DAM_CLUSTER}");
    for path in ["/", cluster.as_str(), "/sources", "/nowhere", "/api/v1/clusters", "/healthz"] {
        let answer = desk.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[tokio::test]
async fn the_pages_show_the_desk_and_a_cluster_with_its_diff() {
    let desk = desk().await;
    let front = desk.get("/?min_sources=2&q=").await;
    assert_eq!(front.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(front.text().contains("Dam breaks above Orvale"));
    assert!(front.text().contains("data-last=\"1-4-4294967295\""), "the stream goes on here");
    assert!(!front.text().contains("Frell bank"), "one source only");
    let page = desk.get(&format!("/clusters/{DAM_CLUSTER}")).await;
    assert!(page.text().contains("Mud wave hits Orvale"));
    assert!(page.text().contains("<ins>") && page.text().contains("<del>"));
    let missing = desk.get("/clusters/c0000000000009").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("no cluster c0000000000009"));
    assert!(desk.get("/sources").await.text().contains("No sources"));
    for asset in ["desk.css", "desk.js", "icon.svg"] {
        let answer = desk.get(&format!("/assets/{asset}")).await;
        assert!(answer.status == 200 && answer.header("etag").is_some(), "{asset}");
    }
}

#[tokio::test]
async fn everything_moves_under_the_base_path() {
    let settings = Params { base_path: "/wire".to_owned(), ..Params::default() };
    let desk = serve(day(), settings).await;
    assert_eq!(desk.get("/").await.status, 404);
    assert_eq!(desk.get("/wire").await.header("location"), Some("/wire/"));
    assert!(desk.get("/wire/").await.text().contains("href=\"/wire/clusters/c"));
    let list = desk.get("/wire/api/v1/clusters?limit=1").await;
    assert!(list.header("link").unwrap().starts_with("</wire/api/v1/clusters?"));
    assert_eq!(desk.get("/wire/openapi.json").await.json()["servers"][0]["url"], "/wire");
}

#[tokio::test]
async fn readiness_says_why_not() {
    let desk = desk().await;
    assert_eq!(desk.get("/readyz").await.json(), json!({"status": "ok"}));
    desk.state.status.note("journal", Some("a segment is damaged".to_owned()));
    let answer = desk.get("/readyz").await;
    assert_eq!((answer.status, &answer.json()["note"]), (200, &json!("a segment is damaged")));
    desk.state.status.set_not_ready("the disk is full");
    let answer = desk.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["detail"], "the disk is full");
    assert_eq!(desk.get("/healthz").await.status, 200);
}

/// Answers each push as a writer would, until the desk is gone.
fn answer_pushes(mut wishes: mpsc::Receiver<Wish>) {
    tokio::spawn(async move {
        while let Some(wish) = wishes.recv().await {
            let Wish::Push(push) = wish else { continue };
            let one = |place: usize| {
                Ok(Accepted {
                    article: ArticleId(place as u64),
                    version: VersionId(place as u64),
                    cluster: ClusterId(1),
                    seq: Seq(place as u64),
                    duplicate: false,
                })
            };
            let _gone = push.reply.send((1..=push.articles.len()).map(one).collect());
        }
    });
}

#[tokio::test]
async fn a_push_is_answered_record_by_record() {
    let mut desk = desk().await;
    let (_, none) = mpsc::channel(1);
    answer_pushes(std::mem::replace(&mut desk.wishes, none));
    let path = "/api/v1/articles";
    let lines =
        "{\"id\": \"x\", \"title\": \"X\"}\n{\"id\": \"y\"}\n{\"id\": \"z\", \"text\": \"Z\"}";
    let some = desk.ask("POST", path, &[], lines).await;
    assert_eq!(some.status, 200);
    let body = some.json();
    assert_eq!(
        (body["accepted"][1]["index"].as_u64(), body["accepted"][1]["seq"].as_u64()),
        (Some(2), Some(2))
    );
    assert_eq!(body["rejected"][0]["index"], 1);
    assert_eq!(body["rejected"][0]["problem"]["status"], 422);
    let strict = desk.ask("POST", "/api/v1/articles?strict=1", &[], lines).await;
    assert_eq!((strict.status, strict.json()["rejected"].as_array().unwrap().len()), (422, 3));
    assert_eq!(desk.ask("POST", path, &[], "{\"id\": 1").await.status, 400);
    let foreign = ["origin: http://elsewhere.example"];
    assert_eq!(desk.ask("POST", path, &foreign, lines).await.status, 403);
}

#[tokio::test]
async fn a_push_that_cannot_be_taken_is_asked_to_come_back() {
    let settings = Params { body_bytes_max: 64, ..Params::default() };
    let mut desk = serve(day(), settings).await;
    let record = "{\"id\": \"x\", \"title\": \"X\"}";
    let large = format!("[{record},{record},{record}]");
    assert_eq!(desk.ask("POST", "/api/v1/articles", &[], &large).await.status, 413);
    desk.wishes.close();
    let closed = desk.ask("POST", "/api/v1/articles", &[], record).await;
    assert_eq!((closed.status, closed.header("retry-after")), (503, Some("2")));
    desk.state.status.stopping.cancel();
    assert_eq!(desk.ask("POST", "/api/v1/articles", &[], record).await.status, 503);
}

/// Reads a stream until it has `count` events with data; gives their id and event lines.
async fn listen(desk: &mut Served, last: &str, count: usize, live: Vec<Article>) -> Vec<String> {
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    let head = format!("GET /api/v1/stream HTTP/1.0\r\nhost: x\r\n{last}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut live = live.into_iter();
    let mut buffer = [0_u8; 4096];
    loop {
        let got = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..got]).unwrap());
        let blocks: Vec<&str> =
            text.split("\n\n").filter(|block| block.contains("data:")).collect();
        if blocks.len() >= count || got == 0 {
            return blocks.into_iter().map(str::to_owned).collect();
        }
        if let Some(article) = live.next() {
            for event in desk.writer.write(article, sample::NOON) {
                // Twice, as an event is met that comes from the store and from the queue.
                let _nobody = desk.state.events.send(event);
                let _nobody = desk.state.events.send(event);
            }
        }
    }
}

fn ids(blocks: &[String]) -> Vec<&str> {
    blocks.iter().filter_map(|block| block.lines().find_map(|l| l.strip_prefix("id: "))).collect()
}

#[tokio::test]
async fn a_stream_resumes_from_what_is_stored_and_goes_on_live_without_doubling() {
    let mut desk = desk().await;
    let all = listen(&mut desk, "last-event-id: 1-0-0\r\n", 8, Vec::new()).await;
    let places = ids(&all);
    assert!(places.len() >= 8 && places.windows(2).all(|two| two[0] != two[1]));
    assert!(all[0].contains("\"type\":\"") && places[0].starts_with("1-1-"));
    // More live events than the queue of four holds: the store has what falls out.
    let more = (10..20).map(|n| article("herald", n, &format!("Story {n}"), BANK)).collect();
    let resume = format!("last-event-id: {}\r\n", places[places.len() - 1]);
    let rest = listen(&mut desk, &resume, 12, more).await;
    let mut whole: Vec<&str> = places.into_iter().chain(ids(&rest)).collect();
    let count = whole.len();
    whole.dedup();
    assert_eq!(whole.len(), count);
    let seqs: Vec<u64> =
        whole.iter().map(|id| id.split('-').nth(1).unwrap().parse().unwrap()).collect();
    assert!(seqs.is_sorted() && seqs.windows(2).all(|two| two[1] - two[0] <= 1), "{seqs:?}");
}

#[tokio::test]
async fn a_stream_of_another_generation_says_gap_and_ends_when_the_daemon_stops() {
    let mut desk = desk().await;
    let blocks = listen(&mut desk, "last-event-id: 9-1-0\r\n", 1, Vec::new()).await;
    assert!(blocks[0].contains("event: gap") && blocks[0].contains("generation 9 ended"));
    let stopping = desk.state.status.stopping.clone();
    let (_, ()) = tokio::join!(async { listen(&mut desk, "", 1, Vec::new()).await }, async move {
        stopping.cancel();
    });
}

#[tokio::test]
async fn a_stream_waits_for_the_rows_of_events_that_were_told_before() {
    let mut desk = desk().await;
    let last = desk.state.store.applied_seq();
    // As after rows were lost: the next record's events went out before, its rows are still to come.
    desk.state.store.told(Seq(last.0 + 1));
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    let resume = format!("last-event-id: 1-{last}-{}\r\n", u32::MAX);
    let head = format!("GET /api/v1/stream HTTP/1.0\r\nhost: x\r\n{resume}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut text, mut buffer) = (String::new(), [0_u8; 4096]);
    while !text.contains(": hello") {
        let got = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..got]).unwrap());
    }
    assert!(!text.contains("data:"), "{text}");
    let _told_before = desk.writer.write(article("herald", 77, "Story 77", BANK), sample::NOON);
    while !text.contains("data:") {
        let got = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..got]).unwrap());
    }
    assert!(text.contains(&format!("id: 1-{}-0", last.0 + 1)), "{text}");
}
