//! `copytaster sources`: publishers found, taken over from a list, and listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ipnet::IpNet;
use url::Url;

use super::{Usage, clock, complain, fetch, runtime, say};
use crate::config::{self, Config, EndpointKind, NewSource, SourceKind};
use crate::feed::opml::{self, Outline};
use crate::fetch::{Fetcher, host_key};

mod csv;
mod probe;

/// Arguments of `sources`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Find what can be polled at an address and write it at the end of the configuration
    Add(Add),
    /// Write the feeds of a list at the end of the configuration, those it does not have yet
    Import(Import),
    /// Print the sources as a list that other programs read
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// A feed, a sitemap, a robots.txt, or a page that has or announces one
    url: String,
    #[command(flatten)]
    file: InFile,
    /// Its short name (default: made from the address)
    #[arg(long)]
    id: Option<String>,
    /// Its name for people (default: what the feed calls itself)
    #[arg(long)]
    name: Option<String>,
    /// agency, outlet, pr or aggregator
    #[arg(long, value_parser = kind, default_value = "outlet")]
    kind: SourceKind,
    /// A free word; may be given several times
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// A private address or network that may be reached for it, as 10.1.2.3 or 127.0.0.0/8; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = fetch::network)]
    allow: Vec<IpNet>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// An OPML file, or a CSV file with a column `url`
    list: PathBuf,
    #[command(flatten)]
    file: InFile,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Export {
    #[command(flatten)]
    file: InFile,
    /// The form of the list
    #[arg(long, default_value = "opml")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// OPML 2.0
    Opml,
    /// Comma-separated values, a line an endpoint
    Csv,
}

#[derive(Debug, clap::Args)]
struct InFile {
    /// The configuration; else `$COPYTASTER_CONFIG`, else /etc/copytaster/copytaster.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The configuration, the file it is in, and the environment over it.
struct Known {
    file: PathBuf,
    env: BTreeMap<String, String>,
    config: Config,
}

impl InFile {
    fn read(&self) -> Result<Known, Usage> {
        let env = config::environment();
        let file = config::find(self.config.as_deref(), &env).ok_or_else(|| {
            Usage("no configuration is named: give it with --config FILE".to_owned())
        })?;
        let config = config::read_or_none(&file, &env).map_err(|p| Usage(p.to_string()))?;
        Ok(Known { file, env, config })
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Add(args) => add(args),
        Command::Import(args) => import(args),
        Command::Export(args) => export(args),
    }
}

fn add(args: &Add) -> anyhow::Result<ExitCode> {
    let url = Url::parse(&args.url).map_err(|fault| {
        Usage(format!("{:?} is no URL ({fault}): write it as https://host/path", args.url))
    })?;
    let known = args.file.read()?;
    let fetcher = Fetcher::new(known.config.fetch_params(), clock())?;
    let limits = known.config.feed_limits();
    let found = match runtime()?.block_on(probe::probe(&fetcher, &url, &args.allow, &limits)) {
        Ok(found) => found,
        Err(why) => {
            complain(&why);
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(there) = owner(&known.config, &found.url) {
        complain(&format!("{} is there already, as an endpoint of source {there:?}", found.url));
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = args.id.clone().unwrap_or_else(|| name_of(&found.url));
    let source = NewSource {
        id: config::free_id(&wanted, &ids(&known.config)),
        name: args.name.clone().or(found.title).unwrap_or_default(),
        kind: args.kind,
        lang: found.lang,
        priority: None,
        tags: args.tags.clone(),
        allow_addresses: args.allow.clone(),
        endpoints: vec![(found.kind, found.url)],
    };
    complain(&found.says);
    write(&known, &[source], args.dry_run)
}

/// Shows the tables and writes them.
fn write(known: &Known, sources: &[NewSource], dry_run: bool) -> anyhow::Result<ExitCode> {
    for source in sources {
        say(&source.to_toml())?;
    }
    if dry_run || sources.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    config::add(&known.file, sources, &known.env)?;
    let (count, file) = (sources.len(), known.file.display());
    complain(&format!(
        "{count} written to {file}; a daemon that runs by it takes it up at its next start"
    ));
    Ok(ExitCode::SUCCESS)
}

fn import(args: &Import) -> anyhow::Result<ExitCode> {
    let known = args.file.read()?;
    let outlines = outlines(&args.list)?;
    let (mut sources, mut there, mut bad) = (Vec::<NewSource>::new(), 0, 0);
    let mut taken = ids(&known.config);
    let mut by_source: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for outline in outlines {
        let url = Url::parse(&outline.url).ok();
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https" | "file")) else {
            complain(&format!("{:?} is no address, and is left out", outline.url));
            bad += 1;
            continue;
        };
        if owner(&known.config, &url).is_some() || !seen.insert(url.clone()) {
            there += 1;
            continue;
        }
        let kind = endpoint_kind(&outline, &url);
        let number = outline.source.as_ref().and_then(|id| by_source.get(id)).copied();
        if let Some(number) = number {
            sources[number].endpoints.push((kind, url));
            continue;
        }
        let wanted = outline.source.clone().unwrap_or_else(|| name_of(&url));
        let id = config::free_id(&wanted, &taken);
        taken.insert(id.clone());
        if let Some(given) = outline.source {
            by_source.insert(given, sources.len());
        }
        let said = outline.kind.as_deref();
        sources.push(NewSource {
            id,
            name: outline.title,
            kind: SourceKind::ALL
                .into_iter()
                .find(|k| Some(k.as_str()) == said)
                .unwrap_or_default(),
            lang: outline.lang,
            priority: outline.priority.map(|priority| priority.min(100)),
            tags: outline.tags,
            allow_addresses: Vec::new(),
            endpoints: vec![(kind, url)],
        });
    }
    complain(&format!(
        "{} new sources, {there} feeds there already, {bad} left out",
        sources.len()
    ));
    let done = write(&known, &sources, args.dry_run)?;
    Ok(if bad > 0 { ExitCode::FAILURE } else { done })
}

/// The feeds of a list, by what it is.
fn outlines(list: &Path) -> Result<Vec<Outline>, Usage> {
    let shown = list.display();
    let text = std::fs::read_to_string(list)
        .map_err(|fault| Usage(format!("{shown} cannot be read: {fault}")))?;
    if let Some(outlines) = opml::read(&text) {
        return Ok(outlines);
    }
    csv::read(&text).ok_or_else(|| {
        Usage(format!("{shown} is neither OPML nor CSV with a column `url` in its first line"))
    })
}

fn export(args: &Export) -> anyhow::Result<ExitCode> {
    let known = args.file.read()?;
    let outlines: Vec<Outline> = known
        .config
        .sources
        .iter()
        .flat_map(|source| source.endpoints.iter().map(move |endpoint| (source, endpoint)))
        .map(|(source, endpoint)| Outline {
            title: source.name.clone(),
            url: endpoint.url.to_string(),
            lang: source.lang.clone(),
            tags: source.tags.clone(),
            source: Some(source.id.0.clone()),
            kind: Some(source.kind.as_str().to_owned()),
            endpoint: Some(endpoint.kind.as_str().to_owned()),
            priority: Some(source.priority),
        })
        .collect();
    say(match args.format {
        Format::Opml => opml::write(&outlines),
        Format::Csv => csv::write(&outlines),
    }
    .trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// The source that polls an address.
fn owner(config: &Config, url: &Url) -> Option<String> {
    let polls =
        |source: &&config::Source| source.endpoints.iter().any(|endpoint| endpoint.url == *url);
    config.sources.iter().find(polls).map(|source| source.id.0.clone())
}

fn ids(config: &Config) -> BTreeSet<String> {
    config.sources.iter().map(|source| source.id.0.clone()).collect()
}

/// `gazette` of `https://feeds.gazette.co.uk/world.xml`.
fn name_of(url: &Url) -> String {
    match url.domain() {
        Some(domain) if domain.contains('.') => {
            host_key(url).split('.').next().unwrap_or(domain).to_owned()
        }
        _ => url.host_str().unwrap_or("spool").to_owned(),
    }
}

fn endpoint_kind(outline: &Outline, url: &Url) -> EndpointKind {
    let said = outline.endpoint.as_deref();
    let kind = EndpointKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == said);
    match (url.scheme(), kind) {
        ("file", _) => EndpointKind::Spool,
        (_, Some(EndpointKind::Spool) | None) => EndpointKind::Feed,
        (_, Some(kind)) => kind,
    }
}

fn kind(text: &str) -> Result<SourceKind, String> {
    let names = SourceKind::ALL.map(SourceKind::as_str).join(", ");
    SourceKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or(format!("want one of {names}"))
}
