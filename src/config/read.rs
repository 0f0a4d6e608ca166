//! File, environment and flags to a [`Config`], or to every problem in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use super::crawl::{self, INTERVAL, intervals_fit};
use super::problem::{ConfigErrors, Problem, nearest};
use super::rights;
use super::sheet::{File, Overrides, Raw, Sheet};
use super::types::{
    Config, Crawl, Detect, Endpoint, EndpointKind, Log, Secret, Server, Source, SourceKind,
};
use super::{fields, login, store};
use crate::model::SourceId;
use crate::telemetry::{self, Format};

/// Where the daemon looks when no file is named.
pub const SYSTEM_FILE: &str = "/etc/copytaster/copytaster.toml";

/// Names the file where `--config` does not.
pub const FILE_VARIABLE: &str = "COPYTASTER_CONFIG";

/// What every variable that overrides a key begins with: `COPYTASTER_SECTION__KEY`.
const PREFIX: &str = "COPYTASTER_";

/// Sections that variables and flags may override.
const SECTIONS: [&str; 5] = ["server", "store", "crawl", "detect", "log"];

/// What the command line may set over file and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

/// The file to read: `named`, else [`FILE_VARIABLE`], else [`SYSTEM_FILE`] where it exists, else none.
pub fn find(named: Option<&Path>, env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let variable = || env.get(FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from);
    let system = || Some(PathBuf::from(SYSTEM_FILE)).filter(|path| path.exists());
    named.map(Path::to_owned).or_else(variable).or_else(system)
}

/// Reads `file` and the `COPYTASTER_SECTION__KEY` variables of `env` over it. All problems come at once.
pub fn load(file: Option<&Path>, env: &BTreeMap<String, String>) -> Result<Config, ConfigErrors> {
    load_with(file, env, &Flags::default())
}

/// As [`load`], with the flags of the command line over both.
pub fn load_with(
    file: Option<&Path>,
    env: &BTreeMap<String, String>,
    flags: &Flags,
) -> Result<Config, ConfigErrors> {
    let name = file.map_or_else(|| "(no file)".to_owned(), |path| path.display().to_string());
    let text = match file.map(std::fs::read_to_string).transpose() {
        Ok(text) => text.unwrap_or_default(),
        Err(fault) => {
            let what = format!("cannot be read ({fault}): name a file that can with --config");
            return Err(ConfigErrors(vec![Problem { place: name, line: None, what }]));
        }
    };
    parse(&name, &text, env, flags)
}

/// Reads `text` as the file called `name`.
pub(super) fn parse(
    name: &str,
    text: &str,
    env: &BTreeMap<String, String>,
    flags: &Flags,
) -> Result<Config, ConfigErrors> {
    let file = File { name, text };
    let (document, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        let problem = |fault: &toml::de::Error| {
            let span = fault.span().unwrap_or(0..0);
            // A key is named; other words may be a secret without its quotes.
            let key = fault.message().contains("duplicate key").then(|| text.get(span.clone()));
            let shown = key.flatten().map_or_else(String::new, |key| format!(" at `{key}`"));
            file.problem(&span, format!("not TOML{shown}: {}", fault.message().trim_end()))
        };
        return Err(ConfigErrors(faults.iter().map(problem).collect()));
    }
    let (overrides, mut problems) = overrides(env, flags);
    let mut top = Sheet::new(
        file,
        "the file".to_owned(),
        "",
        Some((document.get_ref(), document.span())),
        &overrides,
    );
    let mut section = |name: &'static str| {
        Sheet::new(file, format!("[{name}]"), name, top.table(name), &overrides)
    };
    let sheets = SECTIONS.map(&mut section);
    let [server, store, crawl, detect, log] = sheets;
    let detect = read_detect(detect, &mut problems);
    let mut config = Config {
        server: read_server(server, &mut problems),
        store: store::read(store, detect.window, &mut problems),
        crawl: crawl::read(crawl, &mut problems),
        detect,
        log: read_log(log, &mut problems),
        sources: Vec::new(),
    };
    let tables = top.tables("source");
    config.sources = {
        let (crawl, window) = (&config.crawl, config.detect.window);
        Sources { file, none: &Overrides::new(), crawl, window }.read(tables, &mut problems)
    };
    problems.extend(top.finish());
    if problems.is_empty() {
        return Ok(config);
    }
    problems.sort_by_key(|problem| (problem.line.is_none(), problem.line));
    Err(ConfigErrors(problems))
}

/// Variables, then flags over them; and the variables that look meant for us and are not read.
fn overrides(env: &BTreeMap<String, String>, flags: &Flags) -> (Overrides, Vec<Problem>) {
    let (mut overrides, mut problems) = (Overrides::new(), Vec::new());
    for (variable, value) in env {
        let Some(path) = variable.strip_prefix(PREFIX) else { continue };
        let path = path.to_ascii_lowercase();
        // Without a double underscore it is not ours: a cluster manager sets COPYTASTER_SERVICE_HOST and the like.
        let Some((section, key)) = path.split_once("__") else { continue };
        if SECTIONS.contains(&section) {
            let place = (variable.clone(), value.clone());
            overrides.insert((section.to_owned(), key.to_owned()), place);
            continue;
        }
        let mend = match nearest(section, &SECTIONS) {
            Some(near) => format!("did you mean {PREFIX}{}__…?", near.to_ascii_uppercase()),
            None => format!("variables can set {}", SECTIONS.join(", ")),
        };
        let what = format!("unknown section `{section}`: {mend}");
        problems.push(Problem { place: variable.clone(), line: None, what });
    }
    let mut flag = |section: &str, key: &str, name: &str, value: String| {
        overrides.insert((section.to_owned(), key.to_owned()), (name.to_owned(), value));
    };
    if let Some(listen) = &flags.listen {
        flag("server", "listen", "--listen", listen.clone());
    }
    if let Some(data) = &flags.data {
        flag("store", "path", "--data", data.display().to_string());
    }
    (overrides, problems)
}

fn read_server(mut sheet: Sheet<'_>, problems: &mut Vec<Problem>) -> Server {
    let default = Server::default();
    let mut server = Server {
        listen: sheet.take("listen", default.listen, |raw| {
            let want = "want an address and a port, as in \"127.0.0.1:8420\"";
            fields::text(raw)?.parse().map_err(|_| want.to_owned())
        }),
        tokens: sheet.take("tokens", default.tokens, tokens),
        token_file: sheet.take("token_file", default.token_file, |raw| {
            Ok(fields::unset_if_empty(raw)?.map(PathBuf::from))
        }),
        base_path: sheet.take("base_path", default.base_path, fields::base_path),
        allow_anonymous_reads: sheet.take(
            "allow_anonymous_reads",
            default.allow_anonymous_reads,
            fields::truth,
        ),
    };
    let mut unreadable = false;
    if let Some(file) = &server.token_file {
        match read_tokens(file) {
            Ok(tokens) => server.tokens.extend(tokens),
            Err(what) => {
                unreadable = true;
                sheet.complain("token_file", what);
            }
        }
    }
    let beyond = !server.listen.ip().is_loopback();
    if beyond && server.tokens.is_empty() && !unreadable && !server.allow_anonymous_reads {
        let what = format!(
            "`listen = \"{}\"` in [server] is reachable from other machines and no token is set: set token_file, \
             or listen on 127.0.0.1, or set allow_anonymous_reads = true (anyone may read then, nobody may write)",
            server.listen
        );
        sheet.complain("listen", what);
    }
    problems.extend(sheet.finish());
    server
}

fn tokens(raw: Raw<'_>) -> Result<Vec<Secret>, String> {
    let tokens = fields::list(raw)?;
    tokens.into_iter().map(|token| fields::token(&token).map(|()| Secret::new(token))).collect()
}

/// The tokens of a file: one a line, empty lines and lines that begin with `#` left out.
fn read_tokens(file: &Path) -> Result<Vec<Secret>, String> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|fault| {
        format!("token_file {shown} cannot be read ({fault}): make it readable for this user")
    })?;
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let tokens: Vec<Secret> = lines
        .map(|line| fields::token(line).map(|()| Secret::new(line)))
        .collect::<Result<_, _>>()
        .map_err(|want| format!("token_file {shown}: {want}"))?;
    if tokens.is_empty() {
        return Err(format!("token_file {shown} holds no token: write one a line"));
    }
    Ok(tokens)
}

/// How often a spool is looked at where its endpoint does not say.
const SPOOL_INTERVAL: Duration = Duration::from_secs(5);

fn read_detect(mut sheet: Sheet<'_>, problems: &mut Vec<Problem>) -> Detect {
    let default = Detect::default();
    let live_max = fields::whole(1000, 10_000_000);
    let detect = Detect {
        window: sheet.take(
            "window",
            default.window,
            fields::duration(Duration::from_mins(1), Duration::from_hours(30 * 24)),
        ),
        live_max: sheet.take("live_max", default.live_max, |raw| live_max(raw).map(|n| n as u32)),
    };
    problems.extend(sheet.finish());
    detect
}

fn read_log(mut sheet: Sheet<'_>, problems: &mut Vec<Problem>) -> Log {
    let default = Log::default();
    let log = Log {
        format: sheet.take("format", default.format, fields::word(&Format::ALL, Format::as_str)),
        filter: sheet.take("filter", default.filter, |raw| {
            let filter = fields::text(raw)?;
            telemetry::check_filter(&filter).map_err(|fault| fault.to_string())?;
            Ok(filter)
        }),
    };
    problems.extend(sheet.finish());
    log
}

/// What reading the sources needs beside their tables.
struct Sources<'a> {
    file: File<'a>,
    none: &'a Overrides,
    crawl: &'a Crawl,
    /// How long texts are compared.
    window: Duration,
}

type Table<'a> = (&'a DeTable<'a>, std::ops::Range<usize>);

impl<'a> Sources<'a> {
    fn read(&self, tables: Vec<Table<'a>>, problems: &mut Vec<Problem>) -> Vec<Source> {
        let mut sources = Vec::new();
        let mut lines_by_id: BTreeMap<String, usize> = BTreeMap::new();
        let mut urls = BTreeSet::new();
        for (n, (table, span)) in tables.into_iter().enumerate() {
            let title = match table.get("id").and_then(|id| id.get_ref().as_str()) {
                Some(id) => format!("source {id:?}"),
                None => format!("[[source]] number {}", n + 1),
            };
            let line = self.file.line(span.start);
            let mut sheet =
                Sheet::new(self.file, title.clone(), "", Some((table, span)), self.none);
            let source = self.source(&mut sheet, &title, &mut urls, problems);
            if let Some(first) = lines_by_id.get(&source.id.0).filter(|_| !source.id.0.is_empty()) {
                let what = format!(
                    "{title} stands twice, first in line {first}: give one of them another id"
                );
                sheet.complain("id", what);
            }
            lines_by_id.entry(source.id.0.clone()).or_insert(line);
            problems.extend(sheet.finish());
            sources.push(source);
        }
        sources
    }

    fn source(
        &self,
        sheet: &mut Sheet<'a>,
        title: &str,
        urls: &mut BTreeSet<String>,
        problems: &mut Vec<Problem>,
    ) -> Source {
        let id = sheet.need("id", "a short name, such as id = \"northwire\"", fields::id);
        let id = id.unwrap_or_default();
        let priority = fields::whole(0, 100);
        let mut source = Source {
            name: sheet.take("name", id.clone(), fields::text),
            id: SourceId(id),
            kind: sheet.take(
                "kind",
                SourceKind::default(),
                fields::word(&SourceKind::ALL, SourceKind::as_str),
            ),
            own: sheet.take("own", false, fields::truth),
            lang: sheet.take("lang", None, fields::lang),
            priority: sheet
                .take("priority", Source::PRIORITY, |raw| priority(raw).map(|n| n as u8)),
            tags: sheet.take("tags", Vec::new(), fields::list),
            rights: rights::read(sheet, self.window),
            licence: sheet.take("licence", None, fields::unset_if_empty),
            allow_addresses: sheet.take("allow_addresses", Vec::new(), fields::networks),
            endpoints: Vec::new(),
        };
        for (table, span) in sheet.tables("endpoint") {
            let title = format!("an endpoint of {title}");
            let mut part = Sheet::new(self.file, title.clone(), "", Some((table, span)), self.none);
            let endpoint = self.endpoint(&mut part, &title);
            if let Some(endpoint) = endpoint {
                if !urls.insert(endpoint.url.to_string()) {
                    let what = format!(
                        "{} is polled already by an endpoint above: leave one of them out",
                        endpoint.url
                    );
                    let key = if endpoint.kind == EndpointKind::Spool { "path" } else { "url" };
                    part.complain(key, what);
                }
                source.endpoints.push(endpoint);
            }
            problems.extend(part.finish());
        }
        source
    }

    fn endpoint(&self, sheet: &mut Sheet<'_>, title: &str) -> Option<Endpoint> {
        let (least, most) = INTERVAL;
        let kind =
            sheet.need("type", "one of \"feed\", \"sitemap\", \"page\", \"spool\"", endpoint_kind);
        if kind == Some(EndpointKind::Spool) {
            return spool(sheet);
        }
        let url = sheet.need("url", "the address to poll", fields::web_address);
        let min = sheet.maybe("min_interval", fields::duration(least, most));
        let max = sheet.maybe("max_interval", fields::duration(least, most));
        let fetch_pages = sheet.take("fetch_pages", true, fields::truth);
        let login = login::read(sheet, title, url.as_ref());
        // One bound said here bends the inherited other one; two said here must fit each other.
        let min_interval = min.unwrap_or_else(|| {
            max.map_or(self.crawl.min_interval, |max| max.min(self.crawl.min_interval))
        });
        let max_interval = max.unwrap_or_else(|| self.crawl.max_interval.max(min_interval));
        intervals_fit(sheet, title, min_interval, max_interval);
        Some(Endpoint { kind: kind?, url: url?, min_interval, max_interval, fetch_pages, login })
    }
}

/// A spool is looked at as often as it is said, whatever its rhythm: it costs nobody anything.
fn spool(sheet: &mut Sheet<'_>) -> Option<Endpoint> {
    let url = sheet.need("path", "the directory to watch", fields::directory)?;
    let (least, most) = INTERVAL;
    let min = sheet.maybe("min_interval", fields::duration(least, most));
    let max = sheet.maybe("max_interval", fields::duration(least, most));
    let every = min.unwrap_or_else(|| max.map_or(SPOOL_INTERVAL, |max| max.min(SPOOL_INTERVAL)));
    intervals_fit(sheet, "the spool", every, max.unwrap_or(every));
    let kind = EndpointKind::Spool;
    Some(Endpoint {
        kind,
        url,
        min_interval: every,
        max_interval: every,
        fetch_pages: false,
        login: None,
    })
}

fn endpoint_kind(raw: Raw<'_>) -> Result<EndpointKind, String> {
    match fields::text(raw)?.as_str() {
        "push" => Err("a source that is only pushed to needs no endpoint: leave it out".to_owned()),
        _ => fields::word(&EndpointKind::ALL, EndpointKind::as_str)(raw),
    }
}

/// The environment of this process, as [`load`] takes it. What is not Unicode is left out.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
