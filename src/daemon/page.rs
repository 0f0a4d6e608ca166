//! What a server answered to the article that is stored of it, or to why there is none. The harvester and `copytaster fetch`
//! ask here, so that what is shown by hand is what the daemon does. Both have the parse in between done apart.

use url::Url;

use super::apart::{Credits, Parser, Unread};
use crate::config::{Source, SourceKind};
use crate::extract::{self, Extracted, Page};
use crate::feed::Entry;
use crate::fetch::{Got, Wanted};
use crate::model::{Article, OriginBasis, OriginClaim, PageKind};
use crate::text;

/// A page, read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// What stands there; `None` where it was not looked at.
    pub(crate) found: Option<Extracted>,
    /// What is stored, else why nothing is, in words.
    pub(crate) stored: Result<Box<Article>, String>,
}

impl Reading {
    /// What came of a page that its parser could not read.
    pub(crate) fn refused(why: &Unread) -> Self {
        Self { found: None, stored: Err(why.to_string()) }
    }
}

/// Reads an answer to `entry` of `source`: is it a page, of the story that was asked for, and does it carry one?
pub(crate) async fn read(
    got: &Got,
    entry: &Entry,
    source: &Source,
    parser: &Parser,
) -> Result<Reading, Unread> {
    let page = match opened(got) {
        Ok(page) => page,
        Err(reason) => return Ok(Reading { found: None, stored: Err(reason) }),
    };
    let found = parser.parse(page, Credits::Configured).await?;
    let stored = stored(&got.url, &found, entry, source);
    Ok(Reading { found: Some(found), stored })
}

/// What is wanted of an address that should be a page: the rest of a film is not taken to see that it is one.
pub(super) const WANTED: Wanted = Wanted {
    by_type: extract::not_a_page_by_type,
    by_bytes: extract::not_a_page,
    bytes: extract::HEAD_BYTES,
};

/// The page that was answered; else why it is none of the story that was asked for.
pub(super) fn opened(got: &Got) -> Result<Page, String> {
    let refused = extract::not_a_page(got.content_type.as_deref(), &got.body).or_else(|| {
        extract::leads_to_front(&got.asked, &got.url).then(|| {
            format!("the address leads to a front page in place of the story: {}", got.url)
        })
    });
    if let Some(reason) = refused {
        return Err(reason);
    }
    let html = text::decode(&got.body, got.charset.as_deref()).text;
    Ok(Page { url: Some(got.url.clone()), html })
}

/// The page at `url` as an article, the feed's word where the page has none.
pub(super) fn stored(
    url: &Url,
    found: &Extracted,
    entry: &Entry,
    source: &Source,
) -> Result<Box<Article>, String> {
    is_readable(found)?;
    let mut article = base(entry, source);
    let title = if found.title.is_empty() { &entry.title } else { &found.title };
    without_site(title, &source.name).clone_into(&mut article.title);
    article.text.clone_from(&found.text);
    article.kind = found.kind;
    let own = || extract::canonical(url).to_string();
    article.url = Some(found.canonical_url.clone().unwrap_or_else(own));
    article.published = found.published.or(article.published);
    article.updated = found.updated.or(article.updated);
    article.lang = found.lang.clone().or(article.lang);
    article.byline = found.byline.clone().or(article.byline);
    article.credit.clone_from(&found.credit);
    if article.origin.is_none() {
        article.origin.clone_from(&found.origin);
    }
    Ok(Box::new(article))
}

/// Why a page has no text that could be an article's; `Ok` where it has one.
pub(super) fn is_readable(found: &Extracted) -> Result<(), String> {
    let readable =
        matches!(found.kind, PageKind::Article | PageKind::LiveBlog | PageKind::PaywallStub);
    if readable && !found.text.is_empty() {
        return Ok(());
    }
    let note = found.notes.first().map_or(String::new(), |note| format!(" ({note})"));
    Err(format!("the page is no article but `{}`{note}", found.kind.as_str()))
}

/// A headline without the name of its site behind a dash or a bar.
pub(super) fn without_site<'a>(title: &'a str, site: &str) -> &'a str {
    let head = title.strip_suffix(site).map(str::trim_end);
    let cut =
        head.and_then(|head| head.strip_suffix(['-', '–', '—', '|', '·', ':'])).map(str::trim_end);
    cut.filter(|headline| !headline.is_empty()).unwrap_or(title)
}

/// What source and feed say of any article of theirs.
pub(super) fn base(entry: &Entry, source: &Source) -> Article {
    let own_item = OriginClaim {
        agency: source.name.clone(),
        basis: OriginBasis::OwnItem,
        evidence: String::new(),
    };
    Article {
        source: source.id.clone(),
        guid: entry.guid.clone(),
        published: entry.published,
        updated: entry.updated,
        lang: entry.lang.clone().or_else(|| source.lang.clone()).map(|lang| lang.to_lowercase()),
        byline: (!entry.authors.is_empty()).then(|| entry.authors.join(", ")),
        rights: source.rights().statement,
        origin: (source.kind == SourceKind::Agency).then_some(own_item),
        ..Article::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_loses_the_name_of_its_site_and_nothing_else() {
        for (title, expected) in [
            ("Ram fetches record price - Quill Packet", "Ram fetches record price"),
            ("Ram fetches record price | Quill Packet", "Ram fetches record price"),
            ("Mayor visits Quill Packet", "Mayor visits Quill Packet"),
            ("Quill Packet", "Quill Packet"),
        ] {
            assert_eq!(without_site(title, "Quill Packet"), expected);
        }
    }
}
