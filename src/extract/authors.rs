//! What a page says of who wrote it to names: JSON-LD before meta elements before the line over the text, people before sites.

use std::collections::BTreeMap;

use dom_query::{Document, NodeRef};

use super::furniture::letters;
use super::jsonld::Described;
use super::render::one_line;
use super::signed;

/// Longest author or byline kept, in characters: longer ones are somebody's whole page.
const LINE_CHARS_MAX: usize = 400;
/// Authors kept.
const AUTHORS_MAX: usize = 32;
/// Longest name of a person, in characters.
const NAME_CHARS_MAX: usize = 50;

/// Who wrote a page, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Authors {
    /// Names, agencies among them.
    pub(crate) names: Vec<String>,
    /// As written, before names are parted: where agencies are looked for.
    pub(crate) raw: Vec<String>,
    /// The line over the text.
    pub(crate) byline: Option<String>,
}

/// Reads them. `metas` are the values of meta elements by name, `sites` the names the site goes by.
pub(crate) fn authors(
    doc: &Document,
    json: &Described,
    metas: &BTreeMap<String, Vec<String>>,
    sites: &[String],
) -> Authors {
    let byline = byline(doc);
    let in_json = split(&sound(&json.authors));
    let in_metas = split(&in_metas(metas));
    let marked = doc.select("[itemprop='author'], [rel='author']");
    let marked: Vec<String> = marked.iter().map(|author| one_line(&author.text())).collect();
    let mut marked = split(&sound(&marked));
    if !(in_json.is_empty() && in_metas.is_empty()) {
        // Where the page names itself, what it marks in the body must be a person to count.
        marked.retain(|name| is_person(name));
    }
    let candidates = [in_json.clone(), in_metas.clone(), labelled(metas), in_byline(doc), marked];
    let people = candidates.into_iter().map(|names| without_sites(names, sites));
    let names = people
        .into_iter()
        .find(|names| !names.is_empty())
        .or_else(|| Some(without_sites(signed::signed(doc), sites)).filter(|names| !names.is_empty()))
        // Nobody but the site itself.
        .or_else(|| [in_json, in_metas].into_iter().find(|names| !names.is_empty()))
        .unwrap_or_default();
    let byline = byline.or_else(|| (!names.is_empty()).then(|| names.join(", ")));
    Authors { names, raw: credits(json, metas), byline }
}

fn without_sites(mut names: Vec<String>, sites: &[String]) -> Vec<String> {
    names.retain(|name| !is_site(name, sites));
    names
}

/// Whether a name is the site's: the same letters, or its words and those of a desk.
fn is_site(name: &str, sites: &[String]) -> bool {
    const DESKS: &[&str] = &[
        "redaktion",
        "nachrichten",
        "news",
        "online",
        "editorial",
        "staff",
        "newsroom",
        "desk",
        "team",
        "web",
        "de",
        "com",
    ];
    let words = words(name);
    sites.iter().any(|site| {
        letters(site) == letters(name) || {
            let site = self::words(site);
            !site.is_empty()
                && site.iter().all(|word| words.contains(word))
                && words.iter().all(|word| site.contains(word) || DESKS.contains(&word.as_str()))
        }
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Authors of meta elements: the first name that has any, for they repeat each other.
fn in_metas(metas: &BTreeMap<String, Vec<String>>) -> Vec<String> {
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
    let found = NAMES.iter().filter_map(|name| metas.get(*name)).map(|names| sound(names));
    found.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
}

/// "twitter:label1" = "Written by", "twitter:data1" = the name.
fn labelled(metas: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    const LABELS: &[&str] = &[
        "written by",
        "verfasst von",
        "geschrieben von",
        "écrit par",
        "escrito por",
        "scritto da",
        "geschreven door",
        "skriven av",
        "napisane przez",
    ];
    let value = |name: &str| metas.get(name).and_then(|values| values.first());
    let found = ["1", "2"].iter().find_map(|at| {
        let label = value(&format!("twitter:label{at}"))?.to_lowercase();
        value(&format!("twitter:data{at}")).filter(|_| LABELS.contains(&label.as_str()))
    });
    found.map(|name| split(std::slice::from_ref(name))).unwrap_or_default()
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
    sound(&all)
}

fn sound(names: &[String]) -> Vec<String> {
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
pub(crate) fn split(raw: &[String]) -> Vec<String> {
    let mut authors: Vec<String> = Vec::new();
    for line in raw {
        let parted = without_by(line)
            .replace(" and ", ",")
            .replace(" und ", ",")
            .replace(" et ", ",")
            .replace(" og ", ",")
            .replace(" & ", ",");
        // "(Image: …)" is the photographer's.
        for name in
            parted.split([',', ';', '|']).map(|name| name.split('(').next().unwrap_or(name).trim())
        {
            let name = without_office(name);
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

/// A line without the word that opens a byline.
fn without_by(line: &str) -> &str {
    const BY: &[&str] = &[
        "by",
        "von",
        "par",
        "por",
        "di",
        "door",
        "av",
        "af",
        "autor",
        "author",
        "text",
        "written by",
        "article by",
        "text von",
        "автор",
        "texte",
    ];
    let line = line.trim();
    let cut = BY.iter().filter_map(|by| {
        let front = line.get(..by.len()).filter(|front| front.to_lowercase() == *by)?;
        let rest = &line[front.len()..];
        rest.starts_with([' ', ':']).then(|| rest.trim_start_matches([':', ' ']))
    });
    cut.min_by_key(|rest| rest.len()).unwrap_or(line)
}

/// "Name 기자", "Name 記者": the word for a reporter is no part of the name.
fn without_office(name: &str) -> &str {
    ["기자", "記者", "记者"]
        .iter()
        .find_map(|office| name.strip_suffix(office))
        .map_or(name, str::trim_end)
}

/// Inside the article, where the page marks one: lists of other stories have bylines too.
const INSIDE: &str = "article [class*='byline'], main [class*='byline'], article [class*='Byline'], article [rel='author'], \
    article [itemprop='author'], main [itemprop='author'], article [class*='author']";
/// Where the page marks none.
const ANYWHERE: &str = "[class*='byline'], [class*='Byline'], [itemprop='author'], [rel='author']";

fn places(doc: &Document) -> Vec<NodeRef<'_>> {
    let inside = doc.select(INSIDE);
    if inside.exists() {
        return inside.nodes().to_vec();
    }
    if doc.select("article, main").exists() {
        return Vec::new();
    }
    doc.select(ANYWHERE).nodes().to_vec()
}

/// The line over the text that says who wrote it.
fn byline(doc: &Document) -> Option<String> {
    places(doc).iter().map(|node| one_line(&node.text())).find(|line| {
        (3..=160).contains(&line.chars().count()) && line.chars().any(char::is_alphabetic)
    })
}

/// The people a byline names: each in an element of its own, or parted by commas.
fn in_byline(doc: &Document) -> Vec<String> {
    const NAMED: &[&str] = &["a", "span", "li", "strong", "b"];
    for place in places(doc).iter().take(4) {
        let inner = place.descendants_it().filter(|node| {
            NAMED.iter().any(|name| node.has_name(name)) && node.element_children().is_empty()
        });
        let inner: Vec<String> = inner.map(|node| one_line(&node.text())).collect();
        let alone: Vec<String> = split(&inner).into_iter().filter(|name| is_person(name)).collect();
        if !alone.is_empty() {
            return alone;
        }
        let line = one_line(&place.text());
        let named: Vec<String> =
            split(std::slice::from_ref(&line)).into_iter().filter(|name| is_person(name)).collect();
        if !named.is_empty() {
            return named;
        }
    }
    Vec::new()
}

/// Two to four words that begin with capitals, small words of names between them.
pub(crate) fn is_person(name: &str) -> bool {
    const SMALL: &[&str] = &[
        "de", "del", "della", "di", "da", "dos", "van", "von", "der", "den", "le", "la", "el",
        "al", "bin", "zu", "af", "y", "e",
    ];
    let words: Vec<&str> = name.split_whitespace().collect();
    let capital = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '.' | '\'' | '’'))
    };
    let capitals = words.iter().filter(|word| capital(word)).count();
    (2..=5).contains(&words.len())
        && (2..=4).contains(&capitals)
        && words.iter().all(|word| capital(word) || SMALL.contains(word))
        && name.chars().count() <= NAME_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &[&str], metas: &[(&str, &str)], body: &str, expected: &[&str]) {
        let doc = Document::from(format!("<body>{body}</body>"));
        let described = Described {
            authors: json.iter().map(|name| (*name).to_owned()).collect(),
            ..Described::default()
        };
        let metas = metas
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
            .collect();
        let sites = ["Herald".to_owned(), "herald".to_owned()];
        assert_eq!(authors(&doc, &described, &metas, &sites).names, expected, "{json:?} {body}");
    }

    #[test]
    fn people_come_before_the_site() {
        let body = "<article><p class='byline'>By Jorun Example</p></article>";
        check(&["Odd Sample"], &[], body, &["Odd Sample"]);
        check(&["Herald"], &[], body, &["Jorun Example"]);
        check(&["HERALD Redaktion"], &[], body, &["Jorun Example"]);
        check(&["Herald", "Odd Sample"], &[], body, &["Odd Sample"]);
        check(&["Herald"], &[("author", "Odd Sample")], body, &["Odd Sample"]);
        check(&["Herald"], &[], "", &["Herald"]);
        check(
            &[],
            &[("twitter:label1", "Written by"), ("twitter:data1", "Odd Sample")],
            "",
            &["Odd Sample"],
        );
        check(&[], &[("twitter:label1", "Reading time"), ("twitter:data1", "Odd Sample")], "", &[]);
    }

    #[test]
    fn a_byline_names_its_people_one_by_one() {
        check(
            &[],
            &[],
            "<article><div class='article-byline'><span>Jorun Example</span><span>Odd van der Sample</span></div></article>",
            &["Jorun Example", "Odd van der Sample"],
        );
        check(
            &[],
            &[],
            "<article><p class='byline'>Von Jorun Example und Odd Sample</p></article>",
            &["Jorun Example", "Odd Sample"],
        );
        check(&[], &[], "<article><p class='byline'>Updated 5 minutes ago</p></article>", &[]);
        check(&["기자 없음", "홍길동 기자"], &[], "", &["기자 없음", "홍길동"]);
    }
}
