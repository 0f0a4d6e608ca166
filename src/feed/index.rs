//! The sitemaps that an index or a robots.txt names to the few worth asking: the newest of them, for an index is an archive as
//! often as not.

use super::Entry;
use crate::model::Timestamp;

/// Sitemaps and rows this much older than the newest beside them are archive: their pages are no news, and reading them
/// would keep a host busy for days.
const ARCHIVE_MILLIS: i64 = 30 * 24 * 3_600_000;

/// What a last part of an address says that leads to no stories.
const ASIDE: [&str; 8] =
    ["video", "image", "photo", "author", "tag", "categor", "topic", "product"];

/// A sitemap that an index or a robots.txt names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Absolute address.
    pub url: String,
    /// When it was last changed, by its index; only an index says so.
    pub lastmod: Option<Timestamp>,
}

/// The sitemaps worth asking, the newest first, at most `max`: those without a date that call themselves news, those with one
/// that is no archive's, then the rest in the order they stand in. A date in the address counts where there is no other.
#[must_use]
pub fn newest(named: &[Sitemap], max: usize) -> Vec<Sitemap> {
    let is_aside = |map: &&Sitemap| ASIDE.iter().any(|word| last_part(&map.url).contains(word));
    let (aside, stories): (Vec<&Sitemap>, Vec<&Sitemap>) = named.iter().partition(is_aside);
    let named = if stories.is_empty() { aside } else { stories };
    let mut dated: Vec<(Option<Timestamp>, &Sitemap)> =
        named.into_iter().map(|map| (map.lastmod.or_else(|| date_in(&map.url)), map)).collect();
    let newest = dated.iter().filter_map(|&(at, _)| at).max();
    dated.retain(|&(at, _)| !is_archive(at, newest));
    let is_news = |map: &Sitemap| last_part(&map.url).contains("news");
    // Stable: what is alike stays in its order.
    dated.sort_by_key(|&(at, map)| match at {
        None if is_news(map) => (0, 0),
        Some(at) => (1, at.millis().saturating_neg()),
        None => (2, 0),
    });
    dated.into_iter().take(max).map(|(_, map)| map.clone()).collect()
}

/// Rows of a sitemap without those that are archive.
#[must_use]
pub fn without_archive(entries: Vec<Entry>) -> Vec<Entry> {
    let at = |entry: &Entry| entry.published.max(entry.updated);
    let newest = entries.iter().filter_map(at).max();
    entries.into_iter().filter(|entry| !is_archive(at(entry), newest)).collect()
}

fn is_archive(at: Option<Timestamp>, newest: Option<Timestamp>) -> bool {
    let (Some(at), Some(newest)) = (at, newest) else { return false };
    at.plus_millis(ARCHIVE_MILLIS) < newest
}

/// What stands behind the last `/` with something behind it, in lower case.
fn last_part(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// The date in an address: 2026-03-02, 2026/03, 202603, 2026. Of a month or a year its end.
fn date_in(url: &str) -> Option<Timestamp> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let mut numbers: Vec<&str> =
        path.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    let at = numbers.iter().position(|digits| {
        matches!(digits.len(), 4 | 6 | 8)
            && digits[..4].parse().is_ok_and(|y: u32| (1995..2100).contains(&y))
    })?;
    numbers.drain(..at);
    let (year, behind) = numbers[0].split_at(4);
    let (month, day) = match behind.len() {
        4 => (Some(&behind[..2]), Some(&behind[2..])),
        2 => (Some(behind), numbers.get(1).copied()),
        _ => (numbers.get(1).copied(), numbers.get(2).copied()),
    };
    let within = |text: Option<&str>, most: u32| {
        text.filter(|text| text.len() <= 2)
            .and_then(|text| text.parse().ok())
            .filter(|n| (1..=most).contains(n))
    };
    let month = within(month, 12);
    // The 28th is a day of every month.
    let day = month.and_then(|_| within(day, 31)).unwrap_or(28).min(28);
    Timestamp::parse(&format!("{year}-{:02}-{day:02}T00:00:00Z", month.unwrap_or(12)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str) -> Option<Timestamp> {
        Timestamp::parse(&format!("{date}T00:00:00Z"))
    }

    fn check(named: &[(&str, &str)], max: usize, expected: &[&str]) {
        let named: Vec<Sitemap> = named
            .iter()
            .map(|(path, date)| Sitemap {
                url: format!("https://a.test/{path}"),
                lastmod: at(date),
            })
            .collect();
        let found = newest(&named, max);
        let found: Vec<&str> =
            found.iter().map(|map| map.url.trim_start_matches("https://a.test/")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_newest_sitemaps_come_first_and_archives_never() {
        check(
            &[("a", "2026-02-20"), ("b", "2026-03-01"), ("c", "2025-12-31"), ("d", "2026-02-28")],
            2,
            &["b", "d"],
        );
        check(
            &[
                ("2024-01.xml", ""),
                ("2026-02.xml", ""),
                ("2026/3/map.xml", ""),
                ("20251204.xml", ""),
            ],
            9,
            &["2026/3/map.xml", "2026-02.xml"],
        );
        check(
            &[("posts", ""), ("news.xml", ""), ("new", "2026-03-01")],
            9,
            &["news.xml", "new", "posts"],
        );
    }

    #[test]
    fn sitemaps_of_videos_and_tags_are_asked_where_there_are_no_others() {
        check(&[("video-1.xml", "2026-03-01"), ("posts.xml", "2026-01-01")], 9, &["posts.xml"]);
        check(&[("tags/", ""), ("video-1.xml", "")], 9, &["tags/", "video-1.xml"]);
        check(&[], 9, &[]);
    }

    #[test]
    fn dates_are_read_from_addresses_and_numbers_are_not_taken_for_them() {
        for (url, expected) in [
            ("https://a.test/sitemap-2026-03-02.xml", "2026-03-02"),
            ("https://a.test/2026/03/02.xml", "2026-03-02"),
            ("https://a.test/20260302.xml", "2026-03-02"),
            ("https://a.test/sitemap.xml?yyyy=2026&mm=3", "2026-03-28"),
            ("https://a.test/2025.xml", "2025-12-28"),
            ("https://a.test/2026-13.xml", "2026-12-28"),
        ] {
            assert_eq!(date_in(url), at(expected), "{url}");
        }
        for url in
            ["https://2026.test/a.xml", "https://a.test/post-sitemap12.xml", "https://a.test/0815"]
        {
            assert_eq!(date_in(url), None, "{url}");
        }
    }

    #[test]
    fn rows_of_an_archive_are_left_out_and_undated_ones_stay() {
        let entry = |date: &str| Entry { updated: at(date), ..Entry::default() };
        let rows = ["2026-03-01", "2019-05-05", "", "2026-02-10"].map(entry);
        assert_eq!(
            without_archive(rows.to_vec()),
            [&rows[0], &rows[2], &rows[3]].map(Clone::clone)
        );
    }
}
