//! Journalled versions to a fold: what a start pays for each version, where verdicts are applied and no text is read.

mod common;

use copytaster::cluster::{Batch, Clusterer, Params, Placed, Version};
use copytaster::model::{Article, Timestamp};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// Versions in the journal.
const VERSIONS: u64 = 10_000;

/// Copies of each story, each by another site: one in four founds a cluster.
const COPIES: u64 = 4;

const PARAMS: Params = Params { window_millis: 72 * 3600 * 1000, live_max: 10_000 };

/// What the journal holds after [`VERSIONS`] arrivals of 130 words.
fn journalled() -> Vec<Version> {
    let mut batch = Batch::new(PARAMS);
    let arrivals = (0..VERSIONS).map(|at| Article {
        source: format!("site{}", at % COPIES).as_str().into(),
        id: Some(at.to_string()),
        title: "A title".to_owned(),
        text: common::body(at / COPIES, 130),
        ..Article::default()
    });
    arrivals
        .filter_map(|article| match batch.push(article, Timestamp::EPOCH) {
            Placed::Version { version, .. } => Some(*version),
            Placed::Duplicate(_) => None,
        })
        .collect()
}

fn replay(c: &mut Criterion) {
    let versions = journalled();
    let mut group = c.benchmark_group("replay");
    group.throughput(Throughput::Elements(versions.len() as u64)).sample_size(20);
    group.bench_function("apply 10,000 versions", |b| {
        b.iter_batched(
            || Clusterer::new(PARAMS),
            |mut clusterer| {
                let changes: usize =
                    versions.iter().map(|version| clusterer.apply(version).len()).sum();
                (clusterer, changes)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
