//! `copytaster fetch`: one URL under the full policy of a configuration, and what we would make of it, as JSON.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use ipnet::IpNet;
use serde_json::{Value, json};
use url::Url;

use super::{Usage, clock, runtime};
use crate::api::body::Origin;
use crate::config::{self, Config, Keep, Source, SourceKind, Tdm};
use crate::daemon::{Apart, Asker, Parser, Reading, agencies, grant, read_page};
use crate::extract::{self, Extracted};
use crate::fetch::{self, Accept, Ask, FetchError, Fetcher, Got, Said, check_url, user_agent};
use crate::model::{Article, SourceId, Timestamp};
use crate::{feed, jsonl, rights, text};

/// Arguments of `fetch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The address of a feed or a page
    url: String,
    /// The configuration whose limits count; else `$COPYTASTER_CONFIG`, /etc/copytaster/copytaster.toml, defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The source it is fetched for: its login, its allowed addresses, its rights; else the one with an endpoint there
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// A private address or network that may be reached, as 10.1.2.3 or 127.0.0.0/8; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = network)]
    allow: Vec<IpNet>,
    /// Ask for a feed: the Accept header a poll would send. An endpoint of the configuration is asked so anyhow
    #[arg(long)]
    feed: bool,
    /// Who runs this, shown to webmasters in the User-Agent: an address of a page or a mailbox
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// The validator of the state you have, sent as If-None-Match
    #[arg(long, value_name = "ETAG")]
    etag: Option<String>,
    /// The validator of the state you have, sent as If-Modified-Since
    #[arg(long, value_name = "DATE")]
    last_modified: Option<String>,
}

/// Runs the command: 0 it came, 1 it did not (the JSON says why), 2 that is no URL to fetch, or no configuration.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let url = address(&args.url)?;
    let env = config::environment();
    let file = config::find(args.config.as_deref(), &env);
    let config =
        config::load(file.as_deref(), &env).map_err(|problems| Usage(problems.to_string()))?;
    let chosen = choose(&config, args.source.as_deref(), &url)?;
    let ask = ask(args, url, chosen.as_ref().map(|(source, _)| *source));
    possible(&ask)?;
    let mut params = config.fetch_params();
    if args.contact.is_some() {
        params.user_agent = user_agent(args.contact.as_deref());
    }
    let fetcher = Fetcher::new(params, clock())?;
    let runtime = runtime()?;
    let explained = runtime.block_on(fetcher.explain(&ask));
    let mut shown = json!({
        "config": file.map(|file| file.display().to_string()),
        "source": chosen.as_ref().map(|&(source, why)| about(source, why)),
    });
    let walk = serde_json::to_value(&explained).context("the answer is no JSON")?;
    if let (Some(shown), Value::Object(walk)) = (shown.as_object_mut(), walk) {
        shown.extend(walk);
    }
    if let Some(got) = explained.got.as_ref().filter(|got| got.status == 200) {
        let nobody = nobody(got);
        let source = chosen.map_or(&nobody, |(source, _)| source);
        let (kind, what, metas) = runtime.block_on(seen(got, source, &config, fetcher.agent()))?;
        shown[kind] = what;
        shown["tdm"] = tdm(got, &metas, fetcher.agent(), source, &config);
    }
    super::say(&format!("{shown:#}"))?;
    Ok(if explained.error.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The source that a URL is fetched for, and why that one.
fn choose<'a>(
    config: &'a Config,
    named: Option<&str>,
    url: &Url,
) -> Result<Option<(&'a Source, &'static str)>, Usage> {
    let sources = &config.sources;
    if let Some(id) = named {
        let found = sources.iter().find(|source| source.id.as_str() == id);
        let known: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
        return match found {
            Some(source) => Ok(Some((source, "named by --source"))),
            None if known.is_empty() => Err(Usage(format!(
                "--source {id}: the configuration has no sources: name one that has with --config"
            ))),
            None => {
                Err(Usage(format!("--source {id}: the configuration has {}", known.join(", "))))
            }
        };
    }
    let with = |fits: &dyn Fn(&Url) -> bool| {
        sources.iter().find(|source| source.endpoints.iter().any(|one| fits(&one.url)))
    };
    let host = fetch::host_key(url);
    let very = with(&|endpoint| endpoint == url).map(|source| (source, "this is its endpoint"));
    let near = || {
        with(&|endpoint| fetch::host_key(endpoint) == host)
            .map(|source| (source, "an endpoint of it is at this host"))
    };
    Ok(very.or_else(near))
}

/// What of a source bears on a fetch.
fn about(source: &Source, why: &str) -> Value {
    let rights = source.rights.as_ref().map(|rights| {
        json!({"store": rights.store.as_str(), "serve": rights.serve.as_str(), "statement": rights.statement})
    });
    json!({
        "id": source.id.as_str(), "why": why, "kind": source.kind.as_str(), "rights": rights, "licence": source.licence,
        "allow_addresses": source.allow_addresses.iter().map(IpNet::to_string).collect::<Vec<_>>(),
    })
}

/// The address that was given. Refuses what is none.
fn address(text: &str) -> Result<Url, Usage> {
    Url::parse(text).map_err(|fault| {
        Usage(format!("{text:?} is no URL ({fault}): write it as https://host/path"))
    })
}

/// Refuses what no setting could make fetchable.
fn possible(ask: &Ask) -> Result<(), Usage> {
    match check_url(&ask.url, &ask.allow) {
        Ok(()) | Err(FetchError::Address { .. }) => Ok(()),
        Err(fault) => Err(Usage(fault.to_string())),
    }
}

/// The ask that the arguments mean, as the daemon would put it for this source.
fn ask(args: &Args, url: Url, source: Option<&Source>) -> Ask {
    let is_endpoint =
        source.is_some_and(|source| source.endpoints.iter().any(|one| one.url == url));
    let accept = if args.feed || is_endpoint { Accept::Feed } else { Accept::Page };
    let own = source.map(|source| source.allow_addresses.clone()).unwrap_or_default();
    Ask {
        etag: args.etag.clone(),
        last_modified: args.last_modified.clone(),
        allow: [own, args.allow.clone()].concat(),
        credentials: source.and_then(|source| source.credentials(&url)).cloned(),
        ..Ask::new(url, accept)
    }
}

/// Entries shown of a feed.
const ENTRIES_SHOWN: usize = 5;

/// What stands there: a feed where it reads as one, else a page.
async fn seen(
    got: &Got,
    source: &Source,
    config: &Config,
    agent: &str,
) -> anyhow::Result<(&'static str, Value, Vec<(String, String)>)> {
    let limits = config.feed_limits();
    let feed = feed::parse(&got.body, got.charset.as_deref(), &got.url, clock().now(), &limits);
    match feed {
        Ok(feed) => Ok(("feed", listed(&feed), Vec::new())),
        Err(no_feed) => {
            let (what, metas) = read(got, source, config, agent, &no_feed.to_string()).await?;
            Ok(("page", what, metas))
        }
    }
}

/// What its publisher says of its use, and what the daemon would keep.
fn tdm(
    got: &Got,
    metas: &[(String, String)],
    agent: &str,
    source: &Source,
    config: &Config,
) -> Value {
    let metas = metas.iter().map(|(name, content)| (name.as_str(), content.as_str()));
    let mut signals = got.signals.clone();
    signals.extend(rights::of_metas(metas, agent));
    let rights::Verdict { reserved, because, policy } = rights::verdict(&signals, clock().now());
    let said: Vec<Said> = signals.iter().map(Said::of).collect();
    let lifted = config.crawl.tdm == Tdm::Record || source.licence.is_some();
    let is_whole = source.rights().store == Keep::Text && (lifted || !reserved);
    let keeps = if is_whole { "all of it" } else { "title and link" };
    json!({"signals": said, "reserved": reserved, "because": because, "policy": policy, "keeps": keeps})
}

/// A feed as a poll sees it.
fn listed(feed: &feed::Feed) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let entry = |entry: &feed::Entry| {
        let page = entry.url.as_deref().and_then(|url| Url::parse(url).ok());
        json!({
            "title": entry.title, "url": entry.url, "guid": entry.guid, "published": time(entry.published),
            "updated": time(entry.updated), "article_url": page.map(|url| extract::canonical(&url).to_string()),
        })
    };
    let first: Vec<Value> = feed.entries.iter().take(ENTRIES_SHOWN).map(entry).collect();
    let sitemaps: Vec<&String> =
        feed.sitemaps.iter().take(ENTRIES_SHOWN).map(|sitemap| &sitemap.url).collect();
    json!({
        "title": feed.title, "entries": feed.entries.len(), "first": first, "sitemaps": feed.sitemaps.len(),
        "first_sitemaps": sitemaps, "next": feed.next, "ttl_seconds": feed.ttl.map(|ttl| ttl.as_secs()), "notes": feed.notes,
    })
}

/// A page as a visit sees it: what it is, and what would be stored or why nothing would.
async fn read(
    got: &Got,
    source: &Source,
    config: &Config,
    agent: &str,
    no_feed: &str,
) -> anyhow::Result<(Value, Vec<(String, String)>)> {
    let parser = Parser::new(Some(Apart::of_this()?), agencies(&config.sources)).await?;
    let reading = read_page(got, &feed::Entry::default(), source, &parser).await;
    let reading = reading.unwrap_or_else(|why| Reading::refused(&why));
    let asker = Asker { agent, tdm: config.crawl.tdm, now: clock().now() };
    let reading = grant(reading, got.signals.clone(), source, &asker);
    let mut what = reading.found.as_ref().map_or_else(|| json!({}), found);
    match &reading.stored {
        Ok(article) => what["stored"] = stored(article),
        Err(reason) => what["refused"] = json!(reason),
    }
    what["no_feed"] = json!(no_feed);
    Ok((what, reading.found.map(|page| page.reserves).unwrap_or_default()))
}

fn found(page: &Extracted) -> Value {
    json!({
        "kind": page.kind.as_str(), "title": page.title, "words": text::word_count(&page.text),
        "published": page.published.map(|at| at.to_string()), "lang": page.lang, "credit": page.credit,
        "canonical_url": page.canonical_url, "notes": page.notes,
    })
}

/// The article record as it would be stored, with what a record does not say of a page.
fn stored(article: &Article) -> Value {
    let mut record = jsonl::write(article);
    record["kind"] = json!(article.kind.as_str());
    record["origin"] = json!(Origin::found(article.origin.as_ref(), &article.text, None));
    record
}

/// Whose a page is that no source of the configuration has to do with: its host's.
fn nobody(got: &Got) -> Source {
    let host = got.url.host_str().unwrap_or("unknown").to_owned();
    Source::named(SourceId(host), SourceKind::Outlet)
}

/// A network, or an address alone.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let alone = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(alone).map_err(|_| "neither an address nor a network".to_owned())
}
