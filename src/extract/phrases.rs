//! A line to whether its words are a page's and not a story's: labels, boxes, notices, in the languages we read.
//!
//! The words stand in `furniture.txt`, by kind; here is how a line is held against them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::render::is_dense;

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 60;

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
        self.within.iter().any(|words| bare.contains(words))
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
        || !line.chars().any(char::is_alphanumeric)
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
    const ARROWS: &[&str] = &[">>", "→", "▶", "►", "➡", "👉"];
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

/// Whether the line belongs to a newsletter box.
pub(crate) fn is_newsletter(line: &str) -> bool {
    if line.chars().count() > 260 {
        return false;
    }
    let lower = bare(line);
    table("newsletter").starts(&lower)
        || (table("newsletter_label").starts(&lower) && lower.chars().count() <= 40)
        || (table("newsletter_word").is_within(&lower) && table("newsletter_act").is_within(&lower))
}

/// Whether the line is a consent notice or stands for a blocked embed.
pub(crate) fn is_consent(line: &str) -> bool {
    if line.chars().count() > 420 {
        return false;
    }
    let lower = bare(line);
    table("consent").is_within(&lower)
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
    table("wall").is_within(&lower)
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
    is_desk(line) || starts || label.is_within(&lower)
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
mod tests {
    use super::*;

    fn all(rule: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
        for line in yes {
            assert!(rule(line), "{line}");
        }
        for line in no {
            assert!(!rule(line), "{line}");
        }
    }

    #[test]
    fn labels_are_whole_lines() {
        all(
            is_label,
            &[
                "Skip to main content",
                "SHARE",
                "5 min",
                "5 min read",
                "Reading time: 5 minutes",
                "Lesezeit: 3 Min.",
                "Temps de lecture : 4 min",
                "Anzeige",
                "* * *",
                "Read more »",
                "3min",
            ],
            &[
                "Share prices fell",
                "Five minutes later he was gone",
                "The 5 min delay cost him the race",
                "He read it in 5 minutes and left the room at once",
            ],
        );
    }

    #[test]
    fn boxes_and_notices_are_known_by_their_words() {
        all(
            is_newsletter,
            &[
                "Daily newsletter",
                "Receive essential international news every morning",
                "Sign up for our newsletter and get it all",
                "Abonnieren Sie unseren Newsletter",
            ],
            &[
                "The town's newsletter said on Monday that the harbour was closed",
                "He had to sign up for the army",
            ],
        );
        all(
            is_consent,
            &[
                "This content is hosted by a third party. By showing it you accept.",
                "We use cookies to make this better",
            ],
            &["She bakes cookies for the town"],
        );
        all(
            points_elsewhere,
            &[
                "Read also: Crane falls in Kvitnes",
                "Lire aussi Une grue tombe",
                "Lesen Sie auch: Kran gestürzt",
                ">> READ MORE: Crane falls",
            ],
            &["Read alsoran", "More people came", "Watches were stolen"],
        );
    }

    #[test]
    fn missing_pages_and_walls_are_known() {
        all(
            says_not_found,
            &[
                "Page not found",
                "404",
                "Error 404",
                "The content you requested does not exist or is not available anymore.",
                "Seite nicht gefunden",
                "Sorry - Page not found",
            ],
            &[
                "The missing page of the diary was not found by the police, they said on Monday evening",
                "Nothing",
            ],
        );
        all(
            says_wall,
            &[
                "Subscribe to continue reading",
                "Already a subscriber? Log in",
                "Article réservé aux abonnés",
            ],
            &["Subscribers rose to two million"],
        );
    }

    #[test]
    fn lines_that_say_who_and_when() {
        all(
            is_byline_label,
            &["By Jorun Example", "By JORUN EXAMPLE and ODD SAMPLE", "Von Jorun Example"],
            &["By now it was over", "By Monday evening the harbour was open.", "Von dort kam er"],
        );
        all(
            is_date_line,
            &[
                "Issued on: 12/10/2016 - 18:05",
                "Published 2:07 p.m., Monday, November 18, 2019",
                "12. Oktober 2016, 18:05 Uhr",
                "2016-10-12T18:05:00Z",
                "Modified: 12/10/2016",
            ],
            &["On October 12, 2016, the harbour closed", "In 2016", "today"],
        );
        all(
            is_end_label,
            &[
                "© 2024 Herald. All rights reserved.",
                "Topics: Harbour, Cranes",
                "(dmk)",
                "[hh/ph]",
                "Tags",
            ],
            &["Copyrighted works were at stake, the lawyer said"],
        );
    }
}
