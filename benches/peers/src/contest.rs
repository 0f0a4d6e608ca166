//! The same texts to sketches, to candidates and to clusters: ours and the peer's, in turns.

use std::hint::black_box;
use std::time::Duration;

use copytaster::cluster::{Batch, Index, Params, prepare};
use copytaster::lsh::Table;
use copytaster::model::{Article, Timestamp};
use copytaster::sketch::{BANDS, Sketch, sketch};
use copytaster::text::{shingles, words};

use crate::measure::{Contender, Timed, cpu, in_turns};
use crate::peer::Gaoya;

/// Seconds between two arrivals: a busy day.
const APART_SECS: i64 = 2;

/// Text to sketch, the shortest way that the public functions offer.
pub(crate) fn sketched(text: &str) -> Option<Sketch> {
    let runs: Vec<u64> = shingles::<3>(&words(text)).collect();
    sketch(&runs)
}

/// The keys of a sketch in one table of all bands: equal slots in two bands must not meet.
pub(crate) fn band_keys(sketch: &Sketch) -> [u64; BANDS] {
    let mut keys = sketch.bands();
    for (band, key) in (0_u64..).zip(&mut keys) {
        *key = key.rotate_left(band as u32) ^ band.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    keys
}

/// Looks a text's bands up and puts them in.
pub(crate) fn through_bands(
    table: &mut Table,
    keys: &[u64; BANDS],
    number: u32,
    found: &mut Vec<u32>,
) {
    found.clear();
    table.warm(keys);
    for &key in keys {
        table.look_up(key, found);
        table.insert(key, number);
    }
}

/// Text to sketch and no further.
pub(crate) fn sketches(articles: &[Article], rounds: usize) -> Vec<Timed> {
    let gaoya = Gaoya::new();
    let peer = move || {
        cpu(|| {
            for article in articles {
                black_box(gaoya.signature(&article.text));
            }
        })
    };
    let each = |work: fn(&Article)| {
        Box::new(move || cpu(|| articles.iter().for_each(work))) as Box<dyn FnMut() -> Duration>
    };
    let contenders = vec![
        Contender { name: "gaoya: signature", run: Box::new(peer) },
        Contender {
            name: "words, numbers, names alone",
            run: each(|article| {
                black_box(words(&article.text));
            }),
        },
        Contender {
            name: "sketch",
            run: each(|article| {
                black_box(sketched(&article.text));
            }),
        },
        Contender {
            name: "prepare (all that a text is judged by)",
            run: each(|article| {
                black_box(prepare(&article.title, &article.text, &[]));
            }),
        },
    ];
    in_turns(rounds, contenders)
}

/// Text to what it may be near, and into the index.
pub(crate) fn candidates(articles: &[Article], rounds: usize) -> Vec<Timed> {
    let contenders = vec![
        Contender {
            name: "gaoya: signature, query, insert",
            run: Box::new(|| peer_whole(articles)),
        },
        Contender { name: "sketch, bands alone", run: Box::new(|| bands_whole(articles)) },
        Contender {
            name: "prepare, candidates with containment, insert",
            run: Box::new(|| {
                let mut index = Index::with_capacity(articles.len());
                cpu(|| {
                    for (number, article) in (0_u32..).zip(articles) {
                        let prepared = prepare(&article.title, &article.text, &[]);
                        black_box(index.candidates(&prepared, 0, |number| number));
                        index.insert(number, &prepared);
                    }
                })
            }),
        },
    ];
    in_turns(rounds, contenders)
}

/// Text to its place in verified clusters.
pub(crate) fn clusters(articles: &[Article], rounds: usize) -> Vec<Timed> {
    let contenders = vec![
        Contender {
            name: "gaoya: signature, query, insert (unverified)",
            run: Box::new(|| peer_whole(articles)),
        },
        Contender {
            name: "verified clusters (Batch::push)",
            run: Box::new(|| {
                let arrivals = articles.to_vec();
                let live_max = articles.len() as u32;
                let mut batch = Batch::new(Params { live_max, ..Params::default() });
                cpu(|| {
                    for (number, article) in (0_i64..).zip(arrivals) {
                        black_box(batch.push(article, Timestamp::from_secs(number * APART_SECS)));
                    }
                })
            }),
        },
    ];
    in_turns(rounds, contenders)
}

fn peer_whole(articles: &[Article]) -> Duration {
    let mut gaoya = Gaoya::new();
    cpu(|| {
        for (number, article) in (0_u32..).zip(articles) {
            black_box(gaoya.query_and_insert(number, &article.text));
        }
    })
}

fn bands_whole(articles: &[Article]) -> Duration {
    let mut table = Table::with_capacity(articles.len() * BANDS);
    let mut found = Vec::new();
    cpu(|| {
        for (number, article) in (0_u32..).zip(articles) {
            if let Some(sketch) = sketched(&article.text) {
                through_bands(&mut table, &band_keys(&sketch), number, &mut found);
            }
            black_box(found.len());
        }
    })
}
