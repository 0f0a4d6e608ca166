//! Sources written at the end of a configuration. Nothing above is touched, so comments and order stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use ipnet::IpNet;
use url::Url;

use super::problem::ConfigErrors;
use super::read::{Flags, parse};
use super::types::{Config, EndpointKind, Source, SourceKind};

/// A source that is to be written. What is as it is by default is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSource {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What kind of publisher it is.
    pub kind: SourceKind,
    /// Language of its copy.
    pub lang: Option<String>,
    /// Its priority, where it is said.
    pub priority: Option<u8>,
    /// Free words.
    pub tags: Vec<String>,
    /// Private networks that may be fetched from for it.
    pub allow_addresses: Vec<IpNet>,
    /// What is polled.
    pub endpoints: Vec<(EndpointKind, Url)>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The file with the sources would be none.
    #[error("with these sources the configuration would be wrong:\n{0}")]
    Wrong(ConfigErrors),
    /// The file cannot be written.
    #[error("{file} cannot be written: {fault}")]
    Write {
        /// The file.
        file: String,
        /// What the system said.
        fault: io::Error,
    },
}

impl NewSource {
    /// The tables of the file.
    pub fn to_toml(&self) -> String {
        let mut text = String::from("[[source]]\n");
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let list = |items: Vec<String>| {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(", "))
        };
        let mut put = |key: &str, value: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{key} = {value}");
        };
        put("id", quoted(&self.id));
        if self.name != self.id && !self.name.is_empty() {
            put("name", quoted(&self.name));
        }
        if self.kind != SourceKind::default() {
            put("kind", quoted(self.kind.as_str()));
        }
        if let Some(lang) = &self.lang {
            put("lang", quoted(lang));
        }
        if let Some(priority) = self.priority.filter(|&priority| priority != Source::PRIORITY) {
            put("priority", priority.to_string());
        }
        if !self.tags.is_empty() {
            put("tags", list(self.tags.clone()));
        }
        if !self.allow_addresses.is_empty() {
            put(
                "allow_addresses",
                list(self.allow_addresses.iter().map(ToString::to_string).collect()),
            );
        }
        for (kind, url) in &self.endpoints {
            put("[[source.endpoint]]\ntype", quoted(kind.as_str()));
            match url.to_file_path() {
                Ok(path) if url.scheme() == "file" => {
                    put("path", quoted(&path.display().to_string()));
                }
                _ => put("url", quoted(url.as_str())),
            }
        }
        text
    }
}

/// An id that no source of `taken` has: `wanted` made of the characters an id has, and a number where there is one already.
pub fn free_id(wanted: &str, taken: &BTreeSet<String>) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' };
    let mut id: String = wanted.to_lowercase().chars().map(kept).collect();
    while id.contains("--") {
        id = id.replace("--", "-");
    }
    id.truncate(56);
    let id = id.trim_matches(['-', '.', '_']);
    let id = if id.is_empty() { "source" } else { id };
    let numbered = (2..).map(|n| format!("{id}-{n}"));
    let mut all = std::iter::once(id.to_owned()).chain(numbered);
    all.find(|id| !taken.contains(id)).unwrap_or_default()
}

/// The configuration of `file`, where a file that is not there yet is an empty one.
pub fn read_or_none(file: &Path, env: &BTreeMap<String, String>) -> Result<Config, ConfigErrors> {
    if file.exists() { super::load(Some(file), env) } else { super::load(None, env) }
}

/// Writes `sources` at the end of `file`, once they are known to be right there.
pub fn add(
    file: &Path,
    sources: &[NewSource],
    env: &BTreeMap<String, String>,
) -> Result<(), AddError> {
    let told = |fault| AddError::Write { file: file.display().to_string(), fault };
    let before = match std::fs::read_to_string(file) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(told)?,
    };
    let gap = if before.is_empty() || before.ends_with("\n\n") {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let tables: Vec<String> = sources.iter().map(NewSource::to_toml).collect();
    let more = format!("{gap}{}", tables.join("\n"));
    let name = file.display().to_string();
    parse(&name, &format!("{before}{more}"), env, &Flags::default()).map_err(AddError::Wrong)?;
    // One write at the end: the file keeps its owner and its links, and cannot be lost half-way.
    let mut open = OpenOptions::new().create(true).append(true).open(file).map_err(told)?;
    open.write_all(more.as_bytes()).and_then(|()| open.sync_all()).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str) -> NewSource {
        let url = format!("https://{id}.example/rss?a=\"1\"").parse().unwrap();
        NewSource {
            id: id.to_owned(),
            name: "The \"Orsk\" Post".to_owned(),
            kind: SourceKind::Agency,
            lang: Some("en".to_owned()),
            priority: Some(80),
            tags: vec!["world".to_owned(), "a, b".to_owned()],
            allow_addresses: vec!["10.0.0.0/8".parse().unwrap()],
            endpoints: vec![(EndpointKind::Feed, url)],
        }
    }

    #[test]
    fn a_source_is_written_below_what_stands_there_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        let before = "# my own words\n[crawl] # and these\ncontact = \"desk@example.org\"";
        std::fs::write(&file, before).unwrap();
        let env = BTreeMap::new();
        add(&file, &[source("orsk"), source("velm")], &env).unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().starts_with(before));
        let read = crate::config::load(Some(&file), &env).unwrap();
        let [one, two] = &read.sources[..] else { panic!("{read:?}") };
        let new = source("orsk");
        assert_eq!((one.id.as_str(), two.id.as_str()), ("orsk", "velm"));
        assert_eq!(
            (&one.name, &one.tags, one.priority, one.kind),
            (&new.name, &new.tags, 80, new.kind)
        );
        assert_eq!(one.endpoints[0].url, new.endpoints[0].1);
    }

    #[test]
    fn nothing_is_written_where_the_file_would_be_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        add(&file, &[source("orsk")], &BTreeMap::new()).unwrap();
        let before = std::fs::read_to_string(&file).unwrap();
        let fault = add(&file, &[source("orsk")], &BTreeMap::new()).unwrap_err();
        assert!(fault.to_string().contains("stands twice"), "{fault}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }

    #[test]
    fn ids_are_spelt_as_ids_and_are_free() {
        let taken = BTreeSet::from(["orsk".to_owned(), "orsk-2".to_owned()]);
        for (wanted, expected) in [
            ("Orsk", "orsk-3"),
            ("Das Ärzte-Blatt", "das-rzte-blatt"),
            ("...", "source"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(free_id(wanted, &taken), expected);
        }
    }
}
