//! One page through the whole of `extract`, and the guard's refusal of a hostile one.
//!
//! ```sh
//! cargo bench --bench extract                      # made pages, by criterion
//! BENCH_PAGES=DIR cargo bench --bench extract      # each file of DIR: mean, median, p99 and the slowest pages
//! ```

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench tells what it measures, and a fault ends it"
)]

#[path = "common/part.rs"]
mod part;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use copytaster::extract::{Page, article};
use criterion::Criterion;
use part::part;

/// Readings of a page, the quickest of which counts: what else the machine did is no property of the page.
const READINGS: usize = 5;

/// Pages named one by one, the slowest first.
const NAMED: usize = 8;

fn made(c: &mut Criterion) {
    let story = include_str!("../tests/fixtures/pages/broadcaster.html");
    let page = |html: String| Page { url: None, html };
    let small = page(story.to_owned());
    // Real news pages have a mean of 281 kB, most of it script and lists of links.
    let links = "<li><a href='/a'>A headline of another story in the list</a></li>".repeat(400);
    let script = format!("<script>{}</script>", "var a = 1;".repeat(20_000));
    let real = page(story.replace("</body>", &format!("<ul>{links}</ul>{script}</body>")));
    let deep = page("<div>".repeat(100_000));
    c.bench_function("extract/story", |b| b.iter(|| article(black_box(&small))));
    c.bench_function("extract/page_of_real_size", |b| b.iter(|| article(black_box(&real))));
    c.bench_function("extract/refused", |b| b.iter(|| article(black_box(&deep))));
}

/// The files of `dir` in the order of their names, each read on this thread and timed alone.
fn pages(dir: &Path) {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .expect("BENCH_PAGES names a directory")
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    files.sort();
    let mut took: Vec<(Duration, &Path, usize)> = files.iter().map(|file| timed(file)).collect();
    took.sort_unstable_by(|a, b| b.cmp(a));
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let mut times: Vec<Duration> = took.iter().map(|page| page.0).collect();
    let mean = took.iter().map(|page| millis(page.0)).sum::<f64>() / took.len() as f64;
    println!(
        "{} pages: mean {mean:.1} ms, median {:.1}, p99 {:.1}",
        took.len(),
        part(&mut times, 50),
        part(&mut times, 99)
    );
    for (time, file, bytes) in took.iter().take(NAMED) {
        println!("{:8.1} ms  {:8} bytes  {}", millis(*time), bytes, file.display());
    }
}

/// The quickest of [`READINGS`] of one page, in memory before the clock starts.
fn timed(file: &Path) -> (Duration, &Path, usize) {
    let bytes = fs::read(file).expect("a readable page");
    let page = Page { url: None, html: String::from_utf8_lossy(&bytes).into_owned() };
    let reading = |_| {
        let start = Instant::now();
        black_box(article(black_box(&page)));
        start.elapsed()
    };
    ((0..READINGS).map(reading).min().unwrap_or_default(), file, bytes.len())
}

fn main() {
    if let Some(dir) = std::env::var_os("BENCH_PAGES") {
        return pages(Path::new(&dir));
    }
    let mut criterion = Criterion::default().configure_from_args();
    made(&mut criterion);
    criterion.final_summary();
}
