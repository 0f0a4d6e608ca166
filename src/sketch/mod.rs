//! Shingles to a sketch: 128 numbers of 16 bits that say how alike two sets are, without the sets.
//!
//! Fast Similarity Sketching (Dahlgaard, Knudsen, Thorup 2017, "Fast similarity sketching"). In round `i` every shingle goes
//! to one slot with a value; a slot keeps the least value of the first round that reached it; rounds go on until no slot is
//! empty. Long texts are done after one round, so a shingle costs about one hash where classic `MinHash` pays 128; the
//! estimate is unbiased and, since slots fill without replacement, a little sharper than `MinHash` of the same size.

use crate::text::folded;

/// Number of tokeniser, Unicode tables, furniture rules and sketch together: two sketches compare only within one scheme.
pub const SCHEME: u16 = 3;

/// Slots of a sketch. 128 gives a standard error of about .03 at the similarities that matter.
pub const SLOTS: usize = 128;

/// Bands of four slots each: P(candidate) is .23 at J = .3, .87 at .5, .9998 at .7.
pub const BANDS: usize = 32;

/// Rounds in which slots are chosen by hash; after them each slot still empty gets a round of its own.
const ROUNDS: u64 = SLOTS as u64;

/// What a set of shingles looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    slots: [u16; SLOTS],
}

/// Sketches a set of shingles; repeats do no harm. `None` for the empty set, which is like nothing.
pub fn sketch(shingles: &[u64]) -> Option<Sketch> {
    if shingles.is_empty() {
        return None;
    }
    let mut best = [u64::MAX; SLOTS];
    for round in 0..ROUNDS {
        let seed = seed(round);
        for &shingle in shingles {
            let hash = folded(shingle ^ seed, FACTOR);
            // The lesser of two without a branch, which no processor could foresee.
            let slot = &mut best[(hash % ROUNDS) as usize];
            *slot = value(round, hash).min(*slot);
        }
        if !best.contains(&u64::MAX) {
            break;
        }
    }
    for (slot, round) in best.iter_mut().zip(ROUNDS..) {
        if *slot == u64::MAX {
            let seed = seed(round);
            let least =
                shingles.iter().map(|&shingle| folded(shingle ^ seed, FACTOR)).min().unwrap_or(0);
            *slot = value(round, least);
        }
    }
    Some(Sketch { slots: best.map(|value| (mix(value) >> 16) as u16) })
}

/// Factor of the hash of a shingle in a round (Steele and Vigna 2021, table 6): odd, with bits well spread.
const FACTOR: u64 = 0xF135_7AEA_2E62_A9C5;

/// A slot's value orders by round first: 8 bits of round, 56 of hash. The bits that chose the slot are dropped.
const fn value(round: u64, hash: u64) -> u64 {
    (round << 56) | (hash >> 8)
}

/// The seed of a round: the golden ratio's multiples, spread.
const fn seed(round: u64) -> u64 {
    mix(round.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A bijection of 64 bits that changes half of them for each bit changed (`SplitMix64`'s finaliser, Steele et al. 2014).
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Sketch {
    /// Share of slots that agree, 0.0..=1.0: estimates the Jaccard similarity of the two sets, standard error below
    /// √(J(1−J)/128).
    pub fn similarity(&self, other: &Self) -> f32 {
        let equal = self.slots.iter().zip(&other.slots).filter(|(a, b)| a == b).count();
        equal as f32 / SLOTS as f32
    }

    /// The key of each band: its four slots as one number.
    pub fn bands(&self) -> [u64; BANDS] {
        let mut keys = [0; BANDS];
        for (key, rows) in keys.iter_mut().zip(self.slots.chunks_exact(SLOTS / BANDS)) {
            *key = rows.iter().fold(0, |key, &row| (key << 16) | u64::from(row));
        }
        keys
    }

    /// The slots, for storing.
    pub const fn slots(&self) -> &[u16; SLOTS] {
        &self.slots
    }

    /// A sketch from stored slots of the same [`SCHEME`].
    pub const fn from_slots(slots: [u16; SLOTS]) -> Self {
        Self { slots }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distinct well-spread numbers, the same at every run.
    fn set(from: u64, len: u64) -> Vec<u64> {
        (from..from + len).map(|n| mix(n.wrapping_mul(0xD134_2543_DE82_EF95))).collect()
    }

    #[test]
    fn nothing_is_like_nothing() {
        assert_eq!(sketch(&[]), None);
    }

    #[test]
    fn order_and_repeats_do_not_count() {
        let forth = set(0, 50);
        let mut back = forth.clone();
        back.reverse();
        back.extend_from_slice(&forth[..20]);
        assert_eq!(sketch(&forth), sketch(&back));
    }

    #[test]
    fn a_set_of_one_fills_every_slot() {
        let one = sketch(&set(7, 1)).unwrap();
        let other = sketch(&set(8, 1)).unwrap();
        assert!(one.similarity(&other) < 0.05);
        assert!((one.similarity(&one) - 1.0).abs() < f32::EPSILON);
    }

    /// Mean error over many pairs is near zero and its spread within the binomial bound: the paper's claim.
    #[test]
    fn the_estimate_is_unbiased_and_within_its_bound() {
        for (len, shared) in [(10, 5), (40, 20), (150, 120), (700, 350), (2000, 200)] {
            let truth = shared as f64 / (2 * len - shared) as f64;
            let pairs = 200;
            let mut sum = 0.0;
            let mut squares = 0.0;
            for pair in 0..pairs {
                let start = pair * 100_000;
                let a = sketch(&set(start, len)).unwrap();
                let b = sketch(&set(start + len - shared, len)).unwrap();
                let error = f64::from(a.similarity(&b)) - truth;
                sum += error;
                squares += error * error;
            }
            let bound = (truth * (1.0 - truth) / SLOTS as f64).sqrt();
            let bias = sum / pairs as f64;
            let spread = (squares / pairs as f64).sqrt();
            assert!(
                bias.abs() < 4.0 * bound / (pairs as f64).sqrt(),
                "{len}/{shared}: bias {bias}"
            );
            assert!(spread < 1.15 * bound, "{len}/{shared}: spread {spread}, bound {bound}");
        }
    }

    /// The bands alone miss (1 − .7⁴)³² = 1.5 in 10,000.
    #[test]
    fn pairs_of_jaccard_seven_tenths_share_a_band_in_999_of_1000() {
        let (pairs, len, shared) = (20_000, 85, 70); // 70 ÷ (85 + 85 − 70)
        let met = (0..pairs).filter(|pair| {
            let start = pair * 1_000;
            let a = sketch(&set(start, len)).unwrap().bands();
            let b = sketch(&set(start + len - shared, len)).unwrap().bands();
            a.iter().zip(&b).any(|(a, b)| a == b)
        });
        let met = met.count();
        assert!(met >= 19_980, "{met} of {pairs}");
    }

    #[test]
    fn scheme_two_stays_scheme_two() {
        let got = sketch(&set(1, 300)).unwrap();
        assert_eq!(got.slots()[..8], GOLDEN);
        assert_eq!(sketch(&set(1, 3)).unwrap().slots()[120..], GOLDEN_SHORT);
    }

    const GOLDEN: [u16; 8] = [54155, 46536, 44391, 3798, 25125, 27608, 27831, 41589];
    const GOLDEN_SHORT: [u16; 8] = [23419, 13685, 49336, 10254, 45492, 22584, 39528, 57747];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Five standard errors: one pair in a million would lie outside by chance.
        #[test]
        fn an_estimate_lies_within_its_bound(len in 1_u64..1500, part in 0_u64..=100, start in 0_u64..1_000_000) {
            let shared = len * part / 100;
            let truth = shared as f64 / (2 * len - shared) as f64;
            let a = sketch(&set(start, len)).unwrap();
            let b = sketch(&set(start + len - shared, len)).unwrap();
            let bound = 5.0 * (truth * (1.0 - truth) / SLOTS as f64).sqrt() + 1.0 / SLOTS as f64;
            let error = (f64::from(a.similarity(&b)) - truth).abs();
            prop_assert!(error <= bound, "{len}/{shared}: off by {error}, bound {bound}");
        }

        #[test]
        fn equal_sets_have_equal_bands(seed in 0_u64..1_000_000, len in 1_u64..400) {
            let a = sketch(&set(seed, len)).unwrap();
            prop_assert_eq!(a.bands(), Sketch::from_slots(*a.slots()).bands());
        }
    }
}
