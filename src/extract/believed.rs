//! What a page says its address is, to whether that is believed. One template with a wrong line would make one article of all
//! of a site's stories; a page that is not believed keeps the address it was found at.

use url::Url;

use super::canonical;

/// Segments of pages that tell why there is no story.
const DEAD_ENDS: &[&str] = &[
    "404",
    "410",
    "500",
    "error",
    "errors",
    "not-found",
    "notfound",
    "page-not-found",
    "login",
    "signin",
    "sign-in",
    "anmelden",
    "connexion",
    "subscribe",
    "subscription",
    "abo",
    "consent",
    "search",
    "suche",
];

/// Last segments of other forms of a page: the page itself is what stands before them.
const FORMS: &[&str] = &[
    "amp",
    "print",
    "full",
    "all",
    "embed",
    "gallery",
    "photos",
    "video",
    "comments",
    "kommentare",
    "seite",
    "page",
];

/// What a page of `url` says (`said`), where it may be its address: http or https, no front page, no dead end, no section the
/// page only lies in, https where the page came by https.
pub(crate) fn believed(said: &Url, url: Option<&Url>) -> Option<Url> {
    let mut said = canonical(said);
    if !matches!(said.scheme(), "http" | "https") {
        return None;
    }
    let Some(url) = url else { return Some(said) };
    let front =
        said.path().trim_matches('/').is_empty() && url.path().len() > 1 && said.query().is_none();
    if front || is_dead_end(&said, url) || is_section(&said, url) {
        return None;
    }
    if url.scheme() == "https" && said.scheme() == "http" && said.port().is_none() {
        // Cannot fail: both are web schemes with a port of their own.
        let _ = said.set_scheme("https");
    }
    Some(said)
}

/// One address that several elements agree on; where they differ, the page's own if it is among them, else none.
pub(crate) fn agreed(said: impl Iterator<Item = Url>, url: Option<&Url>) -> Option<Url> {
    let own = url.map(canonical);
    let mut said: Vec<Url> = said.map(|said| canonical(&said)).collect();
    said.dedup();
    match said.len() {
        0 | 1 => said.pop(),
        _ => own.filter(|own| said.contains(own)),
    }
}

fn segments(url: &Url) -> Vec<&str> {
    url.path().split('/').filter(|segment| !segment.is_empty()).collect()
}

fn is_dead_end(said: &Url, url: &Url) -> bool {
    let name = |segment: &str| segment.split('.').next().unwrap_or(segment).to_ascii_lowercase();
    let dead =
        |url: &Url| segments(url).last().is_some_and(|last| DEAD_ENDS.contains(&&*name(last)));
    dead(said) && !dead(url)
}

/// True where `said` is a folder on the way to the page and does not look like a story: `/world/` of `/world/harbour-closed`.
fn is_section(said: &Url, url: &Url) -> bool {
    let (folder, page) = (segments(said), segments(url));
    let below = page.strip_prefix(folder.as_slice()).unwrap_or_default();
    let Some(first) = below.first() else { return false };
    let form = first.bytes().all(|b| b.is_ascii_digit()) && first.len() <= 3
        || FORMS.contains(&first.to_ascii_lowercase().as_str());
    said.query().is_none() && !form && folder.last().is_none_or(|last| !names_story(last))
}

/// A number of four digits or more, three words or more, or a file.
fn names_story(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let words = segment.split(['-', '_']).filter(|word| !word.is_empty()).count();
    digits >= 4 || words >= 3 || segment.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Url {
        Url::parse("https://herald.test/").unwrap().join(path).unwrap()
    }

    fn check(page: &str, said: &str, expected: Option<&str>) {
        let found = believed(&at(said), Some(&at(page)));
        assert_eq!(found, expected.map(at), "{page} says {said}");
    }

    #[test]
    fn another_form_of_the_page_is_believed() {
        check(
            "/world/harbour-closed/amp/",
            "/world/harbour-closed/",
            Some("/world/harbour-closed/"),
        );
        check("/story/4711/harbour-closed", "/story/4711", Some("/story/4711"));
        check(
            "/harbour-closed-at-night/2",
            "/harbour-closed-at-night",
            Some("/harbour-closed-at-night"),
        );
        check("/guide/2", "/guide", Some("/guide"));
        check("/guide/print", "/guide", Some("/guide"));
        check("/a?page=2", "/a", Some("/a"));
        check("/old/harbour", "/new/harbour", Some("/new/harbour"));
        check("/news.php?id=7", "/harbour", Some("/harbour"));
        check("/harbour", "/harbour?utm_source=x#top", Some("/harbour"));
    }

    #[test]
    fn a_section_a_front_page_and_a_dead_end_are_not() {
        check("/world/harbour-closed", "/world/", None);
        check("/world/harbour-closed", "/world", None);
        check("/world/europe/2016/harbour-closed", "/world/europe/", None);
        check("/world/harbour-closed", "/", None);
        check("/world/harbour-closed", "/404", None);
        check("/world/harbour-closed", "/error.html", None);
        check("/world/harbour-closed", "/login?next=%2Fworld", None);
        check("/world/harbour-closed", "mailto:desk@herald.test", None);
        check("/", "/", Some("/"));
    }

    #[test]
    fn a_page_that_came_by_https_is_not_called_http() {
        check("/a", "http://herald.test/a", Some("/a"));
        check("/a", "http://herald.test:8080/a", Some("http://herald.test:8080/a"));
        let plain = Url::parse("http://herald.test/a").unwrap();
        assert_eq!(believed(&at("/a"), Some(&plain)), Some(at("/a")));
    }

    #[test]
    fn elements_that_differ_say_nothing_but_the_pages_own_address() {
        let agree = |said: &[&str]| agreed(said.iter().map(|said| at(said)), Some(&at("/a")));
        assert_eq!(agree(&[]), None);
        assert_eq!(agree(&["/b"]), Some(at("/b")));
        assert_eq!(agree(&["/b", "/b?utm_source=x"]), Some(at("/b")));
        assert_eq!(agree(&["/b", "/c"]), None);
        assert_eq!(agree(&["/b", "/a"]), Some(at("/a")));
    }
}
