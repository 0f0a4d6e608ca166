//! `copytaster export`: what a data directory holds, as JSON lines on standard output.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::whose::Whose;
use super::{Usage, complain, held, progress, say};
use crate::api::body::Origin;
use crate::cluster::{Link, Override, Version};
use crate::journal::{Entry, Erase, JournalError, Reader, Record, Spoken, Trim};
use crate::jsonl;
use crate::model::{ArticleId, Seq, Timestamp, VersionId};
use crate::store::{ClusterRow, LIMIT_MAX, MemberRow, Query, Sort, Store};

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What to write: `articles` is one line an article, its newest version, as `ingest` and `cluster` read it
    #[arg(long, value_enum, default_value = "articles")]
    what: What,
    /// Only what was seen at this moment or later (RFC 3339); clusters: that were active then or later
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what was seen before this moment (RFC 3339)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Leave the texts out
    #[arg(long)]
    no_text: bool,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Each article's newest version
    Articles,
    /// Every version of every article
    Versions,
    /// Every verified link
    Links,
    /// Clusters with their members
    Clusters,
    /// Every record of the journal
    Journal,
}

/// A span of time, open where nothing was said.
#[derive(Clone, Copy)]
struct Span {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Span {
    const ALL: Self = Self { since: None, until: None };

    fn holds(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let since = args.since.as_deref().map(|text| moment("--since", text)).transpose()?;
    let until = args.until.as_deref().map(|text| moment("--until", text)).transpose()?;
    let span = Span { since, until };
    let call = match args.what {
        What::Articles | What::Versions | What::Journal => "GET /api/v1/articles/{id}",
        What::Links | What::Clusters => "GET /api/v1/clusters?expand=members",
    };
    let _lock = held::to_read(&args.data, call)?;
    let reader = Reader::open(&args.data)?;
    let times = match args.what {
        What::Articles | What::Versions => 2,
        What::Links | What::Clusters | What::Journal => 1,
    };
    // Lines that come onto the terminal show by themselves how far they are.
    let bar = progress::bar(times * reader.last_seq().0, args.quiet || io::stdout().is_terminal());
    let journal = Journal { reader: &reader, bar: &bar };
    match args.what {
        What::Articles => articles(&journal, span, args.no_text)?,
        What::Clusters => clusters(args, reader.last_seq(), span, &bar)?,
        What::Versions => {
            let mut whose = Whose::default();
            journal.versions(Texts::Left, Span::ALL, |version, _| {
                whose.note(version);
                Ok(true)
            })?;
            journal.versions(Texts::Read, span, |version, article| {
                let mut line = version_line(version, article, args.no_text);
                line["origin"] = json!(whose.of(version));
                say(&line.to_string())
            })?;
        }
        What::Links => journal.versions(Texts::Left, span, |version, _| {
            for link in &version.verdicts.links {
                if !say(&link_line(version, link).to_string())? {
                    return Ok(false);
                }
            }
            Ok(true)
        })?,
        What::Journal => {
            if let Some(base) = reader.base() {
                complain(&format!("records 1 to {} were trimmed", base.upto()));
            }
            journal.each(Texts::Read, span, |entry| {
                say(&journal_line(&entry, args.no_text).to_string())
            })?;
        }
    }
    bar.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn moment(flag: &str, text: &str) -> Result<Timestamp, Usage> {
    Timestamp::parse(text).ok_or_else(|| {
        Usage(format!("{flag} {text}: write a time with its offset, like 2016-10-12T18:05:00Z"))
    })
}

/// Whether what is read of a version has its text, and what lies with it. Without is several times as quick.
#[derive(Clone, Copy)]
enum Texts {
    Read,
    Left,
}

/// The journal, and how far its readings are.
struct Journal<'a> {
    reader: &'a Reader,
    bar: &'a ProgressBar,
}

impl Journal<'_> {
    /// Hands every entry of the span to `write`, until it says that nobody reads any more.
    fn each(
        &self,
        texts: Texts,
        span: Span,
        mut write: impl FnMut(Entry) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut whole = self.reader.entries(Seq(1)).map(|entry| Ok(entry?.1));
        let mut bare = self.reader.bare_entries(Seq(1)).map(|entry| Ok(entry?.1));
        let entries: &mut dyn Iterator<Item = Result<Entry, JournalError>> = match texts {
            Texts::Read => &mut whole,
            Texts::Left => &mut bare,
        };
        for entry in entries {
            let entry = entry?;
            self.bar.inc(1);
            if span.holds(entry.at) && !write(entry)? {
                break;
            }
        }
        Ok(())
    }

    fn versions(
        &self,
        texts: Texts,
        span: Span,
        mut write: impl FnMut(&Version, ArticleId) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut goes_on = true;
        let mut write = |entry: Entry| match &entry.record {
            Record::Version(version) => write(version, version.article_id()),
            _ => Ok(true),
        };
        // What is left of those that were trimmed comes first.
        for entry in self.reader.base().iter().flat_map(|base| base.entries()) {
            let entry = entry?;
            if goes_on && span.holds(entry.at) {
                goes_on = write(entry)?;
            }
        }
        if goes_on { self.each(texts, span, write) } else { Ok(()) }
    }
}

/// Two readings of the journal: which version of each article is its newest, then those.
fn articles(journal: &Journal<'_>, span: Span, no_text: bool) -> anyhow::Result<()> {
    let mut newest: BTreeMap<ArticleId, VersionId> = BTreeMap::new();
    journal.versions(Texts::Left, span, |version, article| {
        newest.insert(article, version.id);
        Ok(true)
    })?;
    let mut redacted = 0;
    journal.versions(Texts::Read, span, |version, article| {
        if newest.get(&article) != Some(&version.id) {
            return Ok(true);
        }
        if version.redacted.is_some() {
            // Without text and name it is no record that could be taken in.
            redacted += 1;
            return Ok(true);
        }
        say(&record(version, no_text).to_string())
    })?;
    if redacted > 0 {
        complain(&format!("{redacted} articles are left out: their words were removed by order"));
    }
    Ok(())
}

/// The record of CONTRACT §4. `first_seen` is the time of the fold, so that clustering the lines again folds them as they were.
fn record(version: &Version, no_text: bool) -> Value {
    let mut article = version.article.clone();
    article.first_seen = Some(version.seen_at);
    let mut line = jsonl::write(&article);
    if let (true, Value::Object(map)) = (no_text, &mut line) {
        map.shift_remove("text");
    }
    if version.redacted.is_some() {
        for (key, value) in
            [("title", Value::Null), ("text", Value::Null), ("redacted", Value::from(true))]
        {
            line[key] = value;
        }
    }
    line
}

fn version_line(version: &Version, article: ArticleId, no_text: bool) -> Value {
    json!({
        "version": version.id.to_string(),
        "article": article.to_string(),
        "seq": version.id.0,
        "seen_at": version.seen_at.to_string(),
        "kind": version.article.kind.as_str(),
        "extractor": version.extractor,
        "raw_hash": version.article.raw.map(|raw| raw.to_string()),
        "record": record(version, no_text),
    })
}

fn link_line(version: &Version, link: &Link) -> Value {
    json!({
        "a": version.id.to_string(),
        "b": link.other.to_string(),
        "kind": link.kind.as_str(),
        "reason": link.reason.as_str(),
        "jaccard": link.jaccard(),
        "containment_a_in_b": link.in_other(),
        "containment_b_in_a": link.of_other(),
        "shared": link.shared,
    })
}

fn journal_line(entry: &Entry, no_text: bool) -> Value {
    let (kind, body) = match &entry.record {
        Record::Version(version) => {
            let mut line = version_line(version, version.article_id(), no_text);
            if let Value::Object(map) = &mut line {
                let links = version.verdicts.links.iter().map(|link| link_line(version, link));
                map.insert("links".to_owned(), links.collect());
                map.insert("hub".to_owned(), Value::from(version.verdicts.hub));
                map.insert("engine".to_owned(), Value::from(version.verdicts.engine));
            }
            ("version", line)
        }
        Record::Lost(lost) => (
            "lost",
            json!({"source": lost.source.as_str(), "url": lost.url, "reason": lost.reason}),
        ),
        Record::Settings(settings) => (
            "settings",
            json!({
                "engine": settings.engine,
                "digest": format!("{:016x}", settings.digest),
                "window_millis": settings.window_millis,
                "live_max": settings.live_max,
            }),
        ),
        Record::Source(source) => (
            "source",
            json!({
                "id": source.id.as_str(),
                "name": source.name,
                "kind": source.kind,
                "own": source.own,
                "lang": source.lang,
            }),
        ),
        Record::Override(spoken) => ("override", override_line(spoken)),
        Record::Erase(erase) => ("erase", erase_line(erase)),
        Record::Trim(trim) => ("trim", trim_line(trim)),
        Record::Gap(gap) => ("gap", json!({"from": gap.from.0, "to": gap.to.0, "why": gap.why})),
        Record::Tick => ("tick", json!({})),
    };
    json!({"seq": entry.seq.0, "at": entry.at.to_string(), "type": kind, "data": body})
}

fn trim_line(Trim { upto, file, digest, gone }: &Trim) -> Value {
    let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
    json!({"upto": upto.0, "file": file, "digest": format!("{digest:016x}"), "gone": gone})
}

fn erase_line(Erase { articles, keys }: &Erase) -> Value {
    let articles: Vec<String> = articles.iter().map(ToString::to_string).collect();
    let keys: Vec<String> = keys.iter().map(|key| format!("{key:016x}")).collect();
    json!({"articles": articles, "keys": keys})
}

fn override_line(Spoken { user, word }: &Spoken) -> Value {
    match word {
        Override::Split { articles } => {
            let articles: Vec<String> = articles.iter().map(ToString::to_string).collect();
            json!({"user": user, "word": "split", "articles": articles})
        }
        Override::Merge { a, b } => {
            json!({"user": user, "word": "merge", "clusters": [a.to_string(), b.to_string()]})
        }
        Override::Undo { number } => json!({"user": user, "word": "undo", "override": number}),
    }
}

/// Clusters by the time they were first seen, the newest first.
fn clusters(args: &Args, last: Seq, span: Span, bar: &ProgressBar) -> anyhow::Result<()> {
    let (store, opened) = Store::open_existing(&args.data, held::CACHE_BYTES)?;
    if opened.applied_seq < last {
        let (have, all) = (opened.applied_seq, last);
        complain(&format!("the clusters stand at record {have} of {all}: start the daemon once"));
    }
    bar.set_length(store.counts().versions);
    let mut query = Query { sort: Sort::FirstSeen, limit: LIMIT_MAX, ..Query::default() };
    loop {
        let page = store.clusters(&query)?;
        for row in &page.items {
            bar.inc(u64::from(row.summary.versions));
            if !span.holds(row.summary.last_activity) {
                continue;
            }
            let members = store.members(row.set)?;
            if !say(&cluster_line(row, &members).to_string())? {
                return Ok(());
            }
        }
        let Some(next) = page.next else { return Ok(()) };
        query.cursor = Some(next);
    }
}

fn cluster_line(row: &ClusterRow, members: &[MemberRow]) -> Value {
    let summary = &row.summary;
    json!({
        "id": summary.cluster.to_string(),
        "title": row.title,
        "lead": summary.lead.to_string(),
        "origin": Origin::new(summary.origin.as_ref()),
        "counts": {
            "articles": summary.articles,
            "versions": summary.versions,
            "sources": summary.sources.len(),
            "copies": summary.copies,
        },
        "sources": summary.sources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "languages": summary.languages,
        "first_seen": summary.first_seen.to_string(),
        "last_changed": summary.last_changed.to_string(),
        "last_activity": summary.last_activity.to_string(),
        "members": members.iter().map(member_line).collect::<Vec<_>>(),
    })
}

fn member_line(row: &MemberRow) -> Value {
    let MemberRow { member, version } = row;
    let parent = member.parent.as_ref();
    json!({
        "version": version.id.to_string(),
        "article": version.article.to_string(),
        "source": version.source.as_str(),
        "url": version.url,
        "title": version.title,
        "relation": member.relation.as_str(),
        "superseded": member.superseded,
        "parent": parent.map(|link| link.other.to_string()),
        "jaccard": parent.map(Link::jaccard),
        "in_parent": parent.map(Link::in_other),
        "of_parent": parent.map(Link::of_other),
        "published": version.published.map(|at| at.to_string()),
        "first_seen": version.seen_at.to_string(),
    })
}
