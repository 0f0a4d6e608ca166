//! Two addresses to whether one that named a story led to the front page of a site instead.

use url::Url;

use super::canonical;

/// Names of front pages, without their ending.
const HOMES: &[&str] = &[
    "index",
    "home",
    "homepage",
    "default",
    "main",
    "start",
    "startseite",
    "accueil",
    "inicio",
    "portada",
    "forside",
];

/// Endings that such a name may have.
const ENDINGS: &[&str] = &[".html", ".htm", ".php", ".aspx", ".asp", ".jsp", ".do"];

/// Query parameters that name a story where the path does not, with a number for their value.
const STORIES: &[&str] = &[
    "p",
    "id",
    "aid",
    "nid",
    "sid",
    "pid",
    "page_id",
    "article",
    "articleid",
    "article_id",
    "story",
    "storyid",
    "story_id",
    "post",
    "item",
    "itemid",
    "doc",
    "docid",
    "newsid",
    "news_id",
    "art",
    "artid",
    "content",
    "contentid",
];

/// True where `asked` named a story and `landed`, where its redirects ended, is a front page: the story is gone, and what
/// came is something else.
pub fn leads_to_front(asked: &Url, landed: &Url) -> bool {
    !is_front(asked) && is_front(landed)
}

/// The root, a home page by its usual names, or either of a language or edition (`/en/`, `/pt-br/index.html`).
fn is_front(url: &Url) -> bool {
    let url = canonical(url);
    let path = url.path().trim_matches('/').to_ascii_lowercase();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let home = match segments.as_slice() {
        [] => true,
        [one] => is_edition(one) || is_home(one),
        [edition, home] => is_edition(edition) && is_home(home),
        _ => false,
    };
    home && !url.query_pairs().any(|(name, value)| names_story(&name, &value))
}

fn is_home(segment: &str) -> bool {
    let name = ENDINGS.iter().find_map(|ending| segment.strip_suffix(ending)).unwrap_or(segment);
    HOMES.contains(&name)
}

/// "en", "pt-br", or `en_gb`.
fn is_edition(segment: &str) -> bool {
    let mut parts = segment.split(['-', '_']);
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_lowercase());
    parts.next().is_some_and(two) && parts.next().is_none_or(two) && parts.next().is_none()
}

fn names_story(name: &str, value: &str) -> bool {
    STORIES.contains(&name.to_ascii_lowercase().as_str())
        && value.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, landed: &str, expected: bool) {
        let at = |path: &str| Url::parse("https://herald.test/").unwrap().join(path).unwrap();
        assert_eq!(leads_to_front(&at(asked), &at(landed)), expected, "{asked} to {landed}");
    }

    #[test]
    fn a_story_that_leads_to_a_front_page_is_gone() {
        for front in [
            "/",
            "/?utm_source=404",
            "/?error=404",
            "/?redirected_from=%2Fworld%2Fharbour",
            "/#top",
            "/index.html",
            "/Index.php",
            "/home",
            "/en",
            "/en/",
            "/pt-BR/",
            "/de/startseite.html",
            "https://www.herald.test/",
            "https://other.test/",
        ] {
            check("/world/harbour", front, true);
            check("/?p=7", front, true);
        }
    }

    #[test]
    fn a_story_under_another_address_is_a_story() {
        for story in [
            "/harbour",
            "/world/",
            "/en/harbour",
            "/home/harbour",
            "/?p=7",
            "/index.php?id=7",
            "/en/?articleId=7",
            "/homepages",
            "/eng/",
        ] {
            check("/world/harbour", story, false);
        }
    }

    #[test]
    fn who_asks_for_a_front_page_gets_it() {
        check("/", "/en/", false);
        check("/home", "/", false);
    }
}
