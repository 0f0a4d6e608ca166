//! A parsed page to the paragraphs of its text: engines propose, the page's own articleBody referees.

use dom_query::Document;
use dom_smoothie::Readability;
use trafilatura::{ExtractionFocus, Options};

use super::around;
use super::consent;
use super::guard::Measured;
use super::marked;
use super::metadata::Metadata;
use super::prune::Makeup;
use super::render::{self, Block, BlockKind};
use super::state;

/// Above this many tags only the engine that stays near linear is asked. Real pages reach 19,500; 300,000 `<br>` kept the
/// other busy for over 12 s.
const PRECISE_TAGS_MAX: usize = 40_000;
/// Above this depth, too: 500 unclosed `<b>` of different attributes kept it busy for 8 s. Real pages reach 122.
const PRECISE_DEPTH_MAX: usize = 200;
/// Text lighter than this is checked against the second engine; weights are those of [`render::weight`].
const SHORT: usize = 600;
/// Text lighter than this is no text.
const NOTHING: usize = 200;
/// Text lighter than this may be the notice that lies over a brief.
const ASKED_MAX: usize = 4_000;
/// A block from this weight on is prose and no label.
const PROSE_MIN: usize = 60;
/// An articleBody counts from this weight on: lighter ones are teasers.
const STATED_MIN: usize = 400;

/// The body's paragraphs, best candidate first asked.
/// `doc` is the pruned page, `html` the page as it came.
pub(crate) fn blocks(
    doc: &Document,
    html: &str,
    measured: Measured,
    meta: &Metadata,
    made: Makeup,
) -> Vec<Block> {
    let is_precise = measured.tags <= PRECISE_TAGS_MAX && measured.depth <= PRECISE_DEPTH_MAX;
    let read = || if is_precise { precise(&doc.html()) } else { Vec::new() };
    let mut precise = read();
    if weight(&precise) < ASKED_MAX && consent::is_among(&precise) {
        consent::cut(doc);
        precise = read();
    }
    let length = weight(&precise);
    let stated = stated(meta);
    let stated_length = weight(&stated);
    let doubtful =
        length < SHORT || length * 2 < made.prose_chars || length * 13 < stated_length * 10;
    let mut best = precise;
    if doubtful {
        let rescue = readable(doc);
        if prose(&rescue) * 2 > prose(&best) * 3 {
            best = rescue;
        }
        if weight(&best) < NOTHING && made.prose_chars > NOTHING {
            // A template may call its whole article by a name of furniture. What lies over the page is none.
            let whole = Document::from(html);
            consent::cut(&whole);
            let named = readable(&whole);
            if weight(&named) > weight(&best) {
                best = named;
            }
        }
        if weight(&best) < NOTHING {
            let marked = marked::marked(doc);
            if weight(&marked) > weight(&best) {
                best = marked;
            }
        }
        if weight(&best) < NOTHING {
            let hidden = state::blocks(html);
            if weight(&hidden) > weight(&best) {
                best = hidden;
            }
        }
    }
    let best = around::whole(best, &render::blocks(&doc.root()), &meta.titles);
    let longest = weight(&best);
    if stated_length >= STATED_MIN && stated_length * 10 > longest * 13 {
        return stated;
    }
    best
}

fn weight(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| render::weight(&block.text)).sum()
}

/// Weight of the blocks long enough to be prose: furniture adds many short ones.
fn prose(blocks: &[Block]) -> usize {
    blocks
        .iter()
        .map(|block| render::weight(&block.text))
        .filter(|&weight| weight >= PROSE_MIN)
        .sum()
}

/// Trafilatura with precision first.
fn precise(html: &str) -> Vec<Block> {
    let mut options =
        Options::default().with_fallback(true).with_focus(ExtractionFocus::FavorPrecision);
    options.exclude_comments = true;
    trafilatura::extract(html, &options)
        .map(|found| render::paragraphs(&found.content_html))
        .unwrap_or_default()
}

/// Readability's way: better recall, more furniture. It works on a copy, for it cuts the page up.
fn readable(doc: &Document) -> Vec<Block> {
    let config = dom_smoothie::Config { disable_json_ld: true, ..dom_smoothie::Config::default() };
    Readability::with_document(doc.clone(), None, Some(config))
        .and_then(|mut engine| engine.parse())
        .map(|article| render::paragraphs(&article.content))
        .unwrap_or_default()
}

/// The bodies that the page names as the article's, in JSON-LD and in microdata.
pub(crate) fn named(doc: &Document, meta: &Metadata) -> Vec<Vec<Block>> {
    let mut bodies = vec![stated(meta), marked::marked(doc)];
    bodies.retain(|body| weight(body) >= STATED_MIN);
    bodies
}

/// The articleBody that JSON-LD states, by its lines.
fn stated(meta: &Metadata) -> Vec<Block> {
    let text = meta.article_body.as_deref().unwrap_or_default();
    text.lines()
        .map(render::one_line)
        .filter(|line| !line.is_empty())
        .map(|text| Block { text, kind: BlockKind::Paragraph })
        .collect()
}
