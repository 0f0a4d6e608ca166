//! A page of html to the story it carries: title, text, byline, times, language, whose copy it is, and what kind of page.
//!
//! ```text
//! html ─ guard ─► DOM ─ metadata ─ prune ─► engines ─ render ─ furniture ─► paragraphs ─ kind, credit ─► Extracted
//! ```

mod amp;
mod around;
mod authors;
mod believed;
mod body;
mod boxes;
mod canonical;
mod consent;
mod dates;
mod front;
mod furniture;
mod guard;
mod instead;
mod jsonld;
mod kind;
mod lines;
mod links;
mod loose;
mod marked;
mod media;
mod metadata;
mod phrases;
mod prune;
mod render;
mod reserved;
mod signed;
mod state;
mod times;
mod titles;

use dom_query::Document;
use url::Url;

pub use canonical::canonical;
pub use front::leads_to_front;
pub use lines::Lines;
pub use media::{HEAD_BYTES, not_a_page, not_a_page_by_type};

use crate::model::{OriginBasis, OriginClaim, PageKind, Timestamp};
use crate::wire::{self, Agency, Marks};
use furniture::{Cut, Known, NotFound};
use guard::Measured;
use metadata::Metadata;

/// Number of the extraction rules, decoding among them. It rises when the same bytes may give another title or text, so that one that
/// differs only because of us is no news; `tests/it/read_by.rs` tells when.
pub const EXTRACTOR: u16 = 5;

/// Longest page that is parsed, in bytes of html; a longer one is refused unread.
pub const PAGE_BYTES_MAX: usize = guard::BYTES_MAX;

/// Stack of the thread that parses, in bytes: some engines recurse with the depth of the page, which the guard bounds.
const STACK_BYTES: usize = 16 << 20;

/// A page as fetched and decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The address it was found at.
    pub url: Option<Url>,
    /// Its html.
    pub html: String,
}

/// What a page carries. Empty or `None` where the page does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// The headline, without the site's name.
    pub title: String,
    /// The story's paragraphs, separated by `\n`.
    pub text: String,
    /// The byline as found.
    pub byline: Option<String>,
    /// The names of the authors, agencies among them.
    pub authors: Vec<String>,
    /// The dateline: "ALEPPO, Syria (AFP)".
    pub dateline: Option<String>,
    /// Whom the text credits: the agencies' names ("AP, Reuters"), or a line such as "with agencies". A quote is no credit.
    pub credit: Option<String>,
    /// Whose copy the page says its text is.
    pub origin: Option<OriginClaim>,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// The zone that `published` was written in, as minutes east of UTC. `None` where the page gives none.
    pub published_zone: Option<i32>,
    /// The part of the site it stands in: "World".
    pub section: Option<String>,
    /// When it was last changed, never before `published`.
    pub updated: Option<Timestamp>,
    /// The zone that `updated` was written in.
    pub updated_zone: Option<i32>,
    /// BCP 47 language, lower case.
    pub lang: Option<String>,
    /// The canonical address, where it is believable; else the page's own, made canonical.
    pub canonical_url: Option<String>,
    /// What kind of page it is.
    pub kind: PageKind,
    /// Headline links to the same site, in page order: of an index only.
    pub links: Vec<String>,
    /// Every line of the page, by its hash.
    pub lines: Lines,
    /// Names and contents of the `meta` elements in which it says what may be done with it.
    pub reserves: Vec<(String, String)>,
    /// What was mended, cut or refused, in words.
    pub notes: Vec<String>,
}

/// Extracts the story of a page.
///
/// Never panics. A page that breaks a bound of the guard is not parsed: its kind is [`PageKind::Other`] and a note names
/// the bound. The engines are slower than linear; the guard keeps them within seconds, and who needs a hard limit in time
/// runs this in a process that can be killed.
#[must_use]
pub fn article(page: &Page) -> Extracted {
    article_with(page, &[])
}

/// The same where further agencies are known. They are asked first.
#[must_use]
pub fn article_with(page: &Page, agencies: &[Agency]) -> Extracted {
    match guard::measure(&page.html) {
        Ok(measured) => on_a_thread(page, measured, agencies),
        Err(broken) => unread(page, broken.to_string()),
    }
}

/// The same for a page that was not scanned, whatever bound it breaks. It may take for ever, and end the process: for one that may be
/// killed.
#[must_use]
pub fn article_unscanned(page: &Page, agencies: &[Agency]) -> Extracted {
    on_a_thread(page, Measured::default(), agencies)
}

fn on_a_thread(page: &Page, measured: Measured, agencies: &[Agency]) -> Extracted {
    // A thread of its own: for its stack, and because a panic of an engine ends there.
    std::thread::scope(|scope| {
        let parse = std::thread::Builder::new()
            .name("extract".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || parse(page, measured, agencies));
        match parse.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => unread(page, "not read: the html engine gave up".to_owned()),
            Err(fault) => unread(page, format!("not read: no thread to parse in ({fault})")),
        }
    })
}

fn unread(page: &Page, note: String) -> Extracted {
    Extracted {
        canonical_url: page.url.as_ref().map(|url| canonical(url).to_string()),
        kind: PageKind::Other,
        notes: vec![note],
        ..Extracted::default()
    }
}

fn parse(page: &Page, measured: Measured, agencies: &[Agency]) -> Extracted {
    let doc = Document::from(page.html.as_str());
    let url = page.url.as_ref();
    let meta = metadata::read(&doc, url);
    let reserves = reserved::metas(&doc);
    let walled = kind::is_walled(&doc);
    let entries = kind::entries(&doc);
    let links = links::headlines(&doc, url);
    let boxes = boxes::lines(&doc);
    let page_lines = Lines::of(&doc);
    let made = prune::prune(&doc);
    loose::wrap(&doc);
    let bodies = body::named(&doc, &meta);
    let blocks = body::blocks(&doc, &page.html, measured, &meta, made);
    let known = Known {
        titles: &meta.titles,
        authors: &meta.authors,
        byline: meta.byline.as_deref(),
        bodies: &bodies,
        agencies,
    };
    let weighed = instead::Weighed::of(&blocks);
    let cut = furniture::cut(blocks, &known);
    let seen = instead::Seen { url, html: &page.html, titles: &meta.titles, text: weighed };
    let instead = instead::instead(&seen);
    let lines: Vec<String> = cut.kept.iter().map(|block| block.text.clone()).collect();
    let kind = kind::kind(&kind::Found {
        url,
        meta: &meta,
        made,
        missing: cut.not_found,
        instead,
        walled,
        entries,
        lines: &lines,
    });
    let instead = instead.filter(|_| kind == PageKind::Other);
    let mut notes: Vec<String> =
        instead.map(|instead| instead.note().to_owned()).into_iter().collect();
    if cut.not_found == Some(NotFound::Stray) {
        notes.push("cut a \"page not found\" block below the story".to_owned());
    }
    let mut found = credited(&meta, &lines, &cut, &boxes, agencies);
    let home = url.and_then(Url::host_str).and_then(|host| home(host, agencies));
    found.origin = home.map(own_item).or(found.origin);
    let none = kind == PageKind::SoftNotFound || instead.is_some();
    found.text = if none { String::new() } else { lines.join("\n") };
    if found.text.is_empty() && !none && kind != PageKind::Index {
        notes.push("no text found".to_owned());
    }
    Extracted {
        title: meta.title,
        byline: meta.byline,
        authors: meta.authors,
        published: meta.published.map(|said| said.at),
        published_zone: meta.published.and_then(|said| said.zone),
        updated: meta.updated.map(|said| said.at),
        updated_zone: meta.updated.and_then(|said| said.zone),
        section: meta.section,
        lang: meta.lang,
        canonical_url: meta.canonical_url,
        kind,
        links: if kind == PageKind::Index { links } else { Vec::new() },
        lines: page_lines,
        reserves,
        notes,
        ..found
    }
}

/// Origin, credit and dateline. The lines cut from both ends are asked too: "© AFP" is no story, but it is a credit.
fn credited(
    meta: &Metadata,
    lines: &[String],
    cut: &Cut,
    boxes: &[String],
    agencies: &[Agency],
) -> Extracted {
    let alone = cut.top.iter().find(|line| wire::is_agency_alone(line, agencies));
    let byline = alone.or(meta.byline.as_ref()).map(String::as_str);
    let dated = cut.top.iter().filter(|line| wire::dateline(&[line.as_str()], agencies).is_some());
    let paragraphs: Vec<&str> = dated.chain(lines).chain(&cut.tail).map(String::as_str).collect();
    let authors: Vec<&str> = meta.raw_authors.iter().map(String::as_str).collect();
    let boxes: Vec<&str> = boxes.iter().map(String::as_str).collect();
    let marks = Marks {
        title: &meta.title,
        paragraphs: &paragraphs,
        byline,
        authors: &authors,
        boxes: &boxes,
    };
    let origin = wire::credit_with(agencies, &marks);
    let credit = origin
        .as_ref()
        .filter(|claim| claim.basis != OriginBasis::Quote)
        .map(OriginClaim::credit)
        .or_else(|| wire::shared_credit(&paragraphs, byline))
        .or_else(|| cut.top.iter().find_map(|line| wire::shared_credit(&[line.as_str()], None)));
    Extracted {
        dateline: wire::dateline(&paragraphs, agencies),
        credit,
        origin,
        ..Extracted::default()
    }
}

/// The agency whose own site the page is on.
fn home<'a>(host: &str, agencies: &'a [Agency]) -> Option<&'a Agency> {
    agencies.iter().find(|agency| agency.owns_host(host)).or_else(|| wire::agency_of_host(host))
}

fn own_item(agency: &Agency) -> OriginClaim {
    OriginClaim {
        agency: agency.name.clone(),
        basis: OriginBasis::OwnItem,
        evidence: String::new(),
    }
}

#[cfg(test)]
mod tests;
