//! Laws of the fold where all its parts meet: stories, notices under pages of one site, round-ups, alerts.

use std::collections::{BTreeMap, BTreeSet};

use copytaster::cluster::{Clusterer, LinkKind};
use copytaster::model::{Article, VersionId};
use proptest::prelude::*;

use super::Flood;
use crate::wire;

const NOTICE: &str = "Before you continue to the harbour desk we use small files to keep the service running, to \
    measure how readers use it and to choose notices that fit your interests; accept all to agree to this, or \
    reject all to refuse, and change your choice at any time on the page about privacy and terms";

/// Stories known before: enough that the words of an alert have a weight.
const BACKGROUND: usize = 40;

#[derive(Clone, Copy, Debug)]
enum Item {
    /// Story, edit, site.
    Story(u64, u8, u8),
    /// A page of one site: its notice under so many paragraphs of a story.
    Page(u64, usize),
    /// Two stories in one text.
    RoundUp(u64, u64, u8),
    /// The first words of a story, and nothing else.
    Alert(u64, u8),
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = prop_oneof![
        4 => (0_u64..5, 0_u8..5, 0_u8..4).prop_map(|(story, edit, site)| Item::Story(story, edit, site)),
        3 => (0_u64..12, 0_usize..7).prop_map(|(story, own)| Item::Page(story, own)),
        2 => (0_u64..5, 0_u64..5, 0_u8..4).prop_map(|(a, b, site)| Item::RoundUp(a, b, site)),
        2 => (0_u64..5, 0_u8..4).prop_map(|(story, site)| Item::Alert(story, site)),
    ];
    prop::collection::vec(item, 1..40)
}

/// Six paragraphs in words of their own: stories of one vocabulary are no strangers to each other.
fn paragraphs(story: u64) -> Vec<String> {
    let own = |word: &str| {
        let plain = word.len() < 4 || word.contains(char::is_numeric);
        if plain { word.to_owned() } else { format!("s{story}{word}") }
    };
    let line = |line: &String| line.split(' ').map(own).collect::<Vec<_>>().join(" ");
    wire::paragraphs(story).iter().map(line).collect()
}

/// One way in which a site runs a story.
fn version(story: u64, edit: u8) -> String {
    let mut text = paragraphs(story);
    text.truncate(3);
    match edit {
        0 => {}
        1 => text.truncate(2),
        2 => text[1] = text[1].replace("The ", "A "),
        3 => text.insert(
            1,
            format!("Nothing more is known of s{story}matters at this hour, the desk said"),
        ),
        _ => text.reverse(),
    }
    text.join("\n")
}

fn article(item: Item, at: u32) -> Article {
    let id = at.to_string();
    match item {
        // An edit of one site is one article, so that pages change, too.
        Item::Story(story, edit, site) => {
            let id = format!("{story}-{}", edit % 2);
            wire::article(&format!("site{site}"), &id, version(story, edit))
        }
        Item::Page(story, own) => {
            let mut lines = paragraphs(story);
            lines.truncate(own);
            lines.push(NOTICE.to_owned());
            wire::article("site0", &id, lines.join("\n"))
        }
        Item::RoundUp(a, b, site) => {
            let text = format!("{}\n{}", version(a, 0), version(b, 0));
            wire::article(&format!("site{site}"), &id, text)
        }
        Item::Alert(story, site) => {
            let text = paragraphs(story).swap_remove(0);
            let title = text.split(' ').take(14).collect::<Vec<_>>().join(" ");
            let article = wire::article(&format!("site{site}"), &id, String::new());
            Article { title, ..article }
        }
    }
}

fn fold(items: &[Item]) -> Flood {
    let mut flood = Flood::new(1000);
    for number in 0..BACKGROUND {
        let text = (0..14).map(|word| format!("quay{number}x{word}")).collect::<Vec<_>>().join(" ");
        flood.push(wire::article("agency", &format!("known{number}"), text), -600);
    }
    for (at, &item) in (0_u32..).zip(items) {
        let article = article(item, at);
        let known = flood.versions.iter().any(|(version, _)| {
            (&version.article.source, &version.article.id, &version.article.text)
                == (&article.source, &article.id, &article.text)
        });
        // The same page again is no version.
        if !known {
            flood.push(article, i64::from(at));
        }
    }
    flood
}

/// Versions by cluster.
fn clusters(fold: &Clusterer, versions: &[VersionId]) -> BTreeMap<u64, BTreeSet<u64>> {
    let mut clusters: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for &version in versions {
        let cluster = fold.cluster_of(version).unwrap();
        clusters.entry(cluster.0).or_default().insert(version.0);
    }
    clusters
}

/// Components of the versions by the links that glue, by their oldest member.
fn components(fold: &Clusterer, versions: &[VersionId]) -> BTreeMap<u64, BTreeSet<u64>> {
    let mut component: BTreeMap<u64, u64> = versions.iter().map(|id| (id.0, id.0)).collect();
    for &version in versions {
        for link in fold.links_of(version).filter(|link| link.kind.glues()) {
            let (a, b) = (component[&version.0], component[&link.other.0]);
            for root in component.values_mut().filter(|root| **root == a.max(b)) {
                *root = a.min(b);
            }
        }
    }
    let mut components: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (version, root) in component {
        components.entry(root).or_default().insert(version);
    }
    components
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_cluster_is_a_component_of_links_named_after_its_oldest_member(items in items()) {
        let flood = fold(&items);
        let ids: Vec<VersionId> = flood.versions.iter().map(|(version, _)| version.id).collect();
        let judged = flood.batch.clusterer();
        let mut applied = Clusterer::new(*judged.params());
        for (version, changes) in &flood.versions {
            prop_assert_eq!(&applied.apply(version), changes);
        }
        for fold in [judged, &applied] {
            let clusters = clusters(fold, &ids);
            prop_assert_eq!(clusters.len(), fold.clusters());
            for (cluster, members) in &clusters {
                prop_assert_eq!(Some(cluster), members.first());
            }
            prop_assert_eq!(clusters, components(fold, &ids));
        }
    }

    #[test]
    fn a_round_up_is_alone(items in items()) {
        let flood = fold(&items);
        let ids: Vec<VersionId> = flood.versions.iter().map(|(version, _)| version.id).collect();
        let clusters = clusters(flood.batch.clusterer(), &ids);
        let late = flood.versions.iter().flat_map(|(version, _)| &version.verdicts.late_hubs);
        let hubs = flood.versions.iter().filter(|(version, _)| version.verdicts.hub);
        for hub in hubs.map(|(version, _)| version.id).chain(late.copied()) {
            let alone = clusters.get(&hub.0).is_some_and(|members| members.len() == 1);
            prop_assert!(alone, "round-up {} in {:?}", hub.0, clusters);
        }
    }
}

#[test]
fn an_alert_joins_its_story_and_no_round_up_of_the_last_minutes() {
    let items =
        [Item::Story(1, 0, 0), Item::Story(4, 0, 0), Item::RoundUp(1, 4, 0), Item::Alert(1, 0)];
    let flood = fold(&items);
    assert!(flood.versions[BACKGROUND + 2].0.verdicts.hub);
    let cluster = flood.batch.clusterer().cluster_of(flood.last().id).unwrap();
    assert_eq!(cluster.0, BACKGROUND as u64 + 1);
}

#[test]
fn the_items_here_make_all_that_the_laws_are_about() {
    let pages = (5..12).map(|story| Item::Page(story, 6));
    let stories = (0..5).map(|story| Item::Story(story, 0, 1));
    let rest = [Item::RoundUp(0, 1, 2), Item::Alert(2, 3), Item::Story(2, 2, 2)];
    let cut = [Item::Story(3, 0, 2), Item::RoundUp(3, 4, 2)];
    let items: Vec<Item> = pages.chain(stories).chain(rest).chain(cut).collect();
    let flood = fold(&items);
    let verdicts = || flood.versions.iter().map(|(version, _)| &version.verdicts);
    let kinds: BTreeSet<LinkKind> =
        verdicts().flat_map(|verdicts| verdicts.links.iter().map(|link| link.kind)).collect();
    assert!(verdicts().any(|verdicts| verdicts.hub), "a round-up");
    assert!(verdicts().any(|verdicts| !verdicts.furniture.is_empty()), "furniture");
    assert!(kinds.contains(&LinkKind::Short), "{kinds:?}");
    assert!(kinds.contains(&LinkKind::Text) && kinds.contains(&LinkKind::Contains), "{kinds:?}");
}

#[test]
fn a_version_far_from_the_last_one_of_its_article_is_linked_and_not_refused() {
    fold(&[
        Item::Story(2, 0, 0),
        Item::RoundUp(0, 1, 1),
        Item::RoundUp(1, 2, 1),
        Item::RoundUp(3, 1, 1),
        Item::Story(1, 2, 1),
        Item::Story(1, 4, 1),
    ]);
}
