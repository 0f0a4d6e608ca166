//! The peer, set up as its own README does: FNV, word 3-grams, 32 bands of 4 rows, threshold .5.

use fnv::FnvBuildHasher;
use gaoya::minhash::{MinHashIndex, MinHasher as _, MinHasher32};
use gaoya::text::whitespace_split;

use copytaster::sketch::{BANDS, SLOTS};

/// gaoya's hasher and index.
pub(crate) struct Gaoya {
    hasher: MinHasher32<FnvBuildHasher>,
    index: MinHashIndex<u32, u32>,
}

impl Gaoya {
    pub(crate) fn new() -> Self {
        Self {
            hasher: MinHasher32::new(SLOTS),
            index: MinHashIndex::new(BANDS, SLOTS / BANDS, 0.5),
        }
    }

    /// The signature of a text. Word runs are hashed where they stand: gaoya's `shingle_tokens` would allocate each.
    pub(crate) fn signature(&self, text: &str) -> Vec<u32> {
        let text = text.to_lowercase();
        let words: Vec<&str> = whitespace_split(&text).collect();
        self.hasher.create_signature(words.windows(3))
    }

    /// Texts like this one, checked by their signatures; then takes it in.
    pub(crate) fn query_and_insert(&mut self, number: u32, text: &str) -> usize {
        let signature = self.signature(text);
        let found = self.index.query(&signature).len();
        self.index.insert(number, signature);
        found
    }
}
