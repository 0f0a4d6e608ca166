//! Raw bytes to text, text to paragraphs, words, numbers and shingles.
//!
//! Everything here belongs to the scheme of [`crate::sketch::SCHEME`]: a change that moves one hash needs a new number.

mod apart;
mod count;
mod decode;
mod edges;
mod hash;
mod masks;
mod number;
mod paragraphs;
mod passages;
mod room;
mod shares;
mod shingles;
mod tokens;
mod words;

pub use apart::{Apart, Own, apart, own};
pub use count::word_count;
pub use decode::{Decoded, decode};
pub use hash::Kind;
pub(crate) use hash::folded;
pub use paragraphs::paragraphs;
pub use passages::{Located, passages};
pub use shares::{Share, Shares, shares};
pub use shingles::shingles;
pub(crate) use tokens::each_content;
pub use tokens::{Block, Tokens, content, tokens, words};
pub use words::fold;
