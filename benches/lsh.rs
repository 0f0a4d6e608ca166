//! Look-up and insertion in tables that hold many live versions, and a whole arrival in such a fold. Side by side with other
//! libraries, and at a million: `benches/peers`.

mod common;

use std::hint::black_box;

use copytaster::cluster::{Batch, Index, Params, Prepared, prepare};
use copytaster::lsh::Table;
use copytaster::model::{Article, Timestamp};
use copytaster::sketch::BANDS;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};

/// The band keys of version `version`: spread like those of sketches, without the cost of a hundred thousand texts.
fn bands(version: u32) -> [u64; BANDS] {
    let key = |band| (u64::from(version) << 8 | band as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    std::array::from_fn(key)
}

/// Each turn takes another version: the lines of one text would lie in the cache and say nothing of memory.
fn tables(c: &mut Criterion) {
    let mut group = c.benchmark_group("one text in a table of bands");
    for live in [10_000_u32, 100_000] {
        let mut table = Table::with_capacity(live as usize * BANDS);
        for version in 0..live {
            for key in bands(version) {
                table.insert(key, version);
            }
        }
        group.bench_function(BenchmarkId::new("look up", live), |b| {
            let mut found = Vec::new();
            let mut version = 0_u32;
            b.iter(|| {
                version = (version + 7919) % live;
                found.clear();
                let keys = black_box(bands(version));
                table.warm(&keys);
                for key in keys {
                    table.look_up(key, &mut found);
                }
                found.len()
            });
        });
        group.bench_function(BenchmarkId::new("insert", live), |b| {
            let mut version = live;
            b.iter(|| {
                version += 1;
                for key in black_box(bands(version)) {
                    table.insert(key, version);
                }
            });
        });
    }
    group.finish();
}

/// Both tables of the detector, over texts of 130 words. The next text is taken from some that were made ready before.
fn index(c: &mut Criterion) {
    const LIVE: u32 = 10_000;
    let ready = |story: u64| prepare("A title", &common::body(story, 130), &[]);
    let mut index = Index::with_capacity(LIVE as usize);
    for number in 0..LIVE {
        index.insert(number, &ready(u64::from(number)));
    }
    let next: Vec<Prepared> = (0..2_000).map(|story| ready(u64::from(LIVE) / 2 + story)).collect();
    let mut group = c.benchmark_group("one text in bands and containment");
    group.bench_function("candidates", |b| {
        let mut turn = next.iter().cycle();
        b.iter(|| turn.next().map(|text| index.candidates(text, 0, |number| number).len()));
    });
    group.bench_function("insert", |b| {
        let mut turn = (LIVE..).zip(next.iter().cycle());
        b.iter(|| turn.next().map(|(number, text)| index.insert(number, text)));
    });
    group.finish();
}

fn arrivals(c: &mut Criterion) {
    let article = |story: u64| Article {
        source: "desk".into(),
        id: Some(story.to_string()),
        title: "A title".to_owned(),
        text: common::body(story, 130),
        ..Article::default()
    };
    let mut batch = Batch::new(Params { live_max: 10_000, ..Params::default() });
    for story in 0..10_000 {
        batch.push(article(story), Timestamp::EPOCH);
    }
    let mut next = 10_000;
    c.bench_function("an arrival of 130 words among 10,000 live", |b| {
        b.iter_batched(
            || {
                next += 1;
                article(next)
            },
            |article| batch.push(article, Timestamp::EPOCH),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, tables, index, arrivals);
criterion_main!(benches);
