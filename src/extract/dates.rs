//! The times pages write to moments: RFC 3339 and what publishers make of it, RFC 2822, seconds since 1970.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};

use super::render::is_dense;
use crate::model::Timestamp;

/// Years a page can be from. Others are template defaults ("0001-01-01", "1970-01-01") or faults.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2100;

/// A time as a page writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The moment. Without a zone it is taken as UTC.
    pub(crate) at: Timestamp,
    /// The zone as minutes east of UTC, where one is given.
    pub(crate) zone: Option<i32>,
    /// Whether more than a day is given.
    pub(crate) hour: bool,
}

impl Written {
    /// Minutes since 1970 on the clock of the place that wrote it.
    pub(crate) fn wall_minutes(self) -> i64 {
        self.at.secs().div_euclid(60) + i64::from(self.zone.unwrap_or(0))
    }

    /// The same reading of the clock in a zone.
    pub(crate) fn in_zone(self, minutes: i32) -> Self {
        let shift = i64::from(minutes - self.zone.unwrap_or(0)) * 60_000;
        Self { at: self.at.plus_millis(-shift), zone: Some(minutes), hour: self.hour }
    }
}

/// Reads a time. A time without a zone is taken as UTC, a day alone as its midnight.
pub(crate) fn moment(text: &str) -> Option<Written> {
    let text = text.trim();
    let found = zoned(text).or_else(|| seconds(text)).or_else(|| naive(text))?;
    sound(found)
}

fn sound(found: Written) -> Option<Written> {
    let year = i64::from(found.at.to_utc().year());
    YEARS.contains(&year).then_some(found)
}

fn zoned(text: &str) -> Option<Written> {
    const FORMS: &[&str] = &[
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%dT%H:%M%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f %#z",
        "%Y-%m-%d %H:%M %#z",
        "%Y%m%dT%H%M%S%#z",
        "%Y%m%dT%H%M%#z",
        "%a %b %d %H:%M:%S %#z %Y",
    ];
    let upper = text.replace(" UTC", "Z").replace(" GMT", "Z");
    DateTime::parse_from_rfc3339(&upper)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .ok()
        .or_else(|| FORMS.iter().find_map(|form| DateTime::parse_from_str(&upper, form).ok()))
        .map(|at| Written {
            at: Timestamp::from_millis(at.timestamp_millis()),
            zone: Some(at.offset().local_minus_utc() / 60),
            hour: true,
        })
}

fn naive(text: &str) -> Option<Written> {
    const FORMS: &[&str] = &[
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d %H:%M",
        "%Y%m%d%H%M%S",
        "%d.%m.%Y %H:%M",
        "%b %d, %Y %I:%M %p",
        "%B %d, %Y %I:%M %p",
    ];
    const DAYS: &[&str] = &[
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y%m%d",
        "%d.%m.%Y",
        "%B %d, %Y",
        "%b %d, %Y",
        "%d %B %Y",
        "%d %b %Y",
    ];
    let bare = text.trim_end_matches('Z');
    let to_minute = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok());
    let to_day = || {
        DAYS.iter()
            .find_map(|form| NaiveDate::parse_from_str(bare, form).ok()?.and_hms_opt(0, 0, 0))
    };
    let hour = to_minute.is_some();
    to_minute.or_else(to_day).map(|at| Written {
        at: Timestamp::from(at.and_utc()),
        zone: None,
        hour,
    })
}

fn seconds(text: &str) -> Option<Written> {
    let number: i64 = text.parse().ok()?;
    let at = match text.len() {
        10 => Timestamp::from_secs(number),
        13 => Timestamp::from_millis(number),
        _ => return None,
    };
    Some(Written { at, zone: Some(0), hour: true })
}

/// Names of the months by their first letters, January first. Longer forms begin with one of these.
#[rustfmt::skip]
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen", "янв", "ocak", "sty"], &["feb", "fév", "fev", "фев", "şubat", "lut"], &["mar", "mär", "maart", "мар"],
    &["apr", "avr", "abr", "апр", "nisan", "kwi"], &["may", "mai", "maj", "mag", "mei", "мая", "май"], &["jun", "juin", "giu", "июн", "haziran", "cze"],
    &["jul", "juil", "lug", "июл", "temmuz", "lip"], &["aug", "août", "aoû", "ago", "авг", "ağustos", "sie"], &["sep", "set", "сен", "eylül", "wrz"],
    &["oct", "okt", "ott", "out", "окт", "ekim", "paź"], &["nov", "нояб", "kasım", "lis"], &["dec", "dez", "déc", "dic", "дек", "aralık", "gru"],
];

/// Reads the first day that a line of prose names, with the time that follows it: "01. April 2025, 15:25 Uhr", "Oct. 12, 2016",
/// "2016年10月12日 18時05分". A day whose month cannot be told from its day ("10/12/2016") is none.
pub(crate) fn in_words(line: &str) -> Option<Written> {
    let lower = line.to_lowercase();
    let words: Vec<&str> = tokens(&lower);
    (0..words.len()).find_map(|at| {
        let (day, used) = day_at(&words[at..])?;
        let clock = clock_at(&words[at + used..]);
        let time = clock.unwrap_or_default();
        let found = Written {
            at: Timestamp::from(day.and_time(time).and_utc()),
            zone: None,
            hour: clock.is_some(),
        };
        sound(found)
    })
}

/// Runs of digits, runs of letters, and the marks between the numbers of a day or a time.
fn tokens(line: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_ascii_digit() => 0,
        c if is_dense(c) => 2,
        c if c.is_alphabetic() => 1,
        '.' | '/' | ':' | '-' => 3,
        _ => 4,
    };
    let mut found = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in line.char_indices() {
        let own = kind(c);
        // Each mark and each sign without spaces stands alone.
        if last.is_some_and(|last| last != own || own >= 2) {
            found.push(&line[start..at]);
            start = at;
        }
        last = Some(own);
    }
    found.push(&line[start..]);
    found.retain(|word| word.chars().any(|c| kind(c) < 4));
    found
}

/// The day that starts here, and how many words it takes.
fn day_at(words: &[&str]) -> Option<(NaiveDate, usize)> {
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok());
    let mark = |at: usize, marks: &[&str]| words.get(at).is_some_and(|word| marks.contains(word));
    let date = |y: u32, m: u32, d: u32| NaiveDate::from_ymd_opt(i32::try_from(y).ok()?, m, d);
    let year = |at: usize| number(at).filter(|&y| YEARS.contains(&i64::from(y)));
    // Words less the marks and small words between them: "12. Oktober 2016", "12 de octubre de 2016", "Oct. 12th, 2016".
    let spoken: Vec<(usize, &str)> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| {
            !matches!(**word, "." | "-" | "/" | "de" | "del" | "of" | "th" | "st" | "nd" | "rd")
        })
        .map(|(at, word)| (at, *word))
        .take(3)
        .collect();
    if let [(0, a), (_, b), (last, c)] = spoken[..] {
        let parsed = |word: &str| word.parse::<u32>().ok();
        let of_year = parsed(c).filter(|&y| YEARS.contains(&i64::from(y)));
        let spoken = of_year.and_then(|y| {
            let day_first = parsed(a).zip(month(b)).and_then(|(d, m)| date(y, m, d));
            day_first.or_else(|| month(a).zip(parsed(b)).and_then(|(m, d)| date(y, m, d)))
        });
        if let Some(day) = spoken {
            return Some((day, last + 1));
        }
    }
    if let Some(y) = year(0)
        .filter(|_| mark(1, &["-", "/", ".", "年", "년"]) && mark(3, &["-", "/", ".", "月", "월"]))
    {
        return date(y, number(2)?, number(4)?).map(|day| (day, 5));
    }
    let y = year(4).filter(|_| mark(1, &[".", "/"]) && words.get(1) == words.get(3))?;
    let (first, second) = (number(0)?, number(2)?);
    let told = words[1] == "." || first > 12 || first == second;
    let day = if told {
        date(y, second, first)
    } else if second > 12 {
        date(y, first, second)
    } else {
        None
    };
    day.map(|day| (day, 5))
}

fn month(word: &str) -> Option<u32> {
    let found = MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name)))?;
    u32::try_from(found + 1).ok()
}

/// The time within the next few words: "18:05", "6:05 pm", "18h05", "18時05分".
fn clock_at(words: &[&str]) -> Option<NaiveTime> {
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok());
    (0..words.len().min(6)).find_map(|at| {
        let parted =
            words.get(at + 1).is_some_and(|mark| matches!(*mark, ":" | "h" | "時" | "시" | "."));
        let minutes = words.get(at + 2).filter(|word| word.len() == 2).and_then(|_| number(at + 2));
        let (hours, minutes) = number(at).filter(|_| parted).zip(minutes)?;
        let half = words.get(at + 3).copied().unwrap_or("");
        let hours = match half {
            "pm" if hours < 12 => hours + 12,
            "am" if hours == 12 => 0,
            _ => hours,
        };
        NaiveTime::from_hms_opt(hours, minutes, 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(moment(text).map(|said| said.at.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn the_forms_pages_use() {
        check("2016-10-12T18:05:00+02:00", Some("2016-10-12T16:05:00Z"));
        check("2016-10-12T18:05:00+0200", Some("2016-10-12T16:05:00Z"));
        check("2016-10-12T18:05+02:00", Some("2016-10-12T16:05:00Z"));
        check(" 2016-10-12T18:05:00.250Z ", Some("2016-10-12T18:05:00.250Z"));
        check("2016-10-12 18:05:00 +0200", Some("2016-10-12T16:05:00Z"));
        check("2016-10-12 18:05:00 UTC", Some("2016-10-12T18:05:00Z"));
        check("2016-10-12T18:05:00", Some("2016-10-12T18:05:00Z"));
        check("2016-10-12 18:05", Some("2016-10-12T18:05:00Z"));
        check("2016-10-12", Some("2016-10-12T00:00:00Z"));
        check("20161012", Some("2016-10-12T00:00:00Z"));
        check("Wed, 12 Oct 2016 18:05:00 GMT", Some("2016-10-12T18:05:00Z"));
        check("1476295500", Some("2016-10-12T18:05:00Z"));
        check("1476295500000", Some("2016-10-12T18:05:00Z"));
        check("October 12, 2016", Some("2016-10-12T00:00:00Z"));
    }

    #[test]
    fn what_is_no_time_of_news_is_none() {
        for text in
            ["", "today", "0001-01-01T00:00:00Z", "1970-01-01", "12", "2016-13-40", "9999-01-01"]
        {
            check(text, None);
        }
    }

    #[test]
    fn days_in_words() {
        let check = |line: &str, expected: Option<&str>| {
            let got = in_words(line).map(|said| said.at.to_string());
            assert_eq!(got.as_deref(), expected, "{line}");
        };
        check("erstellt: 01. April 2025, 15:25", Some("2025-04-01T15:25:00Z"));
        check("Oct. 12th, 2016 at 6:05 pm", Some("2016-10-12T18:05:00Z"));
        check("12 de octubre de 2016", Some("2016-10-12T00:00:00Z"));
        check("Publié le 12 octobre 2016 à 18h05", Some("2016-10-12T18:05:00Z"));
        check("12.10.2016, 18:05 Uhr", Some("2016-10-12T18:05:00Z"));
        check("2016年10月12日 18時05分", Some("2016-10-12T18:05:00Z"));
        check("2016.10.12 18:05", Some("2016-10-12T18:05:00Z"));
        check("13/10/2016", Some("2016-10-13T00:00:00Z"));
        check("10/12/2016", None);
        check("Room 12, 2016 guests", None);
        check("today", None);
    }

    #[test]
    fn a_zone_is_told_from_none() {
        let zone = |text: &str| moment(text).and_then(|said| said.zone);
        assert_eq!(zone("2016-10-12T18:05:00+02:00"), Some(120));
        assert_eq!(zone("2016-10-12T18:05:00Z"), Some(0));
        assert_eq!(zone("2016-10-12 18:05:00"), None);
        let naive = moment("2016-10-12 18:05:00").unwrap();
        assert_eq!(naive.in_zone(120), moment("2016-10-12T18:05:00+02:00").unwrap());
    }
}
