//! Text to words, shingles and sketch: what one arrival costs before anything is looked up.

mod common;

use std::hint::black_box;

use copytaster::sketch::sketch;
use copytaster::text::{shingles, words};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn of_text(c: &mut Criterion) {
    let mut group = c.benchmark_group("text to sketch");
    for count in [130, 700] {
        let text = common::body(1, count);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("words", count), &text, |b, text| {
            b.iter(|| words(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("shingles", count), &text, |b, text| {
            b.iter(|| shingles::<3>(&words(black_box(text))).collect::<Vec<_>>());
        });
        group.bench_with_input(BenchmarkId::new("sketch", count), &text, |b, text| {
            b.iter(|| sketch(&shingles::<3>(&words(black_box(text))).collect::<Vec<_>>()));
        });
    }
    group.finish();
}

fn of_pair(c: &mut Criterion) {
    let of = |story| sketch(&shingles::<3>(&words(&common::body(story, 700))).collect::<Vec<_>>());
    let (Some(a), Some(b)) = (of(1), of(2)) else { return };
    c.bench_function("similarity of two sketches", |bench| {
        bench.iter(|| black_box(&a).similarity(black_box(&b)));
    });
}

criterion_group!(benches, of_text, of_pair);
criterion_main!(benches);
