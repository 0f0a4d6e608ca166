//! API bodies to what the templates print. Pure: the time comes as an argument, and nothing here is not in the API.

use std::collections::BTreeMap;

use crate::api::body::{self, Cluster, Member};
use crate::api::dashboard::when::{self, When};
use crate::model::Timestamp;

/// Width of a row's strip and of the timeline, in the units of their drawings.
const STRIP_WIDTH: i64 = 96;
const TIMELINE_WIDTH: i64 = 1_000;

/// Marks on a strip; more would be one bar.
const MARKS_MAX: usize = 120;

/// Whose copy, as a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    /// The agency, or those that share the credit.
    pub(super) agency: String,
    /// The verdict; also a class.
    pub(super) verdict: &'static str,
    /// Why, in words.
    pub(super) why: String,
}

impl Badge {
    /// `None` where the origin is unknown: a badge that says nothing is noise.
    pub(super) fn new(origin: &body::Origin) -> Option<Self> {
        origin.source.as_ref()?;
        let why = origin.evidence.first().map(|evidence| {
            let basis = match evidence.basis {
                "own_item" => "the agency's own item",
                "dateline" => "credited in the dateline",
                "sign_off" => "credited in the sign-off",
                "byline" => "credited in the byline",
                "metadata" => "credited in the metadata",
                _ => "named in a quote",
            };
            if evidence.text.is_empty() {
                basis.to_owned()
            } else {
                format!("{basis}: {}", evidence.text)
            }
        });
        Some(Self {
            agency: origin.agencies.join(", "),
            verdict: origin.verdict,
            why: why.unwrap_or_default(),
        })
    }
}

/// A mark on a strip or timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Distance from the left.
    pub(super) x: i64,
    /// The relation; also a class.
    pub(super) relation: &'static str,
    /// What it is, in words.
    pub(super) words: String,
}

/// A cluster as a row of the desk.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Public id.
    pub(super) id: String,
    /// Headline.
    pub(super) title: String,
    /// Whose copy.
    pub(super) badge: Option<Badge>,
    /// The state, where it is not `live`.
    pub(super) state: Option<String>,
    /// How much.
    pub(super) counts: body::Counts,
    /// Languages, for people.
    pub(super) languages: String,
    /// The source of the lead; empty where the badge names it already.
    pub(super) lead_source: String,
    /// When it came up.
    pub(super) first_seen: When,
    /// When something last came.
    pub(super) last_activity: When,
    /// Pick-ups over time; empty for one article.
    pub(super) strip: Vec<Mark>,
    /// How long the pick-ups took.
    pub(super) strip_span: String,
}

impl Row {
    /// The row of a cluster body; `names` are display names by source id.
    pub(super) fn new(cluster: &Cluster, names: &BTreeMap<String, String>, now: Timestamp) -> Self {
        let members = cluster.members.as_deref().unwrap_or_default();
        let lead = members.iter().find(|member| member.version == cluster.lead);
        let marks = marks(members, names, STRIP_WIDTH);
        Self {
            id: cluster.id.clone(),
            title: headline(&cluster.title),
            badge: Badge::new(&cluster.origin),
            state: shown_state(&cluster.state),
            counts: cluster.counts,
            languages: cluster.languages.join(" "),
            lead_source: lead
                .map(|lead| named(names, &lead.source))
                .filter(|name| cluster.origin.source.as_ref() != Some(name))
                .unwrap_or_default(),
            first_seen: moment(&cluster.first_seen.at, now),
            last_activity: moment(&cluster.last_activity, now),
            strip_span: spread(members),
            strip: if marks.len() > 1 { marks } else { Vec::new() },
        }
    }
}

pub(super) fn moment(at: &str, now: Timestamp) -> When {
    When::read(at, now).unwrap_or_else(|| When::new(Timestamp::EPOCH, now))
}

pub(super) fn named(names: &BTreeMap<String, String>, id: &str) -> String {
    names.get(id).filter(|name| !name.is_empty()).map_or_else(|| id.to_owned(), Clone::clone)
}

fn headline(title: &str) -> String {
    if title.trim().is_empty() { "(no headline)".to_owned() } else { title.to_owned() }
}

fn shown_state(state: &str) -> Option<String> {
    (state != body::LIVE).then(|| state.to_owned())
}

/// The members on a line from the first to the last one seen.
fn marks(members: &[Member], names: &BTreeMap<String, String>, width: i64) -> Vec<Mark> {
    let seen: Vec<(i64, &Member)> = members
        .iter()
        .filter_map(|member| Some((Timestamp::parse(&member.first_seen)?.millis(), member)))
        .take(MARKS_MAX)
        .collect();
    let first = seen.iter().map(|(at, _)| *at).min().unwrap_or(0);
    let last = seen.iter().map(|(at, _)| *at).max().unwrap_or(0);
    let whole = (last - first).max(1);
    let placed = seen.into_iter().map(|(at, member)| Mark {
        x: (at - first).saturating_mul(width) / whole,
        relation: if at == first { "origin" } else { member.relation },
        words: format!(
            "{}: {}, +{}",
            named(names, &member.source),
            member.relation,
            when::span(at - first)
        ),
    });
    placed.collect()
}

fn spread(members: &[Member]) -> String {
    let seen = || members.iter().filter_map(|member| Timestamp::parse(&member.first_seen));
    match (seen().min(), seen().max()) {
        (Some(first), Some(last)) if last > first => when::span(last.millis() - first.millis()),
        _ => String::new(),
    }
}

/// A member as a row of the cluster page.
#[derive(Clone, Debug)]
pub(super) struct MemberLine {
    /// Display name of the source.
    pub(super) source: String,
    /// Headline.
    pub(super) title: String,
    /// Address, only where it is http(s).
    pub(super) link: Option<String>,
    /// The version.
    pub(super) version: String,
    /// The relation; also a class.
    pub(super) relation: &'static str,
    /// Jaccard similarity, two digits.
    pub(super) jaccard: Option<String>,
    /// Share of this text in the parent, percent.
    pub(super) in_parent: Option<String>,
    /// Share of the parent in this text, percent.
    pub(super) of_parent: Option<String>,
    /// When its publisher says it came out.
    pub(super) published: Option<When>,
    /// When we saw it.
    pub(super) first_seen: When,
    /// How long after the first one; empty for the first.
    pub(super) after: String,
    /// True for the lead.
    pub(super) is_lead: bool,
    /// True where it is being compared.
    pub(super) compared: bool,
}

/// The page of a cluster.
#[derive(Clone, Debug)]
pub(super) struct ClusterPage {
    /// What the row shows.
    pub(super) row: Row,
    /// Address of the lead.
    pub(super) link: Option<String>,
    /// Where the earliest claim lies before our own sight, that claim.
    pub(super) earliest: Option<When>,
    /// When the lead last became materially newer.
    pub(super) last_changed: When,
    /// Its members, the first one first.
    pub(super) members: Vec<MemberLine>,
    /// The version the lead's article had before, where it is in the cluster as well.
    pub(super) before: Option<String>,
    /// The members over time.
    pub(super) timeline: Vec<Mark>,
}

impl ClusterPage {
    /// The page of a body. `compared` is the version the diff goes to.
    pub(super) fn new(
        cluster: &Cluster,
        compared: Option<&str>,
        names: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Self {
        let members = cluster.members.as_deref().unwrap_or_default();
        let start = members.first().and_then(|member| Timestamp::parse(&member.first_seen));
        let line = |member: &Member| {
            let percent = |share: f64| format!("{:.0}", share * 100.0);
            let seen = Timestamp::parse(&member.first_seen).unwrap_or(now);
            let after = start.map_or(0, |start| seen.millis() - start.millis());
            MemberLine {
                source: named(names, &member.source),
                title: headline(&member.title),
                link: member.url.as_deref().and_then(safe_link),
                version: member.version.clone(),
                relation: member.relation,
                jaccard: member.jaccard.map(|share| format!("{share:.2}")),
                in_parent: member.in_parent.map(percent),
                of_parent: member.of_parent.map(percent),
                published: member.published.as_deref().and_then(|at| When::read(at, now)),
                first_seen: When::new(seen, now),
                after: if after > 0 { format!("+{}", when::span(after)) } else { String::new() },
                is_lead: member.version == cluster.lead,
                compared: compared == Some(member.version.as_str()),
            }
        };
        let lines: Vec<MemberLine> = members.iter().map(line).collect();
        let claimed = cluster.first_seen.basis == "published";
        let timeline = marks(members, names, TIMELINE_WIDTH);
        Self {
            row: Row::new(cluster, names, now),
            link: lines.iter().find(|line| line.is_lead).and_then(|line| line.link.clone()),
            earliest: When::read(&cluster.first_seen.earliest, now).filter(|_| claimed),
            last_changed: moment(&cluster.last_changed, now),
            members: lines,
            before: None,
            timeline: if timeline.len() > 1 { timeline } else { Vec::new() },
        }
    }
}

/// An address a page may link to: http or https, nothing that could run or read a file.
pub(super) fn safe_link(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    matches!(parsed.scheme(), "http" | "https").then(|| parsed.to_string())
}

/// A source as a row of the sources page.
#[derive(Clone, Debug)]
pub(super) struct SourceLine {
    /// What the API says.
    pub(super) body: body::Source,
    /// The state's word; also a class.
    pub(super) state: &'static str,
    /// When it last answered well.
    pub(super) last_success: Option<When>,
    /// When it is due.
    pub(super) next_poll: Option<When>,
    /// Since when it fails.
    pub(super) failing_since: Option<When>,
    /// Its addresses; a link only where it is http(s).
    pub(super) endpoints: Vec<(String, Option<String>, String)>,
}

impl SourceLine {
    /// The row of a body.
    pub(super) fn new(body: body::Source, now: Timestamp) -> Self {
        let read = |at: &Option<String>| at.as_deref().and_then(|at| When::read(at, now));
        let endpoints = body.endpoints.iter().map(|endpoint| {
            let url = endpoint.url.clone().unwrap_or_default();
            (endpoint.kind.clone(), safe_link(&url), url)
        });
        Self {
            state: body.state.as_str(),
            last_success: read(&body.last_success),
            next_poll: read(&body.next_poll),
            failing_since: body.error.as_ref().and_then(|error| When::read(&error.since, now)),
            endpoints: endpoints.collect(),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::sample;

    fn page() -> ClusterPage {
        let body = Cluster::new(&sample::cluster_row(), Some(&sample::member_rows()));
        let now = sample::NOON.plus_millis(30 * 60_000);
        ClusterPage::new(&body, None, &sample::names(), now)
    }

    #[test]
    fn a_cluster_page_says_who_had_it_first_and_how_much_later_the_others() {
        let page = page();
        let after: Vec<&str> = page.members.iter().map(|line| line.after.as_str()).collect();
        assert_eq!(after, ["", "+6 min", "+9 min"]);
        assert_eq!(page.members[0].source, "North Agency Press");
        assert!(page.members[0].is_lead);
        assert_eq!(page.members[1].in_parent.as_deref(), Some("96"));
        assert_eq!(page.row.badge.unwrap().verdict, "certain");
        assert_eq!(page.earliest.unwrap().clock, "11:58");
    }

    #[test]
    fn a_source_that_the_badge_names_is_not_named_twice() {
        let body = Cluster::new(&sample::cluster_row(), Some(&sample::member_rows()));
        let lead_source = |name: &str| {
            let names = BTreeMap::from([("nap".to_owned(), name.to_owned())]);
            Row::new(&body, &names, sample::NOON).lead_source
        };
        assert_eq!(lead_source("North Agency Press"), "North Agency Press");
        assert_eq!(lead_source("NAP"), "", "the badge says NAP");
    }

    #[test]
    fn the_timeline_runs_from_the_first_to_the_last() {
        let page = page();
        let places: Vec<i64> = page.timeline.iter().map(|mark| mark.x).collect();
        assert_eq!(places, [0, 666, 1000]);
        assert_eq!(page.timeline[1].words, "Orvale Herald: copy, +6 min");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(safe_link("https://nap.example/a"), Some("https://nap.example/a".into()));
        for bad in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/a", "nap"] {
            assert_eq!(safe_link(bad), None, "{bad}");
        }
    }
}
