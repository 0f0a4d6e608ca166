//! The times pages write to moments: RFC 3339 and what publishers make of it, RFC 2822, seconds since 1970.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::model::Timestamp;

/// Years a page can be from. Others are template defaults ("0001-01-01", "1970-01-01") or faults.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2100;

/// Reads a time. A time without a zone is taken as UTC, a day alone as its midnight in UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = zoned(text).or_else(|| seconds(text)).or_else(|| naive(text))?;
    let year = i64::from(chrono::Datelike::year(&at.to_utc()));
    YEARS.contains(&year).then_some(at)
}

fn zoned(text: &str) -> Option<Timestamp> {
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
        .map(|at| Timestamp::from_millis(at.timestamp_millis()))
}

fn naive(text: &str) -> Option<Timestamp> {
    const FORMS: &[&str] = &[
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d %H:%M",
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
    FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
        .or_else(|| {
            DAYS.iter()
                .find_map(|form| NaiveDate::parse_from_str(bare, form).ok()?.and_hms_opt(0, 0, 0))
        })
        .map(|at| Timestamp::from(at.and_utc()))
}

fn seconds(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok()?;
    match text.len() {
        10 => Some(Timestamp::from_secs(number)),
        13 => Some(Timestamp::from_millis(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
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
}
