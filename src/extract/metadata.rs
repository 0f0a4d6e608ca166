//! A parsed page to what it says of itself: JSON-LD before meta elements before the visible page.

use std::collections::BTreeMap;

use dom_query::Document;
use url::Url;

use super::jsonld::{Described, plain};
use super::render::one_line;
use super::{believed, canonical, dates, jsonld};
use crate::model::Timestamp;

/// Longest author, byline or title kept, in characters: longer ones are somebody's whole page.
const LINE_CHARS_MAX: usize = 400;
/// Canonical links looked at: a page has one.
const LINKS_MAX: usize = 16;
/// Authors kept.
const AUTHORS_MAX: usize = 32;

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
    pub(crate) published: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
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
    let titles = titles(doc, &json, &meta);
    let authors = split_authors(&named_authors(
        doc,
        &json,
        &meta_authors(&metas),
        meta(&["og:site_name"]).as_deref(),
    ));
    let raw_authors = credits(&json, &metas);
    let byline = byline(doc).or_else(|| (!authors.is_empty()).then(|| authors.join(", ")));
    let (published, updated) = times(doc, &json, &meta);
    Metadata {
        title: titles.first().cloned().unwrap_or_default(),
        titles,
        byline,
        authors,
        raw_authors,
        published,
        updated,
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

/// Best first: JSON-LD, `OpenGraph` without the site's name, the only `h1`, `<title>` without the site's name.
fn titles(
    doc: &Document,
    json: &Described,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> Vec<String> {
    let headings: Vec<String> =
        doc.select("h1").iter().map(|h1| one_line(&h1.text())).filter(|t| !t.is_empty()).collect();
    let site = meta(&["og:site_name"]);
    let trimmed = |title: String| without_site(&title, site.as_deref(), &headings);
    let head = doc.select_single("title").text();
    let candidates = [
        json.headline.as_deref().map(one_line).map(trimmed),
        meta(&["og:title"]).map(trimmed),
        (headings.len() == 1).then(|| headings[0].clone()),
        meta(&["twitter:title", "dc.title", "sailthru.title", "parsely-title"]).map(trimmed),
        headings.first().cloned(),
        Some(trimmed(one_line(&head))),
    ];
    let mut titles: Vec<String> = Vec::new();
    for title in candidates.into_iter().flatten() {
        let fits = !title.is_empty() && title.chars().count() <= LINE_CHARS_MAX;
        if fits && !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles
}

/// "Harbour closed | Herald" to "Harbour closed", where the page's site name or an `h1` says that it ends there.
fn without_site(title: &str, site: Option<&str>, headings: &[String]) -> String {
    for (at, mark) in
        title.char_indices().rev().filter(|&(_, c)| matches!(c, '|' | '-' | '–' | '—' | '·' | '»'))
    {
        let front = title[..at].trim();
        let back = title[at + mark.len_utf8()..].trim();
        let spaced = title[..at].ends_with(' ');
        let is_site = site.is_some_and(|name| name.eq_ignore_ascii_case(back));
        if spaced && !front.is_empty() && (is_site || headings.iter().any(|h1| h1 == front)) {
            return front.to_owned();
        }
    }
    title.to_owned()
}

/// Authors as JSON-LD states them, else meta elements, else the page.
///
/// Where JSON-LD names but the site itself, meta elements often have the person.
fn named_authors(
    doc: &Document,
    json: &Described,
    in_metas: &[String],
    site: Option<&str>,
) -> Vec<String> {
    let is_site = |name: &String| site.is_some_and(|site| name.eq_ignore_ascii_case(site));
    let only_site = json.authors.iter().all(is_site) && !in_metas.is_empty();
    if !json.authors.is_empty() && !only_site {
        return sound_names(&json.authors);
    }
    if !in_metas.is_empty() {
        return sound_names(in_metas);
    }
    let marked = doc.select("[itemprop='author'], [rel='author']");
    let marked: Vec<String> = marked.iter().map(|author| one_line(&author.text())).collect();
    sound_names(&marked)
}

/// Authors of meta elements: the first name that has any, for they repeat each other.
fn meta_authors(metas: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    const NAMES: &[&str] = &[
        "author",
        "article:author",
        "articleauthor",
        "byl",
        "parsely-author",
        "sailthru.author",
        "dc.creator",
        "dcterms.creator",
        "cxenseparse:author",
        "citation_author",
    ];
    let found = NAMES.iter().filter_map(|name| metas.get(*name)).map(|names| sound_names(names));
    found.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
}

/// Everything an agency may be named in: one element may hold the paper and another the agency.
fn credits(json: &Described, metas: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    const NAMES: &[&str] = &[
        "author",
        "article:author",
        "articleauthor",
        "byl",
        "dc.source",
        "dc.creator",
        "parsely-author",
    ];
    let in_metas = NAMES.iter().filter_map(|name| metas.get(*name)).flatten();
    let all: Vec<String> = json.authors.iter().chain(in_metas).cloned().collect();
    sound_names(&all)
}

fn sound_names(names: &[String]) -> Vec<String> {
    let mut sound: Vec<String> = Vec::new();
    for name in names {
        let fits = !name.is_empty() && name.chars().count() <= LINE_CHARS_MAX && !is_address(name);
        if fits && !sound.contains(name) && sound.len() < AUTHORS_MAX {
            sound.push(name.clone());
        }
    }
    sound
}

fn is_address(name: &str) -> bool {
    name.starts_with("http")
        || name.starts_with("www.")
        || name.starts_with('@')
        || name.contains(".com/")
}

/// "By A, B and C" to three names.
fn split_authors(raw: &[String]) -> Vec<String> {
    let mut authors: Vec<String> = Vec::new();
    for line in raw {
        let mut line = line.trim();
        for by in ["By ", "by ", "BY ", "Von ", "Par ", "Por ", "Di ", "Door "] {
            line = line.strip_prefix(by).unwrap_or(line);
        }
        let parted = line
            .replace(" and ", ",")
            .replace(" und ", ",")
            .replace(" et ", ",")
            .replace(" og ", ",")
            .replace(" & ", ",");
        // "(Image: …)" is the photographer's.
        for name in
            parted.split([',', ';', '|']).map(|name| name.split('(').next().unwrap_or(name).trim())
        {
            let known = authors.iter().any(|author| author.eq_ignore_ascii_case(name));
            if !name.is_empty()
                && !known
                && name.chars().any(char::is_alphabetic)
                && authors.len() < AUTHORS_MAX
            {
                authors.push(name.to_owned());
            }
        }
    }
    authors
}

/// The line over the text that says who wrote it. Only inside the article, where the page marks one: lists of other
/// stories have bylines too.
fn byline(doc: &Document) -> Option<String> {
    const INSIDE: &str = "article [class*='byline'], main [class*='byline'], article [class*='Byline'], \
        article [rel='author'], article [itemprop='author'], main [itemprop='author'], article [class*='author']";
    const ANYWHERE: &str =
        "[class*='byline'], [class*='Byline'], [itemprop='author'], [rel='author']";
    let found = |selector: &str| {
        doc.select(selector).iter().map(|node| one_line(&node.text())).find(|line| {
            (3..=160).contains(&line.chars().count()) && line.chars().any(char::is_alphabetic)
        })
    };
    found(INSIDE)
        .or_else(|| if doc.select("article, main").exists() { None } else { found(ANYWHERE) })
}

fn times(
    doc: &Document,
    json: &Described,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let published = json.published.as_deref().and_then(dates::moment).or_else(|| {
        let names = [
            "article:published_time",
            "og:published_time",
            "datepublished",
            "article:published",
            "parsely-pub-date",
            "sailthru.date",
            "dc.date.issued",
            "dcterms.created",
            "dc.date",
            "pubdate",
            "publishdate",
            "publish-date",
            "publication_date",
            "cxenseparse:recs:publishtime",
            "date",
            "datecreated",
            "article.published",
            "last-modified-date",
        ];
        names.iter().find_map(|name| meta(&[name]).as_deref().and_then(dates::moment))
    });
    let published = published.or_else(|| visible_time(doc));
    let updated = json.modified.as_deref().and_then(dates::moment).or_else(|| {
        let names = [
            "article:modified_time",
            "og:updated_time",
            "datemodified",
            "article:modified",
            "dcterms.modified",
            "dc.date.modified",
            "lastmod",
            "article.updated",
        ];
        names.iter().find_map(|name| meta(&[name]).as_deref().and_then(dates::moment))
    });
    // A change before the publication is a default of the template.
    (published, updated.filter(|at| published.is_none_or(|first| *at >= first)))
}

fn visible_time(doc: &Document) -> Option<Timestamp> {
    let selectors = [
        "[itemprop='datePublished'][datetime], [itemprop='datePublished'][content]",
        "article time[datetime]",
        "main time[datetime], header time[datetime]",
        "time[datetime]",
    ];
    selectors.iter().find_map(|selector| {
        doc.select(selector).iter().take(4).find_map(|node| {
            let text = node.attr("datetime").or_else(|| node.attr("content"))?;
            dates::moment(&text)
        })
    })
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
