//! `copytaster fetch`: one URL under the full policy, and what we see there, as JSON.

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use ipnet::IpNet;
use serde_json::{Value, json};
use url::Url;

use super::{clock, runtime};
use crate::extract::{self, Page};
use crate::fetch::{Accept, Ask, FetchError, Fetcher, Got, Params, check_url, user_agent};
use crate::model::Timestamp;
use crate::{feed, text};

/// Arguments of `fetch`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The address of a feed or a page
    url: String,
    /// A private address or network that may be reached, as 10.1.2.3 or 127.0.0.0/8; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = network)]
    allow: Vec<IpNet>,
    /// Ask for a feed: the Accept header a poll would send
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

/// Runs the command: 0 it came, 1 it did not (the JSON says why), 2 that is no URL to fetch.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ask = ask(args)?;
    let params = Params { user_agent: user_agent(args.contact.as_deref()), ..Params::default() };
    let fetcher = Fetcher::new(params, clock())?;
    let explained = runtime()?.block_on(fetcher.explain(&ask));
    let mut shown = serde_json::to_value(&explained).context("the answer is no JSON")?;
    if let (Some(got), Some(shown)) = (&explained.got, shown.as_object_mut()) {
        let (kind, what) = seen(got);
        shown.insert(kind.to_owned(), what);
    }
    super::say(&format!("{shown:#}"))?;
    Ok(if explained.error.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Entries shown of a feed.
const ENTRIES_SHOWN: usize = 5;

/// What stands there: a feed where it reads as one, else a page.
fn seen(got: &Got) -> (&'static str, Value) {
    let feed = feed::parse(
        &got.body,
        got.charset.as_deref(),
        &got.url,
        clock().now(),
        &feed::Limits::default(),
    );
    if let Ok(feed) = feed {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let entry = |entry: &feed::Entry| json!({"title": entry.title, "url": entry.url, "published": time(entry.published)});
        let first: Vec<Value> = feed.entries.iter().take(ENTRIES_SHOWN).map(entry).collect();
        let what = json!({"title": feed.title, "entries": feed.entries.len(), "first": first, "notes": feed.notes});
        return ("feed", what);
    }
    let html = text::decode(&got.body, got.charset.as_deref()).text;
    let page = extract::article(&Page { url: Some(got.url.clone()), html });
    let what = json!({
        "kind": page.kind.as_str(), "title": page.title, "words": text::word_count(&page.text),
        "published": page.published.map(|at| at.to_string()), "lang": page.lang, "credit": page.credit,
        "canonical_url": page.canonical_url, "notes": page.notes,
    });
    ("page", what)
}

/// The ask that the arguments mean. Refuses what no setting could make fetchable.
fn ask(args: &Args) -> Result<Ask, super::Usage> {
    let url = Url::parse(&args.url).map_err(|fault| {
        super::Usage(format!("{:?} is no URL ({fault}): write it as https://host/path", args.url))
    })?;
    match check_url(&url, &args.allow) {
        Ok(()) | Err(FetchError::Address { .. }) => {}
        Err(fault) => return Err(super::Usage(fault.to_string())),
    }
    let accept = if args.feed { Accept::Feed } else { Accept::Page };
    Ok(Ask {
        url,
        etag: args.etag.clone(),
        last_modified: args.last_modified.clone(),
        of: None,
        allow: args.allow.clone(),
        accept,
    })
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let alone = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(alone).map_err(|_| "neither an address nor a network".to_owned())
}
