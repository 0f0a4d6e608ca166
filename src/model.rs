//! The shared nouns: times, ids and the article record, as every room says them.

mod article;
mod clock;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

pub use article::Article;
pub use clock::Clock;

/// A moment in milliseconds since 1970-01-01T00:00:00Z. Shown and read as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// A moment from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A moment from whole seconds since 1970.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads an RFC 3339 time with any offset. `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text.trim()).ok().map(|t| Self(t.timestamp_millis()))
    }

    /// The moment `millis` later (earlier where negative), clamped at the ends of the scale.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Distance between two moments in milliseconds, never negative.
    pub const fn distance_millis(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The same moment for chrono. Moments chrono cannot hold become 1970.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form =
            if self.0.rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        f.write_str(&self.to_utc().to_rfc3339_opts(form, true))
    }
}

/// Place of a record in the journal. Gapless, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Crockford's base 32 in lower case: no i, l, o, u; sorts as the number does.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Digits of a public id: 13 × 5 bits hold a u64.
const ID_DIGITS: usize = 13;

fn write_id(prefix: char, number: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = String::with_capacity(ID_DIGITS + 1);
    out.push(prefix);
    for place in (0..ID_DIGITS).rev() {
        let digit = (number >> (place * 5)) & 31;
        out.push(char::from(BASE32[digit as usize]));
    }
    f.write_str(&out)
}

fn read_id(prefix: char, text: &str) -> Option<u64> {
    let digits = text.strip_prefix(prefix)?;
    if digits.len() != ID_DIGITS {
        return None;
    }
    digits.bytes().try_fold(0_u64, |number, byte| {
        let digit = BASE32.iter().position(|&b| b == byte)? as u64;
        number.checked_mul(32)?.checked_add(digit)
    })
}

/// A public id that does not have the form of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id of this kind")]
pub struct BadId(pub String);

macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id($prefix, self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                read_id($prefix, text).map(Self).ok_or_else(|| BadId(text.to_owned()))
            }
        }
    };
}

public_id!(
    /// One publication. The number is the seq of its first version; shown as `a` and 13 base-32 digits.
    ArticleId, 'a'
);
public_id!(
    /// One state of an article. The number is its seq; shown as `v` and 13 base-32 digits.
    VersionId, 'v'
);
public_id!(
    /// Versions of one story. The number is the seq of its oldest version; shown as `c` and 13 base-32 digits.
    ClusterId, 'c'
);

/// A configured publisher's id, as the configuration writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub String);

impl SourceId {
    /// The source of records that name neither a source nor a url.
    pub const UNKNOWN: &'static str = "unknown";

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for SourceId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// What a page turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageKind {
    /// One story with a text of its own.
    #[default]
    Article,
    /// A front or section page: mostly links.
    Index,
    /// "Page not found" served as 200.
    SoftNotFound,
    /// A page that grows by dated entries.
    LiveBlog,
    /// The first lines and a wall.
    PaywallStub,
    /// None of these, or not readable in bounds.
    Other,
}

impl PageKind {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Index => "index",
            Self::SoftNotFound => "soft_404",
            Self::LiveBlog => "live_blog",
            Self::PaywallStub => "paywall_stub",
            Self::Other => "other",
        }
    }

    /// The kind a JSON word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Article,
            Self::Index,
            Self::SoftNotFound,
            Self::LiveBlog,
            Self::PaywallStub,
            Self::Other,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }
}

/// Where in a text a claim of origin was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginBasis {
    /// The source is the agency itself.
    OwnItem,
    /// "ALEPPO, Syria (AFP) -".
    Dateline,
    /// "(Reporting by …)" or "(AFP)" at the end.
    SignOff,
    /// The byline names the agency.
    Byline,
    /// JSON-LD or meta author, or the record's `credit`.
    Metadata,
    /// "told AFP": at most a claim.
    Quote,
}

impl OriginBasis {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnItem => "own_item",
            Self::Dateline => "dateline",
            Self::SignOff => "sign_off",
            Self::Byline => "byline",
            Self::Metadata => "metadata",
            Self::Quote => "quote",
        }
    }
}

/// What a text says of whose copy it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginClaim {
    /// The agency's short name, as the agency table writes it: "AFP". Where several share the credit, all of them, one a
    /// line, in the credit's order; see [`OriginClaim::agencies`].
    pub agency: String,
    /// Where it was read.
    pub basis: OriginBasis,
    /// The words it was read from; empty for an own item.
    pub evidence: String,
}

impl OriginClaim {
    /// The agencies it names, in the credit's order: one, or those that share the credit ("AP and Reuters").
    pub fn agencies(&self) -> impl Iterator<Item = &str> {
        self.agency.lines()
    }

    /// The first of them.
    pub fn first_agency(&self) -> &str {
        self.agencies().next().unwrap_or_default()
    }

    /// True where this agency is one of them.
    pub fn names(&self, agency: &str) -> bool {
        self.agencies().any(|name| name == agency)
    }

    /// The agencies as one line: "AP, Reuters".
    pub fn credit(&self) -> String {
        self.agency.replace('\n', ", ")
    }
}

/// Where a publisher said something of what may be done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalPlace {
    /// A header of the answer.
    Header,
    /// A `meta` element of the page.
    Meta,
    /// `/.well-known/tdmrep.json` of its site.
    Tdmrep,
    /// robots.txt of its site.
    Robots,
}

impl SignalPlace {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::Header, Self::Meta, Self::Tdmrep, Self::Robots];

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Meta => "meta",
            Self::Tdmrep => "tdmrep",
            Self::Robots => "robots",
        }
    }

    /// The place a JSON word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == word)
    }
}

/// One thing a publisher says, in a form for machines, of what may be done with a page. What it means, `rights` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Where it stood.
    pub place: SignalPlace,
    /// `tdm-reservation`, `tdm-policy`, `noai`, `noarchive`, `unavailable_after`, `content-usage` or `content-signal`.
    pub name: String,
    /// Its value as found; empty where the name says all.
    pub value: String,
}

impl Signal {
    /// A signal of these words.
    pub fn new(place: SignalPlace, name: &str, value: &str) -> Self {
        Self { place, name: name.to_owned(), value: value.to_owned() }
    }
}

/// A subject code and the scheme it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The code list, e.g. `medtop`. May be empty.
    pub scheme: String,
    /// The code within it.
    pub code: String,
}

/// SHA-256 of a page as it came, unpacked: names the very bytes that a text was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawHash(pub [u8; 32]);

impl fmt::Display for RawHash {
    /// As archives label it: `sha256:` and 64 digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_their_numbers_and_read_back() {
        let mut shown = Vec::new();
        for number in [0, 1, 31, 32, 1 << 40, u64::MAX] {
            let id = ClusterId(number);
            assert_eq!(id.to_string().parse::<ClusterId>(), Ok(id));
            shown.push(id.to_string());
        }
        assert!(shown.is_sorted());
        assert!(shown.iter().all(|id| id.len() == 14 && id.starts_with('c')));
    }

    #[test]
    fn an_id_of_another_kind_or_form_is_refused() {
        for bad in ["", "c", "a0000000000001", "c000000000000", "c000000000000l", "czzzzzzzzzzzzz"]
        {
            assert!(bad.parse::<ClusterId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_read_any_offset_and_show_utc() {
        let at = Timestamp::parse("2016-10-12T20:05:00+02:00").unwrap();
        assert_eq!(at.to_string(), "2016-10-12T18:05:00Z");
        assert_eq!(at.plus_millis(5).to_string(), "2016-10-12T18:05:00.005Z");
        assert_eq!(Timestamp::parse("12 Oct 2016"), None);
    }
}
