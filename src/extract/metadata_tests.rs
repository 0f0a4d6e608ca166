//! Cases of the metadata reader.

use super::*;

fn page(head: &str, body: &str) -> Metadata {
    let html = format!("<html lang='en-GB'><head>{head}</head><body>{body}</body></html>");
    let url = Url::parse("https://www.herald.test/world/harbour?id=7").unwrap();
    read(&Document::from(html), Some(&url))
}

#[test]
fn json_ld_comes_before_meta_and_meta_before_the_page() {
    let json = r#"<script type="application/ld+json">{"@type":"NewsArticle","headline":"From JSON",
        "datePublished":"2016-10-12T18:05:00+02:00","author":"One Example"}</script>"#;
    let meta = r#"<meta property="og:title" content="From OpenGraph | Herald"><meta property="og:site_name" content="Herald">
        <meta property="article:published_time" content="2016-10-11"><meta name="author" content="Two Example">"#;
    let body = "<article><h1>From h1</h1><p class='byline'>By Three Example</p></article>";
    let all = page(&format!("{meta}{json}"), body);
    assert_eq!((all.title.as_str(), &*all.authors), ("From JSON", &["One Example".to_owned()][..]));
    assert_eq!(all.published.map(|t| t.at.to_string()).as_deref(), Some("2016-10-12T16:05:00Z"));
    assert_eq!(all.byline.as_deref(), Some("By Three Example"));
    assert_eq!(all.lang.as_deref(), Some("en-gb"));
    let meta_only = page(meta, body);
    assert_eq!(
        (meta_only.title.as_str(), &*meta_only.authors),
        ("From OpenGraph", &["Two Example".to_owned()][..])
    );
    assert_eq!(
        meta_only.published.map(|t| t.at.to_string()).as_deref(),
        Some("2016-10-11T00:00:00Z")
    );
    assert_eq!(page("", body).title, "From h1");
}

#[test]
fn a_canonical_address_is_believed_only_of_the_same_site_and_below_its_root() {
    let said = |href: &str| {
        page(&format!("<link rel='canonical' href='{href}'>"), "").canonical_url.unwrap_or_default()
    };
    let own = "https://www.herald.test/world/harbour?id=7";
    assert_eq!(said("https://herald.test/harbour?utm_source=x"), "https://herald.test/harbour");
    assert_eq!(said("/harbour"), "https://www.herald.test/harbour");
    assert_eq!(said("https://www.herald.test/"), own);
    assert_eq!(said("https://other.test/harbour"), own);
    assert_eq!(said("javascript:x"), own);
    assert_eq!(
        page("<meta property='og:url' content='https://m.herald.test/h'>", "")
            .canonical_url
            .unwrap(),
        "https://m.herald.test/h"
    );
}

#[test]
fn a_change_before_the_publication_is_no_change() {
    let times = |modified: &str| {
        let head = format!(
            "<meta property='article:published_time' content='2016-10-12T10:00:00Z'>\
             <meta property='article:modified_time' content='{modified}'>"
        );
        page(&head, "").updated.map(|t| t.at.to_string())
    };
    assert_eq!(times("2016-10-12T11:00:00Z").as_deref(), Some("2016-10-12T11:00:00Z"));
    assert_eq!(times("2016-10-12T09:00:00Z"), None);
}

#[test]
fn names_are_parted_and_addresses_are_no_names() {
    let authors =
        |content: &str| page(&format!("<meta name='author' content='{content}'>"), "").authors;
    assert_eq!(
        authors("By One Example, Two Example and Three Example"),
        ["One Example", "Two Example", "Three Example"]
    );
    assert_eq!(authors("One Example, dpa"), ["One Example", "dpa"]);
    assert!(authors("https://facebook.com/herald").is_empty());
}

#[test]
fn a_site_that_names_itself_leaves_the_author_to_meta_elements() {
    let json = r#"<script type="application/ld+json">{"@type":"NewsArticle","headline":"Harbour closed - Herald",
        "author":"Herald"}</script><meta property="og:site_name" content="Herald">"#;
    let named = page(&format!("{json}<meta name='author' content='One Example'>"), "");
    assert_eq!(
        (named.title.as_str(), &*named.authors),
        ("Harbour closed", &["One Example".to_owned()][..])
    );
    assert_eq!(page(json, "").authors, ["Herald"]);
}

#[test]
fn bylines_of_listed_stories_are_not_the_pages() {
    let listed = "<div class='teaser'><span class='byline'>By Other Example</span></div>";
    let body = format!("<article><h1>T</h1><p>Text</p></article>{listed}");
    assert_eq!(page("", &body).byline, None);
    assert_eq!(page("", listed).byline.as_deref(), Some("By Other Example"));
}
