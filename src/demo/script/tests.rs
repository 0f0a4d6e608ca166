//! The script holds together, and its plan is what the link rule makes of the bare texts.

use std::collections::{BTreeMap, BTreeSet};

use super::read::read;
use super::*;
use crate::demo::newsroom::{self, Kind};

/// Words as the tests compare them: alphanumeric runs in lower case.
fn words(text: &str) -> Vec<String> {
    let folded = text.to_lowercase();
    let runs = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    runs.map(str::to_owned).collect()
}

fn shingles(text: &str) -> BTreeSet<Vec<String>> {
    words(text).windows(3).map(<[String]>::to_vec).collect()
}

/// Figures with their inner points and commas dropped, as DESIGN §4.4 counts them.
fn figures(text: &str) -> BTreeSet<String> {
    let joined: String = text.chars().filter(|c| !matches!(c, '.' | ',')).collect();
    let runs = joined.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(str::to_owned).collect()
}

fn body(story: &Story) -> String {
    story.paragraphs.join("\n")
}

fn containment(a: &str, b: &str) -> f64 {
    let (a, b) = (shingles(a), shingles(b));
    a.intersection(&b).count() as f64 / a.len().min(b.len()).max(1) as f64
}

/// A text as the link rule looks at it.
struct Compared {
    shingles: BTreeSet<Vec<String>>,
    figures: BTreeSet<String>,
}

impl Compared {
    fn new(text: &str) -> Self {
        Self { shingles: shingles(text), figures: figures(text) }
    }
}

/// The first cut of the link rule of DESIGN §4.4: the plan must be what that rule makes of the bare texts.
fn linked(a: &Compared, b: &Compared, hours: f64) -> bool {
    let (x, y) = (&a.shingles, &b.shingles);
    let (shared, smaller) = (x.intersection(y).count(), x.len().min(y.len()));
    let jaccard = shared as f64 / (x.len() + y.len() - shared) as f64;
    let contained = shared as f64 / smaller as f64;
    let fewest = a.figures.len().min(b.figures.len());
    let common = a.figures.intersection(&b.figures).count();
    let agree = if fewest == 0 { 1.0 } else { common as f64 / fewest as f64 };
    let much = jaccard >= 0.4 || (contained >= 0.6 && shared >= 12);
    if hours > 24.0 {
        return agree >= 0.8 && smaller >= 30 && much;
    }
    jaccard >= 0.7
        || (contained >= 0.5 && shared >= 200 && agree >= 0.6)
        || (much && agree >= if smaller < 30 { 0.8 } else { 0.5 })
        || (much && fewest <= 2 && contained >= 0.7 && shared >= 40)
}

fn day() -> Script {
    wire_day().unwrap()
}

fn texts(script: &Script) -> Vec<(&Item, &State, String)> {
    let states = script.items.iter().flat_map(|item| item.states.iter().map(move |s| (item, s)));
    states
        .filter_map(|(item, state)| match &state.shown {
            Shown::Story(story) => Some((item, state, body(story))),
            Shown::SoftNotFound { .. } | Shown::Gone(_) => None,
        })
        .collect()
}

#[test]
fn the_day_has_the_shape_of_a_wire_day() {
    let script = day();
    assert!((60..=100).contains(&script.items.len()), "{} items", script.items.len());
    let sites: BTreeSet<&str> = script.items.iter().map(|item| item.site.as_str()).collect();
    let kinds = |kind| sites.iter().filter(|id| newsroom::spec(id).unwrap().kind == kind).count();
    assert!(kinds(Kind::Agency) >= 3 && kinds(Kind::Outlet) >= 6);
    let langs: BTreeSet<&str> = script.items.iter().map(|item| &item.lang[..2]).collect();
    assert_eq!(langs, BTreeSet::from(["de", "en", "es", "fr"]));
    assert!(script.items.is_sorted_by_key(Item::published));
    for item in &script.items {
        assert!(item.states.is_sorted_by_key(|state| state.at), "{}", item.id);
        assert!(item.published() >= Moment::parse("Mon 10:00").unwrap(), "{}", item.id);
    }
    assert!(script.end() <= Moment::parse("Tue 17:30").unwrap());
}

#[test]
fn every_copy_shares_its_text_with_what_it_was_made_from() {
    let script = day();
    let mut copies = 0;
    for (item, state, text) in texts(&script) {
        let Some(parent) = &state.of else { continue };
        let parent = script.item(parent).unwrap();
        assert!(parent.published() <= state.at, "{} is before its parent", item.id);
        let best = texts(&script)
            .into_iter()
            .filter(|(other, ..)| other.id == parent.id)
            .map(|(.., other)| containment(&text, &other))
            .fold(0.0, f64::max);
        assert!(best >= 0.5, "{} holds {best:.2} of {}", item.id, parent.id);
        copies += 1;
    }
    assert!(copies >= 30, "{copies} copies");
}

#[test]
fn pairs_that_stay_apart_share_no_more_than_the_plan_says() {
    let script = day();
    for pair in &script.plan.apart {
        let text = |id: &str| body(script.item(id).unwrap().first_text().unwrap());
        let share = containment(&text(&pair.a), &text(&pair.b));
        assert!(share < pair.share_max, "{} and {} share {share:.2}", pair.a, pair.b);
    }
}

#[test]
fn alerts_are_short_and_stand_in_the_story_that_follows() {
    let script = day();
    let mut alerts = 0;
    for item in script.items.iter().filter(|i| i.id.contains("alert") || i.id.ends_with("-eil")) {
        let text = body(item.first_text().unwrap());
        let count = text.split_whitespace().count();
        assert!((25..=50).contains(&count), "{}: {count} words", item.id);
        let cluster = script.plan.clusters.iter().find(|c| c.members.contains(&item.id)).unwrap();
        let held = cluster.members.iter().filter(|member| **member != item.id).any(|member| {
            containment(&text, &body(script.item(member).unwrap().first_text().unwrap())) >= 0.9
        });
        assert!(held, "{} stands in no other text", item.id);
        alerts += 1;
    }
    assert!(alerts >= 5);
}

#[test]
fn the_rule_of_the_design_makes_the_planned_clusters_of_the_bare_texts() {
    let script = day();
    let hubs: BTreeSet<&str> = script
        .plan
        .alone
        .iter()
        .filter(|alone| alone.relation.as_deref() == Some("contains"))
        .map(|alone| alone.item.as_str())
        .collect();
    let texts: Vec<_> = texts(&script)
        .into_iter()
        .filter(|(item, ..)| !hubs.contains(item.id.as_str()))
        .map(|(item, state, text)| (item, state, Compared::new(&text)))
        .collect();
    let mut group: BTreeMap<&str, usize> =
        script.items.iter().enumerate().map(|(n, item)| (item.id.as_str(), n)).collect();
    for (place, (item, state, text)) in texts.iter().enumerate() {
        for (older, before, other) in &texts[..place] {
            let minutes =
                state.at.on(MONDAY).millis().abs_diff(before.at.on(MONDAY).millis()) / 60_000;
            if linked(text, other, minutes as f64 / 60.0) {
                let (from, to) = (group[item.id.as_str()], group[older.id.as_str()]);
                group.values_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    for cluster in &script.plan.clusters {
        let one = group[cluster.members[0].as_str()];
        let found: BTreeSet<&str> =
            group.iter().filter(|(_, g)| **g == one).map(|(item, _)| *item).collect();
        let planned: BTreeSet<&str> = cluster.members.iter().map(String::as_str).collect();
        assert_eq!(found, planned, "{}", cluster.name);
    }
    let planned: usize = script.plan.clusters.iter().map(|c| c.members.len() - 1).sum();
    let groups: BTreeSet<usize> = group.values().copied().collect();
    assert_eq!(groups.len(), script.items.len() - planned, "a story that should be alone is not");
}

#[test]
fn pairs_that_stay_apart_do_so_even_if_they_are_seen_at_once() {
    let script = day();
    for pair in &script.plan.apart {
        let text = |id: &str| Compared::new(&body(script.item(id).unwrap().first_text().unwrap()));
        assert!(!linked(&text(&pair.a), &text(&pair.b), 0.0), "{} and {}", pair.a, pair.b);
    }
}

#[test]
fn the_round_up_holds_both_briefs_whole() {
    let script = day();
    let text = |id: &str| body(script.item(id).unwrap().first_text().unwrap());
    for brief in ["brief-lynx", "brief-stamp"] {
        assert!(containment(&text(brief), &text("packet-roundup")) > 0.99, "{brief}");
    }
}

#[test]
fn no_item_stands_in_two_clusters_and_all_sites_exist() {
    let script = day();
    let mut named = BTreeSet::new();
    for member in script.plan.clusters.iter().flat_map(|cluster| &cluster.members) {
        assert!(named.insert(member), "{member} twice");
    }
    for item in &script.items {
        assert!(newsroom::spec(&item.site).is_some(), "{} is at {}", item.id, item.site);
    }
}

#[test]
fn no_real_agency_is_in_the_copy() {
    let real = ["reuters", "afp", "dpa", "efe", "ansa", "upi", "bloomberg", "xinhua", "tass"];
    for (item, _, text) in texts(&day()) {
        let words = words(&text);
        for name in real {
            assert!(!words.iter().any(|word| word == name), "{name} in {}", item.id);
        }
    }
}

#[test]
fn times_of_the_script_read_and_show_themselves() {
    for (text, minutes) in [("Mon 00:00", 0), ("Mon 10:30", 630), ("Tue 05:42", 1_782)] {
        let at = Moment::parse(text).unwrap();
        assert_eq!((at, at.to_string().as_str()), (Moment::from_minutes(minutes), text));
    }
    for bad in ["", "Mon", "Wed 10:00", "Mon 24:00", "Mon 10:60", "Mon 10.30"] {
        assert_eq!(Moment::parse(bad), None, "{bad}");
    }
    assert_eq!(Moment::from_minutes(630).on(MONDAY).to_string(), "2026-03-16T10:30:00Z");
}

const EMPTY_PLAN: &str = "cluster = []\napart = []\nalone = []\nabsent = []\nnot_yet = []\n";

fn refused(story: &str, plan: &str) -> ScriptError {
    read(&[("s", story)], plan).unwrap_err()
}

#[test]
fn a_script_that_does_not_hold_together_is_refused_with_the_item() {
    let item = |state: &str| {
        format!("lang = 'en'\n[[item]]\nid = 'x'\nsite = 'tpb'\n[[item.state]]\n{state}\n")
    };
    let good = item("at = 'Mon 11:00'\ntitle = 't'\ntext = 'one two'");
    assert!(read(&[("s", &good)], EMPTY_PLAN).is_ok());
    let unknown = |names: &str| ScriptError::Unknown { item: "x".to_owned(), names: names.into() };
    assert_eq!(refused(&item("at = 'Mon 11:00'\nof = 'y'"), EMPTY_PLAN), unknown("y"));
    let time = ScriptError::Time { item: "x".to_owned(), at: "noon".to_owned() };
    assert_eq!(refused(&item("at = 'noon'\ntext = 'a'"), EMPTY_PLAN), time);
    let swap = item("at = 'Mon 11:00'\ntext = 'a'\nswap = [['b', 'c']]");
    let edit = ScriptError::Edit { item: "x".to_owned(), edit: "b".to_owned() };
    assert_eq!(refused(&swap, EMPTY_PLAN), edit);
    let plan = EMPTY_PLAN.replace("absent = []", "absent = [{item = 'z', why = 'w'}]");
    assert!(matches!(refused(&good, &plan), ScriptError::Unknown { names, .. } if names == "z"));
    assert!(matches!(refused("lang = 1", EMPTY_PLAN), ScriptError::Syntax { .. }));
    let twice = format!("{good}{}", good.trim_start_matches("lang = 'en'\n"));
    assert_eq!(refused(&twice, EMPTY_PLAN), ScriptError::Twice("x".to_owned()));
}
