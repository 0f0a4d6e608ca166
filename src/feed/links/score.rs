//! How much a link looks like an article's: points for what stories have, and the traps that are none whatever they have.

use url::Url;

use super::{Link, Place};

/// Parts of a path below which there are lists and services, whatever their names say.
const LISTS: [&str; 38] = [
    "tag",
    "tags",
    "topic",
    "topics",
    "category",
    "categories",
    "author",
    "authors",
    "profile",
    "profiles",
    "user",
    "users",
    "search",
    "suche",
    "login",
    "signin",
    "register",
    "account",
    "subscribe",
    "newsletter",
    "newsletters",
    "about",
    "contact",
    "privacy",
    "terms",
    "legal",
    "impressum",
    "datenschutz",
    "jobs",
    "advertise",
    "feed",
    "feeds",
    "rss",
    "wp-content",
    "wp-json",
    "cdn-cgi",
    "page",
    "share",
];

/// Parts of a path that hold stories as well as lists: only what is spelt like a story's address counts below them.
const BOTH: [&str; 6] = ["archive", "archives", "archiv", "calendar", "events", "kalender"];

/// Query parameters that turn over pages, sort, search or pick a day.
const TURNING: [&str; 20] = [
    "page",
    "paged",
    "offset",
    "start",
    "from",
    "sort",
    "order",
    "filter",
    "replytocom",
    "share",
    "date",
    "month",
    "year",
    "day",
    "week",
    "cal",
    "q",
    "s",
    "search",
    "query",
];

/// Endings of files that are no pages.
const FILES: [&str; 24] = [
    "pdf", "jpg", "jpeg", "png", "gif", "webp", "svg", "ico", "mp3", "mp4", "m3u8", "webm", "zip",
    "gz", "doc", "docx", "xls", "xlsx", "csv", "css", "js", "json", "xml", "rss",
];

/// Texts of links that turn over pages.
const PAGING: [&str; 12] = [
    "next",
    "previous",
    "prev",
    "older",
    "newer",
    "older posts",
    "newer posts",
    "more",
    "next page",
    "load more",
    "weiter",
    "suivant",
];

/// Characters and words of a headline; a text of half as many may be a short one.
const HEADLINE_CHARS: usize = 25;
const HEADLINE_WORDS: usize = 4;

/// Digits of an article's number; a year has fewer.
const ID_DIGITS: usize = 5;

/// Points of a link; `None` for what is no article whatever its words are.
pub(super) fn score(link: &Link, page: &Url) -> Option<i32> {
    let url = &link.url;
    let parts: Vec<String> = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let last = parts.last().map_or("", String::as_str);
    if !at_home(url, page) || is_trap(url, &parts) || turns_pages(&link.text) {
        return None;
    }
    let stem = last.split('.').next().unwrap_or_default();
    let slug = words_of(stem);
    let has_id = longest_digits(last) >= ID_DIGITS && !is_date(stem);
    if BOTH.iter().any(|both| parts.iter().any(|part| part == both)) && slug < 3 && !has_id {
        return None;
    }
    let mut points = match slug {
        0..=2 => 0,
        3 => 2,
        _ => 3,
    };
    points += headline(&link.text);
    points += if has_id { 2 } else { 0 };
    points +=
        if parts.iter().rev().skip(1).any(|part| is_year(part) || is_date(part)) { 2 } else { 0 };
    points += if link.at.heading { 2 } else { 0 };
    points += i32::from(link.at.article);
    points -= match link.at.place {
        Place::Main => 0,
        Place::Aside => 1,
        Place::Frame => 4,
    };
    Some(points)
}

/// The page's own host; `www.` makes no other.
fn at_home(url: &Url, page: &Url) -> bool {
    let host =
        |url: &Url| url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned());
    host(url) == host(page)
        && url.port() == page.port()
        && (url.path(), url.query()) != (page.path(), page.query())
}

fn is_trap(url: &Url, parts: &[String]) -> bool {
    let Some(last) = parts.last() else {
        // The front page; `/?p=1234` is an article on many a site.
        return url.query().is_none_or(|query| longest_digits(query) == 0 || turns(url));
    };
    let ending = last.rsplit_once('.').map(|(_, ending)| ending);
    // A day, a month, a page of a list: nothing but numbers.
    let numbers = last.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '_'));
    let is_day = numbers && (is_date(last) || longest_digits(last) < ID_DIGITS);
    let is_day = is_day && !story_above(parts);
    parts.iter().any(|part| LISTS.contains(&part.as_str()))
        || ending.is_some_and(|ending| FILES.contains(&ending))
        || is_day
        || turns(url)
}

/// `/story/17`: a number below a word that says what it numbers.
fn story_above(parts: &[String]) -> bool {
    const STORY: [&str; 9] =
        ["story", "stories", "article", "articles", "news", "a", "item", "artikel", "id"];
    let above = parts.len().checked_sub(2).and_then(|at| parts.get(at));
    above.is_some_and(|part| STORY.contains(&part.as_str()))
        && parts.last().is_some_and(|last| !is_date(last) && !is_year(last))
}

fn turns(url: &Url) -> bool {
    url.query_pairs().any(|(key, value)| {
        let key = key.to_ascii_lowercase();
        // `?p=2` is a page, `?p=1234` an article.
        TURNING.contains(&key.as_str()) || (key == "p" && value.len() < 3)
    })
}

fn turns_pages(text: &str) -> bool {
    let text = text.to_lowercase();
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    let is_number = !text.is_empty() && bare.chars().all(|c| c.is_ascii_digit());
    is_number || PAGING.contains(&bare)
}

/// Points of a link's text. A sign of a script without spaces is worth half a word.
fn headline(text: &str) -> i32 {
    let wide = text.chars().filter(|&c| c >= '\u{2e80}').count();
    let chars = text.chars().count() + wide;
    let words = text.split_whitespace().count() + wide / 2;
    if chars >= HEADLINE_CHARS && words >= HEADLINE_WORDS {
        3
    } else {
        i32::from(chars >= HEADLINE_CHARS / 2 && words >= HEADLINE_WORDS - 1)
    }
}

/// Words of `dam-at-velm-holds`.
fn words_of(stem: &str) -> usize {
    let stem = stem.replace("%20", "-");
    let is_word = |part: &&str| part.len() > 1 && part.chars().any(|c| !c.is_ascii_digit());
    stem.split(['-', '_', '+']).filter(is_word).count()
}

fn longest_digits(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default()
}

fn is_year(part: &str) -> bool {
    part.len() == 4 && part.parse().is_ok_and(|year: u32| (1990..2100).contains(&year))
}

/// `2026-03-02`, `20260302`, `2026-03`, `2026`.
fn is_date(part: &str) -> bool {
    let digits: String = part.chars().filter(char::is_ascii_digit).collect();
    part.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '_'))
        && matches!(digits.len(), 4 | 6 | 8)
        && is_year(&digits[..4])
        && digits
            .get(4..6)
            .is_none_or(|month| month.parse().is_ok_and(|n: u32| (1..=12).contains(&n)))
        && digits.get(6..8).is_none_or(|day| day.parse().is_ok_and(|n: u32| (1..=31).contains(&n)))
}
