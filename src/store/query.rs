//! How lists of clusters are asked for: order, filters, cursors.

use std::fmt;
use std::str::FromStr;

use super::rows::SetRow;
use crate::model::{BadId, ClusterId, Timestamp};
use crate::text::fold;

/// Most items of one page.
pub const LIMIT_MAX: usize = 500;

/// By what clusters are listed, the greatest first. Ties go to the younger cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// When the lead's text last became materially newer.
    #[default]
    Changed,
    /// When the newest member was seen.
    Activity,
    /// When the first member was seen.
    FirstSeen,
    /// How many sources have it.
    Sources,
}

impl Sort {
    /// All of them, in the order of their bytes.
    pub const ALL: [Self; 4] = [Self::Changed, Self::Activity, Self::FirstSeen, Self::Sources];

    /// The byte in index keys.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Changed => 1,
            Self::Activity => 2,
            Self::FirstSeen => 3,
            Self::Sources => 4,
        }
    }

    /// True where the place in this order is a time.
    pub(super) const fn by_time(self) -> bool {
        !matches!(self, Self::Sources)
    }

    /// The word used in JSON and query strings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Activity => "activity",
            Self::FirstSeen => "first_seen",
            Self::Sources => "sources",
        }
    }

    /// The sort a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == word)
    }
}

/// Which clusters, in which order, from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The order.
    pub sort: Sort,
    /// Items wanted, clamped to 1..=[`LIMIT_MAX`].
    pub limit: usize,
    /// Where an earlier page ended. Its sort wins over `sort`.
    pub cursor: Option<Cursor>,
    /// Only from this moment on: by the time of the order, by activity where the order is no time.
    pub since: Option<Timestamp>,
    /// Only before this moment, by the same time.
    pub until: Option<Timestamp>,
    /// Only titles that hold this, without regard to case, width and spacing.
    pub q: Option<String>,
    /// Only clusters this source is in.
    pub source: Option<String>,
    /// Only clusters with this agency as origin, without regard to case.
    pub origin: Option<String>,
    /// Only clusters with a member in this language.
    pub lang: Option<String>,
    /// Only clusters of at least so many sources.
    pub min_sources: u32,
}

/// The items of one page, the greatest first, and how to go on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most `limit` items; may be fewer, even none, where many were filtered out and `next` goes on.
    pub items: Vec<T>,
    /// Towards lesser items; `None` at the end.
    pub next: Option<Cursor>,
    /// Towards greater items, those that came since included; `None` where the page is empty.
    pub newer: Option<Cursor>,
}

/// Which way a cursor goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To lesser items: the next page.
    Older,
    /// To greater items: what is above.
    Newer,
}

/// A place in a list: just after one item. Stays where it is whatever comes, moves or goes around it.
///
/// Shown as one opaque word; reading it back checks its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order it is a place in.
    pub sort: Sort,
    /// The way it goes on.
    pub direction: Direction,
    /// The item's place in the order.
    pub place: u64,
    /// The item.
    pub cluster: ClusterId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Older => 'o',
            Direction::Newer => 'n',
        };
        write!(f, "{}{direction}{:016x}{:016x}", self.sort.byte(), self.place, self.cluster.0)
    }
}

impl FromStr for Cursor {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        read_cursor(text).ok_or_else(|| BadId(text.to_owned()))
    }
}

fn read_cursor(text: &str) -> Option<Cursor> {
    if text.len() != 34 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let sort: u8 = text[..1].parse().ok()?;
    let direction = match &text[1..2] {
        "o" => Direction::Older,
        "n" => Direction::Newer,
        _ => return None,
    };
    Some(Cursor {
        sort: Sort::ALL.into_iter().find(|known| known.byte() == sort)?,
        direction,
        place: u64::from_str_radix(&text[2..18], 16).ok()?,
        cluster: ClusterId(u64::from_str_radix(&text[18..], 16).ok()?),
    })
}

/// A moment as a place that sorts as it does.
pub(super) const fn place_of(millis: i64) -> u64 {
    millis.cast_unsigned() ^ (1 << 63)
}

/// A query's filters, made ready to be asked of many rows.
pub(super) struct Filter<'a> {
    query: &'a Query,
    sort: Sort,
    title_part: Option<String>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(query: &'a Query, sort: Sort) -> Self {
        let title_part = query.q.as_deref().map(fold).filter(|part| !part.is_empty());
        Self { query, sort, title_part }
    }

    /// True where `row` is asked for. Its list of sources is whole.
    pub(super) fn takes(&self, row: &SetRow) -> bool {
        let Query { since, until, source, origin, lang, min_sources, .. } = self.query;
        // Orders by time are cut to the span before rows are read.
        let in_span = self.sort.by_time()
            || (since.is_none_or(|since| since.millis() <= row.places.last_activity)
                && until.is_none_or(|until| row.places.last_activity < until.millis()));
        in_span
            && row.places.sources_total >= *min_sources
            && source.as_ref().is_none_or(|source| row.sources.contains(source))
            && lang.as_ref().is_none_or(|lang| row.languages.contains(lang))
            && origin.as_ref().is_none_or(|agency| {
                row.origin.as_ref().is_some_and(|claim| {
                    claim.agency.lines().any(|named| fold(named) == fold(agency))
                })
            })
            && self.title_part.as_ref().is_none_or(|part| fold(&row.title).contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_nothing_else_reads() {
        let cursor = Cursor {
            sort: Sort::Sources,
            direction: Direction::Newer,
            place: u64::MAX,
            cluster: ClusterId(7),
        };
        let shown = cursor.to_string();
        assert_eq!(shown.parse(), Ok(cursor));
        let long = format!("{shown}0");
        let foreign = format!("é{}", &shown[2..]);
        let sorts = format!("9{}", &shown[1..]);
        for bad in ["", "1o", &shown[1..], &long, &foreign, &sorts, &shown.replace('n', "x")] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn places_sort_as_moments_do() {
        let moments = [i64::MIN, -1, 0, 1, i64::MAX];
        assert!(moments.map(place_of).is_sorted());
    }
}
