//! Live texts to what one more costs: latency of look-up and insertion, and the whole, at ten thousand and at a million.

use std::hint::black_box;
use std::time::{Duration, Instant};

use copytaster::cluster::{Index, Prepared, prepare};
use copytaster::lsh::Table;
use copytaster::model::Article;
use copytaster::sketch::BANDS;

use crate::contest::{band_keys, through_bands};
use crate::measure::{Latencies, cpu};

/// Texts made ready before they are looked up: with what making them touches, the caches have forgotten the tables by then.
const BLOCK: u64 = 1_000;

/// Blocks of each kind that are measured, in turns over all sizes.
const BLOCKS: u64 = 16;

/// What one size of the live window costs.
pub(crate) struct Cost {
    pub(crate) live: u32,
    pub(crate) bands: Latencies,
    pub(crate) whole_index: Latencies,
    /// Microseconds of CPU from text to candidates and into the index, a text, in the mean.
    pub(crate) micros: f64,
    /// Candidates of a text, in the mean.
    pub(crate) candidates: f64,
}

/// The tables at one size, and what was measured.
struct Window {
    live: u32,
    index: Index,
    table: Table,
    next: u32,
    bands: Vec<Duration>,
    whole_index: Vec<Duration>,
    cpu: Duration,
    found: usize,
}

/// Texts by number; `None` beyond the last.
pub(crate) type Texts<'a> = &'a dyn Fn(u64) -> Option<Article>;

/// Measures at each of `sizes`, of which those are left out for which there are too few texts.
pub(crate) fn costs(sizes: &[u32], texts: Texts<'_>) -> Vec<Cost> {
    let needed = |live: u32| u64::from(live) + 2 * BLOCKS * BLOCK;
    let mut windows: Vec<Window> = sizes
        .iter()
        .filter(|&&live| texts(needed(live)).is_some())
        .map(|&live| Window::filled(live, texts))
        .collect();
    for _ in 0..BLOCKS {
        for window in &mut windows {
            window.measure_latencies(texts);
            window.measure_whole(texts);
        }
    }
    windows.into_iter().map(Window::cost).collect()
}

impl Window {
    fn filled(live: u32, texts: Texts<'_>) -> Self {
        let mut window = Self {
            live,
            index: Index::with_capacity(live as usize),
            table: Table::with_capacity(live as usize * BANDS),
            next: 0,
            bands: Vec::new(),
            whole_index: Vec::new(),
            cpu: Duration::ZERO,
            found: 0,
        };
        let mut found = Vec::new();
        for _ in 0..live {
            let Some(article) = texts(u64::from(window.next)) else { break };
            let prepared = prepare(&article.title, &article.text, &[]);
            window.through_table(&prepared, &mut found);
            window.index.insert(window.next, &prepared);
            window.next += 1;
        }
        window
    }

    fn through_table(&mut self, prepared: &Prepared, found: &mut Vec<u32>) {
        if let Some(sketch) = &prepared.sketch {
            through_bands(&mut self.table, &band_keys(sketch), self.next, found);
        }
    }

    fn through_index(&mut self, prepared: &Prepared) -> usize {
        let oldest = self.next.saturating_sub(self.live);
        let found = self.index.candidates(prepared, oldest, |number| number);
        self.index.insert(self.next, prepared);
        found.len()
    }

    fn block(&self, texts: Texts<'_>) -> Vec<Article> {
        let first = u64::from(self.next);
        (first..first + BLOCK).filter_map(texts).collect()
    }

    /// Each text by itself, made ready a while before.
    fn measure_latencies(&mut self, texts: Texts<'_>) {
        let block = self.block(texts);
        let block: Vec<Prepared> =
            block.iter().map(|article| prepare(&article.title, &article.text, &[])).collect();
        let mut found = Vec::new();
        let before = self.next;
        for prepared in &block {
            let start = Instant::now();
            self.through_table(prepared, &mut found);
            self.bands.push(start.elapsed());
            self.next += 1;
        }
        self.next = before;
        for prepared in &block {
            let start = Instant::now();
            black_box(self.through_index(prepared));
            self.whole_index.push(start.elapsed());
            self.next += 1;
        }
    }

    /// Texts as they come: ready, looked up, put in, the next one.
    fn measure_whole(&mut self, texts: Texts<'_>) {
        let block = self.block(texts);
        let mut found = 0;
        let taken = cpu(|| {
            for article in &block {
                let prepared = prepare(&article.title, &article.text, &[]);
                found += self.through_index(&prepared);
                self.next += 1;
            }
        });
        self.cpu += taken;
        self.found += found;
    }

    fn cost(self) -> Cost {
        let texts = (BLOCKS * BLOCK) as f64;
        Cost {
            live: self.live,
            bands: Latencies::of(self.bands),
            whole_index: Latencies::of(self.whole_index),
            micros: self.cpu.as_secs_f64() * 1e6 / texts,
            candidates: self.found as f64 / texts,
        }
    }
}
