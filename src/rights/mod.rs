//! Headers, `meta` elements, tdmrep.json and lines of robots.txt to what a publisher reserves. Pure.
//!
//! Read are the TDM Reservation Protocol (`tdm-reservation`, `tdm-policy`), `noai`, `noarchive` and `unavailable_after` of
//! `X-Robots-Tag` and `meta` robots, and `Content-Usage` and `Content-Signal`. What counts as a reservation is decided in one
//! place, [`verdict`], the strict way (docs/decisions/0019-reservations.md).

use serde_json::Value;

use crate::feed;
use crate::model::{Signal, SignalPlace, Timestamp};

/// Signals kept of one page, and bytes of a value: what a hostile page can make us store is bounded.
const SIGNALS_MAX: usize = 16;
const VALUE_BYTES_MAX: usize = 512;

/// Commas that a date may have: "Wednesday, October 12, 2016, 18:00".
const COMMAS_MAX: usize = 3;

/// Rules of a tdmrep.json that count.
const LOCATIONS_MAX: usize = 1000;

const RESERVATION: &str = "tdm-reservation";
const POLICY: &str = "tdm-policy";
const USAGE: &str = "content-usage";
const SIGNAL: &str = "content-signal";
const UNAVAILABLE_AFTER: &str = "unavailable_after";

/// Directives that have their own value behind a colon, so that what stands before it is no agent's name.
const WITH_VALUE: [&str; 4] =
    [UNAVAILABLE_AFTER, "max-snippet", "max-image-preview", "max-video-preview"];

/// What a page's signals come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The publisher keeps its rights: of the page no more than title and link may be kept.
    pub reserved: bool,
    /// What says so, in the publisher's words: `tdm-reservation: 1 (header)`.
    pub because: Option<String>,
    /// Where the terms stand on which the rights can be had.
    pub policy: Option<String>,
}

/// What the signals come to at a moment: a page may be open until a day it names.
///
/// `tdm-reservation` counts where it stands nearest to the page: in it, else in its headers, else in the file of its site. Of
/// all others each counts by itself, so the strictest does.
pub fn verdict(signals: &[Signal], at: Timestamp) -> Verdict {
    let nearest = [SignalPlace::Meta, SignalPlace::Header, SignalPlace::Tdmrep]
        .into_iter()
        .find(|&place| signals.iter().any(|one| one.name == RESERVATION && one.place == place));
    let reserves = |signal: &&Signal| match signal.name.as_str() {
        RESERVATION => Some(signal.place) == nearest && signal.value == "1",
        "noai" | "noarchive" => true,
        UNAVAILABLE_AFTER => feed::moment(&signal.value).is_some_and(|end| end <= at),
        USAGE | SIGNAL => denies(&signal.value),
        _ => false,
    };
    let because = signals.iter().find(reserves).map(in_words);
    let policy = signals
        .iter()
        .filter(|one| one.name == POLICY)
        .min_by_key(|one| Some(one.place) != nearest)
        .map(|one| one.value.clone());
    Verdict { reserved: because.is_some(), because, policy }
}

/// When the signals close a page that they leave open now.
pub fn ends(signals: &[Signal]) -> Option<Timestamp> {
    let ends = signals.iter().filter(|one| one.name == UNAVAILABLE_AFTER);
    ends.filter_map(|one| feed::moment(&one.value)).min()
}

fn in_words(signal: &Signal) -> String {
    let Signal { place, name, value } = signal;
    let said = if value.is_empty() { name.clone() } else { format!("{name}: {value}") };
    format!("{said} ({})", place.as_str())
}

/// True where a list of uses says no to any: `search=y, train-ai=n`, `ai-train=no`, and `=?0` of structured fields.
fn denies(value: &str) -> bool {
    value.split(',').filter_map(|item| item.split(';').next()?.split_once('=')).any(|(_, word)| {
        matches!(word.trim().trim_matches('"').to_ascii_lowercase().as_str(), "n" | "no" | "?0")
    })
}

/// What the headers of an answer say to this agent: names in lower case, with their values.
pub fn of_headers<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>, agent: &str) -> Vec<Signal> {
    let mut signals = Vec::new();
    for (name, value) in lines {
        match name {
            RESERVATION | POLICY => signals.extend(protocol(SignalPlace::Header, name, value)),
            USAGE | SIGNAL => signals.push(Signal::new(SignalPlace::Header, name, value.trim())),
            "x-robots-tag" => directives(SignalPlace::Header, value, agent, &mut signals),
            _ => {}
        }
    }
    bounded(signals)
}

/// What the `meta` elements of a page say to this agent: their names and contents, as they stand.
pub fn of_metas<'a>(metas: impl Iterator<Item = (&'a str, &'a str)>, agent: &str) -> Vec<Signal> {
    let mut signals = Vec::new();
    for (name, content) in metas {
        match name.trim().to_ascii_lowercase().as_str() {
            name @ (RESERVATION | POLICY) => {
                signals.extend(protocol(SignalPlace::Meta, name, content));
            }
            name if name == "robots" || name.eq_ignore_ascii_case(agent) => {
                // Here the name says whom it concerns, so no directive names anybody.
                directives(SignalPlace::Meta, content, agent, &mut signals);
            }
            _ => {}
        }
    }
    bounded(signals)
}

/// A line of the TDM Reservation Protocol; a reservation that is neither 0 nor 1 is none.
fn protocol(place: SignalPlace, name: &str, value: &str) -> Option<Signal> {
    let value = value.trim();
    let counts = if name == RESERVATION { matches!(value, "0" | "1") } else { !value.is_empty() };
    counts.then(|| Signal::new(place, name, value))
}

/// `noai, noarchive`, `otherbot: noarchive`, `unavailable_after: Wednesday, 12-Oct-16 18:00:00 GMT`. An agent's name concerns
/// the rest of its line.
fn directives(place: SignalPlace, line: &str, agent: &str, signals: &mut Vec<Signal>) {
    let mut concerns_us = true;
    let mut rest = line;
    while !rest.is_empty() {
        let (piece, after) = rest.split_once(',').unwrap_or((rest, ""));
        let mut word = piece.trim();
        if let Some((head, tail)) = word.split_once(':') {
            let head = head.trim().to_ascii_lowercase();
            if !WITH_VALUE.contains(&head.as_str()) {
                concerns_us = head.eq_ignore_ascii_case(agent);
                word = tail.trim();
            }
        }
        rest = after;
        let name = word.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "noai" | "noarchive" if concerns_us => signals.push(Signal::new(place, &name, "")),
            UNAVAILABLE_AFTER => {
                // A date may have a comma of its own: the line goes up to where it is one.
                let from = word.find(':').map_or(word.len(), |colon| colon + 1);
                let start = offset(line, word) + from;
                let (date, end) = date_at(&line[start..]);
                if let Some(date) = date.filter(|_| concerns_us) {
                    signals.push(Signal::new(place, UNAVAILABLE_AFTER, date));
                }
                rest = line.get(start + end..).unwrap_or_default().trim_start_matches([',', ' ']);
            }
            _ => {}
        }
    }
}

/// Where a part of a text begins in it.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

/// The shortest beginning of `text`, up to a comma or its end, that is a date, and where it ends; else where the first comma is.
fn date_at(text: &str) -> (Option<&str>, usize) {
    let commas = text.match_indices(',').map(|(at, _)| at).take(COMMAS_MAX);
    let ends: Vec<usize> = commas.chain([text.len()]).collect();
    let date = ends.iter().find(|&&end| feed::moment(&text[..end]).is_some());
    match date {
        Some(&end) => (Some(text[..end].trim()), end),
        None => (None, ends[0]),
    }
}

/// A rule of a tdmrep.json: what it says of the paths that its pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pattern: String,
    reserved: bool,
    policy: Option<String>,
}

/// Reads a tdmrep.json. What is no rule is skipped; what is no JSON has none.
pub fn locations(json: &[u8]) -> Vec<Location> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let read = match serde_json::from_slice(json) {
        Ok(Value::Array(rules)) => rules,
        Ok(rule @ Value::Object(_)) => vec![rule],
        Ok(_) | Err(_) => Vec::new(),
    };
    let rule = |rule: &Value| {
        let pattern = rule.get("location")?.as_str()?.trim();
        let fits = !pattern.is_empty() && pattern.len() <= VALUE_BYTES_MAX;
        let policy = rule.get(POLICY).and_then(Value::as_str).map(str::trim);
        let reserved = match rule.get(RESERVATION)? {
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.trim().parse().ok()?,
            Value::Bool(reserved) => u64::from(*reserved),
            _ => return None,
        };
        (fits && reserved <= 1).then(|| Location {
            pattern: pattern.to_owned(),
            reserved: reserved == 1,
            policy: policy.filter(|policy| !policy.is_empty()).map(str::to_owned),
        })
    };
    read.iter().filter_map(rule).take(LOCATIONS_MAX).collect()
}

/// What the rules say of a page, of which `covers` knows whether a pattern matches its path: the longest pattern that does
/// counts, of equals the one that reserves.
pub fn of_locations(locations: &[Location], covers: impl Fn(&str) -> bool) -> Vec<Signal> {
    let holding = locations.iter().filter(|rule| covers(&rule.pattern));
    let Some(rule) = holding.max_by_key(|rule| (rule.pattern.len(), rule.reserved)) else {
        return Vec::new();
    };
    let said = if rule.reserved { "1" } else { "0" };
    let policy = rule.policy.as_deref().map(|to| Signal::new(SignalPlace::Tdmrep, POLICY, to));
    let signals = [Signal::new(SignalPlace::Tdmrep, RESERVATION, said)].into_iter().chain(policy);
    bounded(signals.collect())
}

/// Each once, not too many, none too long: a longer value is cut.
pub fn bounded(signals: Vec<Signal>) -> Vec<Signal> {
    let mut kept: Vec<Signal> = Vec::new();
    for mut signal in signals {
        let end = signal.value.floor_char_boundary(VALUE_BYTES_MAX);
        signal.value.truncate(end);
        if kept.len() < SIGNALS_MAX && !kept.contains(&signal) {
            kept.push(signal);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
