//! One invented piece of news in seventeen languages: its versions meet, its disguises are no difference, its neighbours stay
//! apart. `tests/fixtures/languages` holds the texts; each file is our own words, its parts told apart by blank lines.

use copytaster::cluster::{Batch, Compared, LinkKind, Params, prepare};
use copytaster::model::{Article, ClusterId, VersionId};
use copytaster::text;

use crate::wire;

mod disguises;

const PARAMS: Params = Params { window_millis: 72 * 3_600_000, live_max: 1000 };

/// Words of a story, or characters of one written without spaces, at the least.
const WORDS_MIN: usize = 45;
const CHARACTERS_MIN: usize = 80;

/// Stories known before an alert: enough that a word has a weight.
const BACKGROUND: usize = 120;

const DAY: i64 = 24 * 60;

const FILES: [(&str, &str); 17] = [
    ("ar", include_str!("../fixtures/languages/ar.txt")),
    ("de", include_str!("../fixtures/languages/de.txt")),
    ("el", include_str!("../fixtures/languages/el.txt")),
    ("en", include_str!("../fixtures/languages/en.txt")),
    ("es", include_str!("../fixtures/languages/es.txt")),
    ("fr", include_str!("../fixtures/languages/fr.txt")),
    ("he", include_str!("../fixtures/languages/he.txt")),
    ("hi", include_str!("../fixtures/languages/hi.txt")),
    ("ja", include_str!("../fixtures/languages/ja.txt")),
    ("ko", include_str!("../fixtures/languages/ko.txt")),
    ("pt", include_str!("../fixtures/languages/pt.txt")),
    ("ru", include_str!("../fixtures/languages/ru.txt")),
    ("th", include_str!("../fixtures/languages/th.txt")),
    ("tr", include_str!("../fixtures/languages/tr.txt")),
    ("uk", include_str!("../fixtures/languages/uk.txt")),
    ("vi", include_str!("../fixtures/languages/vi.txt")),
    ("zh", include_str!("../fixtures/languages/zh.txt")),
];

/// What a file holds.
#[derive(Clone, Copy)]
struct Story {
    lang: &'static str,
    title: &'static str,
    /// Another site's headline.
    retitled: &'static str,
    text: &'static str,
    /// A sentence of it, and what another site makes of it.
    sentence: &'static str,
    rewritten: &'static str,
    /// A paragraph that another site adds.
    own: &'static str,
    /// Another story in the same language.
    other_title: &'static str,
    other: &'static str,
}

fn stories() -> impl Iterator<Item = Story> {
    FILES.into_iter().map(|(lang, file)| {
        let parts: Vec<&str> = file.trim_end().split("\n\n").collect();
        let [titles, text, sentences, own, other] = parts[..] else {
            panic!("{lang}.txt has five parts, not {}", parts.len())
        };
        let two = |part: &'static str| part.split_once('\n').unwrap();
        let (title, retitled) = two(titles);
        let (sentence, rewritten) = two(sentences);
        let (other_title, other) = two(other);
        Story { lang, title, retitled, text, sentence, rewritten, own, other_title, other }
    })
}

fn story(lang: &str) -> Story {
    stories().find(|story| story.lang == lang).unwrap()
}

impl Story {
    fn changed(&self) -> String {
        assert!(self.text.contains(self.sentence), "{}: {}", self.lang, self.sentence);
        self.text.replace(self.sentence, self.rewritten)
    }

    /// The story with every figure another one.
    fn of_another_day(&self) -> String {
        let next = |c: char| match c {
            '1'..='8' => char::from(c as u8 + 1),
            '9' => '1',
            c => c,
        };
        self.text.chars().map(next).collect()
    }

    fn article(&self, source: &str, title: &str, text: String) -> Article {
        Article {
            title: title.to_owned(),
            lang: Some(self.lang.to_owned()),
            ..wire::article(source, &format!("{}-{title}", self.lang), text)
        }
    }
}

fn compared(title: &str, text: &str) -> Compared {
    prepare(title, text, &[]).compared
}

fn push(batch: &mut Batch, article: Article, minute: i64) -> VersionId {
    batch.push(article, wire::minute(minute)).id()
}

fn cluster(batch: &Batch, version: VersionId) -> ClusterId {
    batch.clusterer().cluster_of(version).unwrap()
}

/// Clusters of two articles of different sites, so many minutes apart.
fn clusters_of_two(first: Article, second: Article, minutes: i64) -> usize {
    let mut batch = Batch::new(PARAMS);
    push(&mut batch, first, 0);
    push(&mut batch, second, minutes);
    batch.clusterer().clusters()
}

#[test]
fn each_story_is_as_long_as_news() {
    for story in stories() {
        let words = text::words(story.text);
        let alone = words.iter().filter(|&&word| text::Kind::of(word) == text::Kind::Alone).count();
        assert!(
            alone >= CHARACTERS_MIN || words.len() - alone >= WORDS_MIN,
            "{}: {} words, {alone} characters",
            story.lang,
            words.len()
        );
        assert!((3..=4).contains(&story.text.lines().count()), "{}", story.lang);
    }
}

#[test]
fn an_edited_copy_lands_with_its_story() {
    let mut faults = Vec::new();
    for story in stories() {
        let lines: Vec<&str> = story.text.lines().collect();
        let all = format!("{}\n{}", story.changed(), story.own);
        let above = format!("{}\n{}", story.own, story.changed());
        for (edit, title, text) in [
            ("retitled", story.retitled, story.text.to_owned()),
            ("a sentence changed", story.title, story.changed()),
            ("a paragraph added", story.title, format!("{}\n{}", story.text, story.own)),
            ("two paragraphs cut", story.title, lines[..lines.len() - 2].join("\n")),
            ("all three", story.retitled, all),
            ("all three, the own paragraph first", story.retitled, above),
        ] {
            let whole = story.article("a", story.title, story.text.to_owned());
            let edited = story.article("b", title, text);
            for (first, second) in [(whole.clone(), edited.clone()), (edited, whole)] {
                if clusters_of_two(first, second, 45) != 1 {
                    faults.push(format!("{}: {edit}", story.lang));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_disguise_makes_no_difference() {
    // Stronger than J = 1: words, numbers, names, headline and paragraphs are the same, each in its place.
    let mut faults = Vec::new();
    for story in stories() {
        let plain = compared(story.title, story.text);
        for (disguise, put_on) in disguises::ALL {
            let disguised = compared(&put_on(story.title), &put_on(story.text));
            if disguised != plain {
                let words = disguised.words == plain.words;
                faults.push(format!("{}: {disguise}, words the same: {words}", story.lang));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn capitals_make_no_difference_but_to_names() {
    // J = 1. In capitals every word looks like a name, so names are let out.
    let mut faults = Vec::new();
    for story in stories() {
        let plain = compared(story.title, story.text);
        for (disguise, put_on) in disguises::CAPITALS {
            let disguised = compared(&put_on(story.title), &put_on(story.text));
            if (Compared { names: plain.names.clone(), ..disguised }) != plain {
                faults.push(format!("{}: {disguise}", story.lang));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn all_disguises_at_once_land_with_the_story() {
    for story in stories() {
        let mut text = story.text.to_owned();
        for (disguise, put_on) in disguises::ALL {
            // A mark put between a letter and its accent would be another spelling.
            if !disguise.contains("decomposed") {
                text = put_on(&text);
            }
        }
        let plain = story.article("a", story.title, story.text.to_owned());
        let disguised = story.article("b", story.title, text);
        assert_eq!(clusters_of_two(plain, disguised, 45), 1, "{}", story.lang);
    }
}

#[test]
fn two_stories_and_two_languages_stay_apart() {
    let mut batch = Batch::new(PARAMS);
    for (minute, story) in (0..).zip(stories()) {
        push(&mut batch, story.article("a", story.title, story.text.to_owned()), minute);
        push(&mut batch, story.article("a", story.other_title, story.other.to_owned()), minute);
        // And of another site, whose furniture they are not.
        push(&mut batch, story.article("b", story.other_title, story.other.to_owned()), minute);
    }
    assert_eq!(batch.clusterer().clusters(), 2 * FILES.len());
    assert_eq!(batch.clusterer().len(), 3 * FILES.len());
}

#[test]
fn a_template_with_other_figures_the_next_day_stays_apart() {
    for story in stories() {
        for (source, minutes) in [("a", DAY + 60), ("b", DAY + 60), ("a", 2 * DAY)] {
            let today = story.article("a", story.title, story.text.to_owned());
            let tomorrow = Article {
                id: Some("tomorrow".to_owned()),
                ..story.article(source, story.title, story.of_another_day())
            };
            assert_eq!(clusters_of_two(today, tomorrow, minutes), 2, "{}: {source}", story.lang);
        }
    }
}

/// A fold that knows what is common in a language: its other story's words, turned about.
fn newsroom(story: &Story) -> Batch {
    let mut batch = Batch::new(PARAMS);
    let letters: Vec<char> = story.other.chars().filter(|&c| c != '\n').collect();
    let words: Vec<&str> = story.other.split_whitespace().collect();
    for number in 0..BACKGROUND {
        let turn = number * 7;
        let text = if words.len() < WORDS_MIN {
            let mut turned = letters.clone();
            turned.rotate_left(turn % letters.len());
            turned.into_iter().collect()
        } else {
            let mut turned = words.clone();
            turned.rotate_left(turn % words.len());
            turned.join(" ")
        };
        let source = format!("site{number}");
        push(&mut batch, story.article(&source, story.other_title, text), -600);
    }
    batch
}

/// An alert on the story, and one on something else.
const ALERTS: [(&str, &str, &str); 3] = [
    ("zh", "哈尔莫港渡轮码头重新开放", "奥尔伦议会通过新财政预算案"),
    (
        "ar",
        "مجلس ميناء هالمور يعيد فتح رصيف العبارات",
        "برلمان أورلين يقر الميزانية بفارق ثلاثة أصوات",
    ),
    (
        "ru",
        "ПОРТОВЫЙ СОВЕТ ХАЛЬМОРА ОТКРЫЛ ПАРОМНЫЙ ПРИЧАЛ",
        "Парламент Орлена принял бюджет тремя голосами",
    ),
];

#[test]
fn an_alert_is_attached_to_its_story_and_no_other() {
    for (lang, fitting, strange) in ALERTS {
        let story = story(lang);
        let whole = story.article("agency", story.title, story.text.to_owned());
        let alert = |title: &str| story.article("wire", title, String::new());
        // The alert first, as it should be; then the story just before it.
        for alert_first in [true, false] {
            let mut batch = newsroom(&story);
            let items = [alert(fitting), alert(strange)];
            let order = if alert_first { [0, 1, 2] } else { [2, 0, 1] };
            let mut ids = [VersionId(0); 3];
            for (minute, which) in (0..).zip(order) {
                let article = items.get(which).cloned().unwrap_or_else(|| whole.clone());
                ids[which] = push(&mut batch, article, minute);
            }
            let [fits, strange, whole] = ids.map(|id| cluster(&batch, id));
            assert_eq!(fits, whole, "{lang}, alert first: {alert_first}");
            assert_ne!(strange, whole, "{lang}, alert first: {alert_first}");
            let younger = if alert_first { ids[2] } else { ids[0] };
            let kinds: Vec<LinkKind> =
                batch.clusterer().links_of(younger).map(|link| link.kind).collect();
            assert_eq!(kinds, [LinkKind::Short], "{lang}");
        }
    }
}

/// A page in many scripts: a paragraph of each of these, the words of two more in turn.
fn mixed() -> (String, String) {
    let line = |lang: &str, at: usize| story(lang).text.lines().nth(at).unwrap();
    let (latin, cyrillic) = (line("en", 3).split(' '), line("uk", 3).split(' '));
    let in_turn: Vec<&str> = latin.zip(cyrillic).flat_map(|(a, b)| [a, b]).collect();
    let paragraphs =
        [line("ja", 0), line("ar", 1), line("hi", 2), line("th", 3), &in_turn.join(" ")];
    let title = format!("{} / {}", story("zh").title, story("el").title);
    (title, paragraphs.join("\n"))
}

#[test]
fn text_in_many_scripts_is_compared_like_any_other() {
    let (title, text) = mixed();
    let plain = compared(&title, &text);
    for (disguise, put_on) in disguises::ALL {
        assert_eq!(compared(&put_on(&title), &put_on(&text)), plain, "{disguise}");
    }
    let mut batch = Batch::new(PARAMS);
    for story in stories() {
        push(&mut batch, story.article("a", story.title, story.text.to_owned()), 0);
    }
    let article = |source: &str, text: String| wire::article(source, "mixed", text);
    let first = push(&mut batch, article("b", text.clone()), 1);
    let edited = text.replace("Ilse Brandvold", "Ilse von Brandvold");
    let second = push(&mut batch, article("c", format!("{edited}\n{}", story("ko").own)), 2);
    assert_eq!(cluster(&batch, first), ClusterId(first.0));
    assert_eq!(cluster(&batch, second), ClusterId(first.0));
}
