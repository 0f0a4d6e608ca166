//! `copytaster fetch`: one URL under the full policy, and what we see there, as JSON.

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use ipnet::IpNet;
use url::Url;

use crate::fetch::{Accept, Ask, FetchError, Fetcher, Params, check_url, user_agent};
use crate::model::{Clock, Timestamp};

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
    let fetcher = Fetcher::new(params, wall_clock())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime did not start")?;
    let explained = runtime.block_on(fetcher.explain(&ask));
    super::say(&serde_json::to_string_pretty(&explained).context("the answer is no JSON")?);
    Ok(if explained.error.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        allow: args.allow.clone(),
        accept,
    })
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let alone = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(alone).map_err(|_| "neither an address nor a network".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "a command makes the clock that the rooms are given")]
fn wall_clock() -> Clock {
    Clock::new(|| Timestamp::from(chrono::Utc::now()), 1)
}
