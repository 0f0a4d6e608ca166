//! The whole day without a network and without waiting: pages as served, read by the extractor, clustered by the fold, checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::{Batch, Change, Params, Placed, Summary};
use crate::demo::check::{ObservedCluster, ObservedMember, check};
use crate::demo::newsroom::answer::{Asked, answer};
use crate::demo::newsroom::desk::Desk;
use crate::demo::newsroom::{Kind, SITES, SiteSpec, spec};
use crate::demo::script::{Item, MONDAY, Moment, Script, Shown, State, wire_day};
use crate::demo::table::table;
use crate::extract::{self, Extracted, Page};
use crate::model::{
    Article, ArticleId, ClusterId, OriginBasis, OriginClaim, PageKind, SourceId, Timestamp,
    VersionId,
};
use crate::text;
use crate::wire::Agency;

const BASE: &str = "http://127.0.0.1:4711";

/// What the crawler's extractor makes of a page as it is served a minute after a state of it began.
fn read(script: &Script, item: &Item, state: &State) -> Extracted {
    let quiet = SiteSpec { outage: None, ..*spec(&item.site).unwrap() };
    let now = state.at.on(MONDAY).plus_millis(60_000);
    let desk = Desk { site: &quiet, script, base: BASE.to_owned(), monday: MONDAY, now };
    let answer = answer(&desk, &Asked { path: &desk.path(item), ..Asked::default() });
    assert_eq!(answer.status, 200, "{}", item.id);
    let charset = quiet.latin.then_some("ISO-8859-1");
    let html = text::decode(&answer.body, charset).text;
    let url = url::Url::parse(&desk.link(item)).unwrap();
    extract::article_with(
        &Page { url: Some(url), html },
        &[Agency::named("TPB", &["Tolvane Press Bureau"])],
    )
}

/// The states of the day that are pages, in order of time, without what robots.txt forbids.
fn pages(script: &Script) -> Vec<(&Item, &State)> {
    let allowed = script
        .items
        .iter()
        .filter(|item| spec(&item.site).unwrap().disallow != Some(item.section.as_str()));
    let mut pages: Vec<_> = allowed
        .flat_map(|item| item.states.iter().map(move |state| (item, state)))
        .filter(|(_, state)| !matches!(state.shown, Shown::Gone(_)))
        .collect();
    pages.sort_by_key(|(_, state)| state.at);
    pages
}

fn article(item: &Item, read: Extracted) -> Article {
    let site = spec(&item.site).unwrap();
    let own_item = (site.kind == Kind::Agency).then(|| OriginClaim {
        agency: site.name.to_owned(),
        basis: OriginBasis::OwnItem,
        evidence: String::new(),
    });
    Article {
        source: SourceId::from(site.id),
        url: read.canonical_url,
        title: read.title,
        text: read.text,
        kind: read.kind,
        published: read.published,
        updated: read.updated,
        lang: read.lang,
        origin: own_item.or(read.origin),
        ..Article::default()
    }
}

/// What the fold shows at the end of the day, in the words of the check.
#[derive(Default)]
struct Seen {
    /// Newest version of each article and the item it is.
    newest: BTreeMap<ArticleId, (VersionId, String, Article)>,
    versions: Vec<VersionId>,
    summaries: BTreeMap<ClusterId, Arc<Summary>>,
}

impl Seen {
    fn take(&mut self, item: &Item, placed: Placed, batch: &Batch) {
        let Placed::Version { version, changes, .. } = placed else { return };
        for change in changes {
            if let Change::Updated { summary, .. } = change {
                self.summaries.insert(summary.cluster, summary);
            }
        }
        self.versions.push(version.id);
        let article = batch.clusterer().article_of(version.id).unwrap();
        self.newest.insert(article, (version.id, item.id.clone(), version.article));
    }

    fn clusters(&self, batch: &Batch) -> Vec<ObservedCluster> {
        let fold = batch.clusterer();
        let mut clusters: BTreeMap<ClusterId, ObservedCluster> = BTreeMap::new();
        for (version, item, article) in self.newest.values() {
            let id = fold.cluster_of(*version).unwrap();
            let cluster = clusters.entry(id).or_default();
            cluster.members.push(ObservedMember {
                item: Some(item.clone()),
                url: article.url.clone().unwrap_or_default(),
                source: article.source.0.clone(),
                title: article.title.clone(),
                relation: fold.relation_of(*version).unwrap().0.as_str().to_owned(),
            });
        }
        for (id, cluster) in &mut clusters {
            cluster.id = id.to_string();
            cluster.title = cluster.members[0].title.clone();
            let held = self.versions.iter().filter(|v| fold.cluster_of(**v) == Some(*id));
            cluster.versions = held.count() as u64;
            if let Some(origin) = self.summaries.get(id).and_then(|s| s.origin.as_ref()) {
                let own = origin.basis == OriginBasis::OwnItem;
                cluster.origin = origin.agency.clone();
                cluster.verdict = if own { "certain" } else { "claimed" }.to_owned();
            }
        }
        clusters.into_values().collect()
    }
}

/// Folds pages as read, each seen at the time `seen_at` gives for its publication.
fn play(
    pages: &[(&Item, Moment, Extracted)],
    seen_at: impl Fn(Moment) -> Timestamp,
) -> Vec<ObservedCluster> {
    let mut batch = Batch::new(Params::default());
    let mut seen = Seen::default();
    for (item, at, read) in pages {
        let placed = batch.push(article(item, read.clone()), seen_at(*at));
        seen.take(item, placed, &batch);
    }
    seen.clusters(&batch)
}

#[test]
fn the_day_comes_out_through_extractor_and_fold_live_and_when_half_of_it_is_seen_at_once() {
    let script = wire_day().unwrap();
    let mut read_pages = Vec::new();
    for (item, state) in pages(&script) {
        let read = read(&script, item, state);
        if matches!(state.shown, Shown::SoftNotFound { .. }) {
            assert_eq!(read.kind, PageKind::SoftNotFound, "{}", item.id);
        } else {
            assert_eq!(read.kind, PageKind::Article, "{}", item.id);
            read_pages.push((item, state.at, read));
        }
    }
    for start in ["Mon 10:00", "Tue 05:30"] {
        let start = Moment::parse(start).unwrap();
        let observed = play(&read_pages, |at| at.max(start).on(MONDAY));
        let report = check(&script, &observed);
        assert!(report.came_out(), "from {start}\n{}", table(&observed, &report));
    }
}

#[test]
fn each_design_gives_its_story_its_headline_and_its_address() {
    let script = wire_day().unwrap();
    for site in &SITES {
        let of_site = |(item, state): &(&Item, &State)| {
            item.site == site.id && matches!(state.shown, Shown::Story(_))
        };
        let (item, state) = pages(&script).into_iter().find(of_site).unwrap();
        let Shown::Story(story) = &state.shown else { unreachable!("filtered above") };
        let read = read(&script, item, state);
        for paragraph in &story.paragraphs {
            assert!(read.text.contains(paragraph), "{}: {paragraph:?} is lost", item.id);
        }
        assert!(read.title.contains(&story.title), "{}: {:?}", item.id, read.title);
        let told = read.text.split_whitespace().count();
        let words: usize = story.paragraphs.iter().map(|p| p.split_whitespace().count()).sum();
        assert!(told < words + 60, "{}: {told} words of {words}", item.id);
        let url = read.canonical_url.unwrap();
        assert!(url.starts_with(BASE) && !url.contains("utm_"), "{url}");
    }
}

/// The page that the project was made for, in the shapes it had: skip link, photo credit, reading time, cross-head, an editor's
/// words in square brackets, a newsletter box and a stray block that says "Page not found".
#[test]
fn the_seed_page_gives_its_story_and_a_claim_of_origin_that_is_no_photo_credit() {
    let script = wire_day().unwrap();
    let named = |(item, _): &(&Item, &State)| item.id == "gulf-of-merse-talks";
    let (item, state) = pages(&script).into_iter().find(named).unwrap();
    let Shown::Story(story) = &state.shown else { unreachable!("it is a story") };
    let found = read(&script, item, state);
    let crosshead = story.crosshead.clone().unwrap();
    let lines: Vec<&str> = found.text.lines().filter(|line| *line != crosshead).collect();
    assert_eq!(lines, story.paragraphs, "nothing but the story");
    assert!(found.text.contains(&crosshead) && found.text.contains("[Tidewharf Now reported"));
    assert_eq!((found.title.as_str(), found.kind), (story.title.as_str(), PageKind::Article));
    assert_eq!(found.credit, None);
    let origin = found.origin.unwrap();
    assert_eq!((origin.agency.as_str(), origin.basis), ("TPB", OriginBasis::Quote));
    assert!(origin.evidence.contains("told TPB"), "{}", origin.evidence);
    assert!(
        story
            .photo
            .as_ref()
            .is_some_and(|photo| photo.contains("TPB") && !found.text.contains(photo))
    );
}
