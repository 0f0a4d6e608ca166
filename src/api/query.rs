//! Query strings to what is asked. Pure: every mistake names the parameter and the mend.

use axum::extract::Query as Queried;
use axum::http::Uri;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;
use crate::model::Timestamp;
use crate::store::{Cursor, Query, Sort};

/// Items of a list where the request does not say.
pub(super) const LIMIT_DEFAULT: usize = 50;

/// Items of a list at most.
pub(super) const LIMIT_MAX: usize = 500;

/// Characters of a search or a name at most: longer ones are a mistake.
const WORDS_MAX: usize = 500;

/// Parameters of `GET /clusters`. Empty ones count as absent: an HTML form sends them so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClustersParams {
    /// `changed` (default: the lead's text became materially newer), `activity`, `first_seen` or `sources`.
    pub(super) sort: Option<String>,
    /// Only clusters whose time of the sort is not before this one (RFC 3339).
    pub(super) since: Option<String>,
    /// Only clusters whose time of the sort is before this one (RFC 3339).
    pub(super) until: Option<String>,
    /// Words of the title.
    pub(super) q: Option<String>,
    /// Only clusters with a member of this source.
    pub(super) source: Option<String>,
    /// Only clusters of this agency's copy.
    pub(super) origin: Option<String>,
    /// Only clusters with a member in this language (BCP 47).
    pub(super) lang: Option<String>,
    /// Only clusters with at least so many sources.
    pub(super) min_sources: Option<String>,
    /// Which member represents a cluster: `first`, `latest`, `longest`, `origin` or `priority`.
    pub(super) lead: Option<String>,
    /// `members`: with all members.
    pub(super) expand: Option<String>,
    /// Items of a page, 1 to 500. Default 50.
    pub(super) limit: Option<String>,
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// Which member represents a cluster (CONTRACT §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeadPolicy {
    /// The one seen first.
    First,
    /// The one seen last.
    Latest,
    /// The one with the most words.
    Longest,
    /// The newest one that is an agency's own item or has the cluster's origin; else the first.
    Origin,
    /// The one of the most important source; ties go to the older.
    Priority,
}

/// What `GET /clusters` asks for.
#[derive(Clone, Debug)]
pub(super) struct ClustersAsked {
    /// For the store.
    pub(super) query: Query,
    /// Another representative than the stored one.
    pub(super) lead: Option<LeadPolicy>,
    /// With members.
    pub(super) members: bool,
}

/// Reads the query string of an address.
pub(super) fn params<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let Queried(params) = Queried::<T>::try_from_uri(uri).map_err(|fault| {
        let text = fault.body_text();
        let told = text.split_once(": ").map_or(text.as_str(), |(_, told)| told);
        Problem::parameter(told.to_owned())
    })?;
    Ok(params)
}

/// Refuses every parameter: a question half understood gets no answer.
pub(super) fn none(uri: &Uri) -> Result<(), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let Nothing {} = params(uri)?;
    Ok(())
}

/// What the parameters of a list ask for, in this generation.
pub(super) fn clusters(params: &ClustersParams, generation: u64) -> Result<ClustersAsked, Problem> {
    let sort = sort(given(params.sort.as_deref()))?;
    let cursor = match given(params.cursor.as_deref()) {
        Some(text) => Some(read_cursor(text, generation)?),
        None => None,
    };
    // A cursor is a place in one order: without a sort it says which.
    if let (Some(asked), Some(cursor)) = (sort, &cursor)
        && asked != cursor.sort
    {
        return Err(Problem::parameter(format!(
            "the cursor is of sort={}: ask with the same sort",
            cursor.sort.as_str()
        )));
    }
    let sort = sort.or(cursor.map(|cursor| cursor.sort)).unwrap_or_default();
    let members = match given(params.expand.as_deref()) {
        None => false,
        Some("members") => true,
        Some(other) => {
            return Err(Problem::parameter(format!("expand={other} is unknown: say `members`")));
        }
    };
    let query = Query {
        sort,
        limit: limit(params.limit.as_deref())?,
        cursor,
        since: time("since", params.since.as_deref())?,
        until: time("until", params.until.as_deref())?,
        q: words("q", params.q.as_deref())?,
        source: words("source", params.source.as_deref())?,
        origin: words("origin", params.origin.as_deref())?,
        lang: words("lang", params.lang.as_deref())?.map(|lang| lang.to_lowercase()),
        min_sources: number("min_sources", params.min_sources.as_deref())?.unwrap_or(0),
    };
    Ok(ClustersAsked { query, lead: lead(params.lead.as_deref())?, members })
}

/// A parameter that is there and not empty.
pub(super) fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

/// `1`/`true` or `0`/`false`.
pub(super) fn flag(name: &str, value: Option<&str>) -> Result<bool, Problem> {
    match given(value) {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(other) => Err(Problem::parameter(format!("{name}={other}: say 1 or 0"))),
    }
}

fn words(name: &str, value: Option<&str>) -> Result<Option<String>, Problem> {
    match given(value) {
        Some(text) if text.chars().count() > WORDS_MAX => {
            Err(Problem::parameter(format!("{name} is over {WORDS_MAX} characters long")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn number(name: &str, value: Option<&str>) -> Result<Option<u32>, Problem> {
    let Some(text) = given(value) else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| Problem::parameter(format!("{name}={text}: say a whole number from 0")))
}

pub(super) fn limit(value: Option<&str>) -> Result<usize, Problem> {
    let limit = number("limit", value)?.map_or(LIMIT_DEFAULT, |limit| limit as usize);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::parameter(format!("limit={limit}: say 1 to {LIMIT_MAX}")))
}

fn time(name: &str, value: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = given(value) else { return Ok(None) };
    // A bare `+` of an offset is a space once the query string is decoded.
    Timestamp::parse(&text.replace(' ', "+")).map(Some).ok_or_else(|| {
        Problem::parameter(format!("{name}={text}: say an RFC 3339 time, 2026-03-01T12:00:00Z"))
    })
}

fn sort(value: Option<&str>) -> Result<Option<Sort>, Problem> {
    let Some(word) = value else { return Ok(None) };
    Sort::from_word(word).map(Some).ok_or_else(|| {
        let known = Sort::ALL.map(Sort::as_str).join(", ");
        Problem::parameter(format!("sort={word} is unknown: say one of {known}"))
    })
}

fn lead(value: Option<&str>) -> Result<Option<LeadPolicy>, Problem> {
    Ok(Some(match given(value) {
        None => return Ok(None),
        Some("first") => LeadPolicy::First,
        Some("latest") => LeadPolicy::Latest,
        Some("longest") => LeadPolicy::Longest,
        Some("origin") => LeadPolicy::Origin,
        Some("priority") => LeadPolicy::Priority,
        Some(other) => {
            return Err(Problem::parameter(format!(
                "lead={other} is unknown: say one of first, latest, longest, origin, priority"
            )));
        }
    }))
}

/// A cursor as clients see it: the generation and the store's own cursor. Opaque to them.
pub(super) fn write_cursor(cursor: &Cursor, generation: u64) -> String {
    format!("{generation}.{cursor}")
}

fn read_cursor(text: &str, generation: u64) -> Result<Cursor, Problem> {
    let wrong = || Problem::parameter("cursor is not one of ours: pass `next` as it came");
    let (of, cursor) = text.split_once('.').ok_or_else(wrong)?;
    let of: u64 = of.parse().map_err(|_| wrong())?;
    if of != generation {
        return Err(Problem::resync(format!(
            "the cursor is of generation {of}, this is generation {generation}"
        )));
    }
    cursor.parse().map_err(|_| wrong())
}

/// Reads a public id out of a path; one of another form names nothing, so it is a 404.
pub(super) fn id<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("no {what} {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClusterId;
    use crate::store::Direction;

    fn asked(query: &str) -> Result<ClustersAsked, Problem> {
        let uri: Uri = format!("/api/v1/clusters?{query}").parse().unwrap();
        clusters(&params(&uri)?, 3)
    }

    fn check(query: &str, says: &str) {
        let problem = asked(query).unwrap_err();
        assert!(problem.status == 400 && problem.detail.contains(says), "{query}: {problem:?}");
    }

    #[test]
    fn everything_absent_or_empty_asks_for_the_default() {
        for query in ["", "q=&source=&min_sources=&sort=", "limit=50&sort=changed"] {
            let asked = asked(query).unwrap();
            assert_eq!((asked.query.limit, asked.query.sort), (50, Sort::Changed), "{query}");
            assert_eq!((asked.query.q, asked.query.source, asked.members), (None, None, false));
        }
    }

    #[test]
    fn every_parameter_reaches_the_store() {
        let asked = asked(
            "sort=sources&since=2026-03-01T12:00:00+01:00&until=2026-03-02T00:00:00Z&q=dam%20orvale\
             &source=nap&origin=NAP&lang=FR&min_sources=3&limit=500&expand=members&lead=longest",
        )
        .unwrap();
        let query = asked.query;
        assert_eq!(query.sort, Sort::Sources);
        assert_eq!(query.since.unwrap().to_string(), "2026-03-01T11:00:00Z");
        assert_eq!(query.until.unwrap().to_string(), "2026-03-02T00:00:00Z");
        assert_eq!(query.q.as_deref(), Some("dam orvale"));
        assert_eq!(query.source.as_deref(), Some("nap"));
        assert_eq!((query.origin.as_deref(), query.lang.as_deref()), (Some("NAP"), Some("fr")));
        assert_eq!((query.min_sources, query.limit), (3, 500));
        assert_eq!((asked.members, asked.lead), (true, Some(LeadPolicy::Longest)));
    }

    #[test]
    fn a_mistake_names_the_parameter_and_the_mend() {
        check("colour=red", "unknown field `colour`");
        check("sort=urgency", "changed, activity, first_seen, sources");
        check("limit=0", "1 to 500");
        check("limit=501", "1 to 500");
        check("limit=many", "limit=many");
        check("since=yesterday", "RFC 3339");
        check("min_sources=-1", "min_sources=-1");
        check("expand=all", "members");
        check("lead=best", "longest");
        check("cursor=oops", "cursor");
        check(&format!("q={}", "a".repeat(WORDS_MAX + 1)), "500 characters");
    }

    #[test]
    fn a_cursor_of_another_generation_is_gone_and_of_another_sort_refused() {
        let place = Cursor {
            sort: Sort::Activity,
            direction: Direction::Older,
            place: 7,
            cluster: ClusterId(3),
        };
        let with = |generation, more: &str| {
            asked(&format!("cursor={}{more}", write_cursor(&place, generation)))
        };
        assert_eq!(with(2, "").unwrap_err().status, 410);
        assert!(with(2, "").unwrap_err().kind.contains("resync-required"));
        assert_eq!(with(3, "&sort=changed").unwrap_err().status, 400);
        let asked = with(3, "").unwrap().query;
        assert_eq!((asked.sort, asked.cursor), (Sort::Activity, Some(place)));
    }
}
