//! A parsed page to what it says of itself: JSON-LD before meta elements before the visible page.

use std::collections::BTreeMap;

use dom_query::Document;
use url::Url;

use super::authors::{self, Authors};
use super::dates::Written;
use super::jsonld::{Described, plain};
use super::render::one_line;
use super::{believed, canonical, jsonld, times, titles};

/// Longest title or meta value kept, in characters: longer ones are somebody's whole page.
const LINE_CHARS_MAX: usize = 400;
/// Canonical links looked at: a page has one.
const LINKS_MAX: usize = 16;

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) title: String,
    /// Every form of the title the page has, to know it again in the body.
    pub(crate) titles: Vec<String>,
    pub(crate) byline: Option<String>,
    pub(crate) authors: Vec<String>,
    /// Authors as written, before names are parted: where agencies are looked for.
    pub(crate) raw_authors: Vec<String>,
    pub(crate) published: Option<Written>,
    pub(crate) updated: Option<Written>,
    pub(crate) section: Option<String>,
    pub(crate) lang: Option<String>,
    pub(crate) canonical_url: Option<String>,
    pub(crate) article_body: Option<String>,
    /// The page calls itself an article (JSON-LD or `OpenGraph`).
    pub(crate) says_article: bool,
    /// The page calls itself a live blog.
    pub(crate) says_live: bool,
    /// The page says its text is behind a wall.
    pub(crate) says_paid: bool,
}

/// Reads a page's metadata.
pub(crate) fn read(doc: &Document, url: Option<&Url>) -> Metadata {
    let address = url.map(Url::as_str);
    let described = jsonld::described(doc, address);
    let says_json = described.is_some();
    let json = described.unwrap_or_default();
    let metas = metas(doc);
    let meta = |names: &[&str]| names.iter().find_map(|name| metas.get(*name)?.first().cloned());
    let titles = titles::titles(doc, url, &json, &meta);
    let sites = sites(url, &json, meta(&["og:site_name"]));
    let Authors { names: authors, raw: raw_authors, byline } =
        authors::authors(doc, &json, &metas, &sites);
    let (published, updated) = times::times(doc, &json, &meta);
    Metadata {
        title: titles.first().cloned().unwrap_or_default(),
        titles,
        byline,
        authors,
        raw_authors,
        published,
        updated,
        section: meta(&["article:section"]).or_else(|| json.section.clone()),
        lang: lang(doc, &json, &meta),
        canonical_url: canonical_url(doc, url, &meta),
        article_body: json.body,
        says_article: says_json
            || meta(&["og:type"]).is_some_and(|kind| kind.starts_with("article")),
        says_live: json.live,
        says_paid: json.paid
            || meta(&["article:content_tier"])
                .is_some_and(|tier| matches!(tier.as_str(), "locked" | "metered")),
    }
}

/// Values of `<meta>` by name, property or itemprop in lower case.
fn metas(doc: &Document) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for meta in &doc.select("meta[content]") {
        let value = one_line(&plain(&meta.attr_or("content", "")));
        if value.is_empty() || value.chars().count() > LINE_CHARS_MAX {
            continue;
        }
        for key in ["property", "name", "itemprop", "http-equiv"] {
            if let Some(name) = meta.attr(key) {
                found.entry(name.trim().to_ascii_lowercase()).or_default().push(value.clone());
            }
        }
    }
    found
}

/// The names the site goes by: its own, its publisher's, its host's.
fn sites(url: Option<&Url>, json: &Described, site: Option<String>) -> Vec<String> {
    let host = url.map(self::site);
    let label = host.as_deref().and_then(|host| host.split('.').next()).map(str::to_owned);
    site.into_iter().chain(json.publisher.clone()).chain(host).chain(label).collect()
}

/// BCP 47 in lower case: `<html lang>` first, for JSON-LD and `OpenGraph` are often one default for a whole site.
fn lang(
    doc: &Document,
    json: &Described,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> Option<String> {
    let html = doc.select_single("html");
    let said = html.attr("lang").or_else(|| html.attr("xml:lang")).map(|lang| lang.to_string());
    [said, json.lang.clone(), meta(&["og:locale", "content-language", "dc.language"])]
        .into_iter()
        .flatten()
        .find_map(|lang| {
            let lang = lang.trim().replace('_', "-").to_ascii_lowercase();
            let primary = lang.split('-').next().unwrap_or("");
            let sound = (2..=3).contains(&primary.len())
                && lang.len() <= 35
                && lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            sound.then_some(lang)
        })
}

/// The canonical address, where it is believable: of the same site, and what [`believed`] says.
fn canonical_url(
    doc: &Document,
    url: Option<&Url>,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> Option<String> {
    let read = |said: &str| match url {
        Some(base) => base.join(said.trim()).ok(),
        None => Url::parse(said.trim()).ok(),
    };
    let links = doc.select("link[rel~='canonical'][href]");
    let linked = links.iter().take(LINKS_MAX).filter_map(|link| read(&link.attr_or("href", "")));
    let linked = believed::agreed(linked, url);
    let said = [linked, meta(&["og:url"]).and_then(|said| read(&said))];
    let same_site = |said: &Url| url.is_none_or(|url| site(url) == site(said));
    let found = said
        .into_iter()
        .flatten()
        .filter(same_site)
        .find_map(|said| believed::believed(&said, url));
    found.or_else(|| url.map(canonical)).map(|url| url.to_string())
}

/// The last two labels of a host, three where the one before the country is short ("co.uk", "com.au"); good enough to tell
/// another site from a sister host, and wrong only towards belief.
fn site(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
        return format!("{host}:{:?}", url.port());
    }
    let labels: Vec<&str> = host.split('.').collect();
    let keep = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    labels[labels.len().saturating_sub(keep)..].join(".")
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
