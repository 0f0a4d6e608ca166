//! Questions to bodies: reads the store and the journal and builds what API and dashboard show. Blocking.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;
use utoipa::ToSchema;

use crate::api::body::{self, Cluster, List, Version};
use crate::api::diff::{self, Op};
use crate::api::evidence::{self, Evidence};
use crate::api::problem::Problem;
use crate::api::query::{self, ClustersAsked, LeadPolicy};
use crate::api::sight::{self, Serve, Sight};
use crate::api::{State, body::Source};
use crate::cluster;
use crate::extract;
use crate::journal::{JournalError, Location, Record};
use crate::jsonl;
use crate::model::{Article, ArticleId, ClusterId, OriginClaim, Seq, SourceId, VersionId};
use crate::rights;
use crate::store::{ArticleRow, ClusterRow, Lookup, MemberRow, VersionRow};

/// Seconds after which a disk that did not answer may.
const RETRY_AFTER_SECONDS: u32 = 5;

/// A page of clusters.
pub(super) fn clusters(state: &State, asked: &ClustersAsked) -> Result<List<Cluster>, Problem> {
    let generation = state.settings.generation;
    let page = state.store.clusters(&asked.query)?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in &page.items {
        items.push(cluster_body(state, row, asked)?);
    }
    let next = page.next.map(|cursor| query::write_cursor(&cursor, generation));
    Ok(List { items, next, generation })
}

fn cluster_body(
    state: &State,
    row: &ClusterRow,
    asked: &ClustersAsked,
) -> Result<Cluster, Problem> {
    let Some(policy) = asked.lead else {
        let rows = if asked.members { Some(state.store.members(row.set)?) } else { None };
        return Ok(Cluster::new(row, rows.as_deref()));
    };
    let rows = state.store.members(row.set)?;
    let mut body = Cluster::new(row, Some(&rows));
    if let Some(lead) = lead(&rows, policy, &priorities(state), row) {
        body.lead = lead.id.to_string();
        body.title.clone_from(&lead.title);
    }
    if !asked.members {
        body.members = None;
    }
    Ok(body)
}

fn priorities(state: &State) -> BTreeMap<String, i32> {
    state.status.sources().into_iter().map(|source| (source.id, source.priority)).collect()
}

/// The member a policy picks, among the newest versions of each article. Ties go to the older version.
fn lead<'a>(
    rows: &'a [MemberRow],
    policy: LeadPolicy,
    priorities: &BTreeMap<String, i32>,
    of: &ClusterRow,
) -> Option<&'a VersionRow> {
    let mut newest: BTreeMap<ArticleId, &VersionRow> = BTreeMap::new();
    for row in rows {
        let held = newest.entry(row.member.article).or_insert(&row.version);
        if row.version.id > held.id {
            *held = &row.version;
        }
    }
    let shown = newest.into_values();
    let agency = of.summary.origin.as_ref().map(OriginClaim::first_agency);
    let unranked = i32::MAX;
    match policy {
        LeadPolicy::First => shown.min_by_key(|row| (row.article, row.id)),
        LeadPolicy::Latest => shown.max_by_key(|row| row.id),
        LeadPolicy::Longest => shown.min_by_key(|row| (u32::MAX - row.words, row.id)),
        LeadPolicy::Origin => shown.min_by_key(|row| {
            let says = row.origin.as_ref();
            let has = says.zip(agency).is_some_and(|(claim, agency)| claim.names(agency));
            (!has, says.map(|claim| claim.basis), row.article)
        }),
        LeadPolicy::Priority => shown.min_by_key(|row| {
            (priorities.get(row.source.as_str()).copied().unwrap_or(unranked), row.id)
        }),
    }
}

/// A cluster, or where it went.
#[derive(Debug)]
pub(super) enum Found<T> {
    /// It is there.
    Here(T),
    /// It was merged into this one.
    Merged(ClusterId),
}

/// One cluster with its members.
pub(super) fn cluster(state: &State, id: &str) -> Result<Found<Cluster>, Problem> {
    Ok(match row_of(state, id)? {
        Found::Here(row) => Found::Here(Cluster::new(&row, Some(&state.store.members(row.set)?))),
        Found::Merged(into) => Found::Merged(into),
    })
}

fn row_of(state: &State, id: &str) -> Result<Found<ClusterRow>, Problem> {
    let id: ClusterId = query::id("cluster", id)?;
    match state.store.cluster(id)? {
        Lookup::Found(row) => Ok(Found::Here(row)),
        Lookup::Merged(into) => Ok(Found::Merged(into)),
        Lookup::Absent => Err(Problem::not_found(format!("no cluster {id}"))),
    }
}

/// Paragraphs and words that differ between two versions of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct DiffBody {
    /// The first version.
    pub(super) from: Version,
    /// The second version.
    pub(super) to: Version,
    /// What changed in the headline.
    pub(super) title: Vec<diff::Words>,
    /// The paragraphs of both in reading order.
    pub(super) paragraphs: Vec<diff::Paragraph>,
    /// How many paragraphs are equal, inserted, deleted and edited.
    pub(super) counts: BTreeMap<String, usize>,
    /// True where a text had too many paragraphs and the rest was left out.
    pub(super) cut: bool,
    /// Whose words the two have, by passages of agencies' own items that are at hand.
    pub(super) shares: DiffShares,
    /// The versions of these two whose words were removed by order: then there is nothing to compare, and nothing is shown.
    pub(super) redacted: Vec<String>,
    /// The versions of these two whose text is not shown to whoever asks: then the text is not compared either.
    pub(super) withheld: Vec<String>,
}

/// Whose words the two versions of a diff have; null where no agency's own item is at hand, or the text is not shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(super) struct DiffShares {
    /// Of the first version.
    pub(super) from: Option<body::Shares>,
    /// Of the second version.
    pub(super) to: Option<body::Shares>,
}

/// Compares two versions of a cluster. `from` is the lead where absent; `to` the newest version of another article, one
/// whose text is not the very same where there is such a one.
pub(super) fn diff(
    state: &State,
    sight: Sight,
    cluster: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<Found<DiffBody>, Problem> {
    let row = match row_of(state, cluster)? {
        Found::Here(row) => row,
        Found::Merged(into) => return Ok(Found::Merged(into)),
    };
    let rows = state.store.members(row.set)?;
    let lead = Cluster::new(&row, Some(&rows)).lead;
    let from = pick(&rows, from.unwrap_or(&lead))?;
    let to = match to {
        Some(to) => pick(&rows, to)?,
        None => rows
            .iter()
            .filter(|one| one.member.article != from.member.article)
            .max_by_key(|one| (!is_equal_to(one, from), one.member.version))
            .unwrap_or(from),
    };
    let (old, new) = (version_of(state, &from.version)?, version_of(state, &to.version)?);
    let gone = [&old, &new].into_iter().filter(|version| version.redacted.is_some());
    let redacted: Vec<String> = gone.map(|version| version.id.to_string()).collect();
    let now = state.clock.now();
    let hidden = |version: &&cluster::Version| {
        sight.of(&version.article, &state.settings.showing, now) != Serve::Text
    };
    let withheld: Vec<String> =
        [&old, &new].into_iter().filter(hidden).map(|version| version.id.to_string()).collect();
    let shares = if withheld.is_empty() && redacted.is_empty() {
        let of = |version| evidence::shares_of(state, version, row.set);
        DiffShares { from: of(&old)?, to: of(&new)? }
    } else {
        DiffShares::default()
    };
    let (old, new) = match () {
        () if !withheld.is_empty() && redacted.is_empty() => {
            (sight::shown(&old.article, Serve::Title), sight::shown(&new.article, Serve::Title))
        }
        () if redacted.is_empty() => (old.article, new.article),
        // What is left of one would be shown as inserted whole.
        () => (Article::default(), Article::default()),
    };
    let diff = diff::paragraphs(&old.text, &new.text);
    let mut counts = BTreeMap::new();
    for (word, op) in [
        ("equal", Op::Equal),
        ("inserted", Op::Insert),
        ("deleted", Op::Delete),
        ("edited", Op::Replace),
    ] {
        let count = diff.paragraphs.iter().filter(|paragraph| paragraph.op == op).count();
        counts.insert(word.to_owned(), count);
    }
    let id = Some(row.summary.cluster.to_string());
    Ok(Found::Here(DiffBody {
        from: Version::new(&from.version, id.clone()),
        to: Version::new(&to.version, id),
        title: diff::headline(&old.title, &new.title),
        paragraphs: diff.paragraphs,
        counts,
        cut: diff.cut,
        shares,
        redacted,
        withheld,
    }))
}

/// True where the words are known to be the same: a comparison would show nothing.
fn is_equal_to(one: &MemberRow, from: &MemberRow) -> bool {
    let link = one.member.parent.as_ref();
    link.is_some_and(|link| {
        link.other == from.member.version
            && link.shared == link.size
            && link.size == link.other_size
    })
}

/// A member by its version, or by its article in its newest version here.
fn pick<'a>(rows: &'a [MemberRow], name: &str) -> Result<&'a MemberRow, Problem> {
    let version: Option<VersionId> = name.parse().ok();
    let article: Option<ArticleId> = name.parse().ok();
    rows.iter()
        .filter(|row| Some(row.member.version) == version || Some(row.member.article) == article)
        .max_by_key(|row| row.member.version)
        .ok_or_else(|| Problem::not_found(format!("no version {name} in this cluster")))
}

/// The version that the journal holds, as it is shown.
pub(super) fn version_of(state: &State, row: &VersionRow) -> Result<cluster::Version, Problem> {
    let entry = state.reader.read_seq(Seq(row.id.0), row.location).map_err(|fault| {
        tracing::error!(version.id = %row.id, fault = %fault, "the journal has no {}: {fault}", row.id);
        unread(&fault)
    })?;
    match entry.record {
        Record::Version(version) if version.id == row.id => Ok(version.shown()),
        _ => {
            tracing::error!(version.id = %row.id, "another record stands where {} should", row.id);
            Err(Problem::internal())
        }
    }
}

/// What to say where a record could not be read.
pub(super) fn unread(fault: &JournalError) -> Problem {
    match fault {
        // A disk that does not answer or no file handle left: it may pass.
        JournalError::Io { .. }
        | JournalError::Unwritable { .. }
        | JournalError::ReadOnly { .. } => {
            Problem::unavailable("the journal cannot be read at present", RETRY_AFTER_SECONDS)
        }
        _ => Problem::internal(),
    }
}

/// The row of an article. One that is lost is no article that never was: the journal, which knows, is asked before that is said.
fn article_row(state: &State, id: ArticleId) -> Result<Option<ArticleRow>, Problem> {
    let row = state.store.article(id)?;
    if row.is_none() && id.0 <= state.store.applied_seq().0 {
        let first = state.reader.read_seq(Seq(id.0), Location::default());
        let founded = first.is_ok_and(|entry| {
            matches!(entry.record, Record::Version(version) if version.verdicts.article.is_none())
        });
        if founded {
            state.store.lacks(VersionId(id.0))?;
        }
    }
    Ok(row)
}

/// One article: the record of CONTRACT §4 as stored in its newest version, its versions, cluster and evidence.
pub(super) fn article(state: &State, sight: Sight, id: &str) -> Result<Value, Problem> {
    let id: ArticleId = query::id("article", id)?;
    let absent = || Problem::not_found(format!("no article {id}"));
    let row = article_row(state, id)?.ok_or_else(absent)?;
    let newest = state.store.version(row.newest)?.ok_or_else(absent)?;
    let version = version_of(state, &newest)?;
    let versions = versions(state, id)?;
    let cluster = cluster_of(state, &newest)?;
    let now = state.clock.now();
    let serve = sight.of(&version.article, &state.settings.showing, now);
    let evidence = Evidence::of(state, &version, newest.set)?;
    let mut body = jsonl::write(&sight::shown(&version.article, serve));
    if serve == Serve::Title {
        body["text"] = Value::Null;
    }
    if !version.article.signals.is_empty() {
        body["tdm"]["reserved"] = json!(rights::verdict(&version.article.signals, now).reserved);
    }
    for (key, value) in [
        ("article", json!(id.to_string())),
        ("cluster", json!(cluster)),
        ("state", json!(body::LIVE)),
        ("kind", json!(newest.kind.as_str())),
        ("extractor", json!(version.extractor)),
        ("raw_hash", json!(version.article.raw.map(|raw| raw.to_string()))),
        ("served", json!(serve.as_str())),
        ("seen_at", json!(newest.seen_at.to_string())),
        ("newest", json!(newest.id.to_string())),
        ("versions", json!(versions)),
        ("evidence", json!(evidence)),
    ] {
        body[key] = value;
    }
    body["redacted"] = json!(version.redacted.is_some());
    if version.redacted.is_some() {
        for key in ["title", "text", "url"] {
            body[key] = Value::Null;
        }
    }
    Ok(body)
}

/// The articles that go by a name: an address, or an id at a source.
pub(super) fn articles_named(
    state: &State,
    sight: Sight,
    url: Option<&str>,
    guid: Option<&str>,
    source: Option<&str>,
) -> Result<List<Value>, Problem> {
    if url.is_none() && guid.is_none() {
        return Err(Problem::parameter("say url=, or guid= with source="));
    }
    let address = url
        .map(Url::parse)
        .transpose()
        .map_err(|fault| Problem::parameter(format!("url={}: {fault}", url.unwrap_or_default())))?;
    let host = address.as_ref().and_then(Url::host_str);
    let host = host.map(|host| host.trim_start_matches("www.").to_owned());
    let known = state.status.sources().into_iter().map(|source| source.id);
    let sources: BTreeSet<String> = match source {
        Some(source) => BTreeSet::from([source.to_owned()]),
        None => known.chain(host).chain([SourceId::UNKNOWN.to_owned()]).collect(),
    };
    let address = address.map(|address| extract::canonical(&address).to_string());
    let mut ids = BTreeSet::new();
    for source in sources {
        let named = Article {
            source: SourceId(source),
            url: address.clone(),
            id: guid.map(str::to_owned),
            ..Article::default()
        };
        for key in cluster::keys(&named) {
            ids.extend(state.store.article_named(key)?);
        }
    }
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(article(state, sight, &id.to_string())?);
    }
    Ok(List { items, next: None, generation: state.settings.generation })
}

/// All versions of an article, oldest first.
pub(super) fn article_versions(state: &State, id: &str) -> Result<List<Version>, Problem> {
    let id: ArticleId = query::id("article", id)?;
    if article_row(state, id)?.is_none() {
        return Err(Problem::not_found(format!("no article {id}")));
    }
    let items = versions(state, id)?;
    Ok(List { items, next: None, generation: state.settings.generation })
}

fn versions(state: &State, id: ArticleId) -> Result<Vec<Version>, Problem> {
    let mut rows = state.store.article_versions(id)?;
    rows.sort_by_key(|row| row.id);
    let mut out = Vec::with_capacity(rows.len());
    for row in &rows {
        out.push(Version::new(row, cluster_of(state, row)?));
    }
    Ok(out)
}

/// The version of the same article before this one.
pub(super) fn version_before(state: &State, version: &str) -> Result<Option<String>, Problem> {
    let id: VersionId = query::id("version", version)?;
    let Some(row) = state.store.version(id)? else { return Ok(None) };
    let rows = state.store.article_versions(row.article)?;
    let before = rows.iter().filter(|one| one.id < id && one.set == row.set).map(|one| one.id);
    Ok(before.max().map(|id| id.to_string()))
}

fn cluster_of(state: &State, row: &VersionRow) -> Result<Option<String>, Problem> {
    Ok(state.store.cluster_of_set(row.set)?.map(|of| of.summary.cluster.to_string()))
}

/// All sources.
pub(super) fn sources(state: &State) -> List<Source> {
    let items = state.status.sources().iter().map(Source::new).collect();
    List { items, next: None, generation: state.settings.generation }
}

/// One source.
pub(super) fn source(state: &State, id: &str) -> Result<Source, Problem> {
    let status = state.status.source(id);
    status
        .map(|status| Source::new(&status))
        .ok_or_else(|| Problem::not_found(format!("no source {id}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::sample;
    use crate::model::OriginBasis;

    fn check(policy: LeadPolicy, version: u64) {
        let mut rows = sample::member_rows();
        rows[1].version.words = 900;
        rows[2].version.origin = Some(OriginClaim {
            agency: "NAP".into(),
            basis: OriginBasis::Dateline,
            evidence: "ORVALE (NAP) -".into(),
        });
        let ranks = BTreeMap::from([("herald".to_owned(), 1), ("nap".to_owned(), 5)]);
        let picked = lead(&rows, policy, &ranks, &sample::cluster_row()).unwrap();
        assert_eq!(picked.id, VersionId(version), "{policy:?}");
    }

    #[test]
    fn each_lead_policy_picks_its_member() {
        check(LeadPolicy::First, 4);
        check(LeadPolicy::Latest, 4);
        check(LeadPolicy::Longest, 2);
        check(LeadPolicy::Origin, 4);
        check(LeadPolicy::Priority, 2);
    }
}
