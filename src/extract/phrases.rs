//! A line to whether its words are a page's and not a story's: labels, boxes, notices, in the languages we read.
//!
//! The words stand in `furniture.txt`, by kind; here is how a line is held against them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::render::is_dense;

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 60;

/// Terms of a list of topics, at least.
const TAGS_MIN: usize = 3;
/// Words of one of them, at most.
const TAG_WORDS_MAX: usize = 3;

/// Shortest word of a phrase that may be a story's subject, in characters.
const SUBJECT_CHARS_MIN: usize = 6;

/// The data, with a section for each kind and way to compare.
pub(crate) const DATA: &str = include_str!("furniture.txt");

/// How a line is held against a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It is the phrase.
    Line,
    /// It begins with the phrase, and a word ends there.
    Start,
    /// It holds the phrase.
    Within,
}

/// A section of the data: its kind, how it is compared, its phrases.
pub(crate) type Section<'a> = (&'a str, How, Vec<&'a str>);

/// The sections of the data, in order. A line that is none of its form is left out; a test holds that there is no such line.
pub(crate) fn sections(data: &str) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    for line in
        data.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(head) => {
                let (kind, how) = head.split_once(' ').unwrap_or((head, ""));
                let how = match how {
                    "start" => How::Start,
                    "within" => How::Within,
                    _ => How::Line,
                };
                found.push((kind, how, Vec::new()));
            }
            None => {
                if let Some((_, _, phrases)) = found.last_mut() {
                    phrases.extend(line.split("; ").map(str::trim).filter(|word| !word.is_empty()));
                }
            }
        }
    }
    found
}

/// The phrases by kind, ready to be asked.
#[derive(Default)]
struct Table {
    lines: BTreeSet<&'static str>,
    starts: Vec<&'static str>,
    within: Vec<&'static str>,
}

fn table(kind: &str) -> &'static Table {
    static TABLES: LazyLock<BTreeMap<&'static str, Table>> = LazyLock::new(|| {
        let mut tables: BTreeMap<&'static str, Table> = BTreeMap::new();
        for (kind, how, phrases) in sections(DATA) {
            let table = tables.entry(kind).or_default();
            match how {
                How::Line => table.lines.extend(phrases),
                How::Start => table.starts.extend(phrases),
                How::Within => table.within.extend(phrases),
            }
        }
        tables
    });
    static EMPTY: Table = Table { lines: BTreeSet::new(), starts: Vec::new(), within: Vec::new() };
    TABLES.get(kind).unwrap_or(&EMPTY)
}

impl Table {
    fn holds_line(&self, bare: &str) -> bool {
        self.lines.contains(bare)
    }

    fn starts(&self, bare: &str) -> bool {
        self.starts.iter().any(|start| {
            bare.strip_prefix(start).is_some_and(|rest| {
                // A script without spaces has no word ends.
                !start.ends_with(|c: char| c.is_alphanumeric() && !is_dense(c))
                    || !rest.starts_with(char::is_alphanumeric)
            })
        })
    }

    fn is_within(&self, bare: &str) -> bool {
        self.found(bare).is_some()
    }

    /// The phrase the line holds.
    fn found(&self, bare: &str) -> Option<&'static str> {
        self.within.iter().copied().find(|words| bare.contains(words))
    }
}

/// Whether the whole line is a page's label.
pub(crate) fn is_label(line: &str) -> bool {
    if line.chars().count() > LABEL_CHARS_MAX {
        return false;
    }
    let line = bare(line);
    line.is_empty()
        || ["skip_link", "share", "advertisement", "more", "player", "comments"]
            .iter()
            .any(|kind| table(kind).holds_line(&line))
        || is_reading_time(&line)
        || is_comment_count(&line)
        || !line.chars().any(char::is_alphanumeric)
}

/// "12 comments", "Kommentare (3)", "コメント12件": a count, and the word for what is counted.
fn is_comment_count(line: &str) -> bool {
    let word: String = line.chars().filter(|c| !c.is_numeric()).collect();
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).trim_end_matches('件').trim();
    line.chars().any(char::is_numeric)
        && ["comments", "share"].iter().any(|kind| table(kind).holds_line(word))
}

/// "#Harbour #Cranes", "Harbour | Cranes | Norland": terms and no sentence.
pub(crate) fn is_tag_list(line: &str) -> bool {
    let hashed = |word: &str| word.len() > 1 && word.starts_with('#');
    let mut words = line.split([' ', ',']).filter(|word| !word.is_empty()).peekable();
    if words.peek().is_some() && words.all(hashed) {
        return true;
    }
    let terms: Vec<&str> = line.split(['|', '·', '•']).map(str::trim).collect();
    terms.len() >= TAGS_MIN
        && terms.iter().all(|term| (1..=TAG_WORDS_MAX).contains(&term.split_whitespace().count()))
        && !line.ends_with(['.', '!', '?'])
}

/// What follows a name says who that is: "is a reporter at …".
pub(crate) fn says_who(rest: &str) -> bool {
    table("bio").starts(rest.trim_start_matches([',', ' ', ':', '|']))
}

/// "5 min", "5 min read", "Reading time: 5 minutes", "Lesezeit: 3 Min", "Temps de lecture : 4 min".
fn is_reading_time(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "min",
        "mins",
        "minute",
        "minutes",
        "minuten",
        "minuti",
        "minutos",
        "minut",
        "read",
        "reading",
        "time",
        "lesezeit",
        "lecture",
        "temps",
        "de",
        "tiempo",
        "lectura",
        "tempo",
        "di",
        "lettura",
        "leestijd",
        "leitura",
        "lästid",
        "ca",
        "to",
        "listen",
        "estimated",
        "about",
        "watch",
        "listening",
    ];
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let number = |w: &&str| w.chars().all(|c| c.is_ascii_digit()) && w.len() <= 3;
    let minutes = |w: &&str| {
        w.starts_with("min")
            || (w.ends_with("min") && w[..w.len() - 3].chars().all(|c| c.is_ascii_digit()))
    };
    (2..=6).contains(&words.len())
        && words.iter().any(|w| number(w) || (minutes(w) && w.len() > 3))
        && words.iter().any(minutes)
        && words.iter().all(|w| number(w) || minutes(w) || WORDS.contains(w))
        || (words.len() == 1
            && words.iter().all(|w| minutes(w) && w.starts_with(|c: char| c.is_ascii_digit())))
}

/// Whether the line sends the reader to another story.
pub(crate) fn points_elsewhere(line: &str) -> bool {
    const ARROWS: &[&str] = &["> ", ">>", "→", "▶", "►", "➡", "👉"];
    if line.chars().count() > 220 {
        return false;
    }
    ARROWS.iter().any(|arrow| line.starts_with(arrow))
        || table("elsewhere").starts(&bare(line))
        || is_more_of(line)
}

/// "More Great Herald Stories", "More from the Herald".
fn is_more_of(line: &str) -> bool {
    let lower = bare(line);
    let words = lower.split_whitespace().count();
    lower.starts_with("more ")
        && words <= 6
        && ["stories", "news", "articles", "coverage"].iter().any(|end| lower.ends_with(end))
}

/// Whether the line opens a box under the story: related links, sources, the author. What stands below it goes with it.
pub(crate) fn opens_box(line: &str) -> bool {
    if line.chars().count() > LABEL_CHARS_MAX {
        return false;
    }
    let bare = bare(line);
    table("box").holds_line(&bare) || is_more_of(line)
}

/// Whether the line belongs to a newsletter box. Prose that speaks of a newsletter does not speak to its reader.
pub(crate) fn is_newsletter(line: &str, titles: &[String]) -> bool {
    if line.chars().count() > 260 {
        return false;
    }
    let lower = bare(line);
    let boxed = || {
        let act = table("newsletter_act");
        let word = table("newsletter_word").found(&lower)?;
        let asks = act.is_within(&lower)
            && (is_short(line)
                || act.within.iter().any(|act| lower.starts_with(act))
                || speaks(line));
        asks.then_some(word)
    };
    table("newsletter").starts(&lower)
        || (table("newsletter_label").starts(&lower) && lower.chars().count() <= 40)
        || boxed().is_some_and(|word| !is_subject(word, titles))
}

/// Whether the line is a consent notice or stands for a blocked embed.
pub(crate) fn is_consent(line: &str, titles: &[String]) -> bool {
    if line.chars().count() > 420 {
        return false;
    }
    let lower = bare(line);
    table("consent")
        .found(&lower)
        .is_some_and(|words| is_notice(line, &lower, words) && !is_subject(words, titles))
}

/// Whether a line that holds these words says them to its reader: a label, or a sentence that opens with them or speaks to
/// somebody. Prose only mentions them, and a quote is prose.
fn is_notice(line: &str, lower: &str, words: &str) -> bool {
    const QUOTES: &[char] = &['"', '“', '”', '„', '«', '»'];
    let opens = lower.find(words).is_some_and(|at| {
        let before = lower[..at].trim_end();
        before.is_empty() || before.ends_with(['.', '!', '?', ':'])
    });
    is_short(line) || (!line.contains(QUOTES) && (opens || speaks(line)))
}

/// A label and no sentence.
fn is_short(line: &str) -> bool {
    line.chars().count() <= LABEL_CHARS_MAX && !line.ends_with('.')
}

/// Whether the line speaks to its reader: "you", "our", the German "Sie" within a sentence.
fn speaks(line: &str) -> bool {
    const POLITE: &[&str] = &["Sie", "Ihr", "Ihre", "Ihren", "Ihrem", "Ihrer", "Ihnen"];
    let mut opening = true;
    line.split_whitespace().any(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let polite = POLITE.contains(&bare) && !opening;
        opening = word.ends_with(['.', '!', '?', ':']);
        polite || table("reader").holds_line(&bare.to_lowercase())
    })
}

/// Whether a headline has a word of the phrase: then the story is about it.
fn is_subject(words: &str, titles: &[String]) -> bool {
    words
        .split(' ')
        .filter(|word| word.chars().count() >= SUBJECT_CHARS_MIN)
        .any(|word| titles.iter().any(|title| title.to_lowercase().contains(word)))
}

/// Whether the line says that there is no such page.
pub(crate) fn says_not_found(line: &str) -> bool {
    let length = line.chars().count();
    if length > 200 {
        return false;
    }
    let lower = bare(line);
    lower == "404"
        || table("not_found").within.iter().any(|words| {
            lower.starts_with(words) && (length <= 120 || words.chars().count() >= 20)
                || (length <= LABEL_CHARS_MAX && lower.contains(words))
        })
}

/// Whether the line stands at a wall.
pub(crate) fn says_wall(line: &str) -> bool {
    if line.chars().count() > 300 {
        return false;
    }
    let lower = bare(line);
    table("wall").found(&lower).is_some_and(|words| is_notice(line, &lower, words))
}

/// "By", "Written by", "Text by" and nothing but names behind, or a desk: only for the edges of a text.
pub(crate) fn is_byline_label(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "by ",
        "by: ",
        "written by ",
        "posted by ",
        "von ",
        "von: ",
        "par ",
        "por ",
        "di ",
        "door ",
        "author: ",
        "autor: ",
        "text: ",
        "текст: ",
        "автор: ",
    ];
    let lower = line.to_lowercase();
    let Some(start) = STARTS.iter().find(|start| lower.starts_with(**start)) else { return false };
    let names: Vec<&str> = line.get(start.len()..).unwrap_or("").split_whitespace().collect();
    let small =
        |w: &&&str| w.chars().next().is_some_and(char::is_lowercase) && w.chars().count() > 3;
    (1..=12).contains(&names.len())
        && names.iter().filter(small).count() == 0
        && !line.ends_with('.')
        && line.chars().count() <= 100
        && !line.contains(['“', '"', '?', '!'])
}

/// Lines that only say when: "Issued on: 12/10/2016 - 18:05", "Published 2:07 p.m., Monday, November 18, 2019".
pub(crate) fn is_date_line(line: &str) -> bool {
    if line.chars().count() > 120 || !line.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    let dates = table("date_word");
    let lower = line.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.all(|w| {
        w.split(|c: char| c.is_ascii_digit())
            .all(|letters| letters.is_empty() || dates.holds_line(letters))
    })
}

/// Labels at a text's end: rights, topics, contact.
pub(crate) fn is_end_label(line: &str) -> bool {
    let length = line.chars().count();
    if length > 260 {
        return false;
    }
    let lower = bare(line);
    let label = table("end_label");
    let starts = label.starts.iter().any(|start| {
        let rest = lower.strip_prefix(*start);
        let whole_word = rest
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) || start.ends_with(')'));
        whole_word && (length <= 120 || start.len() > 8 || *start == "©")
    });
    is_desk(line) || starts || label.is_within(&lower) || is_helper(line)
}

/// "Jorun Example in Kvitnes contributed to this report": names, and then that they helped.
fn is_helper(line: &str) -> bool {
    const SMALL: &[&str] = &["and", "in", "of", "the", "at", "for"];
    let lower = line.to_lowercase();
    let at = table("helper").found(&lower).and_then(|words| lower.find(words));
    let names = at.and_then(|at| line.get(..at)).unwrap_or_default();
    at.is_some()
        && names.split_whitespace().all(|word| {
            SMALL.contains(&word)
                || !word.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit())
        })
}

/// Whether the line is about who owns what, whatever its length.
pub(crate) fn is_rights(line: &str) -> bool {
    table("rights").is_within(&line.to_lowercase())
}

/// "(dmk)", "ssi, dan", "[hh/ph]": the letters of whoever wrote it, and nothing else.
fn is_desk(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).peekable();
    let marked = line.starts_with(['(', '[']) || line.contains('/');
    marked
        && words.peek().is_some()
        && words.all(|w| w.chars().count() <= 4 && w.chars().all(char::is_lowercase))
}

/// Lower case, straight apostrophes, without marks around: what tables are written in.
fn bare(line: &str) -> String {
    let lower = line.to_lowercase().replace('’', "'");
    lower
        .trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '©' | '('))
        .trim_end_matches(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '»' | '>' | '→' | '›' | '|' | '!' | '.' | '…')
        })
        .to_owned()
}

#[cfg(test)]
#[path = "phrases_tests.rs"]
mod tests;
