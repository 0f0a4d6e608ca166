//! Text that nobody means well with: what one arrival costs and keeps stays bounded, and every verdict can be told.
//!
//! Nothing is timed; work is counted. The counts here finish in seconds without optimising; `cargo test --release -- --ignored
//! floods` runs the large ones.

use std::collections::BTreeSet;

use copytaster::cluster::{
    Batch, Change, Clusterer, LinkKind, Params, Placed, Refusal, Version, WORDS_MAX, prepare,
};
use copytaster::model::{Article, VersionId};
use copytaster::sketch;
use copytaster::text;

use crate::wire;

mod laws;
mod odd;

/// Arrivals of one flood, and of one that is run by hand.
const FLOOD: usize = 1_000;
const LARGE_FLOOD: usize = 10_000;

/// Times that one text is pushed.
const COPIES: usize = 2_000;

/// Texts that are made to meet one victim.
const ADVERSARIES: usize = 200;
const LARGE_ADVERSARIES: usize = 3_000;

/// Links of one version besides the best to each further cluster, and versions compared at one arrival.
const LINKS_MAX: usize = 64;
const COMPARED_MAX: usize = 256;

/// Blocks of a text that may be furniture; links judged again at one arrival.
const FURNITURE_MAX: usize = 1 << 10;
const WITHDRAWN_MAX: usize = 256;

const DAY: i64 = 24 * 60;

/// A count as minutes.
fn minutes(count: usize) -> i64 {
    i64::try_from(count).expect("floods are counted in thousands")
}

/// A fold whose every arrival is checked.
struct Flood {
    batch: Batch,
    versions: Vec<(Version, Vec<Change>)>,
    index_bytes: usize,
}

impl Flood {
    fn new(live_max: u32) -> Self {
        let batch = Batch::new(Params { live_max, ..Params::default() });
        let index_bytes = batch.clusterer().index_bytes_max();
        Self { batch, versions: Vec::new(), index_bytes }
    }

    /// Pushes an article and checks what it cost. Gives the candidates that are no links.
    fn push(&mut self, article: Article, minute: i64) -> Vec<(VersionId, Refusal)> {
        let clusters = self.batch.clusterer().clusters();
        let placed = self.batch.push(article, wire::minute(minute));
        let Placed::Version { version, changes, refused } = placed else {
            panic!("each article of a flood is another")
        };
        is_bounded(&version, &refused, clusters);
        is_told(&version, &refused);
        assert_eq!(self.batch.clusterer().index_bytes_max(), self.index_bytes);
        self.versions.push((*version, changes));
        refused
    }

    fn last(&self) -> &Version {
        &self.versions.last().expect("something was pushed").0
    }

    fn clusters(&self) -> usize {
        self.batch.clusterer().clusters()
    }

    /// The verdicts in a fresh fold give the same changes.
    fn holds_when_applied(&self) {
        let mut again = Clusterer::new(*self.batch.clusterer().params());
        for (version, changes) in &self.versions {
            assert_eq!(&again.apply(version), changes, "{}", version.id.0);
        }
    }
}

fn is_bounded(version: &Version, refused: &[(VersionId, Refusal)], clusters: usize) {
    let verdicts = &version.verdicts;
    let of_text = |kind: LinkKind| matches!(kind, LinkKind::Text | LinkKind::Contains);
    let verified = verdicts.links.iter().filter(|link| of_text(link.kind)).count();
    assert!(verified + refused.len() <= COMPARED_MAX, "{verified} and {}", refused.len());
    assert!(verdicts.links.len() <= LINKS_MAX + clusters, "{} links", verdicts.links.len());
    assert!(verdicts.blocks.len() <= WORDS_MAX, "{} blocks", verdicts.blocks.len());
    assert!(verdicts.shingles as usize <= WORDS_MAX);
    assert!(verdicts.furniture.len() <= FURNITURE_MAX);
    assert!(verdicts.no_evidence.len() <= FURNITURE_MAX);
    assert!(verdicts.withdrawn.len() <= WITHDRAWN_MAX);
    assert!(verdicts.late_hubs.len() <= COMPARED_MAX);
    assert!(verdicts.keys.len() <= 2);
}

/// Every link says by what clause, to one older version once; every refusal has its words.
fn is_told(version: &Version, refused: &[(VersionId, Refusal)]) {
    let mut others = BTreeSet::new();
    for link in &version.verdicts.links {
        assert!(link.other < version.id && others.insert(link.other), "{link:?}");
        assert!(link.shared <= link.size.min(link.other_size), "{link:?}");
        assert!(!link.reason.as_str().is_empty() && !link.kind.as_str().is_empty());
    }
    for (other, refusal) in refused {
        assert!(*other < version.id && others.insert(*other), "{other:?} is linked and refused");
        assert!(!refusal.as_str().is_empty() && refusal.in_words().len() > 10);
    }
}

fn one_text_in_many_articles(copies: usize, same_source: bool) {
    let mut flood = Flood::new(copies as u32 * 2);
    let text = wire::paragraphs(1)[..2].join("\n");
    for copy in 0..copies {
        let source = if same_source { "mill".to_owned() } else { format!("site{}", copy % 50) };
        flood.push(wire::article(&source, &copy.to_string(), text.clone()), minutes(copy) % DAY);
        let links = flood.last().verdicts.links.len();
        assert!(copy == 0 || links > 0, "copy {copy} finds none of the others");
    }
    assert_eq!(flood.clusters(), 1);
    flood.holds_when_applied();
}

#[test]
fn one_text_of_many_articles_is_one_cluster_with_few_links_each() {
    one_text_in_many_articles(COPIES, false);
}

#[test]
fn one_text_of_many_articles_of_one_site_is_one_cluster_with_few_links_each() {
    one_text_in_many_articles(COPIES, true);
}

#[test]
#[ignore = "minutes without optimising; run by hand"]
fn one_text_ten_thousand_times() {
    one_text_in_many_articles(LARGE_FLOOD, false);
    one_text_in_many_articles(LARGE_FLOOD, true);
}

fn templates(count: usize, days: bool) {
    let mut flood = Flood::new(count as u32 * 2);
    for number in 0..count {
        let text = format!(
            "The port of Halmor handled {number} containers on the day, the harbour office said in its daily note.\n\
             Pilots brought in ships from Tolvik and Orlen; the lighthouse of Sanna was lit from dusk until dawn.\n\
             The office publishes its note each evening and answers questions by letter."
        );
        let minute = if days { minutes(number) * (DAY + 60) } else { minutes(number) % DAY };
        flood.push(wire::article("office", &number.to_string(), text), minute);
        assert!(!days || flood.last().verdicts.links.is_empty(), "day {number}");
    }
    // Of one day they are corrections of each other; of different days each has its own figure.
    assert_eq!(flood.clusters(), if days { count } else { 1 });
    flood.holds_when_applied();
}

#[test]
fn templates_of_different_days_stay_apart() {
    templates(FLOOD, true);
}

#[test]
fn templates_of_one_day_are_one_cluster() {
    templates(FLOOD, false);
}

#[test]
#[ignore = "minutes without optimising; run by hand"]
fn ten_thousand_templates() {
    templates(LARGE_FLOOD, true);
    templates(LARGE_FLOOD, false);
}

fn bands_of(text: &str) -> [u64; sketch::BANDS] {
    prepare("", text, &[]).sketch.expect("texts here have a body").bands()
}

/// So many words of the victim, and as many of nobody's as the victim has.
fn borrowing(victim: &str, words: usize, seed: usize) -> String {
    let all: Vec<&str> = victim.split_whitespace().collect();
    let start = seed * 17 % (all.len() - words);
    let filler = (0..all.len()).map(|at| format!("filler{}x{seed}", at * at % 997));
    let borrowed = all[start..start + words].iter().map(|&word| word.to_owned());
    borrowed.chain(filler).collect::<Vec<_>>().join(" ")
}

/// Texts that share exactly one band of their sketch with the victim, found by trying.
fn with_one_band(victim: &str, count: usize) -> Vec<String> {
    let bands = bands_of(victim);
    let words = victim.split_whitespace().count() * 3 / 5;
    let shares_one =
        |text: &String| bands_of(text).iter().zip(&bands).filter(|(a, b)| a == b).count() == 1;
    (0..).map(|seed| borrowing(victim, words, seed)).filter(shares_one).take(count).collect()
}

/// Texts that share exactly one anchor with the victim, and it is not always the same.
fn with_one_anchor(victim: &str, count: usize) -> Vec<String> {
    let anchors = prepare("", victim, &[]).anchors;
    let shares_one = |text: &String| {
        let own = prepare("", text, &[]).anchors;
        own.iter().filter(|anchor| anchors.contains(anchor)).count() == 1
    };
    (0..).map(|seed| borrowing(victim, 5, seed)).filter(shares_one).take(count).collect()
}

fn adversaries(make: fn(&str, usize) -> Vec<String>, count: usize) {
    let victim = wire::paragraphs(1)[..3].join("\n");
    let mut flood = Flood::new(count as u32 * 2);
    flood.push(wire::article("agency", "victim", victim.clone()), 0);
    for (number, text) in make(&victim, count).into_iter().enumerate() {
        let number = number.to_string();
        flood.push(wire::article(&format!("spam{number}"), &number, text), 1);
        let cluster = flood.batch.clusterer().cluster_of(flood.last().id).unwrap();
        assert_ne!(cluster.0, 1, "text {number} is tied to the victim");
    }
    // They do not hide the victim from its copy either.
    flood.push(wire::article("paper", "copy", victim), 2);
    let links = &flood.last().verdicts.links;
    assert_eq!(links.iter().map(|link| link.other.0).collect::<Vec<_>>(), [1]);
    flood.holds_when_applied();
}

#[test]
fn texts_that_share_a_band_with_a_victim_cost_a_look_each() {
    adversaries(with_one_band, ADVERSARIES);
}

#[test]
fn texts_that_share_an_anchor_with_a_victim_cost_nothing() {
    adversaries(with_one_anchor, ADVERSARIES);
}

#[test]
#[ignore = "minutes without optimising; run by hand"]
fn thousands_that_share_a_band_or_an_anchor() {
    adversaries(with_one_band, LARGE_ADVERSARIES);
    adversaries(with_one_anchor, LARGE_ADVERSARIES);
}

/// Words that share a counter of the short path: found by trying, as a sender could.
fn of_one_counter(count: usize) -> Vec<String> {
    let counter = |word: &String| (text::words(word)[0] >> 40) % (1 << 16);
    let mut words = (0..).map(|number| format!("word{number}"));
    let first = words.next().expect("numbers do not end");
    let same = words.filter(|word| counter(word) == counter(&first)).take(count - 1);
    std::iter::once(first.clone()).chain(same).collect()
}

#[test]
fn stories_whose_words_share_a_counter_are_counted() {
    // 17 words × 4096 stories that are kept > 65,535.
    let text = of_one_counter(17).join(" ");
    let mut flood = Flood::new(10_000);
    for number in 0..4_000 {
        flood.push(wire::article("mill", &number.to_string(), text.clone()), number % DAY);
    }
}
