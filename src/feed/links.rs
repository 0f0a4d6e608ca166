//! A page of html to the feeds it announces and to its links that look like an article's.
//!
//! One walk over the tags, no tree: whatever a page is made of, it costs its bytes once.

use std::collections::BTreeMap;

use url::Url;

use super::Entry;
use super::markup::plain;
use super::scan::{Scanner, Tag, Token, attributes};
use super::tidy::absolute;

mod score;

use score::score;

/// Links looked at on one page, and those kept of it: the fullest real front pages have some 800 and 150.
const LINKS_MAX: usize = 20_000;
const STORIES_MAX: usize = 200;

/// Feeds kept of one page.
const FEEDS_MAX: usize = 20;

/// Bytes of a link's text that are read, and of its address.
const TEXT_BYTES_MAX: usize = 2048;

/// Points from which a link is taken for an article's.
const POINTS_MIN: i32 = 3;

/// A link and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    url: Url,
    text: String,
    at: Standing,
}

/// Where on its page a link stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    heading: bool,
    article: bool,
    place: Place,
}

/// The part of the page, the likelier one for a story first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    #[default]
    Main,
    Aside,
    /// Navigation, or the head or foot of the page.
    Frame,
}

/// A feed that a page announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Absolute address.
    pub url: Url,
    /// What the page calls it; empty where it does not.
    pub title: String,
}

/// The links of a section page that look like articles', in page order: to its own host, with a headline's text or an
/// address that is spelt like a story's. Calendars, lists of tags, further pages of the list and the like are not.
#[must_use]
pub fn stories(html: &str, page: &Url) -> Vec<Entry> {
    let links = Walk::over(html, page).links;
    let mut order = Vec::new();
    let mut by_url: BTreeMap<Url, Link> = BTreeMap::new();
    for link in links {
        if let Some(known) = by_url.get_mut(&link.url) {
            known.join(&link);
        } else {
            order.push(link.url.clone());
            by_url.insert(link.url.clone(), link);
        }
    }
    order
        .into_iter()
        .filter_map(|url| by_url.remove(&url))
        .filter(|link| score(link, page).is_some_and(|points| points >= POINTS_MIN))
        .take(STORIES_MAX)
        .map(|link| Entry { url: Some(link.url.into()), title: link.text, ..Entry::default() })
        .collect()
}

/// The feeds that a page announces (`<link rel="alternate">`), then those it links to, each once; feeds of comments come last.
#[must_use]
pub fn announced(html: &str, page: &Url) -> Vec<Announced> {
    let walk = Walk::over(html, page);
    let is_feed = |link: &Link| {
        let path = link.url.path().trim_end_matches('/').to_ascii_lowercase();
        let last = path.rsplit('/').next().unwrap_or_default();
        matches!(last, "feed" | "rss" | "atom" | "feeds" | "feed.json" | "index.xml")
            || [".rss", ".atom", "rss.xml", "feed.xml", "atom.xml"]
                .iter()
                .any(|end| last.ends_with(end))
    };
    let linked = walk.links.into_iter().filter(is_feed);
    let linked = linked.map(|link| Announced { url: link.url, title: link.text });
    let mut feeds: Vec<Announced> = Vec::new();
    for feed in walk.feeds.into_iter().chain(linked) {
        if feeds.len() < FEEDS_MAX && feeds.iter().all(|known| known.url != feed.url) {
            feeds.push(feed);
        }
    }
    let comments = |feed: &Announced| feed.url.path().to_ascii_lowercase().contains("comment");
    feeds.sort_by_key(comments);
    feeds
}

impl Link {
    /// The same address once more: the better text, and the better place.
    fn join(&mut self, other: &Self) {
        if other.text.chars().count() > self.text.chars().count() {
            self.text.clone_from(&other.text);
        }
        let (one, two) = (self.at, other.at);
        self.at = Standing {
            heading: one.heading || two.heading,
            article: one.article || two.article,
            place: one.place.min(two.place),
        };
    }
}

/// A walk over a page.
struct Walk {
    base: Url,
    based: bool,
    links: Vec<Link>,
    feeds: Vec<Announced>,
    headings: usize,
    articles: usize,
    frames: usize,
    headers: usize,
    asides: usize,
    open: Option<(Url, String, Standing)>,
}

impl Walk {
    fn over(html: &str, page: &Url) -> Self {
        let mut walk = Self {
            base: page.clone(),
            based: false,
            links: Vec::new(),
            feeds: Vec::new(),
            headings: 0,
            articles: 0,
            frames: 0,
            headers: 0,
            asides: 0,
            open: None,
        };
        let html = without_scripts(html);
        for token in Scanner::new(&html) {
            match token {
                Token::Text(text) | Token::Literal(text) => walk.text(text),
                Token::Start(tag) => walk.start(tag),
                Token::End(name) => walk.end(&name.to_ascii_lowercase()),
            }
            if walk.links.len() >= LINKS_MAX {
                break;
            }
        }
        walk.close();
        walk
    }

    fn text(&mut self, text: &str) {
        if let Some((_, said, _)) = &mut self.open {
            let room = TEXT_BYTES_MAX.saturating_sub(said.len());
            said.push_str(&text[..text.floor_char_boundary(room.min(text.len()))]);
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let name = tag.name.to_ascii_lowercase();
        match name.as_str() {
            "a" => self.link(tag.rest),
            "base" if !self.based => {
                let href = attribute(tag.rest, "href");
                let base = href.and_then(|href| absolute(&href, &self.base).ok());
                self.based = base.is_some();
                self.base = base.unwrap_or_else(|| self.base.clone());
            }
            "link" => self.announce(tag.rest),
            // What was never closed above it is no part of it.
            "main" => (self.frames, self.headers, self.asides) = (0, 0, 0),
            "br" | "p" | "div" | "span" | "li" => self.text(" "),
            _ if tag.empty => {}
            name => {
                if let Some(depth) = self.depth(name) {
                    *depth += 1;
                }
            }
        }
        if self.headings > 0
            && let Some((_, _, at)) = &mut self.open
        {
            at.heading = true;
        }
    }

    fn end(&mut self, name: &str) {
        if name == "a" {
            self.close();
        } else if let Some(depth) = self.depth(name) {
            *depth = depth.saturating_sub(1);
        }
    }

    fn depth(&mut self, name: &str) -> Option<&mut usize> {
        match name {
            "h1" | "h2" | "h3" | "h4" => Some(&mut self.headings),
            "article" => Some(&mut self.articles),
            "nav" | "footer" => Some(&mut self.frames),
            "header" => Some(&mut self.headers),
            "aside" => Some(&mut self.asides),
            _ => None,
        }
    }

    fn link(&mut self, rest: &str) {
        self.close();
        let Some(href) = attribute(rest, "href").filter(|href| href.len() <= TEXT_BYTES_MAX) else {
            return;
        };
        let Ok(mut url) = absolute(&href, &self.base) else { return };
        url.set_fragment(None);
        let rel = attribute(rest, "rel").unwrap_or_default().to_ascii_lowercase();
        if rel.split_whitespace().any(|rel| matches!(rel, "next" | "prev" | "tag" | "author")) {
            return;
        }
        let place = match () {
            () if self.frames > 0 => Place::Frame,
            // An article has a head of its own, and in it the link to itself.
            () if self.headers > 0 && self.articles == 0 => Place::Frame,
            () if self.asides > 0 => Place::Aside,
            () => Place::Main,
        };
        let at = Standing { heading: self.headings > 0, article: self.articles > 0, place };
        self.open = Some((url, String::new(), at));
    }

    fn close(&mut self) {
        if let Some((url, text, at)) = self.open.take() {
            self.links.push(Link { url, text: plain(&text), at });
        }
    }

    fn announce(&mut self, rest: &str) {
        let said = |name| attribute(rest, name).unwrap_or_default().to_ascii_lowercase();
        let (rel, kind) = (said("rel"), said("type"));
        let is_feed = rel.split_whitespace().any(|rel| matches!(rel, "alternate" | "feed"))
            && ["rss", "atom", "feed+json"].iter().any(|form| kind.contains(form));
        let url = attribute(rest, "href").and_then(|href| absolute(&href, &self.base).ok());
        if let Some(url) = url.filter(|_| is_feed && self.feeds.len() < FEEDS_MAX) {
            let title = attribute(rest, "title").unwrap_or_default();
            self.feeds.push(Announced { url, title });
        }
    }
}

/// The value of an attribute, whatever its case; `None` where it is empty.
fn attribute(rest: &str, name: &str) -> Option<String> {
    let (_, value) =
        attributes(rest).into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(super::references::resolve(value).trim().to_owned()).filter(|value| !value.is_empty())
}

/// The page without what holds no links of its own, whatever stands in it: a `<` in a script is no tag.
fn without_scripts(html: &str) -> String {
    const HOLDERS: [(&str, &str); 6] = [
        ("<script", "</script"),
        ("<style", "</style"),
        ("<template", "</template"),
        ("<svg", "</svg"),
        ("<textarea", "</textarea"),
        ("<!--", "-->"),
    ];
    let lower = html.to_ascii_lowercase(); // the same bytes at the same places
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(skip) = lower[at..].find('<') {
        out.push_str(&html[at..at + skip]);
        at += skip;
        let Some((start, end)) = HOLDERS.iter().find(|(start, _)| lower[at..].starts_with(start))
        else {
            out.push('<');
            at += 1;
            continue;
        };
        let Some(length) = lower[at + start.len()..].find(end) else { return out };
        at += start.len() + length + end.len();
        if !end.starts_with("--") {
            let Some(length) = lower[at..].find('>') else { return out };
            at += length + 1;
        }
    }
    out.push_str(&html[at..]);
    out
}

#[cfg(test)]
mod tests;
