//! JSON Feed, mended to what its strict reader accepts.

use serde_json::{Map, Value};

use super::{FeedError, Limits};

/// Texts of an item that the reader knows.
const ITEM_TEXTS: [&str; 9] = [
    "id",
    "url",
    "external_url",
    "title",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "date_modified",
];

/// A mended JSON feed.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) bytes: Vec<u8>,
    /// `language` of each item, in order (JSON Feed 1.1).
    pub(super) langs: Vec<Option<String>>,
    /// `next_url`.
    pub(super) next: Option<String>,
    pub(super) notes: Vec<String>,
}

/// Keeps what the reader knows and makes it the type it wants: one number where a text should be would cost the feed.
pub(super) fn mend(text: &str, limits: &Limits) -> Result<Mended, FeedError> {
    let value: Value = serde_json::from_str(text).map_err(|error| FeedError::Malformed {
        place: format!("line {}, column {}", error.line(), error.column()),
        what: "it is no complete JSON".to_owned(),
    })?;
    let feed = match value {
        Value::Object(feed) if is_feed(&feed) => feed,
        _ => {
            let looks_like = "JSON, but no JSON Feed (no list `items`)".to_owned();
            return Err(FeedError::NotAFeed { looks_like });
        }
    };
    let mut notes = Vec::new();
    let given = feed.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.len() > limits.entries_max {
        let over = given.len() - limits.entries_max;
        notes.push(format!("{over} entries beyond the first {} were left out", limits.entries_max));
    }
    let given: Vec<&Map<String, Value>> =
        given.iter().take(limits.entries_max).filter_map(Value::as_object).collect();
    let items: Vec<Value> = given.iter().map(|item| Value::Object(self::item(item))).collect();
    let mut out = Map::new();
    out.insert("version".to_owned(), "https://jsonfeed.org/version/1.1".into());
    out.insert("title".to_owned(), text_of(feed.get("title")).unwrap_or_default().into());
    copy_text(&feed, "language", &mut out);
    authors(&feed, &mut out);
    out.insert("items".to_owned(), items.into());
    let langs = given.iter().map(|item| text_of(item.get("language"))).collect();
    let next = text_of(feed.get("next_url"));
    Ok(Mended { bytes: Value::Object(out).to_string().into_bytes(), langs, next, notes })
}

fn is_feed(feed: &Map<String, Value>) -> bool {
    feed.get("items").is_some_and(Value::is_array)
        && (text_of(feed.get("version")).is_some_and(|version| version.contains("jsonfeed.org"))
            || feed.contains_key("title"))
}

fn item(given: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for key in ITEM_TEXTS {
        copy_text(given, key, &mut out);
    }
    authors(given, &mut out);
    if let Some(tags) = given.get("tags").and_then(Value::as_array) {
        let tags: Vec<Value> =
            tags.iter().filter_map(|tag| text_of(Some(tag))).map(Value::from).collect();
        out.insert("tags".to_owned(), tags.into());
    }
    out
}

/// `authors` of version 1.1 and `author` of 1.0, as objects or bare names.
fn authors(given: &Map<String, Value>, out: &mut Map<String, Value>) {
    let many = given.get("authors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names: Vec<Value> = many
        .iter()
        .chain(given.get("author"))
        .filter_map(|author| text_of(author.get("name").or(Some(author))))
        .map(|name| Value::Object(Map::from_iter([("name".to_owned(), name.into())])))
        .collect();
    if !names.is_empty() {
        out.insert("authors".to_owned(), names.into());
    }
}

fn copy_text(given: &Map<String, Value>, key: &str, out: &mut Map<String, Value>) {
    if let Some(text) = text_of(given.get(key)) {
        out.insert(key.to_owned(), text.into());
    }
}

/// A text, or a number as text.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
