//! Look-up and insertion in tables that hold many live versions, and a whole arrival in such a fold.

mod common;

use std::hint::black_box;

use copytaster::cluster::{Batch, Params, prepare};
use copytaster::lsh::Table;
use copytaster::model::{Article, Timestamp};
use copytaster::sketch::BANDS;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};

/// The band keys of one text.
fn bands(story: u64) -> [u64; BANDS] {
    prepare(&common::body(story, 130), &[]).sketch.map_or([0; BANDS], |sketch| sketch.bands())
}

fn tables(c: &mut Criterion) {
    let mut group = c.benchmark_group("one text in a table of bands");
    for live in [10_000_u32, 100_000] {
        let mut table = Table::with_capacity(live as usize * BANDS);
        for version in 0..live {
            // Keys spread like those of sketches, without the cost of a hundred thousand texts.
            for band in 0..BANDS as u64 {
                let key = (u64::from(version) << 8 | band).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                table.insert(key, version);
            }
        }
        let keys = bands(u64::from(live));
        group.bench_with_input(BenchmarkId::new("look up", live), &keys, |b, keys| {
            let mut found = Vec::new();
            b.iter(|| {
                found.clear();
                for &key in black_box(keys) {
                    table.look_up(key, &mut found);
                }
                found.len()
            });
        });
        let mut table = table.clone();
        group.bench_with_input(BenchmarkId::new("insert", live), &keys, |b, keys| {
            b.iter(|| {
                for &key in black_box(keys) {
                    table.insert(key, live);
                }
            });
        });
    }
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

criterion_group!(benches, tables, arrivals);
criterion_main!(benches);
