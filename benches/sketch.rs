//! Text to words, shingles, sketch and all that it is compared by: what one arrival costs before anything is looked up.

mod common;

use std::hint::black_box;

use copytaster::cluster::{Overlap, prepare};
use copytaster::sketch::sketch;
use copytaster::text::{shingles, tokens, words};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Words of wire copy and of a newspaper's story.
const LENGTHS: [usize; 2] = [130, 700];

const TITLE: &str = "Ferry strike on the Orsk enters its third week";

fn of_text(c: &mut Criterion) {
    let mut group = c.benchmark_group("text to");
    for length in LENGTHS {
        let text = common::body(1, length);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("tokens", length), &text, |b, text| {
            b.iter(|| tokens(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("shingles", length), &text, |b, text| {
            b.iter(|| shingles::<3>(&words(black_box(text))).collect::<Vec<_>>());
        });
        group.bench_with_input(BenchmarkId::new("sketch", length), &text, |b, text| {
            b.iter(|| sketch(&shingles::<3>(&words(black_box(text))).collect::<Vec<_>>()));
        });
        group.bench_with_input(BenchmarkId::new("all compared", length), &text, |b, text| {
            b.iter(|| prepare(TITLE, black_box(text), &[]));
        });
    }
    group.finish();
}

fn of_shingles(c: &mut Criterion) {
    let mut group = c.benchmark_group("shingles to sketch");
    for length in LENGTHS {
        let runs: Vec<u64> = shingles::<3>(&words(&common::body(1, length))).collect();
        group.throughput(Throughput::Elements(runs.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(length), &runs, |b, runs| {
            b.iter(|| sketch(black_box(runs)));
        });
    }
    group.finish();
}

/// Two sketches, and two texts that share a half: the exact check of one candidate.
fn of_pair(c: &mut Criterion) {
    let texts = [1, 2].map(|story| common::body(story, 700));
    let [Some(a), Some(b)] =
        texts.each_ref().map(|text| sketch(&shingles::<3>(&words(text)).collect::<Vec<_>>()))
    else {
        return;
    };
    c.bench_function("similarity of two sketches", |bench| {
        bench.iter(|| black_box(&a).similarity(black_box(&b)));
    });
    let mut group = c.benchmark_group("a meeting");
    for length in LENGTHS {
        let common = common::body(3, length / 2);
        let [one, other] = [1, 2].map(|story| {
            prepare(TITLE, &format!("{common}\n{}", common::body(story, length / 2)), &[]).compared
        });
        group.bench_function(BenchmarkId::from_parameter(length), |b| {
            b.iter(|| Overlap::of(black_box(&one), black_box(&other)));
        });
    }
    group.finish();
}

criterion_group!(benches, of_text, of_shingles, of_pair);
criterion_main!(benches);
