//! A faultless day comes out; each way of spoiling it fails.

use super::*;
use crate::demo::script::{Moment, wire_day};

fn cluster(id: usize, items: &[&str]) -> ObservedCluster {
    ObservedCluster {
        id: format!("c{id}"),
        title: items.first().copied().unwrap_or_default().to_owned(),
        versions: items.len() as u64 + 3,
        sources: 1,
        origin: String::new(),
        verdict: String::new(),
        members: items
            .iter()
            .map(|item| ObservedMember {
                item: Some((*item).to_owned()),
                url: format!("http://127.0.0.1:9/{item}"),
                relation: if *item == "packet-roundup" { "contains" } else { "copy" }.to_owned(),
                ..ObservedMember::default()
            })
            .collect(),
    }
}

/// What a faultless copytaster would show of the script.
fn as_planned(script: &Script) -> Vec<ObservedCluster> {
    let mut clusters: Vec<Vec<&str>> = script
        .plan
        .clusters
        .iter()
        .map(|planned| planned.members.iter().map(String::as_str).collect())
        .collect();
    let named: BTreeSet<&str> = clusters.iter().flatten().copied().collect();
    let absent = |id: &str| script.plan.absent.iter().any(|absent| absent.item == id);
    let others = script.items.iter().map(|item| item.id.as_str());
    clusters.extend(others.filter(|id| !named.contains(id) && !absent(id)).map(|id| vec![id]));
    let mut shown: Vec<_> =
        clusters.iter().enumerate().map(|(n, items)| cluster(n, items)).collect();
    for (planned, cluster) in script.plan.clusters.iter().zip(&mut shown) {
        cluster.origin = planned.origin.clone().unwrap_or_default();
        cluster.verdict = "certain".to_owned();
        for member in &mut cluster.members {
            let asked = member.item.as_ref().and_then(|item| planned.relations.get(item));
            member.relation = asked.unwrap_or(&member.relation).clone();
        }
    }
    shown
}

fn failures(report: &Report) -> Vec<String> {
    report
        .checks
        .iter()
        .filter_map(|check| match &check.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", check.expected)),
            Outcome::Ok | Outcome::NotYet(_) => None,
        })
        .collect()
}

/// Spoils a faultless observation and expects each of `complaints` among the failures.
fn check_spoilt(spoil: impl Fn(&mut Vec<ObservedCluster>), complaints: &[&str]) {
    let script = wire_day().unwrap();
    let mut observed = as_planned(&script);
    spoil(&mut observed);
    let report = check(&script, &observed);
    assert!(!report.came_out());
    let failures = failures(&report).join("\n");
    for complaint in complaints {
        assert!(failures.contains(complaint), "{complaint:?} not in:\n{failures}");
    }
}

fn place(observed: &[ObservedCluster], item: &str) -> usize {
    let held = |c: &ObservedCluster| c.members.iter().any(|m| m.item.as_deref() == Some(item));
    observed.iter().position(held).unwrap()
}

fn merge(observed: &mut Vec<ObservedCluster>, a: &str, b: &str) {
    let from = observed.remove(place(observed, b));
    let into = place(observed, a);
    observed[into].members.extend(from.members);
}

#[test]
fn a_day_as_planned_comes_out_and_says_what_is_not_due() {
    let script = wire_day().unwrap();
    let report = check(&script, &as_planned(&script));
    assert_eq!(failures(&report), Vec::<String>::new());
    assert!(report.came_out());
    let (ok, failed, later) = report.counts();
    assert_eq!((failed, later), (0, script.plan.not_yet.len()));
    assert!(ok > script.plan.clusters.len() + script.plan.apart.len());
    for kind in ["kill", "embargo", "correction", "localised", "event"] {
        let said = report.checks.iter().any(|check| {
            check.expected.starts_with(kind) && matches!(check.outcome, Outcome::NotYet(_))
        });
        assert!(said, "{kind}");
    }
}

#[test]
fn two_stories_in_one_cluster_fail_both_and_their_pair() {
    check_spoilt(
        |observed| merge(observed, "bridge-story", "bridge-sable"),
        &["bridge: 9", "also has bridge-sable, bridge-warnings", "both are in c0"],
    );
}

#[test]
fn a_single_drawn_into_a_story_fails() {
    check_spoilt(
        |observed| merge(observed, "library-reopens", "packet-parking"),
        &["other stories stand alone", "also has packet-parking"],
    );
}

#[test]
fn a_story_in_two_clusters_fails_and_names_the_parts() {
    check_spoilt(
        |observed| {
            let whole = place(observed, "kelp-comeback");
            let last = observed[whole].members.pop().unwrap();
            let part = ObservedCluster {
                id: "part".to_owned(),
                members: vec![last],
                ..ObservedCluster::default()
            };
            observed.push(part);
        },
        &[
            "kelp: 4",
            "split: c5 has kelp-embargoed, packet-kelp, kelp-forest-recovery · part has kelp-comeback",
        ],
    );
}

#[test]
fn an_article_that_was_never_taken_in_fails_wherever_it_is_due() {
    check_spoilt(
        |observed| {
            let at = place(observed, "cup-report");
            observed[at].members.remove(0);
            let at = place(observed, "crossing-vote");
            observed.remove(at);
            let at = place(observed, "crue-lundi");
            observed.remove(at);
        },
        &["cup-report is missing", "crossing-vote is missing", "crue-lundi is missing"],
    );
}

#[test]
fn an_article_shown_in_two_clusters_fails() {
    check_spoilt(
        |observed| observed.push(cluster(999, &["turmuhr-steht"])),
        &["turmuhr-steht is shown 2 times"],
    );
}

#[test]
fn a_forbidden_page_and_a_page_from_nowhere_fail() {
    check_spoilt(
        |observed| {
            observed.push(cluster(998, &["tide-tables-2026"]));
            let mut stray = cluster(999, &["x"]);
            stray.members[0].item = None;
            observed.push(stray);
        },
        &["tide-tables-2026 was taken in", "\"http://127.0.0.1:9/x\" of  is no page of the script"],
    );
}

#[test]
fn wrong_relations_origins_and_version_counts_fail() {
    check_spoilt(
        |observed| {
            let at = place(observed, "packet-roundup");
            observed[at].members[0].relation = "origin".to_owned();
            let at = place(observed, "crossing-vote");
            observed[at].versions = 1;
            let at = place(observed, "bridge-alert");
            observed[at].versions = 9;
            let held =
                |member: &&mut ObservedMember| member.item.as_deref() == Some("bridge-corrected");
            observed[at].members.iter_mut().find(held).unwrap().relation = "update".to_owned();
            observed[at].origin = "Lantern".to_owned();
            observed[at].verdict = "claimed".to_owned();
            let at = place(observed, "eau-alerte");
            observed[at].origin = String::new();
        },
        &[
            "relation of packet-roundup is origin, expected contains",
            "relation of bridge-corrected is update, expected correction",
            "origin is Lantern (claimed), expected Tolvane Press Bureau (certain)",
            "no origin is told, expected Agence Corvelle",
            "1 versions, expected at least 2",
            "9 versions, expected at least 10",
        ],
    );
}

#[test]
fn pages_not_found_may_be_missing_but_may_not_join_a_story() {
    let script = wire_day().unwrap();
    let mut observed = as_planned(&script);
    observed.remove(place(&observed, "lost-harvest-supper"));
    assert!(check(&script, &observed).came_out());
    merge(&mut observed, "tram-greve", "lost-council-agenda");
    let report = check(&script, &observed);
    assert!(failures(&report).join("\n").contains("lost-council-agenda stands alone"));
}

#[test]
fn nothing_observed_fails_everything_that_is_awaited() {
    let script = wire_day().unwrap();
    let report = check(&script, &[]);
    let (_, failed, _) = report.counts();
    assert!(failed >= script.plan.clusters.len() + script.plan.apart.len() + 2);
    assert_eq!(script.awaited().count(), script.items.len() - 3);
    assert!(script.end() > Moment::parse("Tue 16:00").unwrap());
}

#[test]
fn a_copy_that_is_told_as_somebody_elses_fails() {
    let script = wire_day().unwrap();
    let told = |copy: &crate::demo::script::PlannedCopy| Told {
        origin: newsroom::spec(&copy.origin).unwrap().name.to_owned(),
        verdict: copy.verdict.clone(),
        shares: copy.shares.clone().unwrap_or_default(),
        passages: 1,
    };
    let as_planned: BTreeMap<String, Told> =
        script.plan.copies.iter().map(|copy| (copy.item.clone(), told(copy))).collect();
    let fails = |told: &BTreeMap<String, Told>| {
        let mut report = Report::default();
        check_copies(&script, told, &mut report);
        failures(&report)
    };
    assert_eq!(fails(&as_planned), Vec::<String>::new());
    assert!(script.plan.copies.iter().any(|copy| copy.shares.is_some()));
    for spoil in [
        |told: &mut Told| told.origin = "Sablewire".to_owned(),
        |told: &mut Told| told.verdict = "claimed".to_owned(),
        |told: &mut Told| told.shares = "10 own".to_owned(),
        |told: &mut Told| told.passages = 0,
    ] {
        let mut spoilt = as_planned.clone();
        spoil(spoilt.get_mut("velmora-dam-evacuation").unwrap());
        assert_eq!(fails(&spoilt).len(), 1);
    }
    assert_eq!(fails(&BTreeMap::new()).len(), script.plan.copies.len());
}
