//! One table of the file and what overrides it, read key by key; what nobody asked for is a problem.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, nearest};

/// The file as read: its name for messages and its text, in which spans are lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl File<'_> {
    /// Line of a byte offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let head = &self.text.as_bytes()[..offset.min(self.text.len())];
        head.split(|&byte| byte == b'\n').count()
    }

    pub(super) fn problem(&self, span: &Range<usize>, what: String) -> Problem {
        Problem { place: self.name.to_owned(), line: Some(self.line(span.start)), what }
    }
}

/// A value before it has a type: out of the file, or the text of a variable or flag.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    File(&'a DeValue<'a>),
    Text(&'a str),
}

/// What stands over the file: (section, key) to the variable or flag and its text.
pub(super) type Overrides = BTreeMap<(String, String), (String, String)>;

/// Keys whose value no message repeats.
const SECRET: [&str; 4] = ["tokens", "password_file", "token_file", "header_file"];

/// A table being read.
pub(super) struct Sheet<'a> {
    file: File<'a>,
    /// Name for messages: "[crawl]", "source \"afp\"".
    title: String,
    /// Name in [`Overrides`]; empty for tables that nothing overrides.
    section: &'static str,
    /// Where the table begins.
    span: Range<usize>,
    left: BTreeMap<&'a str, (Range<usize>, &'a Spanned<DeValue<'a>>)>,
    overrides: &'a Overrides,
    known: Vec<&'static str>,
    places: BTreeMap<&'static str, (String, Option<usize>)>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(
        file: File<'a>,
        title: String,
        section: &'static str,
        table: Option<(&'a DeTable<'a>, Range<usize>)>,
        overrides: &'a Overrides,
    ) -> Self {
        let (left, span) = match table {
            Some((table, span)) => {
                let row = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
                    let name: &std::borrow::Cow<'a, str> = key.get_ref();
                    (name.as_ref(), (key.span(), value))
                };
                (table.iter().map(row).collect(), span)
            }
            None => (BTreeMap::new(), 0..0),
        };
        Self {
            file,
            title,
            section,
            span,
            left,
            overrides,
            known: Vec::new(),
            places: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// The value of `key`: flag over environment over file over `default`. A value that `read` refuses is a problem,
    /// in which `read` says what is wanted, and counts as the default.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> T {
        self.maybe(key, read).unwrap_or(default)
    }

    /// As [`Sheet::take`], and a missing value is a problem that says what is wanted.
    pub(super) fn need<T>(
        &mut self,
        key: &'static str,
        want: &str,
        read: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let before = self.problems.len();
        let value = self.maybe(key, read);
        if value.is_none() && self.problems.len() == before {
            let what = format!("{} has no `{key}`: give it {want}", self.title);
            self.problems.push(self.file.problem(&self.span, what));
        }
        value
    }

    /// As [`Sheet::take`], with `None` where nothing is said.
    pub(super) fn maybe<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let mut value = None;
        if let Some((_, found)) = self.left.remove(key) {
            let place = (self.file.name.to_owned(), Some(self.file.line(found.span().start)));
            self.places.insert(key, place);
            let shown = self.file.text.get(found.span()).unwrap_or_default().to_owned();
            value = self.judge(key, &shown, read(Raw::File(found.get_ref())));
        }
        let overriding = self.overrides.get(&(self.section.to_owned(), key.to_owned()));
        if let Some((place, text)) = overriding {
            self.places.insert(key, (place.clone(), None));
            value = self.judge(key, &format!("{text:?}"), read(Raw::Text(text)));
        }
        value
    }

    fn judge<T>(&mut self, key: &'static str, shown: &str, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(want) if SECRET.contains(&key) => {
                self.complain(key, format!("`{key}` in {}: {want}", self.title));
                None
            }
            Err(want) => {
                self.complain(key, format!("`{key} = {shown}` in {}: {want}", self.title));
                None
            }
        }
    }

    /// The tables under `key`, written `[[key]]`, and their spans; none where the key is not there.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<(&'a DeTable<'a>, Range<usize>)> {
        self.known.push(key);
        let Some((span, value)) = self.left.remove(key) else { return Vec::new() };
        let items = value.get_ref().as_array();
        let tables: Vec<_> = items
            .into_iter()
            .flatten()
            .filter_map(|item| item.get_ref().as_table().map(|table| (table, item.span())))
            .collect();
        if items.is_none_or(|items| tables.len() < items.len()) {
            let what = format!("`{key}` in {} is a list of tables: write [[{key}]]", self.title);
            self.problems.push(self.file.problem(&span, what));
        }
        tables
    }

    /// The table under `key`, written `[key]`, and its span.
    pub(super) fn table(&mut self, key: &'static str) -> Option<(&'a DeTable<'a>, Range<usize>)> {
        self.known.push(key);
        let (span, value) = self.left.remove(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            let what = format!("`{key}` is a section: write [{key}] and its keys below it");
            self.problems.push(self.file.problem(&span, what));
        }
        table.map(|table| (table, value.span()))
    }

    /// Notes a problem with the value of `key`, where that value came from.
    pub(super) fn complain(&mut self, key: &'static str, what: String) {
        let (place, line) = match self.places.get(key) {
            Some((place, line)) => (place.clone(), *line),
            None => (self.file.name.to_owned(), Some(self.file.line(self.span.start))),
        };
        self.problems.push(Problem { place, line, what });
    }

    /// Where the value of `key` was said, for messages about another place.
    pub(super) fn said_at(&self, key: &str) -> Option<usize> {
        self.places.get(key).and_then(|(_, line)| *line)
    }

    /// Every problem of this table; keys that nobody asked for are among them.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        for (key, (span, _)) in &self.left {
            let what = match nearest(key, &self.known) {
                Some(name) => {
                    format!("unknown key `{key}` in {}: did you mean `{name}`?", self.title)
                }
                None => format!(
                    "unknown key `{key}` in {}: it has {}",
                    self.title,
                    self.known.join(", ")
                ),
            };
            self.problems.push(self.file.problem(span, what));
        }
        for ((section, key), (place, _)) in self.overrides {
            if section == self.section && !self.known.contains(&key.as_str()) {
                let mend = match nearest(key, &self.known) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("it has {}", self.known.join(", ")),
                };
                let what = format!("unknown key `{key}` in {}: {mend}", self.title);
                self.problems.push(Problem { place: place.clone(), line: None, what });
            }
        }
        self.problems
    }
}
