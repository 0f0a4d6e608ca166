//! What durability costs, as multiples of what this very disk takes for it at the same time.
//!
//! A scenario, not a timed assertion: the contenders take turns, so that whatever else the machine does meets all of them. Run by
//! name, `cargo bench --bench durable`; with `BENCH_DIR=/dev/shm` it shows what all of it costs beside the disk, with
//! `BENCH_SYNC_MILLIS=4` what it is on a disk whose syncs take four milliseconds longer (Linux, with a C compiler).

mod common;
#[path = "common/part.rs"]
mod part;

use std::error::Error;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use copytaster::cluster::{Arrival, Batch, Params, Placed, Version};
use copytaster::daemon::Offline;
use copytaster::journal::{Entry, Log, Record};
use copytaster::model::{Article, Clock, Seq, Timestamp};
use part::part;

type Done = Result<(), Box<dyn Error>>;

/// Records of a batch.
const BATCH: u64 = 64;

/// Batches of a turn.
const TURN: u64 = 10;

/// Copies of each story, each by another site.
const COPIES: u64 = 3;

/// Words of a text: 2.7 KB.
const WORDS: usize = 400;

/// Page cache of sled, as the defaults have it.
const CACHE_BYTES: u64 = 64 << 20;

fn main() -> Done {
    if let Some(millis) = std::env::var_os("BENCH_SYNC_MILLIS") {
        return slowly(&millis);
    }
    // `cargo test --benches` wants to know that it runs.
    let (batches, pushes) =
        if std::env::args().any(|arg| arg == "--bench") { (200, 1_000) } else { (10, 10) };
    ingest(batches)?;
    push(pushes)
}

fn article(at: u64) -> Article {
    Article {
        source: format!("site{}", at % COPIES).as_str().into(),
        id: Some(at.to_string()),
        url: Some(format!("https://www.site{}.example/news/{at}.html", at % COPIES)),
        title: format!("A title of story {}", at / COPIES),
        text: common::body(at / COPIES, WORDS),
        ..Article::default()
    }
}

/// The same on a disk whose syncs take so much longer: this program again, with `tests/it/faulty/disk.c` between it and the system.
fn slowly(millis: &OsStr) -> Done {
    let folder = folder()?;
    let library = folder.path().join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faulty/disk.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .status()?;
    let again = Command::new(std::env::current_exe()?)
        .args(std::env::args().skip(1))
        .env_remove("BENCH_SYNC_MILLIS")
        .env("BENCH_DIR", folder.path())
        .env("LD_PRELOAD", &library)
        .env("COPYTASTER_TEST_DIR", folder.path())
        .env("COPYTASTER_TEST_SYNC_MILLIS", millis)
        .status()?;
    if compiled.success() && again.success() { Ok(()) } else { Err("it did not end well".into()) }
}

/// A folder on the disk that is built on, since the usual one for temporary files may lie in memory; or where `BENCH_DIR` says.
fn folder() -> io::Result<tempfile::TempDir> {
    let dir = std::env::var_os("BENCH_DIR");
    tempfile::tempdir_in(dir.as_deref().unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").as_ref()))
}

fn timed<T>(times: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    times.push(begun.elapsed());
    done
}

/// Batches of 64 through the journal's `append` and through the whole writer, beside an append and `fdatasync` of the same bytes.
fn ingest(batches: u64) -> Done {
    let (bare_dir, log_dir, writer_dir) = (folder()?, folder()?, folder()?);
    let mut file = File::create(bare_dir.path().join("file"))?;
    let (mut log, _) = Log::open(log_dir.path())?;
    let mut writer =
        Offline::open(writer_dir.path(), CACHE_BYTES, Clock::new(|| Timestamp::EPOCH, 1))?;
    let (mut bare, mut appended, mut judging) = (vec![], vec![], vec![]);
    let (mut waited, mut written) = (vec![], vec![]);
    let mut articles = (0..).map(article);
    let entries = entries(batches * BATCH);
    for turn in entries.chunks((TURN * BATCH) as usize) {
        for batch in turn.chunks(BATCH as usize) {
            let places = timed(&mut appended, || log.append(batch))?;
            let bytes =
                frames(log_dir.path(), places.first().map(|place| (place.segment, place.offset)))?;
            timed(&mut bare, || file.write_all(&bytes).and_then(|()| file.sync_data()))?;
        }
        for waits in [true, false] {
            let articles: Vec<Article> = articles.by_ref().take(turn.len()).collect();
            let begun = Instant::now();
            // Whoever accepts an article reads it; here a thread does, as in `copytaster ingest`.
            let (line, read) = sync_channel(2 * BATCH as usize);
            let reading = thread::spawn(move || {
                articles.into_iter().map(Arrival::read).all(|arrival| line.send(arrival).is_ok())
            });
            for _ in 0..TURN {
                let batch = read.iter().take(BATCH as usize);
                timed(&mut judging, || take(&mut writer, batch))?;
                if waits { writer.commit()? } else { writer.send()? }
            }
            writer.commit()?;
            let all_read = reading.join().map_err(|_| "the reading thread panicked")?;
            assert!(all_read, "the writer takes all of a turn");
            let each = begun.elapsed() / TURN as u32;
            if waits { waited.push(each) } else { written.push(each) }
        }
    }
    let begun = Instant::now();
    writer.finish()?;
    let rows = begun.elapsed().as_secs_f64() * 1e3;
    let mut out = io::stdout().lock();
    let half = part(&mut bare, 50);
    writeln!(
        out,
        "durable ingest, {batches} batches of {BATCH} records, milliseconds a batch in the median:"
    )?;
    writeln!(out, "  append + fdatasync of the same bytes {half:8.2}")?;
    for (name, times) in [
        ("Log::append", &mut appended),
        ("the writer, each batch waited for", &mut waited),
        ("the writer, ten batches in a row", &mut written),
    ] {
        let took = part(times, 50);
        writeln!(out, "  {name:36} {took:8.2}   {:.2} of the bare speed", half / took)?;
    }
    writeln!(out, "  of that, judging                     {:8.2}", part(&mut judging, 50))?;
    writeln!(out, "  rows were behind by                  {rows:8.2} at the end")?;
    Ok(())
}

/// The first so many records as a journal has them.
fn entries(count: u64) -> Vec<Entry> {
    let mut judged = Batch::new(Params::default());
    let placed = (0..count).map(|at| judged.push(article(at), Timestamp::EPOCH));
    let versions = placed.filter_map(|placed| match placed {
        Placed::Version { version, .. } => Some(*version),
        Placed::Duplicate(_) => None,
    });
    let entry = |version: Version| Entry {
        seq: Seq(version.id.0),
        at: Timestamp::EPOCH,
        record: Record::Version(Box::new(version)),
    };
    versions.map(entry).collect()
}

fn take(writer: &mut Offline, batch: impl Iterator<Item = Arrival>) -> Done {
    for arrival in batch {
        writer.take(arrival, Timestamp::EPOCH)?;
    }
    Ok(())
}

/// The bytes that the last append wrote.
fn frames(dir: &Path, place: Option<(u32, u64)>) -> Result<Vec<u8>, Box<dyn Error>> {
    let (segment, offset) = place.ok_or("nothing was appended")?;
    let mut bytes = std::fs::read(dir.join("journal").join(format!("{segment:08}.log")))?;
    Ok(bytes.split_off(offset as usize))
}

/// The daemon, ended with the scenario.
struct Daemon {
    child: Child,
    wire: BufReader<TcpStream>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Nothing depends on what it leaves behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn start(data: &Path) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_copytaster"))
            .args(["run", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("COPYTASTER_CONFIG")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut said = BufReader::new(child.stderr.take().ok_or("it has no stderr")?).lines();
        let address = loop {
            let line = said.next().ok_or("the daemon ended before it served")??;
            if let Some((_, address)) = line.split_once("listening=http://") {
                break address.to_owned();
            }
        };
        // Whoever writes to a pipe must have a reader.
        thread::spawn(move || said.for_each(drop));
        let wire = TcpStream::connect(address)?;
        wire.set_nodelay(true)?;
        Ok(Self { child, wire: BufReader::new(wire) })
    }

    /// Pushes one record and waits for the answer.
    fn push(&mut self, record: &str) -> Done {
        let length = record.len();
        let head =
            "POST /api/v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
        let request = format!("{head}\r\nContent-Length: {length}\r\n\r\n{record}");
        self.wire.get_mut().write_all(request.as_bytes())?;
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            self.wire.read_line(&mut line)?;
            if line.starts_with("HTTP/") && !line.starts_with("HTTP/1.1 200") {
                return Err(line.into());
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        io::copy(&mut self.wire.by_ref().take(length), &mut io::sink())?;
        Ok(())
    }
}

/// Single pushes to a daemon over loopback, each between two appends and `fdatasync`s of as many bytes.
fn push(pushes: u64) -> Done {
    let (data, bare_dir) = (folder()?, folder()?);
    let mut daemon = Daemon::start(data.path())?;
    let mut file = File::create(bare_dir.path().join("file"))?;
    let (mut synced, mut pushed) = (vec![], vec![]);
    for at in 0..pushes {
        let article = article(at);
        let record = serde_json::json!({
            "source": article.source.as_str(), "id": article.id, "url": article.url,
            "title": article.title, "text": article.text,
        });
        let record = record.to_string();
        // Half of a text is what its frame comes to.
        let bytes = &record.as_bytes()[..record.len() / 2];
        timed(&mut synced, || file.write_all(bytes).and_then(|()| file.sync_data()))?;
        timed(&mut pushed, || daemon.push(&record))?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "single durable push over HTTP, {pushes} one after another, milliseconds:")?;
    for (name, of_hundred) in [("p50", 50), ("p99", 99)] {
        let (sync, push) = (part(&mut synced, of_hundred), part(&mut pushed, of_hundred));
        writeln!(out, "  {name}   fdatasync {sync:6.2}   push {push:6.2}   {:.2} x", push / sync)?;
    }
    Ok(())
}
