//! The law of what is thawed, over invented histories; and that other bytes are refused.

use super::*;
use crate::cluster::{Batch, Change, Override, Placed, Prepared, ShortText, Version, prepare};
use crate::model::{Article, ArticleId, ClusterId, OriginBasis, OriginClaim, Timestamp};
use proptest::prelude::*;

/// What happens in an invented history.
#[derive(Clone, Debug)]
pub(in crate::cluster) enum Step {
    /// Story, edit, site; what the site puts under every page.
    Story(u32, u32, u8, bool),
    /// A headline alone.
    Alert(u32, u8),
    /// Two stories, and both on one page.
    Week(usize, u8),
    /// The article, counted from the newest, is another story.
    Split(u64),
    Merge(u64, u64),
    /// The override, counted from the newest, is undone.
    Undo(u64),
}

pub(in crate::cluster) fn step() -> impl Strategy<Value = Step> {
    let story = || (0_u32..5, 0_u32..4, 0_u8..3, any::<bool>());
    prop_oneof![
        10 => story().prop_map(|(story, edit, site, notice)| Step::Story(story, edit, site, notice)),
        2 => (0_u32..5, 0_u8..3).prop_map(|(story, site)| Step::Alert(story, site)),
        3 => (0_usize..3, 0_u8..3).prop_map(|(part, site)| Step::Week(part, site)),
        1 => (0_u64..6).prop_map(Step::Split),
        1 => (1_u64..20, 1_u64..20).prop_map(|(a, b)| Step::Merge(a, b)),
        1 => (0_u64..4).prop_map(Step::Undo),
    ]
}

/// Headlines of one pattern would make what stands under them no furniture.
const TITLES: [&str; 5] = [
    "Harbour quarrel ends",
    "Museum reopens its doors",
    "Railway strike begins",
    "Glacier melts faster",
    "Orchestra tours abroad",
];

const FERRY: &str = "The car ferry Sanna Bell ran aground off the skerries of Tolvik early on Sunday with 214 people on board. \
    Rescuers brought every passenger ashore before noon, and divers found a gash of four metres below the waterline.";
const BUDGET: &str = "Parliament in Orlen passed the spending plan by three votes after the farmers' party won lower fuel \
    duty. Economists at the central bank expect the deficit to reach 3.1 percent next year, the governor told reporters.";

/// Numbered sentences of a story: edits share most of them, stories none.
fn body(story: u32, edit: u32) -> String {
    let line = |n: u32| {
        let (n, hour) = (n + story * 100, n % 24);
        format!("Sentence s{n} tells what pilot p{n}x{n} saw near lock l{n} at {hour} that night.")
    };
    (edit..edit + 12).map(line).collect::<Vec<_>>().join("\n")
}

fn article(step: &Step) -> Option<Article> {
    let (site, id, title, text) = match *step {
        Step::Story(story, edit, site, notice) => {
            let notice =
                if notice { "\nSign up for the letter of our harbour desk now" } else { "" };
            let title = TITLES[story as usize].to_owned();
            (site, format!("{story}-{}", edit % 2), title, body(story, edit) + notice)
        }
        Step::Alert(story, site) => {
            let n = story * 100 + 3;
            let title = format!("Pilot p{n}x{n} saw lock l{n}, sentence s{n}");
            (site, format!("alert-{story}"), title, String::new())
        }
        Step::Week(part, site) => {
            let text = [format!("{FERRY}\n{BUDGET}"), FERRY.to_owned(), BUDGET.to_owned()];
            let title = ["The week", "Ferry aground", "Budget passes"][part];
            (site, format!("week-{part}"), title.to_owned(), text[part].clone())
        }
        _ => return None,
    };
    let origin = (site == 1).then(|| OriginClaim {
        agency: "Alba".to_owned(),
        basis: OriginBasis::Dateline,
        evidence: title.clone(),
    });
    let lang = Some(["en", "de", "fr"][usize::from(site)].to_owned());
    let published = (site != 2).then_some(Timestamp::from_secs(40));
    let source = format!("site{site}").as_str().into();
    Some(Article {
        source,
        id: Some(id),
        title,
        text,
        lang,
        published,
        origin,
        ..Article::default()
    })
}

/// A fold, and what it was told.
#[derive(Clone)]
pub(in crate::cluster) struct History {
    pub(in crate::cluster) batch: Batch,
    pub(in crate::cluster) versions: Vec<Version>,
    /// Words that were obeyed, with their numbers.
    pub(in crate::cluster) words: Vec<(u64, Override)>,
    overrides: Vec<u64>,
    steps: u64,
}

impl History {
    pub(in crate::cluster) fn new(params: Params) -> Self {
        let batch = Batch::new(params);
        Self { batch, versions: Vec::new(), words: Vec::new(), overrides: Vec::new(), steps: 0 }
    }

    /// What a step decides and changes, in words; versions are kept.
    pub(in crate::cluster) fn take(&mut self, step: &Step) -> String {
        self.steps += 1;
        let Some(article) = article(step) else { return self.obey(step) };
        let seen_at = Timestamp::from_secs(60 * self.steps.cast_signed());
        let placed = self.batch.push(article, seen_at);
        if let Placed::Version { version, .. } = &placed {
            self.versions.push(Version::clone(version));
        }
        format!("{placed:?}")
    }

    fn obey(&mut self, step: &Step) -> String {
        let count = self.batch.clusterer().articles.len() as u64;
        let word = match *step {
            Step::Split(back) => {
                let at = count.saturating_sub(back + 1) as usize;
                let id = self.batch.clusterer().articles.get(at).map_or(ArticleId(1), |row| row.id);
                Override::Split { articles: vec![id] }
            }
            Step::Merge(a, b) => Override::Merge { a: ClusterId(a), b: ClusterId(b) },
            Step::Undo(back) => {
                let at = self.overrides.iter().rev().nth(back as usize);
                Override::Undo { number: at.copied().unwrap_or(0) }
            }
            _ => return String::new(),
        };
        let number = 1000 + self.steps;
        let done: Result<Vec<Change>, _> = self.batch.clusterer_mut().override_with(number, &word);
        if done.is_ok() && !matches!(word, Override::Undo { .. }) {
            self.overrides.push(number);
        }
        if done.is_ok() {
            self.words.push((number, word));
        }
        format!("{done:?}")
    }

    pub(in crate::cluster) fn frozen(&self) -> [Vec<u8>; 2] {
        let fold = self.batch.clusterer();
        [fold.freeze(), fold.freeze_short_path()]
    }

    /// Stops and starts: the fold thawed, bands and anchors from what makes versions findable.
    pub(in crate::cluster) fn restart(&mut self) {
        let [fold, short_path] = self.frozen();
        let mut thawed = Clusterer::thaw(&fold, *self.batch.clusterer().params()).unwrap();
        thawed.thaw_short_path(&short_path).unwrap();
        for Version { id, article, verdicts, .. } in &self.versions {
            let prepared = prepare(&article.title, &article.text, &verdicts.furniture);
            let found = Prepared::from_bytes(&prepared.to_bytes()).unwrap().prepared;
            thawed.admit(*id, &Prepared { short: ShortText::default(), ..found });
        }
        *self.batch.clusterer_mut() = thawed;
    }
}

const PARAMS: Params = Params { window_millis: 72 * 3_600_000, live_max: 1000 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_thawed_goes_on_as_what_never_stopped(steps in prop::collection::vec(step(), 1..60), cut in 0_usize..60) {
        let (mut whole, cut) = (History::new(PARAMS), cut.min(steps.len()));
        for step in &steps[..cut] {
            whole.take(step);
        }
        let mut thawed = whole.clone();
        thawed.restart();
        prop_assert_eq!(whole.frozen(), thawed.frozen());
        for step in &steps[cut..] {
            prop_assert_eq!(whole.take(step), thawed.take(step));
        }
        prop_assert_eq!(whole.frozen(), thawed.frozen());
    }

    #[test]
    fn the_fold_is_frozen_alike_whatever_is_findable(steps in prop::collection::vec(step(), 1..40), cut in 0_usize..40) {
        // So few are live that most are not any more.
        let params = Params { live_max: 7, ..PARAMS };
        let (mut judged, mut applied) = (History::new(params), Clusterer::new(params));
        for (at, step) in steps.iter().enumerate() {
            let before = judged.versions.len();
            if at == cut {
                applied = Clusterer::thaw(&applied.freeze(), params).unwrap();
            }
            if article(step).is_some() {
                judged.take(step);
                for version in &judged.versions[before..] {
                    applied.apply(version);
                }
            }
            prop_assert_eq!(judged.batch.clusterer().freeze(), applied.freeze());
        }
    }

    #[test]
    fn sound_bytes_of_any_kind_are_refused_without_a_panic(body in prop::collection::vec(0_u8..6, 0..300)) {
        let mut out = begin(FOLD, &PARAMS);
        out.0.extend(body.clone());
        let thawed = Clusterer::thaw(&seal(out), PARAMS);
        prop_assert!(thawed.is_err() || thawed.is_ok_and(|thawed| thawed.rows.is_empty()));
        let mut out = begin(SHORT_PATH, &PARAMS);
        out.0.extend(body);
        let _any = Clusterer::new(PARAMS).thaw_short_path(&seal(out));
    }
}

/// Everything there is in one history: a round-up known late, furniture found late, a split, a merge, an undoing.
fn eventful() -> History {
    let mut history = History::new(PARAMS);
    let mut steps = vec![Step::Alert(0, 0)];
    steps.extend(
        [(0, 2), (1, 0), (1, 1), (2, 0), (0, 1)].map(|(part, site)| Step::Week(part, site)),
    );
    steps.extend(
        (0..5).flat_map(|story| (0..3).map(move |site| Step::Story(story, story % 3, site, true))),
    );
    steps.extend([
        Step::Merge(4, 7),
        Step::Split(1),
        Step::Split(4),
        Step::Undo(1),
        Step::Alert(4, 2),
    ]);
    for step in &steps {
        history.take(step);
    }
    history
}

#[test]
fn the_eventful_history_is_eventful() {
    let history = eventful();
    let fold = history.batch.clusterer();
    let verdicts = || history.versions.iter().map(|version| &version.verdicts);
    assert!(verdicts().any(|verdicts| !verdicts.late_hubs.is_empty()), "no late round-up");
    assert!(verdicts().any(|verdicts| verdicts.hub), "no round-up");
    assert!(verdicts().any(|verdicts| !verdicts.furniture.is_empty()), "no furniture");
    assert!(!fold.overrides.is_empty() && history.overrides.len() > fold.overrides.len());
    assert!(fold.blocks.lines().next().is_some() && !fold.claims.is_empty());
    assert!(fold.sets.live() < fold.articles.len());
    let mut again = history.clone();
    again.restart();
    assert_eq!(again.frozen(), history.frozen());
}

#[test]
fn a_flipped_shortened_older_or_foreign_state_is_refused() {
    let [fold, short_path] = eventful().frozen();
    for at in 0..fold.len() {
        let mut flipped = fold.clone();
        flipped[at] ^= 1 << (at % 8);
        assert_eq!(Clusterer::thaw(&flipped, PARAMS).err(), Some(Unthawed::Damaged), "byte {at}");
    }
    for end in [0, 1, 7, 8, fold.len() / 2, fold.len() - 1] {
        assert_eq!(Clusterer::thaw(&fold[..end], PARAMS).err(), Some(Unthawed::Damaged));
    }
    let other = Params { live_max: 999, ..PARAMS };
    assert_eq!(Clusterer::thaw(&fold, other).err(), Some(Unthawed::Foreign));
    assert_eq!(Clusterer::thaw(&short_path, PARAMS).err(), Some(Unthawed::Foreign));
    let mut older = Out(fold[..fold.len() - SUM_BYTES].to_vec());
    older.0[0] = FORMAT - 1;
    assert_eq!(Clusterer::thaw(&seal(older), PARAMS).err(), Some(Unthawed::Foreign));
    let mut thawed = Clusterer::thaw(&fold, PARAMS).unwrap();
    assert_eq!(thawed.thaw_short_path(&short_path[1..]), Err(Unthawed::Damaged));
    assert_eq!(thawed.thaw_short_path(&short_path), Ok(()));
}

#[test]
fn format_two_stays_format_two() {
    let [fold, short_path] = eventful().frozen();
    // Where this fails, bytes changed: give them another format number, and then change this. The number of the rules is
    // among the bytes and changes without; here it is what it was when these were written.
    let unruled = |frozen: &[u8]| {
        let mut bytes = frozen[..frozen.len() - SUM_BYTES].to_vec();
        bytes[2..4].copy_from_slice(&3_u16.to_le_bytes());
        xxh3_64(&seal(Out(bytes)))
    };
    assert_eq!([unruled(&fold), unruled(&short_path)], GOLDEN);
}

const GOLDEN: [u64; 2] = [9_387_965_043_947_544_457, 16_410_377_445_151_382_112];
