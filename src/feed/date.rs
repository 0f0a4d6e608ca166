//! A date as publishers write it to a moment.
//!
//! Reads RFC 3339, RFC 2822 and what stands in real feeds beside them: zone names, no zone (UTC), no seconds, AM/PM,
//! `24:00:00` (the next day's midnight), dates alone (midnight), month names of seven languages, epoch seconds and
//! milliseconds. Days and months as bare numbers are day first, unless that is impossible or a US clock (AM/PM) follows.

use chrono::{NaiveDate, NaiveTime};

use crate::model::Timestamp;

/// Longest text looked at.
const DATE_BYTES_MAX: usize = 80;

const MINUTE: i32 = 60;
const HOUR: i32 = 60 * MINUTE;

/// Reads `text`. `None` where no year, month and day can be found in it, or its time is no time.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > DATE_BYTES_MAX {
        return None;
    }
    Timestamp::parse(text).or_else(|| epoch(text)).or_else(|| written(text))
}

/// Seconds (9 or 10 digits) or milliseconds (12 or 13) since 1970.
fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    match whole.len() {
        9 | 10 => whole.parse().ok().map(Timestamp::from_secs),
        12 | 13 => whole.parse().ok().map(Timestamp::from_millis),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Number { value: u64, digits: usize },
    Word(String),
    Sign(char),
}

fn written(text: &str) -> Option<Timestamp> {
    let mut parts = parts(text);
    let clock = clock(&mut parts)?;
    let date = date(&parts, clock.half)?;
    let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    Some(Timestamp::from_millis(midnight + clock.millis - i64::from(clock.zone_secs) * 1000))
}

/// Numbers, words in lower case, and the signs that matter; `2016T18` falls apart at the letter.
fn parts(text: &str) -> Vec<Part> {
    let text = text.to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let belongs: fn(char) -> bool = if first.is_ascii_digit() {
            |c| c.is_ascii_digit()
        } else if first.is_alphabetic() {
            char::is_alphabetic
        } else {
            if matches!(first, ':' | '+' | '-' | '/' | '.' | ',') {
                parts.push(Part::Sign(first));
            } else if first == '\u{2212}' {
                parts.push(Part::Sign('-'));
            }
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let piece = &rest[..length];
        parts.push(match piece.parse() {
            Ok(value) if first.is_ascii_digit() => Part::Number { value, digits: length },
            _ => Part::Word(piece.to_owned()),
        });
        rest = &rest[length..];
    }
    parts
}

/// The time of day, and how far the zone is east of Greenwich.
#[derive(Clone, Copy, Default)]
struct Clock {
    millis: i64,
    zone_secs: i32,
    /// True where AM or PM was said.
    half: bool,
}

/// Takes time and zone out of `parts`. Midnight UTC where there is none; `None` where it is no time.
fn clock(parts: &mut Vec<Part>) -> Option<Clock> {
    let Some((from, (mut hour, minute, second, fraction), mut to)) = time(parts) else {
        return Some(Clock { zone_secs: zone_word(parts), ..Clock::default() });
    };
    let mut half = false;
    if let Some(Part::Word(word)) = parts.get(to)
        && matches!(word.as_str(), "am" | "pm")
    {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if word == "pm" { 12 } else { 0 };
        half = true;
        to += 1;
    }
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute, second) != (0, 0)) {
        return None;
    }
    let (zone_secs, zone_parts) = zone(&parts[to..])?;
    parts.drain(from..to + zone_parts);
    let second = second.min(59); // a leap second is the second before it
    let millis = ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
    Some(Clock { millis: i64::try_from(millis).ok()?, zone_secs, half })
}

type Time = (u64, u64, u64, u64);

/// Finds `18:05`, `18:05:00.5`, `T1805`, `T180500`, `3 pm`: first part, (hour, minute, second, millis), part behind.
fn time(parts: &[Part]) -> Option<(usize, Time, usize)> {
    let number = |at: usize| match parts.get(at) {
        Some(&Part::Number { value, digits }) => Some((value, digits)),
        _ => None,
    };
    let sign = |at: usize, c: char| parts.get(at) == Some(&Part::Sign(c));
    for at in 0..parts.len() {
        let Some((value, digits)) = number(at) else { continue };
        if digits <= 2 && sign(at + 1, ':') && number(at + 2).is_some() {
            let minute = number(at + 2)?.0;
            let Some((second, _)) = number(at + 4).filter(|_| sign(at + 3, ':')) else {
                return Some((at, (value, minute, 0, 0), at + 3));
            };
            let fraction = number(at + 6).filter(|_| sign(at + 5, '.') || sign(at + 5, ','));
            let Some((fraction, digits)) = fraction.filter(|&(_, digits)| digits <= 9) else {
                return Some((at, (value, minute, second, 0), at + 5));
            };
            let millis = fraction * 1000 / 10_u64.pow(digits as u32);
            return Some((at, (value, minute, second, millis), at + 7));
        }
        let after_t = at > 0 && parts[at - 1] == Part::Word("t".to_owned());
        match digits {
            4 if after_t => return Some((at, (value / 100, value % 100, 0, 0), at + 1)),
            6 if after_t => {
                return Some((at, (value / 10_000, value / 100 % 100, value % 100, 0), at + 1));
            }
            1 | 2 if matches!(parts.get(at + 1), Some(Part::Word(w)) if w == "am" || w == "pm") => {
                return Some((at, (value, 0, 0, 0), at + 1));
            }
            _ => {}
        }
    }
    None
}

/// The zone that `parts` begin with, in seconds east, and how many parts it takes. `None` where it is no zone's offset.
fn zone(parts: &[Part]) -> Option<(i32, usize)> {
    let (named, skip) = match parts.first() {
        Some(Part::Word(word)) => match named_zone(word) {
            Some(zone) => (zone, 1),
            None => return Some((zone_word(parts), 0)),
        },
        _ => (0, 0),
    };
    let east = match parts.get(skip) {
        Some(Part::Sign('+')) => 1,
        Some(Part::Sign('-')) => -1,
        _ => return Some((named, skip)),
    };
    let (hours, minutes, used) = match parts[skip + 1..] {
        [Part::Number { value: hours, .. }, Part::Sign(':'), Part::Number { value, .. }, ..] => {
            (hours, value, 4)
        }
        [Part::Number { value, digits: 4 }, ..] => (value / 100, value % 100, 2),
        [Part::Number { value, digits: 1 | 2 }] => (value, 0, 2),
        _ => return Some((named, skip)),
    };
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = hours as i32 * HOUR + minutes as i32 * MINUTE;
    Some((named + east * offset, skip + used))
}

/// A zone name anywhere in `parts`.
fn zone_word(parts: &[Part]) -> i32 {
    let mut words = parts.iter().filter_map(|part| match part {
        Part::Word(word) if word.len() > 2 => named_zone(word),
        _ => None,
    });
    words.next().unwrap_or(0)
}

/// Seconds east of Greenwich. Names that several regions use mean the one with the most wires: `EST` is New York's,
/// `BST` London's, `IST` India's, `CST` Chicago's.
fn named_zone(word: &str) -> Option<i32> {
    let half_hours = match word {
        "z" | "utc" | "gmt" | "ut" | "wet" => 0,
        "cet" | "met" | "mez" | "bst" | "west" | "wat" => 2,
        "cest" | "mest" | "mesz" | "eet" | "sast" | "cat" => 4,
        "eest" | "msk" | "eat" | "trt" | "idt" => 6,
        "gst" => 8,
        "pkt" => 10,
        "ist" => 11,
        "bdt" => 12,
        "wib" | "ict" => 14,
        "sgt" | "hkt" | "myt" | "pht" | "awst" => 16,
        "jst" | "kst" => 18,
        "acst" => 19,
        "aest" => 20,
        "aedt" => 22,
        "nzst" => 24,
        "nzdt" => 26,
        "adt" | "art" | "brt" => -6,
        "nst" => -7,
        "edt" | "ast" => -8,
        "est" | "cdt" => -10,
        "cst" | "mdt" => -12,
        "mst" | "pdt" => -14,
        "pst" | "akdt" => -16,
        "akst" => -18,
        "hst" => -20,
        _ => return None,
    };
    Some(half_hours * (HOUR / 2))
}

/// Year, month and day among the parts that are left.
fn date(parts: &[Part], us_clock: bool) -> Option<NaiveDate> {
    let numbers: Vec<(u64, usize)> = parts
        .iter()
        .filter_map(|part| match part {
            &Part::Number { value, digits } => Some((value, digits)),
            _ => None,
        })
        .collect();
    // The last match: "mar, 12 ott" is a Tuesday in October.
    let named = parts.iter().rev().find_map(|part| match part {
        Part::Word(word) => month(word),
        _ => None,
    });
    let (year, month, day) = match (named, numbers.as_slice()) {
        (Some(month), &[(year, 4), (day, 1 | 2), ..] | &[(day, 1 | 2), (year, 4), ..])
        | (None, &[(year, 4), (month, 1 | 2), (day, 1 | 2), ..]) => (year, month, day),
        (Some(month), &[(day, 1 | 2), (year, 2), ..]) => (century(year), month, day),
        (None, &[(whole, 14), ..]) => return of_digits(whole / 1_000_000),
        (None, &[(whole, 8), ..]) => return of_digits(whole),
        (None, &[(a, 1 | 2), (b, 1 | 2), (year, 4), ..]) => {
            let month_first = b > 12 || (us_clock && a <= 12);
            if month_first { (year, a, b) } else { (year, b, a) }
        }
        _ => return None,
    };
    ymd(year, month, day)
}

/// RFC 2822 §4.3: two digits below 50 are of this century.
fn century(year: u64) -> u64 {
    if year < 50 { 2000 + year } else { 1900 + year }
}

fn of_digits(whole: u64) -> Option<NaiveDate> {
    ymd(whole / 10_000, whole / 100 % 100, whole % 100)
}

fn ymd(year: u64, month: u64, day: u64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )
}

/// English, French, German, Italian, Spanish, Portuguese and Dutch, whole and cut, in lower case.
static MONTHS: [&str; 12] = [
    "january jan janvier janv januar jän jänner gennaio gen enero ene janeiro januari",
    "february feb fevrier février fevr févr fév februar febbraio febrero fevereiro fev februari",
    "march mar mars märz maerz mär marzo março marco maart mrt",
    "april apr avril avr aprile abril abr",
    "may mai maggio mag mayo maio mei",
    "june jun juin juni giugno giu junio junho",
    "july jul juillet juil juli luglio lug julio julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre settembre set septiembre setiembre setembro",
    "october oct octobre oktober okt ottobre ott octubre outubro out",
    "november nov novembre noviembre novembro",
    "december dec décembre decembre déc dezember dez dicembre dic diciembre dezembro",
];

fn month(word: &str) -> Option<u64> {
    let at = MONTHS.iter().position(|names| names.split(' ').any(|name| name == word))?;
    Some(at as u64 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        let got = parse(text).map(|at| at.to_string());
        assert_eq!(got.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn the_forms_of_the_standards_are_read() {
        check("2016-10-12T20:05:00+02:00", "2016-10-12T18:05:00Z");
        check("2016-10-12T18:05:00.250Z", "2016-10-12T18:05:00.250Z");
        check("Wed, 12 Oct 2016 18:05:00 GMT", "2016-10-12T18:05:00Z");
        check("Wed, 12 Oct 2016 18:05:00 +0200", "2016-10-12T16:05:00Z");
        check("12 Oct 16 18:05 EDT", "2016-10-12T22:05:00Z");
        check("Wed, 12 Oct 2016 18:05:00 +0000 (UTC)", "2016-10-12T18:05:00Z");
    }

    #[test]
    fn zones_are_read_as_names_and_offsets() {
        check("Wed, 12 Oct 2016 20:05:00 CEST", "2016-10-12T18:05:00Z");
        check("Wed Oct 12 20:05:00 CEST 2016", "2016-10-12T18:05:00Z");
        check("2016-10-12 20:05:00 +02:00", "2016-10-12T18:05:00Z");
        check("2016-10-12T20:05:00+0200", "2016-10-12T18:05:00Z");
        check("2016-10-12T20:05:00+02", "2016-10-12T18:05:00Z");
        check("12 Oct 2016 23:35 IST", "2016-10-12T18:05:00Z");
        check("12 Oct 2016 20:05 GMT+2", "2016-10-12T18:05:00Z");
        check("12 Oct 2016 14:05 UTC-04:00", "2016-10-12T18:05:00Z");
        check("12 Oct 2016 20:05 \u{2212}0130", "2016-10-12T21:35:00Z");
    }

    #[test]
    fn a_time_without_zone_or_seconds_and_a_date_alone_are_utc() {
        check("2016-10-12 18:05:00", "2016-10-12T18:05:00Z");
        check("2016-10-12T18:05", "2016-10-12T18:05:00Z");
        check("12 Oct 2016 18:05", "2016-10-12T18:05:00Z");
        check("2016-10-12", "2016-10-12T00:00:00Z");
        check("12 October 2016", "2016-10-12T00:00:00Z");
        check("20161012", "2016-10-12T00:00:00Z");
        check("20161012T180500Z", "2016-10-12T18:05:00Z");
        check("2016/10/12 18:05", "2016-10-12T18:05:00Z");
    }

    #[test]
    fn halves_of_the_day_and_the_hour_24_are_read() {
        check("Oct 12, 2016 6:05 PM", "2016-10-12T18:05:00Z");
        check("Oct 12, 2016, 12:05 a.m. EST", "2016-10-12T05:05:00Z");
        check("October 12th, 2016 at 3 pm", "2016-10-12T15:00:00Z");
        check("12 Oct 2016 24:00:00 +0000", "2016-10-13T00:00:00Z");
        check("2016-12-31T24:00:00Z", "2017-01-01T00:00:00Z");
        check("31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z");
    }

    #[test]
    fn months_and_days_of_other_languages_are_read() {
        check("mer, 12 ott 2016 20:05:00 +0200", "2016-10-12T18:05:00Z");
        check("mar, 11 ott 2016 20:05:00 +0200", "2016-10-11T18:05:00Z");
        check("mercredi 12 octobre 2016 à 18:05", "2016-10-12T18:05:00Z");
        check("mar. 1er mars 2016 18:05", "2016-03-01T18:05:00Z");
        check("12 août 2016", "2016-08-12T00:00:00Z");
        check("Mittwoch, 12. Oktober 2016, 20:05 MESZ", "2016-10-12T18:05:00Z");
        check("Di, 1 Mär 2016 18:05:00 GMT", "2016-03-01T18:05:00Z");
        check("12 de outubro de 2016", "2016-10-12T00:00:00Z");
        check("12 mrt 2016", "2016-03-12T00:00:00Z");
        check("MIÉ, 12 ENE 2016 18:05", "2016-01-12T18:05:00Z");
    }

    #[test]
    fn bare_numbers_are_day_first_unless_that_cannot_be() {
        check("12.10.2016 18:05", "2016-10-12T18:05:00Z");
        check("12/10/2016", "2016-10-12T00:00:00Z");
        check("10/13/2016", "2016-10-13T00:00:00Z");
        check("10/12/2016 6:05 PM", "2016-10-12T18:05:00Z");
    }

    #[test]
    fn seconds_and_milliseconds_since_1970_are_read() {
        check("1476295500", "2016-10-12T18:05:00Z");
        check("1476295500000", "2016-10-12T18:05:00Z");
        check("1476295500.75", "2016-10-12T18:05:00Z");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "now",
            "yesterday 18:05",
            "2016",
            "Oct 2016",
            "2016-13-12",
            "2016-02-30",
            "12 Oct 2016 25:00",
            "12 Oct 2016 18:61",
            "12 Oct 2016 13:05 PM",
            "0000000000000000",
            "12 Oct 2016 18:05 +9900",
            "2016-10-12T24:30:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"1".repeat(DATE_BYTES_MAX + 1)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_our_clock_shows_is_read_back(secs in 0_i64..4_000_000_000) {
            let at = Timestamp::from_secs(secs);
            prop_assert_eq!(parse(&at.to_string()), Some(at));
            prop_assert_eq!(parse(&at.to_utc().to_rfc2822()), Some(at));
            let loose = at.to_utc().format("%e %B %Y, %I:%M:%S %p").to_string();
            prop_assert_eq!(parse(&loose), Some(at));
        }

        #[test]
        fn no_text_is_too_strange(text in "[0-9a-zé:+\\-./, TZ]{0,40}") {
            parse(&text);
        }
    }
}
