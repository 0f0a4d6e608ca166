//! A number to an invented news text: the same at every run, as many as wanted, none kept.
//!
//! A story is spliced from a pool of invented sentences that are made when they are asked for, so that the pool can be large;
//! a text is a version of a story, made as newsrooms make them, half of them in their site's furniture. Word frequencies fall
//! as in language (Zipf), and names, numbers, quotes and curly apostrophes are there, since tokenisers stumble over them.

use std::fmt::Write as _;

use copytaster::model::Article;

/// What opens the list of words by frequency.
const GRAMMAR: [&str; 48] = [
    "the", "of", "to", "and", "a", "in", "said", "that", "for", "on", "it", "was", "is", "with",
    "he", "by", "at", "as", "from", "be", "has", "his", "have", "will", "an", "are", "not", "its",
    "but", "who", "had", "they", "which", "this", "their", "were", "would", "been", "after", "she",
    "one", "or", "more", "up", "about", "over", "there", "when",
];

const ONSETS: [&str; 16] =
    ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr"];
const RHYMES: [&str; 4] = ["a", "en", "i", "or"];

/// Different words.
const VOCABULARY: u64 = 40_000;

/// Sentences of the pool, and of those that background is told in again and again.
const POOL: u64 = 1 << 23;
const STOCK: u64 = 5_000;

/// One sentence in so many is background.
const BACKGROUND: u64 = 40;

/// Texts of a story, in the mean.
const VERSIONS: u64 = 3;

/// A version comes at most so many stories after its own.
const LATE_MAX: u64 = 300;

const SITES: u64 = 40;

/// Words of a brief.
const BRIEF_WORDS: usize = 36;

/// Numbers drawn one after another (`SplitMix64`).
struct Draw(u64);

impl Draw {
    fn of(what: u64, number: u64) -> Self {
        Self(number.wrapping_mul(0xD134_2543_DE82_EF95) ^ what.wrapping_mul(0xA076_1D64_78BD_642F))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// How a version comes from its story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Copy,
    /// One to three words of a hundred are others.
    Edited,
    /// Paragraphs go, others come.
    Cut,
    /// The beginning alone.
    Truncated,
    Brief,
}

impl Kind {
    fn drawn(draw: &mut Draw) -> Self {
        match draw.below(100) {
            0..30 => Self::Copy,
            30..60 => Self::Edited,
            60..75 => Self::Cut,
            75..85 => Self::Truncated,
            _ => Self::Brief,
        }
    }
}

/// Words of a text that are replaced: so many of a thousand.
struct Edits {
    draw: Draw,
    of_thousand: u64,
}

/// All invented news, as one wire.
pub(crate) struct Wire {
    words: Vec<String>,
    /// Rank of a word by a draw of 16 bits.
    ranks: Vec<u16>,
    mean_words: u64,
}

impl Wire {
    /// Texts of about `mean_words` words, briefs aside.
    pub(crate) fn new(mean_words: usize) -> Self {
        let steps = 1_u32 << 16;
        let rank = |step: u32| {
            let share = (f64::from(step) + 0.5) / f64::from(steps);
            ((VOCABULARY as f64).powf(share) as u64).min(VOCABULARY) as u16 - 1
        };
        Self {
            words: (0..VOCABULARY).map(word).collect(),
            ranks: (0..steps).map(rank).collect(),
            mean_words: mean_words as u64,
        }
    }

    /// Text number `number` of the wire.
    pub(crate) fn article(&self, number: u64) -> Article {
        let mut draw = Draw::of(1, number);
        let newest = number / VERSIONS;
        let (story, kind) = if number.is_multiple_of(VERSIONS) {
            (newest, Kind::Copy)
        } else {
            (newest - draw.below(newest.min(LATE_MAX) + 1), Kind::drawn(&mut draw))
        };
        let site = draw.below(SITES);
        let mut edits = Edits { of_thousand: 0, draw: Draw::of(2, number) };
        if kind == Kind::Edited {
            edits.of_thousand = 10 + draw.below(21);
        }
        let mut paragraphs = self.story(story);
        cut(&mut paragraphs, kind, &mut draw);
        let mut text = String::with_capacity(8 * self.mean_words as usize);
        let dressed = draw.one_in(2);
        if dressed {
            self.sentence(Draw::of(5, site), &mut edits, &mut text);
            text.push('\n');
        }
        for paragraph in paragraphs {
            for sentence in paragraph {
                self.sentence(Draw::of(3, sentence), &mut edits, &mut text);
                text.push(' ');
            }
            text.push('\n');
        }
        if kind == Kind::Brief {
            shorten(&mut text, BRIEF_WORDS);
        }
        if dressed {
            for line in 0..2 {
                text.push('\n');
                self.sentence(Draw::of(6 + line, site), &mut edits, &mut text);
            }
        }
        // Desks write headlines of their own as often as not.
        let headline = if draw.one_in(2) { story } else { number + (1 << 40) };
        Article {
            source: format!("site{site}").as_str().into(),
            id: Some(number.to_string()),
            title: self.headline(story, headline),
            text,
            ..Article::default()
        }
    }

    /// The sentences of a story, by paragraph.
    fn story(&self, story: u64) -> Vec<Vec<u64>> {
        let mut draw = Draw::of(4, story);
        // Two draws: most lengths are near the mean, some texts are thrice as long as others.
        let length = self.mean_words / 2
            + draw.below(self.mean_words / 2 + 1)
            + draw.below(self.mean_words / 2 + 1);
        // Nineteen words a sentence.
        let mut left = (length / 19).max(2);
        let mut paragraphs = Vec::new();
        while left > 0 {
            let count = (1 + draw.below(3)).min(left);
            left -= count;
            paragraphs.push((0..count).map(|_| sentence_of_pool(&mut draw)).collect());
        }
        paragraphs
    }

    /// A headline says what the story's first sentence says, in `way`.
    fn headline(&self, story: u64, way: u64) -> String {
        let mut title = String::new();
        let first = self.story(story)[0][0];
        let mut edits = Edits { draw: Draw::of(9, way), of_thousand: 300 };
        self.sentence(Draw::of(3, first), &mut edits, &mut title);
        shorten(&mut title, 8);
        title
    }

    /// Writes a sentence. Edits leave its other words as they are.
    fn sentence(&self, mut draw: Draw, edits: &mut Edits, out: &mut String) {
        let count = 9 + draw.below(11) + draw.below(11);
        let quoted = draw.one_in(8);
        if quoted {
            out.push('“');
        }
        for at in 0..count {
            if at > 0 {
                out.push_str(if draw.one_in(16) { ", " } else { " " });
            }
            let (mut chosen, looks) = (draw.next(), draw.below(100));
            if edits.of_thousand > 0 && edits.draw.below(1000) < edits.of_thousand {
                chosen = edits.draw.next();
            }
            self.word(chosen, looks, at == 0, out);
        }
        out.push('.');
        if quoted {
            out.push('”');
        }
    }

    fn word(&self, chosen: u64, looks: u64, first: bool, out: &mut String) {
        let rank = usize::from(self.ranks[(chosen & 0xFFFF) as usize]);
        match looks {
            // A number.
            0..3 if !first => {
                let number = (chosen >> 16) % [10, 100, 2030, 90_000][(chosen >> 60) as usize % 4];
                if number > 9999 {
                    let (thousands, rest) = (number / 1000, number % 1000);
                    // Writing to a string does not fail.
                    let _ = write!(out, "{thousands},{rest:03}");
                } else {
                    out.push_str(&number.to_string());
                }
            }
            // A name: words of the rare half.
            3..10 => capitalised(&self.words[(rank + 20_000) % self.words.len()], out),
            10 => {
                out.push_str(&self.words[rank]);
                out.push_str("’s");
            }
            _ if first => capitalised(&self.words[rank], out),
            _ => out.push_str(&self.words[rank]),
        }
    }
}

fn sentence_of_pool(draw: &mut Draw) -> u64 {
    if draw.one_in(BACKGROUND) { draw.below(STOCK) } else { STOCK + draw.below(POOL) }
}

/// Makes a version of a story's paragraphs.
fn cut(paragraphs: &mut Vec<Vec<u64>>, kind: Kind, draw: &mut Draw) {
    match kind {
        Kind::Copy | Kind::Edited => {}
        Kind::Cut => {
            paragraphs.retain(|_| !draw.one_in(5));
            for _ in 0..=paragraphs.len() / 6 {
                let at = draw.below(paragraphs.len() as u64 + 1) as usize;
                paragraphs.insert(at, vec![sentence_of_pool(draw), sentence_of_pool(draw)]);
            }
        }
        Kind::Truncated => paragraphs.truncate(paragraphs.len().div_ceil(2)),
        Kind::Brief => paragraphs.truncate(3),
    }
}

/// Leaves the first `words` words.
fn shorten(text: &mut String, words: usize) {
    let end = text.match_indices(' ').nth(words - 1).map(|(at, _)| at);
    text.truncate(end.unwrap_or(text.len()));
}

fn capitalised(word: &str, out: &mut String) {
    out.extend(word.chars().next().map(|first| first.to_ascii_uppercase()));
    out.push_str(&word[1..]);
}

/// The word of a rank: two syllables for common ones, else three. No two are the same.
fn word(rank: u64) -> String {
    if let Some(word) = GRAMMAR.get(rank as usize) {
        return (*word).to_owned();
    }
    let syllables: &[u64] = if rank < 1_500 { &[0, 6] } else { &[0, 6, 12] };
    // An odd factor spreads neighbours and maps no two ranks to one number.
    let spread = rank.wrapping_mul(0x9E35);
    let syllable = |shift: &u64| {
        let chosen = (spread >> shift) as usize % 64;
        format!("{}{}", ONSETS[chosen % 16], RHYMES[chosen / 16])
    };
    syllables.iter().map(syllable).collect()
}
