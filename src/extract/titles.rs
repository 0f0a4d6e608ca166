//! The titles a page gives to the headline of its story: JSON-LD, cards, `h1` and `<title>`, without the site's name.

use std::collections::BTreeSet;

use dom_query::Document;
use unicode_normalization::UnicodeNormalization as _;
use url::Url;

use super::furniture::letters;
use super::jsonld::Described;
use super::render::one_line;

/// Longest title kept, in characters.
const TITLE_CHARS_MAX: usize = 400;
/// Words of an address that spells a headline, at least.
const SLUG_WORDS_MIN: usize = 4;
/// Share of words that address and headline have in common where the one spells the other, in percent.
const SPELLED_PERCENT_MIN: usize = 70;
/// By how much a card's title must be spelled better than JSON-LD's to come before it, in percent.
const BETTER_PERCENT_MIN: usize = 15;

/// Best first: JSON-LD, `OpenGraph`, the only `h1`, `<title>`. `OpenGraph` comes before JSON-LD where the page's address
/// spells its words and not those of JSON-LD: then that is what the story was published under.
pub(crate) fn titles(
    doc: &Document,
    url: Option<&Url>,
    json: &Described,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> Vec<String> {
    let headings: Vec<String> =
        doc.select("h1").iter().map(|h1| one_line(&h1.text())).filter(|t| !t.is_empty()).collect();
    let site = meta(&["og:site_name"]);
    let trimmed = |title: String| without_site(&title, site.as_deref(), &headings);
    let head = one_line(&doc.select_single("title").text());
    let headline =
        json.headline.as_deref().map(one_line).or_else(|| meta(&["headline"])).map(trimmed);
    let card = meta(&["og:title"]).map(trimmed);
    let slug = url.map(slug).unwrap_or_default();
    let first = card.as_deref().zip(headline.as_deref()).is_some_and(|(card, headline)| {
        let (card, headline) = (spelled(&slug, card), spelled(&slug, headline));
        card >= SPELLED_PERCENT_MIN && card > headline + BETTER_PERCENT_MIN
    });
    let only = (headings.len() == 1).then(|| headings[0].clone());
    // Of several, the one the page's `<title>` begins with: others are the site's name and its menus.
    let named = headings.iter().find(|h1| letters(&head).starts_with(&letters(h1)));
    let candidates = [
        card.clone().filter(|_| first),
        headline,
        card,
        only.clone(),
        meta(&["twitter:title", "dc.title", "sailthru.title", "parsely-title"]).map(trimmed),
        named.or(headings.first()).cloned(),
        Some(trimmed(head.clone())),
    ];
    let forms: Vec<String> = candidates.into_iter().flatten().collect();
    let whole = forms.iter().map(|form| uncut(form, &forms));
    let bare = whole.map(|form| without_kicker(form, only.as_deref()).to_owned());
    let mut titles: Vec<String> = Vec::new();
    // Each form stays known besides, for it may stand in the body.
    for title in bare.collect::<Vec<_>>().into_iter().take(1).chain(forms) {
        let fits = !title.is_empty() && title.chars().count() <= TITLE_CHARS_MAX;
        if fits && !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles
}

/// A title that ends before a quote mark, for it stood in an attribute in such marks, as another form of it has it.
fn uncut<'a>(title: &'a str, forms: &'a [String]) -> &'a str {
    let goes_on = |form: &&String| {
        let rest = form.strip_prefix(title).or_else(|| form.strip_prefix(title.trim_end()));
        rest.is_some_and(|rest| rest.trim_start().starts_with(['"', '“', '”']))
    };
    forms.iter().find(goes_on).map_or(title, String::as_str)
}

/// "World: Crane falls" to "Crane falls", where the only `h1` has it so: one word before it is a section, more are a part of it.
fn without_kicker<'a>(title: &'a str, heading: Option<&str>) -> &'a str {
    heading
        .and_then(|h1| title.strip_suffix(h1).map(|kicker| (kicker.trim_end(), h1)))
        .filter(|(kicker, _)| {
            kicker.ends_with([':', '|', '/']) && kicker.split_whitespace().count() == 1
        })
        .map_or(title, |(_, h1)| &title[title.len() - h1.len()..])
}

/// "Harbour closed | Herald" to "Harbour closed", where the page's site name or an `h1` says that it ends there. What stands
/// between ("Harbour closed - World | Herald") goes with the site's name.
fn without_site(title: &str, site: Option<&str>, headings: &[String]) -> String {
    let wide = |c: char| matches!(c, '｜' | '：' | 'ㅣ' | '＿');
    let marks = title
        .char_indices()
        .rev()
        .filter(|&(_, c)| wide(c) || matches!(c, '|' | '-' | '–' | '—' | '·' | '»' | ':' | '/'));
    for (at, mark) in marks {
        let front = title[..at].trim();
        let back = title[at + mark.len_utf8()..].trim();
        let parted = title[..at].ends_with(' ') || wide(mark);
        let is_site = site.is_some_and(|name| letters(name) == letters(back));
        let heading = headings.iter().any(|h1| letters(h1) == letters(front));
        if parted && !front.is_empty() && (is_site || heading) {
            return front.to_owned();
        }
        // "HERALD|Crane falls".
        if site.is_some_and(|name| letters(name) == letters(front)) && !back.is_empty() {
            return back.to_owned();
        }
    }
    title.to_owned()
}

/// The words of the longest part of an address, without numbers and endings.
fn slug(url: &Url) -> BTreeSet<String> {
    let parts = url.path_segments().into_iter().flatten();
    let words = |part: &str| -> BTreeSet<String> {
        let named = |word: &&str| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            digits < 5 && !matches!(*word, "html" | "htm" | "article")
        };
        part.split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .filter(named)
            .map(str::to_ascii_lowercase)
            .collect()
    };
    parts.map(words).max_by_key(BTreeSet::len).unwrap_or_default()
}

/// Percent of all words of slug and title that both have, by the better of two ways to write umlauts.
fn spelled(slug: &BTreeSet<String>, title: &str) -> usize {
    if slug.len() < SLUG_WORDS_MIN {
        return 0;
    }
    let lower = title.to_lowercase().replace(['\'', '’'], "");
    let long: String = lower
        .chars()
        .map(|c| match c {
            'ä' => "ae".to_owned(),
            'ö' | 'ø' => "oe".to_owned(),
            'ü' => "ue".to_owned(),
            'å' => "aa".to_owned(),
            'ß' => "ss".to_owned(),
            'ł' => "l".to_owned(),
            other => other.to_string(),
        })
        .collect();
    let share = |text: &str| {
        let plain: String = text.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
        let words: BTreeSet<&str> = plain
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let both = words.iter().filter(|word| slug.contains(**word)).count();
        both * 100 / (words.len() + slug.len() - both).max(1)
    };
    share(&long).max(share(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, headline: &str, body: &str, url: &str, expected: &str) {
        let doc = Document::from(format!("<html><head>{head}</head><body>{body}</body></html>"));
        let json = Described {
            headline: (!headline.is_empty()).then(|| headline.to_owned()),
            ..Described::default()
        };
        let meta = |names: &[&str]| {
            names.iter().find_map(|name| {
                let found = doc.select_single(&format!("meta[property='{name}']"));
                found.attr("content").map(|value| value.to_string())
            })
        };
        let found = titles(&doc, Url::parse(url).ok().as_ref(), &json, &meta);
        assert_eq!(found.first().map(String::as_str), Some(expected));
    }

    #[test]
    fn the_address_tells_which_headline_the_story_was_published_under() {
        let card = "<meta property='og:title' content='Crane falls in the harbour of Kvitnes'>";
        let spelled =
            "https://herald.test/world/crane-falls-in-the-harbour-of-kvitnes-1234567.html";
        check(
            card,
            "Kvitnes: all you have to know",
            "",
            spelled,
            "Crane falls in the harbour of Kvitnes",
        );
        check(
            card,
            "Kvitnes: all you have to know",
            "",
            "https://herald.test/a",
            "Kvitnes: all you have to know",
        );
        check(
            card,
            "Crane falls in harbour of Kvitnes",
            "",
            spelled,
            "Crane falls in harbour of Kvitnes",
        );
        let card = "<meta property='og:title' content='Kräne fallen in Übersee um'>";
        for slug in ["kraene-fallen-in-uebersee-um", "krane-fallen-in-ubersee-um"] {
            check(
                card,
                "Was man wissen muss",
                "",
                &format!("https://herald.test/{slug}"),
                "Kräne fallen in Übersee um",
            );
        }
    }

    #[test]
    fn a_title_cut_at_a_quote_is_whole_again() {
        let head = "<meta property='og:title' content='Mayor calls crane '><title>Mayor calls crane \"a ruin\"</title>";
        check(head, "", "", "https://herald.test/a", "Mayor calls crane \"a ruin\"");
        let head = "<meta property='og:title' content='Mayor calls crane'><title>Mayor calls crane old</title>";
        check(head, "", "", "https://herald.test/a", "Mayor calls crane");
    }

    #[test]
    fn a_kicker_goes_where_the_heading_has_none() {
        let card = "<meta property='og:title' content='World: Crane falls'>";
        check(card, "", "<h1>Crane falls</h1>", "https://herald.test/a", "Crane falls");
        check(
            card,
            "",
            "<h1>World: Crane falls</h1>",
            "https://herald.test/a",
            "World: Crane falls",
        );
        check(card, "", "<h1>falls</h1>", "https://herald.test/a", "World: Crane falls");
        let card = "<meta property='og:title' content='Who was there: Crane falls'>";
        check(
            card,
            "",
            "<h1>Crane falls</h1>",
            "https://herald.test/a",
            "Who was there: Crane falls",
        );
    }

    #[test]
    fn a_menu_is_no_headline() {
        let head = "<title>Crane falls – Views of Ostby</title>";
        let body = "<h1>Menu</h1><h1>Views of Ostby</h1><h1>Crane falls</h1>";
        check(head, "", body, "https://herald.test/a", "Crane falls");
    }

    #[test]
    fn the_sites_name_leaves_the_headline() {
        let site = "<meta property='og:site_name' content='Herald'>";
        let titled = |title: &str| format!("{site}<meta property='og:title' content='{title}'>");
        check(&titled("Crane falls | Herald"), "", "", "https://herald.test/a", "Crane falls");
        check(&titled("HERALD | Crane falls"), "", "", "https://herald.test/a", "Crane falls");
        check(
            &titled("Crane falls / World / Herald"),
            "",
            "",
            "https://herald.test/a",
            "Crane falls / World",
        );
        check(&titled("Crane falls：HERALD"), "", "", "https://herald.test/a", "Crane falls");
        check(
            &titled("Crane falls-Worldㅣherald"),
            "",
            "",
            "https://herald.test/a",
            "Crane falls-World",
        );
        check(
            &titled("Crane falls - none hurt"),
            "",
            "",
            "https://herald.test/a",
            "Crane falls - none hurt",
        );
        check(
            "<title>Crane falls - World - Herald</title>",
            "",
            "<h1>Crane falls</h1><h1>Other</h1>",
            "https://herald.test/a",
            "Crane falls",
        );
    }
}
