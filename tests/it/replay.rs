//! The laws of the fold: what was journalled gives what was served, and what comes later changes no word said before.

use std::collections::{BTreeMap, BTreeSet};

use copytaster::cluster::{Batch, Change, Clusterer, Params, Placed, Version};
use copytaster::model::{ClusterId, VersionId};
use proptest::prelude::*;

use crate::wire;

/// Story, edit and site of each arrival.
type Arrival = (u64, u8, u8);

const PARAMS: Params = Params { window_millis: 72 * 3_600_000, live_max: 1000 };

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    prop::collection::vec((0_u64..6, 0_u8..5, 0_u8..30), 1..40)
}

/// Folds arrivals a minute apart; gives the versions with the changes each made.
fn fold(arrivals: &[Arrival]) -> (Batch, Vec<(Version, Vec<Change>)>) {
    let mut batch = Batch::new(PARAMS);
    let mut versions = Vec::new();
    for (at, &(story, edit, site)) in (0_i64..).zip(arrivals) {
        let article = wire::article(
            &format!("site{site}"),
            &format!("{story}-{edit}"),
            wire::version(story, edit),
        );
        if let Placed::Version { version, changes, .. } = batch.push(article, wire::minute(at)) {
            versions.push((*version, changes));
        }
    }
    (batch, versions)
}

/// Which texts lie together, whatever the clusters are called.
fn partition(
    batch: &Batch,
    versions: &[(Version, Vec<Change>)],
) -> BTreeSet<BTreeSet<(String, String)>> {
    let mut clusters: BTreeMap<ClusterId, BTreeSet<(String, String)>> = BTreeMap::new();
    for (version, _) in versions {
        let cluster = batch.clusterer().cluster_of(version.id).unwrap();
        let name = (version.article.source.0.clone(), version.article.id.clone().unwrap());
        clusters.entry(cluster).or_default().insert(name);
    }
    clusters.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn applying_what_was_judged_gives_the_same_changes(arrivals in arrivals()) {
        let (_, versions) = fold(&arrivals);
        let mut again = Clusterer::new(PARAMS);
        for (version, changes) in &versions {
            prop_assert_eq!(&again.apply(version), changes);
        }
    }

    #[test]
    fn what_came_later_never_alters_what_was_said_before(arrivals in arrivals(), cut in 0_usize..40) {
        let cut = cut.min(arrivals.len());
        let (_, all) = fold(&arrivals);
        let (_, first) = fold(&arrivals[..cut]);
        prop_assert_eq!(&all[..first.len()], &first[..]);
    }

    #[test]
    fn order_names_clusters_but_does_not_choose_them(arrivals in arrivals(), turn in 0_usize..40) {
        // One site an arrival and each text once: no block is seen in three clusters of a site, no article has versions.
        let mut seen = BTreeSet::new();
        let once: Vec<Arrival> = arrivals.iter().enumerate()
            .filter(|(_, arrival)| seen.insert((arrival.0, arrival.1)))
            .map(|(at, &(story, edit, _))| (story, edit, at as u8)).collect();
        let mut turned = once.clone();
        turned.rotate_left(turn % once.len().max(1));
        turned.reverse();
        let (batch, versions) = fold(&once);
        let (other, others) = fold(&turned);
        prop_assert_eq!(partition(&batch, &versions), partition(&other, &others));
    }

    #[test]
    fn the_last_summary_of_a_set_counts_its_members(arrivals in arrivals()) {
        let (batch, versions) = fold(&arrivals);
        let mut last = BTreeMap::new();
        for (_, changes) in &versions {
            for change in changes {
                match change {
                    Change::Updated { set, summary } => { last.insert(*set, summary.clone()); }
                    Change::Merged { gone, .. } => { last.remove(gone); }
                    _ => {}
                }
            }
        }
        let mut members: BTreeMap<ClusterId, Vec<&Version>> = BTreeMap::new();
        for (version, _) in &versions {
            members.entry(batch.clusterer().cluster_of(version.id).unwrap()).or_default().push(version);
        }
        prop_assert_eq!(last.len(), members.len());
        for summary in last.values() {
            let here = &members[&summary.cluster];
            let articles: BTreeSet<_> = here.iter().map(|v| batch.clusterer().article_of(v.id)).collect();
            let sources: BTreeSet<_> = here.iter().map(|v| v.article.source.clone()).collect();
            prop_assert_eq!(summary.versions as usize, here.len());
            prop_assert_eq!(summary.articles as usize, articles.len());
            prop_assert_eq!(&summary.sources, &sources.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(summary.cluster.0, here[0].id.0);
        }
    }
}

#[test]
fn every_edit_of_a_story_lands_in_one_cluster_and_no_two_stories_meet() {
    let arrivals: Vec<Arrival> =
        (0..6).flat_map(|story| (0..5).map(move |edit| (story, edit, edit))).collect();
    let (batch, versions) = fold(&arrivals);
    assert_eq!(batch.clusterer().clusters(), 6);
    for (version, _) in &versions {
        let story = version.article.id.as_deref().and_then(|id| id.split('-').next()).unwrap();
        let founder = &versions[batch.clusterer().cluster_of(version.id).unwrap().0 as usize - 1].0;
        assert!(founder.article.id.as_deref().unwrap().starts_with(story), "{version:?}");
    }
}

#[test]
fn the_same_record_again_is_the_same_version() {
    let mut batch = Batch::new(PARAMS);
    let article = wire::article("site", "1", wire::version(1, 0));
    assert!(matches!(batch.push(article.clone(), wire::minute(0)), Placed::Version { .. }));
    assert!(matches!(
        batch.push(article.clone(), wire::minute(5)),
        Placed::Duplicate(VersionId(1))
    ));
    let elsewhere = copytaster::model::Article { source: "other".into(), ..article };
    assert!(matches!(batch.push(elsewhere, wire::minute(6)), Placed::Version { .. }));
}

#[test]
fn a_changed_page_stays_with_its_article_whatever_its_words() {
    let mut batch = Batch::new(PARAMS);
    let first = wire::article("site", "1", wire::version(1, 0));
    let rewritten = wire::article("site", "1", wire::version(2, 0));
    batch.push(first, wire::minute(0));
    batch.push(rewritten.clone(), wire::minute(60));
    assert_eq!(batch.clusterer().cluster_of(VersionId(2)), Some(ClusterId(1)));
    let late = copytaster::model::Article { text: wire::version(3, 0), ..rewritten };
    batch.push(late, wire::minute(60 + 73 * 60));
    assert_eq!(batch.clusterer().cluster_of(VersionId(3)), Some(ClusterId(3)));
}

#[test]
fn a_round_up_contains_its_stories_and_glues_nothing() {
    const FERRY: &str = "The car ferry Sanna Bell ran aground off the skerries of Tolvik early on Sunday with 214 people on board. Rescuers \
        brought every passenger ashore before noon, and divers found a gash of four metres below the waterline.";
    const BUDGET: &str = "Parliament in Orlen passed the spending plan by three votes on Sunday evening after the farmers' party won \
        lower fuel duty. Economists at the central bank expect the deficit to reach 3.1 percent next year.";
    let mut batch = Batch::new(PARAMS);
    batch.push(wire::article("a", "1", FERRY.to_owned()), wire::minute(0));
    batch.push(wire::article("b", "2", BUDGET.to_owned()), wire::minute(1));
    let both = wire::article("c", "3", format!("{FERRY}\n{BUDGET}"));
    let Placed::Version { version, .. } = batch.push(both, wire::minute(2)) else {
        panic!("the round-up is new")
    };
    assert!(version.verdicts.hub, "{:?}", version.verdicts);
    assert_eq!(version.verdicts.links.len(), 2);
    assert_eq!(batch.clusterer().clusters(), 3);
}

#[test]
fn a_block_seen_in_three_clusters_of_a_site_is_furniture_there_from_then_on() {
    let mut batch = Batch::new(PARAMS);
    let letter = "Sign up for the morning letter from our harbour desk and never miss a tide again";
    for (minute, story) in (1_i64..).zip(1_u64..=4) {
        let text = format!("{}\n{letter}", wire::paragraphs(story)[..2].join("\n"));
        let placed =
            batch.push(wire::article("site", &story.to_string(), text), wire::minute(minute));
        let Placed::Version { version, .. } = placed else { panic!("each is new") };
        assert_eq!(
            version.verdicts.furniture,
            if story < 3 { vec![] } else { vec![2] },
            "story {story}"
        );
    }
}

#[test]
fn pages_that_are_mostly_a_known_notice_are_not_tied_by_it() {
    const NOTICE: &str = "Before you continue to the harbour desk we use small files to keep the service running, to \
        measure how readers use it and to choose notices that fit your interests; accept all to agree to this, or \
        reject all to refuse, and change your choice at any time on the page about privacy and terms";
    let mut batch = Batch::new(PARAMS);
    let mut push = |story: u64, text: &str, minute: i64| {
        let text = format!("{text}\n{NOTICE}");
        let article = wire::article("site", &story.to_string(), text);
        let Placed::Version { version, .. } = batch.push(article, wire::minute(minute)) else {
            panic!("each is new")
        };
        version.verdicts.links.len()
    };
    for story in 1..=3 {
        assert_eq!(push(story, &wire::paragraphs(story).join("\n"), story.cast_signed()), 0);
    }
    // A sentence or two, some words, nothing: what is left after the notice is too little or its own.
    for story in 4..=15 {
        let paragraph = wire::paragraphs(story).swap_remove(0);
        let words: Vec<&str> = paragraph.split(' ').take(8).collect();
        let teaser = match story % 3 {
            0 => paragraph.clone(),
            1 => words.join(" "),
            _ => String::new(),
        };
        assert_eq!(push(story, &teaser, story.cast_signed()), 0, "story {story}: {teaser:?}");
    }
}

#[test]
fn an_update_filed_as_another_article_leads_and_a_copy_elsewhere_does_not() {
    let mut batch = Batch::new(PARAMS);
    let lead_after = |batch: &mut Batch, source: &str, id: &str, text: String, minute: i64| {
        let Placed::Version { changes, .. } =
            batch.push(wire::article(source, id, text), wire::minute(minute))
        else {
            panic!("each is new");
        };
        changes.into_iter().find_map(|change| match change {
            Change::Updated { summary, .. } => Some(summary.lead),
            _ => None,
        })
    };
    assert_eq!(
        lead_after(&mut batch, "agency", "alert", wire::version(1, 1), 0),
        Some(VersionId(1))
    );
    assert_eq!(lead_after(&mut batch, "paper", "copy", wire::version(1, 3), 5), Some(VersionId(1)));
    assert_eq!(
        lead_after(&mut batch, "agency", "update", wire::version(1, 2), 9),
        Some(VersionId(3))
    );
}
