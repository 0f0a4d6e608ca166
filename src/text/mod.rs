//! Raw bytes to text, text to paragraphs, words, numbers and shingles.
//!
//! Everything here belongs to the scheme of [`crate::sketch::SCHEME`]: a change that moves one hash needs a new number.

mod decode;
mod paragraphs;
mod passages;
mod shingles;
mod words;

pub use decode::{Decoded, decode};
pub use paragraphs::paragraphs;
pub use passages::passages;
pub use shingles::shingles;
pub use words::{content_words, fold, numbers, word_count, words};
