//! Lines of the article record (CONTRACT §4 of the project's outer surface, `docs/api.md`) to articles and back.

use serde_json::{Map, Value};

use crate::model::{Article, PageKind, Signal, SignalPlace, SourceId, Subject, Timestamp};
use crate::text;
use url::Url;

/// Why a record is refused: the key and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The line is no JSON at all.
    #[error("not JSON ({detail}): write one object a line")]
    NotJson {
        /// What the parser said, with its column.
        detail: String,
    },
    /// JSON, but no object.
    #[error("a record is a JSON object, this is {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A key with a value of the wrong kind.
    #[error("`{key}` must be {wanted}, this is {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// Neither `id` nor `url`.
    #[error("a record needs an `id` or a `url`")]
    Nameless,
    /// Neither `text` nor `title`.
    #[error("a record needs a `text` or a `title`")]
    Empty,
}

/// Bytes of a line that are read; the largest live pages come to some 300 KB of text.
pub const LINE_BYTES_MAX: usize = 8 << 20;

/// Reads one line.
pub fn parse(line: &str) -> Result<Article, Problem> {
    parse_value(value(line)?)
}

/// The JSON of one line, not yet taken for a record.
pub fn value(line: &str) -> Result<Value, Problem> {
    serde_json::from_str(line).map_err(|fault| Problem::NotJson { detail: fault.to_string() })
}

/// What a line is called by, be it a whole record or another line about one: its `id`, else its `url`, both as
/// [`parse_value`] reads them.
pub fn name(value: &Value) -> Result<String, Problem> {
    let part = |key: &str| Some((key.to_owned(), value.get(key)?.clone()));
    let mut record = Record { map: ["id", "url"].into_iter().filter_map(part).collect() };
    match record.name("id")? {
        Some(id) => Ok(id),
        None => record.url("url")?.ok_or(Problem::Nameless),
    }
}

/// Reads one record. Unknown keys are kept in [`Article::extra`]; `null` counts as missing. Paragraphs are unwrapped; a
/// record without a source belongs to its url's host, else to `unknown`.
pub fn parse_value(value: Value) -> Result<Article, Problem> {
    let Value::Object(map) = value else {
        return Err(Problem::NotAnObject { found: kind_of(&value) });
    };
    let mut record = Record { map };
    let mut article = Article {
        id: record.name("id")?,
        url: record.url("url")?,
        guid: record.name("guid")?,
        title: record.text("title")?.map(|title| one_line(&title)).unwrap_or_default(),
        text: record.text("text")?.map(|body| text::paragraphs(&body)).unwrap_or_default(),
        kind: PageKind::Article,
        published: record.time("published")?,
        updated: record.time("updated")?,
        first_seen: record.time("first_seen")?,
        not_before: record.time("embargoed_until")?,
        lang: record.text("lang")?.map(|lang| lang.to_lowercase()),
        credit: record.text("credit")?,
        byline: record.text("byline")?,
        version: record.name("version")?,
        slugline: record.text("slugline")?,
        urgency: record.urgency()?,
        subjects: record.subjects()?,
        genre: record.text("genre")?,
        ednote: record.text("ednote")?,
        rights: record.text("rights")?,
        signals: record.signals(),
        ..Article::default()
    };
    article.source =
        record.name("source")?.map_or_else(|| host_of(article.url.as_deref()), SourceId);
    article.extra = record.rest();
    match () {
        () if article.id.is_none() && article.url.is_none() => Err(Problem::Nameless),
        () if article.title.is_empty() && article.text.is_empty() => Err(Problem::Empty),
        () => Ok(article),
    }
}

/// The record of an article, keys in the order of the contract, absent ones left out.
pub fn write(article: &Article) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.clone().map(Value::String);
    let time = |value: Option<Timestamp>| value.map(|at| Value::String(at.to_string()));
    put("id", text(&article.id));
    put("source", Some(Value::String(article.source.0.clone())));
    put("url", text(&article.url));
    put("title", Some(Value::String(article.title.clone())));
    put("text", Some(Value::String(article.text.clone())));
    put("published", time(article.published));
    put("updated", time(article.updated));
    put("first_seen", time(article.first_seen));
    put("embargoed_until", time(article.not_before));
    put("lang", text(&article.lang));
    put("credit", text(&article.credit));
    put("byline", text(&article.byline));
    put("guid", text(&article.guid));
    put("version", text(&article.version));
    put("slugline", text(&article.slugline));
    put("urgency", article.urgency.map(Value::from));
    put("subjects", (!article.subjects.is_empty()).then(|| write_subjects(&article.subjects)));
    put("genre", text(&article.genre));
    put("ednote", text(&article.ednote));
    put("rights", text(&article.rights));
    put("tdm", (!article.signals.is_empty()).then(|| write_signals(&article.signals)));
    if let Some(Value::Object(extra)) =
        article.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok())
    {
        map.extend(extra);
    }
    Value::Object(map)
}

fn write_signals(signals: &[Signal]) -> Value {
    let signals: Vec<Value> = signals
        .iter()
        .map(|Signal { place, name, value }| serde_json::json!({"place": place.as_str(), "name": name, "value": value}))
        .collect();
    serde_json::json!({"signals": signals})
}

fn write_subjects(subjects: &[Subject]) -> Value {
    subjects
        .iter()
        .map(|subject| serde_json::json!({"scheme": subject.scheme, "code": subject.code}))
        .collect()
}

/// A record being taken apart: what is asked for leaves, the rest stays.
struct Record {
    map: Map<String, Value>,
}

impl Record {
    fn take(&mut self, key: &str) -> Option<Value> {
        // shift_remove keeps the order of the keys that stay.
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    fn wrong(key: &str, wanted: &'static str, found: &Value) -> Problem {
        let shown: String = found.to_string().chars().take(60).collect();
        Problem::WrongType { key: key.to_owned(), wanted, found: shown }
    }

    /// A string; blank counts as missing.
    fn text(&mut self, key: &str) -> Result<Option<String>, Problem> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok((!text.trim().is_empty()).then_some(text)),
            Some(other) => Err(Self::wrong(key, "a string", &other)),
        }
    }

    /// A string or a number, as ids come.
    fn name(&mut self, key: &str) -> Result<Option<String>, Problem> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => {
                Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
            }
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(Self::wrong(key, "a string or a number", &other)),
        }
    }

    /// What `write` made of signals. A `tdm` of another form is a key that we have no field for.
    fn signals(&mut self) -> Vec<Signal> {
        let read = |one: &Value| {
            let text = |key: &str| one.get(key)?.as_str();
            Some(Signal::new(
                SignalPlace::from_word(text("place")?)?,
                text("name")?,
                text("value")?,
            ))
        };
        let listed =
            self.map.get("tdm").and_then(|tdm| tdm.get("signals")).and_then(Value::as_array);
        let signals: Option<Vec<Signal>> =
            listed.map(|all| all.iter().map(read).collect()).unwrap_or_default();
        if signals.is_some() {
            self.map.shift_remove("tdm");
        }
        signals.unwrap_or_default()
    }

    fn url(&mut self, key: &str) -> Result<Option<String>, Problem> {
        let Some(url) = self.text(key)? else { return Ok(None) };
        match Url::parse(url.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                Ok(Some(crate::extract::canonical(&url).to_string()))
            }
            _ => Err(Self::wrong(key, "an absolute http or https address", &Value::String(url))),
        }
    }

    fn time(&mut self, key: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(time) = self.text(key)? else { return Ok(None) };
        let wanted = "an RFC 3339 time such as 2016-10-12T18:05:00Z";
        Timestamp::parse(&time)
            .map(Some)
            .ok_or_else(|| Self::wrong(key, wanted, &Value::String(time)))
    }

    fn urgency(&mut self) -> Result<Option<u8>, Problem> {
        let Some(value) = self.take("urgency") else { return Ok(None) };
        let number =
            value.as_u64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
        match number {
            Some(urgency @ 0..=9) => Ok(Some(urgency as u8)),
            _ => Err(Self::wrong("urgency", "a number from 0 to 9", &value)),
        }
    }

    fn subjects(&mut self) -> Result<Vec<Subject>, Problem> {
        let wanted = "a list of {\"scheme\", \"code\"}";
        let Some(value) = self.take("subjects") else { return Ok(Vec::new()) };
        let Value::Array(items) = &value else {
            return Err(Self::wrong("subjects", wanted, &value));
        };
        let subject = |item: &Value| match item {
            Value::String(code) => Some(Subject { scheme: String::new(), code: code.clone() }),
            Value::Object(map) => Some(Subject {
                scheme: map.get("scheme").and_then(Value::as_str).unwrap_or_default().to_owned(),
                code: map.get("code").and_then(Value::as_str)?.to_owned(),
            }),
            _ => None,
        };
        items
            .iter()
            .map(|item| subject(item).ok_or_else(|| Self::wrong("subjects", wanted, item)))
            .collect()
    }

    fn rest(self) -> Option<String> {
        (!self.map.is_empty()).then(|| Value::Object(self.map).to_string())
    }
}

fn one_line(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn host_of(url: Option<&str>) -> SourceId {
    let url = url.and_then(|url| Url::parse(url).ok());
    let host = url.as_ref().and_then(Url::host_str);
    SourceId(host.map_or_else(
        || SourceId::UNKNOWN.to_owned(),
        |host| host.trim_start_matches("www.").to_owned(),
    ))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_and_writes_back_with_its_unknown_keys() {
        let line = r#"{"id":"7","source":"nordpress","url":"https://nordpress.example/a","title":"Orsk port closes","text":"First.\nSecond.","published":"2026-03-01T05:00:00Z","lang":"en","urgency":3,"subjects":[{"scheme":"medtop","code":"20000001"}],"desk":"sea","wire":{"provider":"x"}}"#;
        let article = parse(line).unwrap();
        assert_eq!(article.source.as_str(), "nordpress");
        assert_eq!(article.text, "First.\nSecond.");
        assert_eq!(write(&article).to_string(), line);
    }

    #[test]
    fn an_embargo_reads_and_writes_back() {
        let line = r#"{"id":"7","source":"unknown","title":"t","text":"","embargoed_until":"2026-03-01T12:00:00Z"}"#;
        let article = parse(line).unwrap();
        assert_eq!(article.not_before.map(Timestamp::millis), Some(1_772_366_400_000));
        assert_eq!(write(&article).to_string(), line);
    }

    #[test]
    fn a_record_without_a_source_belongs_to_its_host_else_to_unknown() {
        assert_eq!(
            parse(r#"{"url":"https://www.orsk.example/x","title":"t"}"#).unwrap().source.as_str(),
            "orsk.example"
        );
        assert_eq!(parse(r#"{"id":4,"title":"t"}"#).unwrap().source.as_str(), "unknown");
    }

    #[test]
    fn a_line_is_called_as_its_record_is() {
        for line in [
            r#"{"id":" 7 ","url":"https://orsk.example/a#top","title":"t"}"#,
            r#"{"id":7,"title":"t"}"#,
            r#"{"id":null,"url":"HTTPS://Orsk.example/a#top","title":"t"}"#,
        ] {
            let article = parse(line).unwrap();
            assert_eq!(name(&value(line).unwrap()).ok(), article.id.or(article.url), "{line}");
        }
        assert_eq!(name(&value(r#"{"title":"t"}"#).unwrap()), Err(Problem::Nameless));
    }

    #[test]
    fn each_fault_names_its_key_and_mend() {
        for (line, says) in [
            ("{", "not JSON"),
            ("[1]", "this is a list"),
            (r#"{"title":"t"}"#, "`id` or a `url`"),
            (r#"{"id":"1","text":"  "}"#, "`text` or a `title`"),
            (r#"{"id":"1","text":7}"#, "`text` must be a string, this is 7"),
            (
                r#"{"id":"1","title":"t","published":"yesterday"}"#,
                "`published` must be an RFC 3339 time",
            ),
            (
                r#"{"id":"1","title":"t","embargoed_until":true}"#,
                "`embargoed_until` must be a string, this is true",
            ),
            (r#"{"url":"ftp://x","title":"t"}"#, "`url` must be an absolute http"),
            (r#"{"id":"1","title":"t","urgency":"high"}"#, "`urgency` must be a number"),
        ] {
            let problem = parse(line).unwrap_err().to_string();
            assert!(problem.contains(says), "{line}: {problem}");
        }
    }
}
