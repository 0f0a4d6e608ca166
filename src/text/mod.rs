//! Raw bytes to text, text to paragraphs, words and shingles.

mod decode;

pub use decode::{Decoded, decode};
