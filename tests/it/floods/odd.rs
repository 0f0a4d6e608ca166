//! Texts that are hardly text: each is read, judged and kept within its bounds.

use super::Flood;
use crate::wire;
use copytaster::cluster::{BODY_WORDS_MIN, WORDS_MAX};
use copytaster::model::Article;

/// Words of a long text, and of one that is read by hand.
const MANY: usize = 200_000;
const A_MILLION: usize = 1_000_000;

const LONG_BYTES: usize = 100_000;
const PARAGRAPHS: usize = 70_000;

/// Pushes `text` as a body by three sites, once more by the first, and as a headline; before it and after it comes a story.
fn check(name: &str, text: &str) {
    let mut flood = Flood::new(1000);
    flood.push(wire::article("agency", "story", wire::version(1, 0)), 0);
    for (minute, source) in (1..).zip(["a", "b", "c", "a"]) {
        let id = format!("{name} {minute}");
        flood.push(wire::article(source, &id, text.to_owned()), minute);
        let version = flood.last();
        let words = (version.verdicts.shingles as usize).min(WORDS_MAX);
        assert!(version.verdicts.links.len() <= 4, "{name}: {words} {:?}", version.verdicts.links);
    }
    let headline =
        Article { title: text.to_owned(), ..wire::article("d", "headline", String::new()) };
    flood.push(headline, 6);
    flood.push(wire::article("paper", "copy", wire::version(1, 2)), 7);
    let links = &flood.last().verdicts.links;
    assert_eq!(links.iter().map(|link| link.other.0).collect::<Vec<_>>(), [1], "{name}");
    flood.holds_when_applied();
}

fn numbered(count: usize, between: &str) -> String {
    (0..count).map(|number| format!("w{number}")).collect::<Vec<_>>().join(between)
}

#[test]
fn nothing_and_next_to_nothing() {
    for (name, text) in [
        ("nothing", String::new()),
        ("a space", " ".to_owned()),
        ("a line break", "\n".to_owned()),
        ("a word", "harbour".to_owned()),
        ("eleven words", numbered(BODY_WORDS_MIN as usize - 1, " ")),
        ("twelve words", numbered(BODY_WORDS_MIN as usize, " ")),
    ] {
        check(name, &text);
    }
}

#[test]
fn many_words_in_one_line() {
    check("many words", &numbered(MANY, " "));
}

#[test]
fn many_words_in_as_many_lines() {
    check("many lines", &numbered(MANY, "\n"));
}

#[test]
fn one_word_many_times() {
    check("one word", &"harbour ".repeat(MANY));
    check("one word a line", &"harbour\n".repeat(MANY));
    check("one character", &"港".repeat(LONG_BYTES / 3));
}

#[test]
#[ignore = "a minute without optimising; run by hand"]
fn a_million_words() {
    check("a million words", &numbered(A_MILLION, " "));
    check("a million lines", &numbered(A_MILLION, "\n"));
    check("a word a million times", &"harbour ".repeat(A_MILLION));
    check("a word in a million lines", &"harbour\n".repeat(A_MILLION));
}

#[test]
fn no_space_anywhere() {
    let letters = |from: char, count: u32, bytes: usize| -> String {
        let all = (0..count).filter_map(|n| char::from_u32(u32::from(from) + n));
        let all: Vec<char> = all.collect();
        let width = from.len_utf8();
        (0..bytes / width).map(|at| all[at * at % all.len()]).collect()
    };
    check("Latin", &letters('a', 26, LONG_BYTES));
    check("digits", &letters('0', 10, LONG_BYTES));
    check("Cyrillic", &letters('а', 32, LONG_BYTES));
    check("Han", &letters('一', 5000, LONG_BYTES));
    check("Hangul", &letters('가', 5000, LONG_BYTES));
    check("capitals that grow", &"ẞİΐ".repeat(LONG_BYTES / 9));
    check("ligatures that grow", &"ﷺ".repeat(LONG_BYTES / 9));
}

#[test]
fn no_word_anywhere() {
    check("punctuation", &"!?.,;:—…«»()[]{}*#@".repeat(LONG_BYTES / 30));
    check("wide punctuation", &"。，、！？「」".repeat(LONG_BYTES / 21));
    check("commas", &",".repeat(LONG_BYTES));
    check("wide commas between digits", &"1，".repeat(LONG_BYTES / 4));
    check("emoji", &"👩‍🚀🏳️‍🌈🇺🇳".repeat(LONG_BYTES / 40));
}

#[test]
fn only_what_is_not_seen() {
    check("combining marks", &"\u{301}".repeat(LONG_BYTES / 2));
    check("marks of two classes", &"\u{301}\u{323}".repeat(LONG_BYTES / 4));
    check("a letter under many marks", &format!("a{}", "\u{301}\u{323}".repeat(LONG_BYTES / 4)));
    check("NULs", &"\0".repeat(LONG_BYTES));
    check("NULs between letters", &"a\0".repeat(LONG_BYTES / 2));
    check("overrides", &"\u{202E}".repeat(LONG_BYTES / 3));
    check("overrides between words", &"\u{202E}harbour \u{202C}".repeat(LONG_BYTES / 16));
    check("soft hyphens", &"\u{AD}".repeat(LONG_BYTES / 2));
    check("variation selectors", &"\u{FE0F}\u{E0100}".repeat(LONG_BYTES / 7));
    check("line separators", &"\u{2028}".repeat(LONG_BYTES / 3));
    check("the last characters", &"\u{10FFFF}\u{FFFF}\u{FFFD}".repeat(LONG_BYTES / 10));
}

#[test]
fn very_many_paragraphs() {
    let of = |words: usize| -> String {
        let line = |at: usize| {
            (0..words).map(|word| format!("p{at}w{word}")).collect::<Vec<_>>().join(" ")
        };
        (0..PARAGRAPHS).map(line).collect::<Vec<String>>().join("\n")
    };
    check("a word each", &of(1));
    check("five words each", &of(5));
    check("a notice each", &"Sign up for our morning letter\n".repeat(PARAGRAPHS));
}
