//! What the detector says late: round-ups found by their second story, furniture found by its third, alerts and their story.

use std::collections::BTreeMap;

use copytaster::cluster::{
    Batch, Change, Clusterer, LinkKind, Params, Placed, Reason, Refusal, Relation, Version,
};
use copytaster::model::{Article, ClusterId, VersionId};

use crate::wire;

/// A fold, and everything it said, to be applied again.
struct Desk {
    batch: Batch,
    said: Vec<(Version, Vec<Change>)>,
    refused: Vec<(VersionId, Refusal)>,
    minute: i64,
}

impl Desk {
    fn open() -> Self {
        let params = Params { live_max: 2000, ..Params::default() };
        Self { batch: Batch::new(params), said: Vec::new(), refused: Vec::new(), minute: 0 }
    }

    /// An article a minute; the id is its number.
    fn push(&mut self, source: &str, title: &str, text: &str) -> VersionId {
        self.minute += 1;
        let article = Article {
            title: title.to_owned(),
            ..wire::article(source, &self.minute.to_string(), text.to_owned())
        };
        match self.batch.push(article, wire::minute(self.minute)) {
            Placed::Version { version, changes, refused } => {
                let id = version.id;
                self.said.push((*version, changes));
                self.refused = refused;
                id
            }
            Placed::Duplicate(id) => id,
        }
    }

    fn cluster(&self, version: VersionId) -> u64 {
        self.batch.clusterer().cluster_of(version).unwrap().0
    }

    fn last(&self) -> &(Version, Vec<Change>) {
        self.said.last().unwrap()
    }

    /// Verdicts applied anew give the very changes, and the sets that changes tell of are those of the fold.
    fn holds(&self) {
        let mut again = Clusterer::new(*self.batch.clusterer().params());
        let mut members: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let mut ids: BTreeMap<u32, ClusterId> = BTreeMap::new();
        for (version, changes) in &self.said {
            assert_eq!(&again.apply(version), changes, "{}", version.id);
            for change in changes {
                match change {
                    Change::Joined { set, member, .. } => {
                        members.entry(set.0).or_default().push(member.version.0);
                    }
                    Change::Moved { from, to, versions } => {
                        let moved: Vec<u64> = versions.iter().map(|version| version.0).collect();
                        members.entry(from.0).or_default().retain(|v| !moved.contains(v));
                        members.entry(to.0).or_default().extend(moved);
                    }
                    Change::Updated { set, summary } => {
                        ids.insert(set.0, summary.cluster);
                        assert_eq!(summary.versions as usize, members[&set.0].len(), "{set:?}");
                    }
                    _ => {}
                }
            }
        }
        for (set, members) in members.iter().filter(|(_, members)| !members.is_empty()) {
            assert_eq!(ids[set].0, *members.iter().min().unwrap());
            for &member in members {
                assert_eq!(self.cluster(VersionId(member)), ids[set].0);
            }
        }
    }
}

const FERRY: &str = "The car ferry Sanna Bell ran aground off the skerries of Tolvik early on Sunday with 214 people on board. Rescuers \
    brought every passenger ashore before noon, and divers found a gash of four metres below the waterline.";
const BUDGET: &str = "Parliament in Orlen passed the spending plan by three votes after the farmers' party won lower fuel duty. \
    Economists at the central bank expect the deficit to reach 3.1 percent next year, the governor told reporters.";
const GLACIER: &str = "A lake above the village of Brenn emptied within an hour when the ice that dammed it gave way. Nobody was hurt, but \
    the only road is cut in two places and 60 hikers wait in mountain huts for a helicopter.";
const NOTICE: &str = "Before you continue to the harbour desk we use small files to keep the service running, to measure how readers \
    use it and to choose notices that fit your interests; accept all to agree to this, or reject all to refuse";

#[test]
fn a_round_up_that_came_first_is_found_by_its_second_story() {
    let mut desk = Desk::open();
    let both =
        desk.push("papers", "The week at a glance", &format!("{FERRY}\n{BUDGET}\n{GLACIER}"));
    let ferry = desk.push("alba", "Ferry runs aground off Tolvik", FERRY);
    assert_eq!([both, ferry].map(|version| desk.cluster(version)), [1, 1]);
    let budget = desk.push("mara", "Orlen passes budget", BUDGET);
    assert_eq!(desk.last().0.verdicts.late_hubs, [both]);
    assert_eq!([both, ferry, budget].map(|version| desk.cluster(version)), [1, 2, 3]);
    let split = desk.last().1.iter().find(|change| matches!(change, Change::Split { .. }));
    assert_eq!(
        split,
        Some(&Change::Split { from: ClusterId(1), into: vec![ClusterId(1), ClusterId(2)] })
    );
    let (relation, _) = desk.batch.clusterer().relation_of(both).unwrap();
    assert_eq!(relation, Relation::Contains);
    let kinds: Vec<_> = desk.batch.clusterer().links_of(budget).map(|link| link.kind).collect();
    assert_eq!(kinds, [LinkKind::Contains]);
    // A third story and a copy of the first find no glue any more.
    let glacier = desk.push("alba", "Lake empties above Brenn", GLACIER);
    let copy = desk.push("post", "Ferry aground, all safe", FERRY);
    assert_eq!([glacier, copy].map(|version| desk.cluster(version)), [4, 2]);
    desk.holds();
}

#[test]
fn an_alert_and_the_update_of_one_story_make_no_round_up_of_the_article_that_holds_both() {
    let mut desk = Desk::open();
    let (first, second) = FERRY.split_once(". ").unwrap();
    desk.push(
        "papers",
        "Ferry aground",
        &format!("{FERRY}\n{FERRY} The owner spoke of fog.\n{first} again."),
    );
    desk.push(
        "alba",
        "Ferry aground",
        &format!("{first}, the coastguard of Tolvik said in a note."),
    );
    desk.push(
        "alba",
        "Ferry: all ashore",
        &format!("{second} The ferry Sanna Bell belongs to Tolvik."),
    );
    assert!(desk.said.iter().all(|(version, _)| version.verdicts.late_hubs.is_empty()));
    desk.holds();
}

#[test]
fn the_first_pages_under_a_notice_are_not_tied_by_it() {
    let mut desk = Desk::open();
    for (title, own) in [
        ("Ferry strike enters third week", "Crews of the car ferries stayed ashore on Monday."),
        ("Budget passes by three votes", "The farmers' party won lower fuel duty at night."),
        ("Lake empties above Brenn", "The only road is cut in two places since dawn."),
        ("Pilots return to Orsk locks", ""),
    ] {
        let version = desk.push("harbour", title, &format!("{own}\n{NOTICE}"));
        assert_eq!(desk.cluster(version), version.0, "{title}: {:?}", desk.last().0.verdicts);
        assert!(
            version.0 == 1 || desk.refused.iter().all(|(_, why)| *why == Refusal::OnePassage),
            "{:?}",
            desk.refused
        );
    }
    desk.holds();
}

#[test]
fn what_rested_on_a_block_is_judged_again_when_the_block_is_furniture() {
    let mut desk = Desk::open();
    // The teaser is hardly more than the notice, and its headline is no stranger to the long page.
    let long = |story: u64| format!("{}\n{NOTICE}", wire::paragraphs(story).join("\n"));
    let first = desk.push("harbour", "Ferries and locks in the morning", &long(1));
    let teaser = desk.push(
        "harbour",
        "Locks and ferries at noon",
        &format!("Crews stayed ashore.\n{NOTICE}"),
    );
    assert_eq!(desk.cluster(teaser), first.0, "{:?}", desk.refused);
    assert_ne!(desk.last().0.verdicts.links[0].rests_on, 0);
    let second = desk.push("harbour", "Council votes on bridge", &long(2));
    assert_eq!(desk.last().0.verdicts.withdrawn, []);
    let third = desk.push("harbour", "Orchestra plays at the quarry", &long(3));
    let verdicts = &desk.last().0.verdicts;
    assert_eq!(verdicts.furniture, [6], "the notice follows six paragraphs");
    assert_eq!(verdicts.withdrawn.len(), 1);
    assert_eq!([first, teaser, second, third].map(|version| desk.cluster(version)), [1, 2, 3, 4]);
    desk.holds();
}

#[test]
fn an_alert_waits_for_the_story_that_holds_it_and_one_story_takes_it() {
    let mut desk = Desk::open();
    for story in 0..300 {
        desk.push("alba", &format!("Notes from desk {story}"), &wire::version(story, 0));
    }
    let alert =
        desk.push("alba", "CAR FERRY SANNA BELL AGROUND OFF TOLVIK, 214 ON BOARD - COASTGUARD", "");
    assert_eq!(desk.cluster(alert), alert.0);
    let story = desk.push("alba", "Ferry runs aground off Tolvik", FERRY);
    assert_eq!(desk.cluster(story), alert.0);
    let (relation, link) = desk.batch.clusterer().relation_of(story).unwrap();
    assert_eq!((relation, link.unwrap().reason), (Relation::Update, Reason::WordsOfHeadline));
    let other = "A second car ferry, the Sanna Star, was towed off the skerries of Tolvik with 214 on board, the \
        coastguard said; the Bell had run aground before, and the company wants both off the route by the end of May.";
    let second = desk.push("mara", "Ferry trouble off Tolvik", other);
    assert_eq!(desk.cluster(second), second.0);
    desk.holds();
}

#[test]
fn the_same_template_for_another_firm_stays_apart() {
    let bond = |firm: &str, bank: &str, amount: u32| {
        format!(
            "The firm {firm} is issuing a bond of {amount} million crowns due April 2032 that pays 4.5 percent and is priced at \
             par, the lead manager {bank} said. Final terms will be fixed on April 15. The selling concession is 1.5 percent \
             while management and underwriting together pay 0.5 percent."
        )
    };
    let mut desk = Desk::open();
    desk.push("alba", "Tolvik Ferries issues bond", &bond("Tolvik Ferries", "Sund Bank", 80));
    let other =
        desk.push("alba", "Orsk Mills sells paper", &bond("Orsk Mills", "Harbour Credit", 60));
    assert_eq!(desk.cluster(other), other.0, "{:?}", desk.last().0.verdicts.links);
    assert_eq!(desk.refused, [(VersionId(1), Refusal::NamesDiffer)]);
    let same =
        desk.push("mara", "Bond of Tolvik Ferries", &bond("Tolvik Ferries", "Sund Bank", 80));
    assert_eq!(desk.cluster(same), 1);
    desk.holds();
}

#[test]
fn a_site_with_a_notice_on_every_page_has_no_tie_that_rests_on_it() {
    let mut desk = Desk::open();
    for page in 0..300_u64 {
        let paragraphs = wire::paragraphs(page);
        let own = match page % 5 {
            0 => paragraphs.join("\n"),
            1 => paragraphs[0].clone(),
            2 => paragraphs[0].split(' ').take(20).collect::<Vec<_>>().join(" "),
            3 => paragraphs[0].split(' ').take(8).collect::<Vec<_>>().join(" "),
            _ => String::new(),
        };
        // Headlines share a word now and then.
        let title = format!("Mayor{page} quits{page} bridge{page} over{}", page % 3);
        let version = desk.push("harbour", &title, &format!("{own}\n{NOTICE}"));
        let links = &desk.last().0.verdicts.links;
        assert!(links.is_empty(), "page {page} ({version}): {links:?}");
    }
    desk.holds();
}
