//! One page through the whole of `extract`, and the guard's refusal of a hostile one.

use std::hint::black_box;

use copytaster::extract::{Page, article};
use criterion::{Criterion, criterion_group, criterion_main};

fn pages(c: &mut Criterion) {
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

criterion_group!(benches, pages);
criterion_main!(benches);
