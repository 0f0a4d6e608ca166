//! Word hashes to shingle hashes.

/// Bits each word of a shingle is turned by, so that order counts; far apart for 3-grams and for 5-grams.
const TURNS: [u32; 5] = [0, 21, 42, 11, 32];

/// The hash of each run of `N` words (1 to 5), in order, with repeats. Empty where there are fewer than `N` words.
///
/// A sum of turned word hashes: these are well spread, and a sum costs an addition a word. What needs even low bits mixes it.
pub fn shingles<const N: usize>(words: &[u64]) -> impl Iterator<Item = u64> + '_ {
    const { assert!(N >= 1 && N <= 5, "TURNS has five places") };
    words.array_windows::<N>().map(|run| {
        run.iter()
            .zip(&TURNS)
            .fold(0_u64, |sum, (word, turn)| sum.wrapping_add(word.rotate_left(*turn)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shingle_knows_the_order_of_its_words() {
        let forth: Vec<u64> = shingles::<3>(&[1, 2, 3, 4]).collect();
        let back: Vec<u64> = shingles::<3>(&[3, 2, 1]).collect();
        assert_eq!(forth.len(), 2);
        assert_ne!(forth[0], back[0]);
    }

    #[test]
    fn too_few_words_make_none() {
        assert_eq!(shingles::<3>(&[1, 2]).count(), 0);
        assert_eq!(shingles::<5>(&[]).count(), 0);
    }

    #[test]
    fn a_hundred_thousand_different_runs_have_different_hashes() {
        let words: Vec<u64> =
            (0_u64..100).map(|n| crate::text::words(&format!("w{n}"))[0]).collect();
        let mut all: Vec<u64> = Vec::new();
        for &a in &words[..47] {
            for &b in &words[..47] {
                for &c in &words[..47] {
                    all.extend(shingles::<3>(&[a, b, c]));
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 47 * 47 * 47);
    }

    #[test]
    fn scheme_two_stays_scheme_two() {
        let golden: Vec<u64> = shingles::<3>(&[1, 2, 3]).collect();
        assert_eq!(golden, [1 + (2 << 21) + (3 << 42)]);
    }
}
