//! Names of articles that wait to be written, where many do: whoever went by one first keeps it.
//!
//! Names are hashes, so each falls into a block of its own, and to look whether one is there costs as much as to write it. Put in
//! order, neighbours share a block.

/// What a name takes in memory.
const NAME_BYTES: usize = size_of::<(u64, u64)>();

/// Hashes of names with the articles that went by them, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(u64, u64)>);

impl Names {
    pub(super) fn add(&mut self, hash: u64, article: u64) {
        self.0.push((hash, article));
    }

    /// Takes all of them out, by hash, each with the article that had it first.
    pub(super) fn take_in_order(&mut self) -> Vec<(u64, u64)> {
        let mut names = std::mem::take(&mut self.0);
        // Keeps those of one hash in the order in which they came.
        names.sort_by_key(|&(hash, _)| hash);
        names.dedup_by_key(|&mut (hash, _)| hash);
        names
    }

    pub(super) const fn bytes(&self) -> usize {
        self.0.len() * NAME_BYTES
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_article_keeps_a_name(came in prop::collection::vec((0_u64..9, any::<u64>()), 0..50)) {
            let mut names = Names::default();
            let mut first = std::collections::BTreeMap::new();
            for (hash, article) in came {
                names.add(hash, article);
                first.entry(hash).or_insert(article);
            }
            prop_assert!(names.take_in_order().into_iter().eq(first));
            prop_assert_eq!(names.bytes(), 0);
        }
    }
}
