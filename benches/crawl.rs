//! How fast a desk of the size it is made for comes in, and what that costs: 500 sources on 50 hosts that take 100 ms for each answer,
//! 20 articles each, over real HTTP on loopback. The daemon is the program as it runs, parsers of pages included.
//!
//! A scenario, not a timed assertion. Run by name, `cargo bench --bench crawl`, it takes as long as politeness takes: seven and a
//! half minutes. Other sizes go behind it: `cargo bench --bench crawl -- SOURCES HOSTS ARTICLES PAUSE_MILLIS`. `BENCH_PROGRAM` names
//! another build of the program, as one with symbols for `perf`.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

mod common;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// What each answer takes.
const ANSWER: Duration = Duration::from_millis(100);

/// Words of a story.
const WORDS: usize = 600;

/// The desk.
#[derive(Clone, Copy, Debug)]
struct Size {
    sources: u64,
    hosts: u64,
    articles: u64,
    pause: Duration,
}

/// One host.
#[derive(Debug)]
struct Host {
    at: SocketAddr,
    articles: u64,
    asked: AtomicU64,
    pages: AtomicU64,
}

fn main() -> Done {
    let mut given = std::env::args().skip(1).filter_map(|arg| arg.parse::<u64>().ok());
    // `cargo test --benches` wants to know that it runs.
    let whole = std::env::args().any(|arg| arg == "--bench");
    let usual = if whole { [500, 50, 20, 2_000] } else { [4, 2, 2, 1] };
    let [sources, hosts, articles, pause] = usual.map(|usual| given.next().unwrap_or(usual));
    let hosts = hosts.clamp(1, 250);
    let size = Size { sources, hosts, articles, pause: Duration::from_millis(pause) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let hosts = runtime.block_on(serve(size))?;
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let config = dir.path().join("crawl.toml");
    std::fs::write(&config, configuration(size, &hosts, &dir.path().join("data")))?;
    let mut daemon = Daemon::start(&config)?;
    let measured = watch(&mut daemon, size, &hosts);
    daemon.stop()?;
    measured
}

/// Hosts on addresses of their own.
async fn serve(size: Size) -> Done<Vec<Arc<Host>>> {
    let mut hosts = Vec::new();
    for number in 0..size.hosts {
        let ip = Ipv4Addr::new(127, 0, 0, u8::try_from(number)? + 2);
        let listener = tokio::net::TcpListener::bind((ip, 0)).await?;
        let host = Arc::new(Host {
            at: listener.local_addr()?,
            articles: size.articles,
            asked: AtomicU64::new(0),
            pages: AtomicU64::new(0),
        });
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&host));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        hosts.push(host);
    }
    Ok(hosts)
}

/// `/SOURCE/feed.xml`, `/SOURCE/STORY`, and nothing else.
async fn answer(State(host): State<Arc<Host>>, uri: Uri) -> Response {
    host.asked.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(ANSWER).await;
    let mut parts = uri.path().split('/').skip(1);
    let source = parts.next().and_then(|source| source.parse::<u64>().ok());
    match (source, parts.next()) {
        (Some(source), Some("feed.xml")) => {
            let kind = [(header::CONTENT_TYPE, "application/rss+xml")];
            (kind, feed(&host, source)).into_response()
        }
        (Some(source), Some(story)) => {
            host.pages.fetch_add(1, Ordering::Relaxed);
            let story: u64 = story.parse().unwrap_or_default();
            Html(page(source, story, source * 1_000 + story)).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn feed(host: &Host, source: u64) -> String {
    let mut xml = format!("<rss version=\"2.0\"><channel><title>Source {source}</title>");
    for story in 0..host.articles {
        let at = host.at;
        let _ = write!(
            xml,
            "<item><title>Story {story} of {source}</title><link>http://{at}/{source}/{story}</link></item>"
        );
    }
    xml + "</channel></rss>"
}

static SCRIPT: LazyLock<String> =
    LazyLock::new(|| format!("<script>{}</script>", "var a = 1;".repeat(24_000)));

static LINKS: LazyLock<String> = LazyLock::new(|| {
    "<li><a href=\"/0/0\">A headline of another story in the list</a></li>".repeat(400)
});

/// A page of the mean size of real ones, 281 kB: most of it script and lists of links.
fn page(source: u64, story: u64, seed: u64) -> String {
    let text = common::body(seed, WORDS).replace('\n', "</p>\n<p>");
    format!(
        "<!doctype html><html lang=\"en\"><head><title>Story {story} of {source}</title>{}</head>\
         <body><nav><ul>{}</ul></nav><main><article><h1>Story {story} of {source}</h1>\
         <p>{text}</p></article></main><footer>All rights reserved</footer></body></html>",
        *SCRIPT, *LINKS
    )
}

fn configuration(size: Size, hosts: &[Arc<Host>], data: &Path) -> String {
    let (millis, data) = (size.pause.as_millis(), data.display().to_string());
    let mut toml = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n[crawl]\nper_host_delay = \"{millis}ms\"\n\
         min_interval = \"2h\"\nmax_interval = \"2h\"\nallow_addresses = [\"127.0.0.0/8\"]\n[log]\nfilter = \"warn\"\n"
    );
    for source in 0..size.sources {
        let host = &hosts[(source % size.hosts) as usize];
        let at = host.at;
        let _ = write!(
            toml,
            "[[source]]\nid = \"s{source}\"\nname = \"Source {source}\"\n[[source.endpoint]]\ntype = \"feed\"\n\
             url = \"http://{at}/{source}/feed.xml\"\n"
        );
    }
    toml
}

/// The program at work.
struct Daemon {
    child: Child,
    at: SocketAddr,
}

impl Daemon {
    fn start(config: &Path) -> Done<Self> {
        let program = std::env::var_os("BENCH_PROGRAM");
        let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_copytaster").into());
        let mut child = Command::new(program)
            .arg("run")
            .arg("--config")
            .arg(config)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let at = loop {
            let line = lines.next().ok_or("it ended before it served")??;
            if let Some((_, at)) = line.split_once("listening=http://") {
                break at.trim().parse()?;
            }
        };
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(drop);
        });
        Ok(Self { child, at })
    }

    /// Articles that are in.
    fn accepted(&self) -> Done<u64> {
        let mut stream = TcpStream::connect(self.at)?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let of =
            |line: &str| line.rsplit_once(' ').and_then(|(_, count)| count.parse::<u64>().ok());
        let lines =
            text.lines().filter(|line| line.starts_with("copytaster_articles_accepted_total"));
        Ok(lines.filter_map(of).sum())
    }

    fn stop(mut self) -> Done {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status()?;
        if !asked.success() {
            self.child.kill()?;
        }
        self.child.wait()?;
        Ok(())
    }
}

/// What a process and its children take, from /proc.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    resident: u64,
    cpu: Duration,
    /// Of its children that have ended.
    ended: Duration,
}

/// Resident bytes and CPU time of one process.
fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // utime, stime, cutime, cstime in hundredths of a second; pages of 4 KiB.
    let time = |at: usize| Some(Duration::from_millis((number(at)? + number(at + 1)?) * 10));
    Some(Usage { resident: number(21)? * 4096, cpu: time(11)?, ended: time(13)? })
}

fn children(pid: u32) -> Vec<u32> {
    let listed = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of_task =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).ok();
    let listed: String = listed.filter_map(of_task).collect::<Vec<_>>().join(" ");
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Waits until all is in, and says how long it took and what it cost.
fn watch(daemon: &mut Daemon, size: Size, hosts: &[Arc<Host>]) -> Done {
    let (begun, pid) = (Instant::now(), daemon.child.id());
    let wanted = size.sources * size.articles;
    let (mut alone, mut together) = (0, 0);
    let parsing = loop {
        let own = usage(pid).ok_or("the daemon ended")?;
        let apart: Vec<Usage> = children(pid).into_iter().filter_map(usage).collect();
        alone = alone.max(own.resident);
        together =
            together.max(own.resident + apart.iter().map(|child| child.resident).sum::<u64>());
        let parsing = own.ended + apart.iter().map(|child| child.cpu).sum::<Duration>();
        if daemon.accepted()? >= wanted {
            break parsing;
        }
        // A look takes what the API takes; the machine is left alone in between.
        std::thread::park_timeout(Duration::from_millis(250));
    };
    let took = begun.elapsed().as_secs_f64();
    let own = usage(pid).ok_or("the daemon ended")?.cpu;
    let asked = hosts.iter().map(|host| host.asked.load(Ordering::Relaxed));
    let pages: u64 = hosts.iter().map(|host| host.pages.load(Ordering::Relaxed)).sum();
    let most = asked.clone().max().unwrap_or_default();
    let polite = most as f64 * (size.pause + ANSWER).as_secs_f64();
    let millis = |time: Duration| time.as_secs_f64() * 1e3 / pages as f64;
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!("{size:?}");
    println!("requests                     {:>8}, {most} of one host at most", asked.sum::<u64>());
    println!("pages in                     {pages:>8}");
    println!("seconds                      {took:>8.1}");
    println!("what politeness takes        {polite:>8.1}  ({:.3} of it)", took / polite);
    println!("resident, daemon             {:>8.1} MB", mb(alone));
    println!("resident, with its parsers   {:>8.1} MB", mb(together));
    println!("CPU of a page, daemon        {:>8.2} ms", millis(own));
    println!("CPU of a page, its parsers   {:>8.2} ms", millis(parsing));
    Ok(())
}
