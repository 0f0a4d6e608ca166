//! Element names, as publishers write them, to the few names our reader knows.

use std::time::Duration;

/// What a document is, by its outermost element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Rss,
    Rdf,
    Atom,
    Urls,
    Index,
}

impl Root {
    /// The kind of document that an outermost element of this local name makes.
    pub(super) fn named(local: &str) -> Option<Self> {
        match local.to_ascii_lowercase().as_str() {
            "rss" => Some(Self::Rss),
            "rdf" => Some(Self::Rdf),
            "feed" => Some(Self::Atom),
            "urlset" => Some(Self::Urls),
            "sitemapindex" => Some(Self::Index),
            _ => None,
        }
    }

    /// Opening of the mended document.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::Rss | Self::Rdf => {
                "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
                 xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
            }
            Self::Atom => "<feed xmlns=\"http://www.w3.org/2005/Atom\"",
            Self::Urls => "<urlset",
            Self::Index => "<sitemapindex",
        }
    }

    /// End of the mended document.
    pub(super) fn closing(self) -> &'static str {
        match self {
            Self::Rss | Self::Rdf => "</channel></rss>",
            Self::Atom => "</feed>",
            Self::Urls => "</urlset>",
            Self::Index => "</sitemapindex>",
        }
    }
}

/// A namespace that matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Module {
    /// The document's own vocabulary.
    Core,
    Atom,
    Content,
    Dc,
    Terms,
    Syndication,
    News,
    Feedburner,
    /// None of ours: dropped with all it holds.
    Other,
}

impl Module {
    /// By namespace name. Scheme, letter case and a last `/` or `#` are not held against a publisher.
    pub(super) fn of_uri(uri: &str) -> Self {
        let uri = uri.trim().to_ascii_lowercase();
        let bare = uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest);
        match bare.trim_end_matches(['/', '#']) {
            "" | "purl.org/rss/1.0" | "my.netscape.com/rdf/simple/0.9" => Self::Core,
            rss if rss.starts_with("backend.userland.com/rss") => Self::Core,
            map if map.ends_with("schemas/sitemap/0.9")
                || map.ends_with("schemas/sitemap/0.84") =>
            {
                Self::Core
            }
            "www.w3.org/1999/02/22-rdf-syntax-ns" => Self::Core,
            "www.w3.org/2005/atom" | "purl.org/atom/ns" => Self::Atom,
            "purl.org/rss/1.0/modules/content" => Self::Content,
            "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" => Self::Dc,
            "purl.org/dc/terms" => Self::Terms,
            "purl.org/rss/1.0/modules/syndication" => Self::Syndication,
            news if news.contains("schemas/sitemap-news/") => Self::News,
            burner if burner.starts_with("rssnamespace.org/feedburner/") => Self::Feedburner,
            _ => Self::Other,
        }
    }

    /// What a prefix means that the document forgot to declare.
    pub(super) fn of_prefix(prefix: &str) -> Self {
        match prefix.to_ascii_lowercase().as_str() {
            "rdf" | "rss" => Self::Core,
            "atom" | "atom10" | "a10" => Self::Atom,
            "content" => Self::Content,
            "dc" => Self::Dc,
            "dcterms" | "dct" => Self::Terms,
            "sy" => Self::Syndication,
            "news" => Self::News,
            "feedburner" => Self::Feedburner,
            _ => Self::Other,
        }
    }
}

/// The element that holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The feed itself: the outermost element or RSS's channel.
    Feed,
    Entry,
    /// An author or contributor of Atom.
    Person,
    /// `news:news` of a sitemap, or its `publication`.
    News,
}

/// A fact that we keep beside the mended document, because its reader would lose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// `<ttl>`: minutes.
    Ttl,
    /// `<hour>` of `<skipHours>`.
    SkipHour,
    /// `<day>` of `<skipDays>`.
    SkipDay,
    Period,
    Frequency,
    Language,
    /// The page behind a redirector's link.
    OriginLink,
    /// An Atom link inside an RSS entry.
    AtomLink,
    /// An Atom link of the feed itself.
    FeedLink,
}

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Holds other elements; written under this name, or not at all.
    Holder(Option<&'static str>, Place),
    /// Holds text; written under this name.
    Leaf(&'static str),
    Fact(Fact),
    Drop,
}

/// What becomes of the element `module:local` in `place`.
pub(super) fn part(root: Root, place: Place, module: Module, local: &str) -> Part {
    match root {
        Root::Rss | Root::Rdf => rss(place, module, local),
        Root::Atom => {
            atom(place, if module == Module::Core { Module::Atom } else { module }, local)
        }
        Root::Urls | Root::Index => sitemap(place, module, local),
    }
}

fn rss(place: Place, module: Module, local: &str) -> Part {
    let entry = place == Place::Entry;
    match (module, local) {
        (Module::Core, "channel") => Part::Holder(None, Place::Feed),
        (Module::Core, "item") => Part::Holder(Some("item"), Place::Entry),
        (Module::Core, "title") => Part::Leaf("title"),
        (Module::Core | Module::Dc, "language") => Part::Fact(Fact::Language),
        (Module::Core, "ttl") if !entry => Part::Fact(Fact::Ttl),
        (Module::Core, "skipHours" | "skipDays") if !entry => Part::Holder(None, Place::Feed),
        (Module::Core, "hour") if !entry => Part::Fact(Fact::SkipHour),
        (Module::Core, "day") if !entry => Part::Fact(Fact::SkipDay),
        (Module::Syndication, "updatePeriod") if !entry => Part::Fact(Fact::Period),
        (Module::Atom, "link") if !entry => Part::Fact(Fact::FeedLink),
        (Module::Syndication, "updateFrequency") if !entry => Part::Fact(Fact::Frequency),
        _ if !entry => Part::Drop,
        (Module::Core, "link") => Part::Leaf("link"),
        (Module::Core, "description") => Part::Leaf("description"),
        (Module::Core, "author") => Part::Leaf("author"),
        (Module::Core, "category") | (Module::Dc, "subject") => Part::Leaf("category"),
        (Module::Core, "guid") => Part::Leaf("guid"),
        (Module::Core, "pubDate" | "pubdate" | "published" | "date")
        | (Module::Atom, "published")
        | (Module::Terms, "issued" | "created") => Part::Leaf("pubDate"),
        (Module::Core | Module::Atom, "updated") | (Module::Terms, "modified") => {
            Part::Leaf("updated")
        }
        (Module::Content, "encoded") => Part::Leaf("content:encoded"),
        (Module::Dc, "date") => Part::Leaf("dc:date"),
        (Module::Dc, "creator") => Part::Leaf("dc:creator"),
        (Module::Feedburner, "origLink") => Part::Fact(Fact::OriginLink),
        (Module::Atom, "link") => Part::Fact(Fact::AtomLink),
        _ => Part::Drop,
    }
}

fn atom(place: Place, module: Module, local: &str) -> Part {
    match (place, module, local) {
        (Place::Person, Module::Atom, "name") => Part::Leaf("name"),
        (Place::Person, Module::Atom, "email") => Part::Leaf("email"),
        (Place::Feed, Module::Atom, "title") => Part::Leaf("title"),
        (Place::Feed, Module::Atom, "link") => Part::Fact(Fact::FeedLink),
        (Place::Feed, Module::Atom, "entry") => Part::Holder(Some("entry"), Place::Entry),
        (Place::Feed, Module::Syndication, "updatePeriod") => Part::Fact(Fact::Period),
        (Place::Feed, Module::Syndication, "updateFrequency") => Part::Fact(Fact::Frequency),
        (Place::Entry, Module::Atom, _) => atom_entry(local),
        (Place::Entry, Module::Dc, "language") => Part::Fact(Fact::Language),
        (Place::Entry, Module::Feedburner, "origLink") => Part::Fact(Fact::OriginLink),
        _ => Part::Drop,
    }
}

/// Atom 1.0 (RFC 4287 §4.1.2), with the names of 0.3 and of RSS where publishers mix them up.
fn atom_entry(local: &str) -> Part {
    match local {
        "id" => Part::Leaf("id"),
        "title" => Part::Leaf("title"),
        "link" => Part::Leaf("link"),
        "summary" => Part::Leaf("summary"),
        "content" => Part::Leaf("content"),
        "category" => Part::Leaf("category"),
        "author" => Part::Holder(Some("author"), Place::Person),
        "published" | "issued" | "created" | "pubDate" => Part::Leaf("published"),
        "updated" | "modified" => Part::Leaf("updated"),
        // An entry inside an entry: the outer one was never closed.
        "entry" => Part::Holder(Some("entry"), Place::Entry),
        _ => Part::Drop,
    }
}

fn sitemap(place: Place, module: Module, local: &str) -> Part {
    match (place, module, local) {
        (_, Module::Core, "url") => Part::Holder(Some("url"), Place::Entry),
        (_, Module::Core, "sitemap") => Part::Holder(Some("sitemap"), Place::Entry),
        (Place::Entry, Module::Core, "loc") => Part::Leaf("loc"),
        (Place::Entry, Module::Core, "lastmod") => Part::Leaf("lastmod"),
        (Place::Entry, Module::News, "news") | (Place::News, Module::News, "publication") => {
            Part::Holder(None, Place::News)
        }
        (Place::News, Module::News, "title") => Part::Leaf("title"),
        (Place::News, Module::News, "language") => Part::Leaf("language"),
        (Place::News, Module::News, "publication_date") => Part::Leaf("published"),
        (Place::News, Module::News, "keywords") => Part::Leaf("keywords"),
        _ => Part::Drop,
    }
}

/// True for an element of HTML that has no end tag.
pub(super) fn is_void(name: &str) -> bool {
    const VOID: [&str; 14] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
        "source", "track", "wbr",
    ];
    VOID.iter().any(|void| void.eq_ignore_ascii_case(name))
}

/// True for an element of HTML that ends where the next of its kind begins.
pub(super) fn ends_itself(name: &str) -> bool {
    const ENDS: [&str; 8] = ["p", "li", "td", "tr", "dt", "dd", "th", "option"];
    ENDS.iter().any(|ends| ends.eq_ignore_ascii_case(name))
}

/// `sy:updatePeriod` of RSS 1.0's syndication module.
pub(super) fn period(text: &str) -> Option<Duration> {
    let hours = match text.to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    Some(Duration::from_hours(hours))
}

/// True for the type of an Atom content that is no text: base 64, or a document of its own (RFC 4287 §4.1.3).
pub(super) fn is_binary(kind: &str) -> bool {
    kind.contains('/') && !kind.starts_with("text/") && !kind.contains("html")
}
