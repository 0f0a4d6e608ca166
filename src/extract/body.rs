//! A parsed page to the paragraphs of its text: engines propose, the page's own articleBody referees.

use dom_query::Document;
use dom_smoothie::Readability;
use trafilatura::{ExtractionFocus, Options};

use super::guard::Measured;
use super::metadata::Metadata;
use super::prune::Makeup;
use super::render::{self, Block, BlockKind};

/// Above this many tags only the engine that stays near linear is asked. Real pages reach 19,500; 300,000 `<br>` kept the
/// other busy for over 12 s.
const PRECISE_TAGS_MAX: usize = 40_000;
/// Above this depth, too: 500 unclosed `<b>` of different attributes kept it busy for 8 s. Real pages reach 122.
const PRECISE_DEPTH_MAX: usize = 200;
/// Text shorter than this is checked against the second engine, in characters.
const SHORT_CHARS: usize = 600;
/// Text shorter than this is no text, in characters.
const NOTHING_CHARS: usize = 200;
/// An articleBody counts from this length on: shorter ones are teasers.
const STATED_CHARS_MIN: usize = 400;

/// The body's paragraphs, best candidate first asked.
/// `doc` is the pruned page, `html` the page as it came.
pub(crate) fn blocks(
    doc: &Document,
    html: &str,
    measured: Measured,
    meta: &Metadata,
    made: Makeup,
) -> Vec<Block> {
    let precise = if measured.tags <= PRECISE_TAGS_MAX && measured.depth <= PRECISE_DEPTH_MAX {
        precise(&doc.html())
    } else {
        Vec::new()
    };
    let length = chars(&precise);
    let stated = meta.article_body.as_deref().map(stated).unwrap_or_default();
    let stated_length = chars(&stated);
    let doubtful =
        length < SHORT_CHARS || length * 2 < made.prose_chars || length * 13 < stated_length * 10;
    let mut best = precise;
    if doubtful {
        let rescue = readable(doc);
        if chars(&rescue) * 2 > length * 3 {
            best = rescue;
        }
        if chars(&best) < NOTHING_CHARS && made.prose_chars > NOTHING_CHARS {
            // A template may call its whole article by a name of furniture.
            best = readable(&Document::from(html));
        }
    }
    let longest = chars(&best);
    if stated_length >= STATED_CHARS_MIN && stated_length * 10 > longest * 13 {
        return stated;
    }
    best
}

fn chars(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| block.text.chars().count()).sum()
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

/// The articleBody that JSON-LD states, by its lines.
fn stated(text: &str) -> Vec<Block> {
    text.lines()
        .map(render::one_line)
        .filter(|line| !line.is_empty())
        .map(|text| Block { text, kind: BlockKind::Paragraph })
        .collect()
}
