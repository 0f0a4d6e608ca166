//! Pages parsed apart: what the way to the process costs, what a page costs the line that its process dies of, and how long made
//! pages take that are as bad as they may be.
//!
//! A scenario, not a timed assertion: figures for docs/extraction.md. Run by name, `cargo bench --bench apart`.

mod common;

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use copytaster::daemon::{Apart, Credits, Parser};
use copytaster::extract::Page;
use futures_util::{StreamExt as _, stream};

type Done = Result<(), Box<dyn Error>>;

/// Makes pages that a parser dies of, or never ends with.
type Bad = Option<fn() -> Page>;

/// Pages that wait at a time, as the harvester has them.
const WAITING: usize = 16;

/// Tells a figure.
macro_rules! say {
    ($($words:tt)*) => { writeln!(std::io::stdout(), $($words)*)? };
}

fn main() -> Done {
    // `cargo test --benches` wants to know that it runs.
    let whole = std::env::args().any(|arg| arg == "--bench");
    tokio::runtime::Runtime::new()?.block_on(async {
        way(if whole { 1_000 } else { 3 }).await?;
        line(if whole { 400 } else { 8 }).await?;
        if whole { hostile().await } else { Ok(()) }
    })
}

fn apart() -> Apart {
    Apart::of(env!("CARGO_BIN_EXE_copytaster").into())
}

async fn parser(apart: Apart) -> Result<Parser, Box<dyn Error>> {
    Ok(Parser::new(Some(apart), Arc::from([])).await?)
}

fn page(html: String) -> Page {
    Page { url: None, html }
}

/// A page of usual size: 280 KB, most of it script and lists of links.
fn story(number: u64) -> Page {
    let text = common::body(number, 700).replace('\n', "</p><p>");
    let links = "<li><a href='/a'>A headline of another story in the list</a></li>".repeat(400);
    let script = "var a = 1; ".repeat(22_000);
    page(format!(
        "<html><body><article><h1>Story {number}</h1><p>{text}</p></article><ul>{links}</ul><script>{script}</script></body></html>"
    ))
}

/// One that takes far longer than a page may.
fn slow() -> Page {
    let nest = format!("{}<p>Word{}", "<div>".repeat(500), "</div>".repeat(500));
    page(format!("<html><body><article>{}</article></body></html>", nest.repeat(199)))
}

/// The middle of the times that `run` takes.
async fn median(times: usize, run: impl AsyncFn()) -> Duration {
    let mut took = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        run().await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took[times / 2]
}

/// A page that is refused at its first bytes costs nothing to parse: what it costs apart is the way there and back.
async fn way(times: usize) -> Done {
    let refused = page(format!("{}{}", "<div>".repeat(600), "var a = 1; ".repeat(25_000)));
    let here = Parser::new(None, Arc::from([])).await?;
    let apart = parser(apart()).await?;
    for (name, parser) in [("here", &here), ("apart", &apart)] {
        for (what, page) in [("refused", &refused), ("story", &story(1))] {
            let run = async || drop(parser.parse(page.clone(), Credits::Table).await);
            let middle = median(times.div_ceil(5), run).await;
            say!("{name:6} {what:8} {:>7} bytes {:>8} µs", page.html.len(), middle.as_micros());
        }
    }
    let start = median(times.div_ceil(20), async || drop(parser(self::apart()).await)).await;
    say!("a new process until it is ready: {} µs", start.as_micros());
    Ok(())
}

/// How long `count` pages take with pages among them that a parser dies of or never ends with.
async fn line(count: u64) -> Done {
    // What blows up a parser has to get past the scan first.
    let crash = || page("<b>".repeat(OVERFLOWS) + "<p>Word");
    let kinds: [(&str, Bad); 3] =
        [("none", None), ("too slow", Some(slow)), ("overflows the stack", Some(crash))];
    for (name, bad) in kinds {
        let parser = parser(apart().unscanned()).await?;
        let bad_at = |number: u64| bad.filter(|_| number % (count / 4) == 1);
        let pages =
            (0..count).map(|number| bad_at(number).map_or_else(|| story(number), |bad| bad()));
        let began = Instant::now();
        let lost = stream::iter(pages)
            .map(|page| parser.parse(page, Credits::Table))
            .buffer_unordered(WAITING)
            .filter(|read| std::future::ready(read.is_err()))
            .count()
            .await;
        say!("{count} pages, {lost} lost ({name}): {} ms", began.elapsed().as_millis());
    }
    Ok(())
}

/// Deeper than any parser reads within a page's time.
const DEEP: usize = 100_000;

/// So many `<b>` overflow the stack of an optimised parser within a second.
const OVERFLOWS: usize = 60_000;

/// Made pages, each with how it came out and how long that took, with and without the scan that refuses most of them.
async fn hostile() -> Done {
    let nested = |tag: &str, depth: usize| page(tag.repeat(depth) + "<p>The harbour was closed.");
    let line =
        "<p>The harbour of Kvitnes was closed on Monday after a crane fell over, the town said.";
    let unclosed =
        "<div><table><tr><td><b><a href=x><ul><li><span class=y><p>The harbour was closed";
    let pages = [
        ("20,000 nested div", nested("<div>", 20_000)),
        ("100,000 nested div", nested("<div>", DEEP)),
        ("60,000 nested b", nested("<b>", OVERFLOWS)),
        ("10,000 nested ul/li", nested("<ul><li>", 10_000)),
        ("300,000 br", page("<br>".repeat(300_000))),
        (
            "50,000 attributes",
            page(format!(
                "<p {}>Word",
                (0..50_000).map(|n| format!("a{n}=1 ")).collect::<Vec<_>>().concat()
            )),
        ),
        ("5 MB of <", page("<".repeat(5 << 20))),
        ("20 MB of text", page(line.repeat(20 << 20 >> 6))),
        ("500 div deep, 199 times", slow()),
        ("199,000 p, 4 MB", page("<p>The harbour of it.".repeat(199_000))),
        ("4 MB in one p", page(format!("<p>{}", "harbour ".repeat(500_000)))),
        ("45,000 lines of text", page(format!("<article>{}", line.repeat(45_000)))),
        ("nothing closed, 40 times", page(unclosed.repeat(40))),
        ("nothing closed, 15,000 times", page(unclosed.repeat(15_000))),
        ("a usual page", story(1)),
    ];
    for (scan, apart) in [("scanned", apart()), ("unscanned", apart().unscanned())] {
        let parser = parser(apart).await?;
        for (name, page) in &pages {
            let began = Instant::now();
            let read = parser.parse(page.clone(), Credits::Table).await;
            let took = began.elapsed().as_millis();
            let how = match read {
                Ok(found) => format!("{} {}", found.kind.as_str(), found.notes.join("; ")),
                Err(fault) => fault.to_string(),
            };
            say!("{scan:9} | {name:28} | {:>9} bytes | {took:>5} ms | {how}", page.html.len());
        }
    }
    Ok(())
}
