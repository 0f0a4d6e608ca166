//! XML of a feed as publishers send it to well-formed XML in a small vocabulary, and the facts its reader would lose.
//!
//! Stray `&` and `<`, HTML entities, forbidden characters, raw HTML in texts, undeclared or odd namespaces, end tags
//! that are missing or wrong, and a document that breaks off: all are mended, and the greater mends are noted.

use std::collections::BTreeMap;

use url::Url;

use super::about::{About, value};
use super::pace::Pace;
use super::references::{attribute_into, escape_into, is_allowed, resolve};
use super::scan::{Scanner, Tag, Token, attributes};
use super::vocabulary::{Fact, Module, Part, Place, Root, ends_itself, is_binary, is_void, part};
use super::{FeedError, Limits, guess};

/// A mended document.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) xml: String,
    pub(super) root: Root,
    pub(super) lang: Option<String>,
    /// Where older entries stand, by its own word.
    pub(super) next: Option<String>,
    pub(super) pace: Pace,
    /// One for each entry of `xml`, in its order.
    pub(super) entries: Vec<EntryFacts>,
    pub(super) notes: Vec<String>,
}

/// What the reader of the mended document would not tell of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EntryFacts {
    pub(super) lang: Option<String>,
    pub(super) origin_link: Option<String>,
    about: Option<String>,
    atom_link: Option<String>,
    permalink: Option<String>,
    has_guid: bool,
    has_link: bool,
}

/// An element that is open.
struct Frame<'a> {
    source_name: &'a str,
    /// Where it begins in the output.
    start: usize,
    /// Where its content begins in the output.
    content: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Root,
    Holder(Option<&'static str>, Place),
    Leaf {
        name: &'static str,
        raw: bool,
    },
    Fact(Fact),
    /// Markup inside a text.
    Markup,
    Dropped,
}

/// Mends `text`. Linear in its length times the depth limit.
pub(super) fn mend(text: &str, limits: &Limits) -> Result<Mended, FeedError> {
    let clean: String;
    let text = if text.chars().all(is_allowed) {
        text
    } else {
        clean = text.chars().filter(|&c| is_allowed(c)).collect();
        &clean
    };
    let mut scanner = Scanner::new(text);
    let root = find_root(&mut scanner, text)?;
    let mut mender = Mender::new(root, limits);
    mender.open_root(root.1);
    for token in scanner.by_ref() {
        mender.take(token)?;
        if mender.stack.is_empty() {
            break;
        }
    }
    mender.finish(text, &scanner)
}

/// Goes to the outermost element.
fn find_root<'a>(scanner: &mut Scanner<'a>, text: &str) -> Result<(Root, Tag<'a>), FeedError> {
    for token in scanner.by_ref() {
        let Token::Start(tag) = token else { continue };
        let local = tag.name.rsplit_once(':').map_or(tag.name, |(_, local)| local);
        return Root::named(local)
            .map(|root| (root, tag))
            .ok_or_else(|| FeedError::NotAFeed { looks_like: guess::markup(tag.name, text) });
    }
    Err(FeedError::NotAFeed { looks_like: guess::no_markup(text) })
}

struct Mender<'a> {
    root: Root,
    limits: &'a Limits,
    out: String,
    stack: Vec<Frame<'a>>,
    prefixes: BTreeMap<&'a str, Module>,
    entry: EntryFacts,
    entries: Vec<EntryFacts>,
    about: About,
    tags_wrong: usize,
    entries_over: usize,
}

impl<'a> Mender<'a> {
    fn new((root, tag): (Root, Tag<'a>), limits: &'a Limits) -> Self {
        let out = String::from(root.opening());
        let frame = Frame { source_name: tag.name, start: 0, content: 0, kind: Kind::Root };
        Self {
            root,
            limits,
            out,
            stack: vec![frame],
            prefixes: BTreeMap::new(),
            entry: EntryFacts::default(),
            entries: Vec::new(),
            about: About::default(),
            tags_wrong: 0,
            entries_over: 0,
        }
    }

    fn open_root(&mut self, tag: Tag<'a>) {
        let given = attributes(tag.rest);
        self.declare(&given);
        self.about.root(&given);
        self.base_into(&given);
        self.out.push('>');
        if matches!(self.root, Root::Rss | Root::Rdf) {
            self.out.push_str("<channel>");
        }
    }

    fn take(&mut self, token: Token<'a>) -> Result<(), FeedError> {
        match token {
            Token::Text(text) => self.text(text, false),
            Token::Literal(text) => self.text(text, true),
            Token::Start(tag) => return self.start(tag),
            Token::End(name) => self.end(name),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, literal: bool) {
        let raw = match self.stack.last().map(|frame| frame.kind) {
            Some(Kind::Leaf { raw, .. }) => raw,
            Some(Kind::Fact(_)) => false,
            Some(Kind::Markup) => true,
            _ => return,
        };
        if literal || raw {
            escape_into(&mut self.out, text);
        } else {
            escape_into(&mut self.out, &resolve(text));
        }
    }

    fn start(&mut self, tag: Tag<'a>) -> Result<(), FeedError> {
        let sibling = |frame: &Frame<'_>| {
            frame.kind == Kind::Markup && frame.source_name == tag.name && ends_itself(tag.name)
        };
        if self.stack.last().is_some_and(sibling) {
            self.stack.pop();
        }
        if self.stack.len() >= self.limits.depth_max {
            return Err(FeedError::TooDeep { depth_max: self.limits.depth_max });
        }
        let top = self.stack.last().map_or(Kind::Root, |frame| frame.kind);
        let place = match top {
            Kind::Root => Place::Feed,
            Kind::Holder(_, place) => place,
            Kind::Leaf { .. } | Kind::Fact(_) | Kind::Markup if self.is_new_entry(tag.name) => {
                // A text cannot hold an entry: its own end tag is missing.
                self.close_entry();
                Place::Feed
            }
            Kind::Leaf { .. } | Kind::Fact(_) | Kind::Markup => {
                escape_into(&mut self.out, tag.source);
                if !tag.empty && !is_void(tag.name) {
                    self.push(tag, self.out.len(), Kind::Markup);
                }
                return Ok(());
            }
            Kind::Dropped => {
                if !tag.empty {
                    self.push(tag, self.out.len(), Kind::Dropped);
                }
                return Ok(());
            }
        };
        self.structure(tag, place);
        Ok(())
    }

    fn push(&mut self, tag: Tag<'a>, start: usize, kind: Kind) {
        self.stack.push(Frame { source_name: tag.name, start, content: self.out.len(), kind });
    }

    /// True where `name` opens an entry although one is open.
    fn is_new_entry(&self, name: &str) -> bool {
        self.entry_frame().is_some_and(|at| self.stack[at].source_name == name)
    }

    fn entry_frame(&self) -> Option<usize> {
        self.stack.iter().position(|frame| matches!(frame.kind, Kind::Holder(_, Place::Entry)))
    }

    fn close_entry(&mut self) {
        if let Some(at) = self.entry_frame() {
            self.tags_wrong += self.stack.len() - at;
            while self.stack.len() > at {
                self.close_top();
            }
        }
    }

    /// An element of the feed's own structure.
    fn structure(&mut self, tag: Tag<'a>, place: Place) {
        let given = attributes(tag.rest);
        self.declare(&given);
        let (module, local) = self.module(tag.name, &given);
        let mut what = part(self.root, place, module, local);
        if let Part::Holder(_, Place::Entry) = what {
            self.close_entry();
            if self.entries.len() >= self.limits.entries_max {
                self.entries_over += 1;
                what = Part::Drop;
            } else {
                let lang = value(&given, "xml:lang");
                self.entry =
                    EntryFacts { lang, about: value(&given, "rdf:about"), ..Default::default() };
            }
        }
        let start = self.out.len();
        let kind = match what {
            Part::Holder(name, place) => {
                if let Some(name) = name {
                    self.open(name, &given);
                }
                Kind::Holder(name, place)
            }
            Part::Leaf("content") if value(&given, "type").is_some_and(|kind| is_binary(&kind)) => {
                Kind::Dropped
            }
            Part::Leaf(name) => {
                let raw = self.open(name, &given);
                Kind::Leaf { name, raw }
            }
            Part::Fact(Fact::AtomLink) => {
                if value(&given, "rel").is_none_or(|rel| rel == "alternate") {
                    self.entry.atom_link = value(&given, "href");
                }
                Kind::Dropped
            }
            Part::Fact(Fact::FeedLink) => {
                self.about.link(&given);
                Kind::Dropped
            }
            Part::Fact(fact) => Kind::Fact(fact),
            Part::Drop => Kind::Dropped,
        };
        self.push(tag, start, kind);
        if tag.empty {
            self.close_top();
        }
    }

    /// Writes the start tag `name`. True where its text is markup already (Atom's `xhtml`).
    fn open(&mut self, name: &'static str, given: &[(&str, &str)]) -> bool {
        self.out.push('<');
        self.out.push_str(name);
        self.base_into(given);
        let mut raw = false;
        for &(key, value) in given {
            match key {
                "type" if matches!(name, "title" | "summary" | "content") => {
                    let kind = if matches!(value, "text" | "text/plain") { "text" } else { "html" };
                    raw = value.contains("xhtml");
                    attribute_into(&mut self.out, "type", kind);
                }
                "href" | "rel" | "type" | "term" | "label" => {
                    let value = resolve(value);
                    attribute_into(&mut self.out, key, value.trim());
                }
                "isPermaLink" if value.eq_ignore_ascii_case("false") => {
                    // Only said here: a guid that is no link must not become one.
                    attribute_into(&mut self.out, key, "false");
                }
                _ => {}
            }
        }
        self.out.push('>');
        raw
    }

    /// Writes `xml:base` where it is one; a bad one would cost the whole feed.
    fn base_into(&mut self, given: &[(&str, &str)]) {
        if let Some(base) = value(given, "xml:base")
            && matches!(Url::parse(&base), Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase))
        {
            attribute_into(&mut self.out, "xml:base", &base);
        }
    }

    fn declare(&mut self, given: &[(&'a str, &'a str)]) {
        for (key, uri) in given {
            if let Some(prefix) = key.strip_prefix("xmlns:") {
                self.prefixes.insert(prefix, Module::of_uri(uri));
            }
        }
    }

    fn module<'t>(&self, name: &'t str, given: &[(&str, &str)]) -> (Module, &'t str) {
        if let Some((prefix, local)) = name.split_once(':') {
            let known = self.prefixes.get(prefix).copied();
            return (known.unwrap_or_else(|| Module::of_prefix(prefix)), local);
        }
        let own = given.iter().find(|(key, _)| *key == "xmlns");
        (own.map_or(Module::Core, |(_, uri)| Module::of_uri(uri)), name)
    }

    fn end(&mut self, name: &str) {
        let open = self.stack.iter().rposition(|frame| frame.source_name == name);
        let Some(open) = open else {
            if !is_void(name) {
                self.tags_wrong += 1;
            }
            return;
        };
        while self.stack.len() > open + 1 {
            if self.stack.last().is_none_or(|frame| frame.kind != Kind::Markup) {
                self.tags_wrong += 1;
            }
            self.close_top();
        }
        if self.stack[open].kind == Kind::Markup {
            escape_into(&mut self.out, "</");
            escape_into(&mut self.out, name);
            escape_into(&mut self.out, ">");
        }
        self.close_top();
    }

    fn close_top(&mut self) {
        let Some(frame) = self.stack.pop() else { return };
        match frame.kind {
            Kind::Markup | Kind::Dropped | Kind::Holder(None, _) => {}
            Kind::Root => self.out.push_str(self.root.closing()),
            Kind::Fact(fact) => {
                let text = resolve(&self.out[frame.content..]).trim().to_owned();
                self.out.truncate(frame.start);
                self.learn(fact, text);
            }
            Kind::Leaf { name, .. } => self.close_leaf(&frame, name),
            Kind::Holder(Some(name), place) => {
                if place == Place::Entry {
                    self.complete_entry();
                }
                self.close_tag(name);
            }
        }
    }

    fn close_tag(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn close_leaf(&mut self, frame: &Frame<'_>, name: &'static str) {
        let text = self.out[frame.content..].trim();
        let in_attributes = self.root == Root::Atom && matches!(name, "link" | "category");
        if text.is_empty() && !in_attributes {
            self.out.truncate(frame.start);
            return;
        }
        match name {
            "link" => self.entry.has_link = true,
            "guid" => {
                self.entry.has_guid = true;
                let said_no = self.out[frame.start..frame.content].contains("isPermaLink");
                self.entry.permalink = (!said_no).then(|| resolve(text));
            }
            _ => {}
        }
        self.close_tag(name);
    }

    /// Gives an entry of RSS the link and guid that it has under other names.
    fn complete_entry(&mut self) {
        let facts = std::mem::take(&mut self.entry);
        if matches!(self.root, Root::Rss | Root::Rdf) {
            let link = [&facts.atom_link, &facts.permalink, &facts.about];
            let link = link.into_iter().flatten().find(|link| link.contains("://"));
            if let Some(link) = link.filter(|_| !facts.has_link) {
                self.element_into("link", link);
            }
            if let Some(about) = facts.about.as_ref().filter(|_| !facts.has_guid) {
                self.element_into("guid", about);
            }
        }
        self.entries.push(facts);
    }

    fn element_into(&mut self, name: &str, text: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        escape_into(&mut self.out, text);
        self.close_tag(name);
    }

    fn learn(&mut self, fact: Fact, text: String) {
        if text.is_empty() || self.about.pace.learn(fact, &text) {
            return;
        }
        let in_entry = self.entry_frame().is_some();
        match fact {
            Fact::Language if in_entry => self.entry.lang = Some(text),
            Fact::OriginLink => self.entry.origin_link = Some(text),
            fact => self.about.learn(fact, text),
        }
    }

    fn finish(mut self, text: &str, scanner: &Scanner<'_>) -> Result<Mended, FeedError> {
        let mut notes = Vec::new();
        if !self.stack.is_empty() {
            let place = line(text, scanner.broken_at().unwrap_or(scanner.at()));
            if let Some(at) = self.entry_frame() {
                if self.entries.is_empty() {
                    return Err(FeedError::Malformed {
                        place: format!("line {place}"),
                        what: "it breaks off before its first entry is complete".to_owned(),
                    });
                }
                self.out.truncate(self.stack[at].start);
                self.stack.truncate(at);
                notes.push(format!(
                    "breaks off at line {place}: the first {} entries are complete and were kept",
                    self.entries.len()
                ));
            } else {
                notes.push(format!("breaks off at line {place}, behind its last entry"));
            }
            while !self.stack.is_empty() {
                self.close_top();
            }
        }
        if self.tags_wrong > 0 {
            notes.push(format!("{} tags were never closed or never opened", self.tags_wrong));
        }
        if self.entries_over > 0 {
            notes.push(format!(
                "{} entries beyond the first {} were left out",
                self.entries_over, self.limits.entries_max
            ));
        }
        Ok(Mended {
            xml: self.out,
            root: self.root,
            pace: self.about.pace,
            lang: self.about.lang,
            next: self.about.next,
            entries: self.entries,
            notes,
        })
    }
}

/// Line of a place in the text, from 1.
fn line(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count() + 1
}
