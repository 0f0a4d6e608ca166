//! What was found of a page to the kind of page it is.

use dom_query::Document;
use url::Url;

use super::furniture::NotFound;
use super::instead::Instead;
use super::metadata::Metadata;
use super::phrases;
use super::prune::Makeup;
use super::render::one_line;
use crate::model::PageKind;

/// A story may be this short and still be all there is, in characters: alerts and briefs.
const BRIEF_CHARS_MIN: usize = 40;
/// A text behind a wall is at most this long, in characters; longer ones were let through whole.
const STUB_CHARS_MAX: usize = 1_500;
/// Prose that makes a story of a page full of links, in characters.
const BRIEF_PROSE_CHARS: usize = 250;
/// Headline links of an index.
const INDEX_LINKS_MIN: usize = 15;
/// Dated entries of a live blog that does not call itself one.
const LIVE_ENTRIES_MIN: usize = 6;

/// What was found.
pub(crate) struct Found<'a> {
    pub(crate) url: Option<&'a Url>,
    pub(crate) meta: &'a Metadata,
    pub(crate) made: Makeup,
    pub(crate) missing: Option<NotFound>,
    /// What stands in place of the story.
    pub(crate) instead: Option<Instead>,
    /// A line that stands at a wall was in the page.
    pub(crate) walled: bool,
    /// Entries with a time of their own.
    pub(crate) entries: usize,
    pub(crate) lines: &'a [String],
}

/// The kind of the page. Rules in order; the first that holds decides.
pub(crate) fn kind(found: &Found<'_>) -> PageKind {
    let chars: usize = found.lines.iter().map(|line| line.chars().count()).sum();
    if is_soft_not_found(found, chars) {
        PageKind::SoftNotFound
    } else if found.meta.says_live || is_live(found) {
        PageKind::LiveBlog
    } else if is_index(found, chars) {
        PageKind::Index
    } else if found.instead.is_some() {
        PageKind::Other
    } else if chars < STUB_CHARS_MAX
        && (found.walled || (found.meta.says_paid && chars < STUB_CHARS_MAX / 2))
    {
        PageKind::PaywallStub
    } else if chars < BRIEF_CHARS_MIN && !found.meta.says_article {
        PageKind::Other
    } else {
        PageKind::Article
    }
}

fn is_soft_not_found(found: &Found<'_>, chars: usize) -> bool {
    let titled = found.meta.titles.iter().any(|title| phrases::says_not_found(title));
    match found.missing {
        Some(NotFound::Instead) => true,
        Some(NotFound::Stray) => false,
        None => titled && (chars < 600 || !found.meta.says_article),
    }
}

fn is_live(found: &Found<'_>) -> bool {
    const WORDS: &[&str] = &[
        "live blog",
        "liveblog",
        "live-blog",
        "live updates",
        "live-updates",
        "liveticker",
        "live-ticker",
        "as it happened",
        "as-it-happened",
    ];
    let title = found.meta.title.to_lowercase();
    let path = found.url.map(|url| url.path().to_lowercase()).unwrap_or_default();
    let named = WORDS.iter().any(|word| title.contains(word) || path.contains(word))
        || path.contains("/live/");
    named && found.entries >= LIVE_ENTRIES_MIN
}

fn is_index(found: &Found<'_>, chars: usize) -> bool {
    if found.meta.says_article {
        return false;
    }
    let links = found.made.headline_links;
    if found.instead.is_some() {
        // What was found is a notice and no prose: among that many headlines it stands beside them.
        return links >= INDEX_LINKS_MIN;
    }
    let front = found
        .url
        .is_some_and(|url| url.path().trim_matches('/').is_empty() && url.query().is_none());
    let prose = found.lines.iter().filter(|line| line.chars().count() >= 100);
    let (paragraphs, prose_chars) =
        prose.fold((0, 0), |(count, sum), line| (count + 1, sum + line.chars().count()));
    // A brief among many links: a few whole paragraphs. An index gives many teasers or none.
    let brief = !front && prose_chars >= BRIEF_PROSE_CHARS && paragraphs * 3 <= links;
    if brief {
        return false;
    }
    (front && links >= INDEX_LINKS_MIN / 3)
        || (links >= INDEX_LINKS_MIN && found.made.prose_chars < links * 40 && chars < links * 120)
}

/// Lines of the page that stand at a wall.
pub(crate) fn is_walled(doc: &Document) -> bool {
    const PLACES: &str = "[class*='paywall'], [id*='paywall'], [class*='piano'], [class*='subscribe'], [class*='subscription'], \
        [class*='abo'], [class*='premium'], [class*='regwall'], article p, main p, h2, h3";
    doc.select(PLACES).iter().take(2_000).any(|place| phrases::says_wall(&one_line(&place.text())))
}

/// Elements that date an entry of their own.
pub(crate) fn entries(doc: &Document) -> usize {
    doc.select("article time, main time, [class*='live'] time, [itemprop='liveBlogUpdate']")
        .length()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the press, \
        and two ships had to wait outside.";

    fn check(url: &str, links: usize, lines: &[&str], meta: &Metadata, expected: PageKind) {
        let url = Url::parse(url).unwrap();
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let found = Found {
            url: Some(&url),
            meta,
            made: Makeup { prose_chars: 300, headline_links: links },
            missing: None,
            instead: None,
            walled: false,
            entries: 0,
            lines: &lines,
        };
        assert_eq!(kind(&found), expected, "{url} {lines:?}");
    }

    #[test]
    fn an_index_is_told_from_a_brief_among_links() {
        let plain = Metadata::default();
        let teasers = vec!["A short teaser of a story."; 20];
        check("https://herald.test/world/", 40, &teasers, &plain, PageKind::Index);
        check("https://herald.test/", 40, &[PROSE, PROSE], &plain, PageKind::Index);
        check("https://herald.test/world/a.html", 40, &[PROSE, PROSE], &plain, PageKind::Article);
        check("https://herald.test/world/a.html", 3, &[PROSE], &plain, PageKind::Article);
        let says = Metadata { says_article: true, ..Metadata::default() };
        check("https://herald.test/world/", 40, &teasers, &says, PageKind::Article);
        check("https://herald.test/a", 3, &["Too little."], &plain, PageKind::Other);
    }

    #[test]
    fn missing_pages_and_walls_decide_before_length() {
        let gone = Metadata { titles: vec!["Page not found".to_owned()], ..Metadata::default() };
        check("https://herald.test/a", 3, &["Nothing here."], &gone, PageKind::SoftNotFound);
        let paid = Metadata { says_paid: true, says_article: true, ..Metadata::default() };
        check("https://herald.test/a", 3, &[PROSE], &paid, PageKind::PaywallStub);
        check("https://herald.test/a", 3, &[PROSE; 12], &paid, PageKind::Article);
        let live = Metadata { says_live: true, ..Metadata::default() };
        check("https://herald.test/a", 3, &[PROSE; 12], &live, PageKind::LiveBlog);
    }
}
