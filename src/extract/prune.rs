//! A parsed page to the same page without the zones that are never text: figures, asides, share bars, link lists.

use dom_query::{Document, NodeRef};

use super::amp;

/// Elements that never hold the text. Captions and photo credits, a quarter of all wrong words, live here.
const CUT: &str = "script, style, noscript, template, svg, iframe, button, nav, figure, figcaption, aside, dialog, \
    [role='navigation'], [role='dialog'], [role='banner'], [role='search'], [role='complementary'], select, textarea, audio, video, object, embed";

/// Words of class and id names that mark furniture. Whole words: "share" is none of "shareholder".
const FURNITURE: &[&str] = &[
    "caption",
    "captions",
    "imagecaption",
    "credit",
    "credits",
    "copyright",
    "share",
    "sharing",
    "sharebar",
    "sharetools",
    "social",
    "socials",
    "newsletter",
    "newsletters",
    "related",
    "relatedcontent",
    "readalso",
    "readmore",
    "recommended",
    "recommendations",
    "promo",
    "promobox",
    "cookie",
    "cookies",
    "consent",
    "gdpr",
    "breadcrumb",
    "breadcrumbs",
    "skiplink",
    "skip",
    "taboola",
    "outbrain",
    "advert",
    "advertisement",
    "ads",
    "adslot",
    "sponsored",
    "subscribe",
    "subscription",
    "signup",
    "toolbar",
    "mostread",
    "popular",
    "trending",
    "gallery",
    "slideshow",
    "carousel",
    "tags",
    "taglist",
    "comments",
    "disqus",
    "authorbio",
    "bio",
    "offscreen",
    "timestamp",
    "dateline-share",
    "pagination",
    "morestories",
    "storyfooter",
    "bookmark",
    "followus",
    "whatsapp",
    "playlist",
    "player",
    "rollover",
    "tooltip",
    "popup",
    "popover",
    "modal",
    "debug",
    "nocontent",
    "reactions",
    "teaser",
    "teasers",
    "factbox",
    "faktaboks",
    "faktabox",
    "infobox",
];

/// Two neighbouring words that mark furniture together.
const FURNITURE_PAIRS: &[(&str, &str)] = &[
    ("read", "also"),
    ("read", "more"),
    ("most", "read"),
    ("more", "stories"),
    ("more", "on"),
    ("see", "also"),
    ("sign", "up"),
    ("skip", "link"),
    ("author", "bio"),
    ("author", "info"),
    ("author", "box"),
    ("follow", "us"),
    ("screen", "reader"),
    ("visually", "hidden"),
    ("sr", "only"),
    ("tag", "list"),
    ("story", "links"),
    ("up", "next"),
    ("article", "tags"),
    ("article", "meta"),
    ("post", "meta"),
    ("reading", "time"),
    ("read", "time"),
    ("top", "stories"),
    ("link", "box"),
    ("article", "links"),
    ("fact", "box"),
    ("info", "box"),
];

/// A zone named as furniture goes only if it holds at most this share of the page's text, in percent: a template that
/// calls its whole article "promo" stays whole.
const ZONE_PERCENT_MAX: usize = 25;

/// A link with boxes inside is a teaser from this length on, in characters; shorter ones are buttons and pictures.
const TEASER_CHARS_MIN: usize = 12;

/// A paragraph that is one link points elsewhere from this length on, in characters; shorter ones are names in a list.
const POINTER_CHARS_MIN: usize = 25;

/// Longest text of a box with a field to fill in, in characters.
const SIGN_UP_CHARS_MAX: usize = 300;

/// What the page is made of, counted while pruning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Makeup {
    /// Characters of paragraphs of 80 and more that are not mostly links.
    pub(crate) prose_chars: usize,
    /// Links of 25 characters and more: headlines.
    pub(crate) headline_links: usize,
}

/// Cuts the zones in place and counts what stood there before.
pub(crate) fn prune(doc: &Document) -> Makeup {
    let before = Tally::new(doc);
    let makeup = before.makeup();
    doc.select(CUT).remove();
    amp::cut(doc);
    let tally = Tally::new(doc);
    let all = tally.counts.first().copied().unwrap_or_default();
    for (at, node) in tally.nodes.iter().enumerate() {
        let counted = &tally.counts[at];
        let teaser = is_teaser(node, counted) && (counted.titles == 0 || all.titles > 1);
        let named = counted.titles == 0
            && (is_hidden(node)
                || is_named_furniture(node)
                || is_link_list(node, counted)
                || is_card_list(node, counted)
                || is_sign_up(node, counted)
                || is_pointer(node, counted));
        if (teaser || named) && counted.chars * 100 <= all.chars * ZONE_PERCENT_MAX {
            node.remove_from_parent();
        }
    }
    makeup
}

/// Text and link characters under each element.
struct Tally<'a> {
    nodes: Vec<NodeRef<'a>>,
    counts: Vec<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    chars: usize,
    link_chars: usize,
    links: usize,
    /// Paragraphs, headings and pictures inside.
    boxes: usize,
    /// Fields to type in.
    fields: usize,
    /// List items.
    items: usize,
    /// `h1` elements.
    titles: usize,
    /// Headings below `h1` that are one link.
    linked_heads: usize,
}

impl<'a> Tally<'a> {
    fn new(doc: &'a Document) -> Self {
        let mut nodes: Vec<NodeRef<'a>> = Vec::new();
        let mut parents: Vec<usize> = Vec::new();
        let mut counts: Vec<Counts> = Vec::new();
        let mut steps: Vec<(NodeRef<'a>, usize)> =
            doc.body().map(|body| (body, 0)).into_iter().collect();
        while let Some((node, parent)) = steps.pop() {
            if node.is_text() {
                counts[parent].chars +=
                    node.text().split_whitespace().map(|w| w.chars().count() + 1).sum::<usize>();
            } else if node.is_element() {
                let at = nodes.len();
                nodes.push(node);
                parents.push(parent);
                counts.push(Counts {
                    titles: usize::from(node.has_name("h1")),
                    fields: usize::from(is_field(&node)),
                    items: usize::from(node.has_name("li")),
                    ..Counts::default()
                });
                steps.extend(node.children_it(true).map(|child| (child, at)));
            }
        }
        // Children stand behind their parents, so one walk backwards sums up.
        for at in (1..nodes.len()).rev() {
            let mut own = counts[at];
            if nodes[at].has_name("a") {
                own.link_chars = own.chars;
                own.links = 1;
                counts[at] = own;
            }
            if is_card_part(&nodes[at]) {
                own.boxes += 1;
            }
            if is_linked_head(&nodes[at], &own) {
                own.linked_heads += 1;
            }
            let above = &mut counts[parents[at]];
            above.chars += own.chars;
            above.link_chars += own.link_chars;
            above.links += own.links;
            above.boxes += own.boxes;
            above.titles += own.titles;
            above.fields += own.fields;
            above.items += own.items;
            above.linked_heads += own.linked_heads;
        }
        Self { nodes, counts }
    }

    fn makeup(&self) -> Makeup {
        let mut made = Makeup::default();
        for (node, counts) in self.nodes.iter().zip(&self.counts) {
            if node.has_name("a") && counts.chars >= 25 {
                made.headline_links += 1;
            }
            if node.has_name("p") && counts.chars >= 80 && counts.link_chars * 2 < counts.chars {
                made.prose_chars += counts.chars;
            }
        }
        made
    }
}

/// A field a reader types in.
fn is_field(node: &NodeRef<'_>) -> bool {
    node.has_name("input")
        && node.attr("type").is_none_or(|kind| {
            ["text", "email", "search", "password", "tel"]
                .iter()
                .any(|k| kind.eq_ignore_ascii_case(k))
        })
}

fn is_card_part(node: &NodeRef<'_>) -> bool {
    ["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "ul"]
        .iter()
        .any(|name| node.has_name(name))
}

/// Whether class or id name the element as furniture.
fn is_named_furniture(node: &NodeRef<'_>) -> bool {
    if ["body", "main", "article"].iter().any(|name| node.has_name(name)) || is_marked_text(node) {
        return false;
    }
    ["class", "id"].iter().filter_map(|name| node.attr(name)).any(|names| {
        names.split_ascii_whitespace().take(16).any(|name| {
            let words = words_of(name);
            words.iter().any(|word| FURNITURE.contains(&word.as_str()))
                || words
                    .windows(2)
                    .any(|pair| FURNITURE_PAIRS.iter().any(|&(a, b)| pair[0] == a && pair[1] == b))
        })
    })
}

/// What microdata call the article's own words, whatever its class is ("teaser-text").
fn is_marked_text(node: &NodeRef<'_>) -> bool {
    const OWN: &[&str] = &["articleBody", "description", "headline"];
    node.attr("itemprop")
        .is_some_and(|said| said.split_whitespace().any(|name| OWN.contains(&name)))
}

/// "c-ShareBar__item" to "c", "share", "bar", "item". Names that say what an element has ("has-newsletter") are nothing.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_lower = false;
    for c in name.chars().take(80) {
        let starts = c.is_ascii_uppercase() && last_lower;
        match words.last_mut() {
            Some(word) if c.is_alphanumeric() && !starts => word.push(c.to_ascii_lowercase()),
            _ if c.is_alphanumeric() => words.push(c.to_ascii_lowercase().to_string()),
            _ => words.push(String::new()),
        }
        last_lower = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    if words
        .first()
        .is_some_and(|word| matches!(word.as_str(), "has" | "no" | "with" | "is" | "js"))
    {
        words.clear();
    }
    words
}

/// Not shown to a reader: what a script would open, what was left for a debugger, and what only robots are to see.
fn is_hidden(node: &NodeRef<'_>) -> bool {
    const STYLES: &[&str] = &["display:none", "visibility:hidden", "left:-999", "text-indent:-999"];
    let styled = |style: &str| {
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let tiny = || style.split(';').any(|part| matches!(part, "font-size:0" | "font-size:0px"));
        STYLES.iter().any(|hides| style.contains(hides))
            // A box of that size may hold others of another.
            || (tiny() && !node.children_it(false).any(|child| child.is_element()))
    };
    node.has_attr("hidden")
        || node.attr("aria-hidden").is_some_and(|said| said.eq_ignore_ascii_case("true"))
        || node.attr("style").is_some_and(|style| styled(&style.to_ascii_lowercase()))
}

/// A link that holds boxes and not words: the card of another story.
fn is_teaser(node: &NodeRef<'_>, counts: &Counts) -> bool {
    node.has_name("a") && counts.boxes > 0 && counts.chars >= TEASER_CHARS_MIN
}

/// A small box with something to fill in: a newsletter, a search, a log-in.
fn is_sign_up(node: &NodeRef<'_>, counts: &Counts) -> bool {
    counts.fields > 0
        && counts.chars <= SIGN_UP_CHARS_MAX
        && (node.has_name("div") || node.has_name("section") || node.has_name("form"))
}

/// A paragraph or list item that is a headline's link and nothing else: it points to another story.
fn is_pointer(node: &NodeRef<'_>, counts: &Counts) -> bool {
    (node.has_name("p") || node.has_name("li"))
        && counts.links >= 1
        && counts.chars >= POINTER_CHARS_MIN
        && counts.link_chars * 100 >= counts.chars * 90
        && !node.text().trim_end().ends_with(['.', '!', '?', '。', '"', '”', '»'])
}

/// A list of links, or a paragraph that is one long link: "read also" and next stories.
fn is_link_list(node: &NodeRef<'_>, counts: &Counts) -> bool {
    let linked = counts.chars > 0 && counts.link_chars * 100 >= counts.chars * 80;
    // "Torn between phones? Try our guide": each item has its link, and half of the words are in links.
    let pointing = counts.items >= 3
        && counts.links >= counts.items
        && counts.link_chars * 100 >= counts.chars * 50;
    (pointing && node.has_name("ul"))
        || linked
            && ((counts.links >= 2 && (node.has_name("ul") || node.has_name("ol")))
                || (counts.links >= 4 && (node.has_name("div") || node.has_name("section"))))
}

/// A heading whose words are all in its link, as over the cards of other stories.
fn is_linked_head(node: &NodeRef<'_>, counts: &Counts) -> bool {
    ["h2", "h3", "h4", "h5", "h6"].iter().any(|name| node.has_name(name))
        && counts.links > 0
        && counts.link_chars * 100 >= counts.chars * 90
}

/// A list whose items all have a linked heading: other stories, whatever stands below the headings.
fn is_card_list(node: &NodeRef<'_>, counts: &Counts) -> bool {
    (node.has_name("ul") || node.has_name("ol"))
        && counts.items >= 2
        && counts.linked_heads >= counts.items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let prose =
            "Prose that stands in the article and is long enough to be most of it. ".repeat(6);
        let doc = Document::from(format!(
            "<body><article><p id='text'>{prose}</p>{body}</article></body>"
        ));
        prune(&doc);
        doc.select("#text").remove();
        let left: String =
            doc.select("body").text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(left, expected, "{body}");
    }

    #[test]
    fn zones_named_as_furniture_go() {
        check("<figure><img><figcaption>Name, AFP</figcaption></figure>", "");
        check("<div class='c-shareBar'>Tweet</div>", "");
        check("<div class='o-newsletter__box'>Daily</div><p>Kept</p>", "Kept");
        check("<p class='shareholder'>Kept</p>", "Kept");
        check("<div class='has-newsletter'>Kept</div>", "Kept");
        check("<div class='read-also'>Other story</div>", "");
        check("<div class='teaser-text'>Other story</div>", "");
        check("<div class='teaser-text' itemprop='description'>Kept</div>", "Kept");
        check("<div class='social'><h1>Kept</h1></div>", "Kept");
        check("<script>x</script><style>y</style><nav>z</nav>", "");
        check(
            "<amp-sidebar>Menu</amp-sidebar><amp-img></amp-img><p>Kept</p><amp-ad>Buy</amp-ad>",
            "Kept",
        );
    }

    #[test]
    fn link_lists_go_and_linked_words_stay() {
        check("<ul><li><a>One other story</a></li><li><a>Two other stories</a></li></ul>", "");
        check(
            "<ul><li>A point with <a>a link</a></li> <li>Another point made</li></ul>",
            "A point with a link Another point made",
        );
        check("<p>He <a>said</a> so.</p>", "He said so.");
    }

    #[test]
    fn what_no_reader_sees_goes() {
        check(
            "<div hidden>Gone</div><p aria-hidden='TRUE'>Gone</p><p style='color: red; Display : none'>Gone</p>",
            "",
        );
        check(
            "<p style='position:absolute; left: -9999px'>Gone</p><p style='font-size:0'>Gone</p><h4 style='text-indent: -9999em'>Gone</h4>",
            "",
        );
        check("<div style='font-size: 0; color: red'><p>Kept</p></div>", "Kept");
        check("<p style='font-size: 0.9em; margin-left:-9px'>Kept</p>", "Kept");
        check("<p style='color:red'>Kept</p><p aria-hidden='false'>Kept</p>", "KeptKept");
    }

    #[test]
    fn cards_and_pointers_to_other_stories_go() {
        check("<a href='/a'><div><h3>Another story</h3><p>And what it says</p></div></a>", "");
        check("<a href='/a'><h1>Another story</h1></a><h1>Title</h1><h1>Third</h1>", "TitleThird");
        check(
            "<a href='/'><h1>The only title of this page</h1></a>",
            "The only title of this page",
        );
        check("<p><a>A grain ship sinks in the bay of Ostby</a></p>", "");
        check(
            "<p><a>He said that it was a grain ship.</a></p><p><a>Ostby</a></p>",
            "He said that it was a grain ship.Ostby",
        );
        check(
            "<ul><li>One, <a>of the story</a></li><li>Two, <a>of the story</a></li><li>Three, <a>of it all</a></li></ul>",
            "",
        );
    }

    #[test]
    fn a_list_whose_items_have_linked_headings_goes() {
        let card =
            "<li><h3><a>Tug sinks</a></h3><p>The coast guard looks for the crew of it.</p></li>";
        check(&format!("<ul>{card}{card}</ul>"), "");
        check(&format!("<ul>{card}</ul>"), "Tug sinksThe coast guard looks for the crew of it.");
        check("<ul><li><h3>One</h3>of <a>two</a></li><li><h3>Two</h3></li></ul>", "Oneof twoTwo");
    }

    #[test]
    fn a_small_box_with_a_field_to_fill_in_goes() {
        check("<div><h3>Our letter</h3><input type='email'><button>Join</button></div>", "");
        check("<div><p>Our letter</p><input type='hidden'></div>", "Our letter");
        let long = "A paragraph of a story that stands in a form of its template. ".repeat(6);
        check(&format!("<div><p>{long}</p><input type='text'></div>"), long.trim());
    }

    #[test]
    fn a_template_that_calls_its_article_furniture_keeps_it() {
        let doc = Document::from("<body><div class='promo'><p>The whole story.</p></div></body>");
        prune(&doc);
        assert_eq!(doc.select("p").text().as_ref(), "The whole story.");
    }

    #[test]
    fn names_are_parted_into_words() {
        assert_eq!(words_of("c-ShareBar__item"), ["c", "share", "bar", "item"]);
        assert_eq!(words_of("readAlso"), ["read", "also"]);
        assert!(words_of("is-hidden").is_empty());
    }
}
