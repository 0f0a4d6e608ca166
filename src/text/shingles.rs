//! Word hashes to shingle hashes.

/// Odd constants with well-spread bits; one a place in the shingle, so that order counts.
const PLACES: [u64; 5] = [
    0x9E37_79B9_7F4A_7C15,
    0xC2B2_AE3D_27D4_EB4F,
    0x1656_67B1_9E37_79F9,
    0xD6E8_FEB8_6659_FD93,
    0xA076_1D64_78BD_642F,
];

/// The hash of each run of `N` words (1 to 5), in order, with repeats. Empty where there are fewer than `N` words.
pub fn shingles<const N: usize>(words: &[u64]) -> impl Iterator<Item = u64> + '_ {
    const { assert!(N >= 1 && N <= 5, "PLACES has five constants") };
    words.windows(N).map(|run| {
        let sum = run.iter().zip(&PLACES).fold(0_u64, |sum, (word, place)| {
            sum.wrapping_add((word ^ (word >> 32)).wrapping_mul(*place))
        });
        finish(sum)
    })
}

/// Spreads a sum over all 64 bits (the finaliser of `MurmurHash3`).
const fn finish(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x ^= x >> 33;
    x = x.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ (x >> 33)
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
    fn scheme_one_stays_scheme_one() {
        let golden: Vec<u64> = shingles::<3>(&[1, 2, 3]).collect();
        assert_eq!(golden, [GOLDEN]);
    }

    const GOLDEN: u64 = 5_814_362_797_877_477_102;
}
