//! Prepared texts to the live versions that may be near them: bands of the sketch, and anchors for what is held whole.

use super::prepared::Prepared;
use crate::lsh::Table;
use crate::sketch::{BANDS, Sketch};

/// Keys of a text in the containment index, in the mean: news of 130 words has some 35, of 700 words some 85.
const ANCHORS_MEAN: usize = 64;

/// Clusters that hold an anchor until it says nothing any more.
const ANCHOR_CLUSTERS: usize = 3;

/// Anchors two texts must share to be compared.
const ANCHOR_HITS_MIN: usize = 2;

/// Versions compared at one arrival: a flood of one text must not go quadratic.
const COMPARED_MAX: usize = 256;

/// The two tables over the live versions. Memory is bounded from the start, and taken as they fill.
#[derive(Clone, Debug)]
pub struct Index {
    bands: Table,
    anchors: Table,
}

impl Index {
    /// An index for so many live versions.
    pub fn with_capacity(live: usize) -> Self {
        Self {
            bands: Table::with_capacity(live * BANDS),
            anchors: Table::with_capacity(live * ANCHORS_MEAN),
        }
    }

    /// Bytes it may come to hold.
    pub const fn bytes_max(&self) -> usize {
        self.bands.bytes_max() + self.anchors.bytes_max()
    }

    /// Versions have other numbers now, in the same order; those that have none are gone.
    pub fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        self.bands.renumber(&new);
        self.anchors.renumber(&new);
    }

    /// Makes version `number` findable. Numbers ascend.
    pub fn insert(&mut self, number: u32, prepared: &Prepared) {
        self.anchors.warm(&prepared.anchors);
        if let Some(sketch) = &prepared.sketch {
            let keys = band_keys(sketch);
            self.bands.warm(&keys);
            for key in keys {
                self.bands.insert(key, number);
            }
        }
        for &anchor in &prepared.anchors {
            self.anchors.insert(anchor, number);
        }
    }

    /// Versions from number `oldest` on that share a band or two anchors with the text, most hits first, the newer first among
    /// equals; at most 256. `cluster_of` names the cluster of a version: an anchor in three of them is a common phrase.
    pub fn candidates(
        &self,
        prepared: &Prepared,
        oldest: u32,
        cluster_of: impl Fn(u32) -> u32,
    ) -> Vec<u32> {
        let mut by_band = Vec::new();
        if let Some(sketch) = &prepared.sketch {
            let keys = band_keys(sketch);
            self.bands.warm(&keys);
            self.anchors.warm(&prepared.anchors);
            for key in keys {
                self.bands.look_up(key, &mut by_band);
            }
        }
        let mut by_anchor = Vec::new();
        for &anchor in &prepared.anchors {
            let before = by_anchor.len();
            self.anchors.look_up(anchor, &mut by_anchor);
            if is_common(&by_anchor[before..], &cluster_of) {
                by_anchor.truncate(before);
            }
        }
        let mut hits = counted(by_band, 1);
        hits.extend(counted(by_anchor, ANCHOR_HITS_MIN));
        hits.retain(|&(_, number)| number >= oldest);
        hits.sort_unstable_by_key(|&(count, number)| (number, std::cmp::Reverse(count)));
        hits.dedup_by_key(|&mut (_, number)| number);
        hits.sort_unstable_by_key(|&hit| std::cmp::Reverse(hit));
        hits.truncate(COMPARED_MAX);
        hits.into_iter().map(|(_, number)| number).collect()
    }
}

/// True where so many clusters hold an anchor that it says nothing.
fn is_common(holders: &[u32], cluster_of: impl Fn(u32) -> u32) -> bool {
    if holders.len() < ANCHOR_CLUSTERS {
        return false;
    }
    let mut clusters: Vec<u32> = holders.iter().map(|&number| cluster_of(number)).collect();
    clusters.sort_unstable();
    clusters.dedup();
    clusters.len() >= ANCHOR_CLUSTERS
}

/// Equal slots in two bands must not meet.
fn band_keys(sketch: &Sketch) -> [u64; BANDS] {
    let mut keys = sketch.bands();
    for (band, key) in (0_u64..).zip(&mut keys) {
        *key = key.rotate_left(band as u32) ^ band.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    keys
}

/// Each number met at least `least` times, with how often.
fn counted(mut numbers: Vec<u32>, least: usize) -> Vec<(usize, u32)> {
    numbers.sort_unstable();
    let runs = numbers.chunk_by(|a, b| a == b).filter(|run| run.len() >= least);
    runs.map(|run| (run.len(), run[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::prepare;

    fn story(seed: usize) -> String {
        (0..120)
            .map(|word| format!("word{}", (word * word + 7 * word * seed + seed) % 977))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_copy_is_found_by_its_bands_and_an_alert_by_its_anchors() {
        let mut index = Index::with_capacity(100);
        for number in 0..20 {
            index.insert(number, &prepare("", &story(number as usize), &[]));
        }
        let copy = prepare("", &format!("{} and a line of our own", story(7)), &[]);
        assert_eq!(index.candidates(&copy, 0, |number| number), [7]);
        let whole = story(7);
        let words: Vec<&str> = whole.split(' ').take(36).collect();
        let alert = prepare("", &words.join(" "), &[]);
        assert_eq!(index.candidates(&alert, 0, |number| number), [7]);
        assert_eq!(index.candidates(&alert, 8, |number| number), [0_u32; 0]);
    }

    #[test]
    fn a_phrase_of_three_clusters_says_nothing_and_of_one_all_the_same() {
        let mut index = Index::with_capacity(100);
        let phrase = story(3).split(' ').take(30).collect::<Vec<_>>().join(" ");
        for number in 0..3 {
            let text = format!("{phrase} {}", story(20 + number as usize).repeat(6));
            index.insert(number, &prepare("", &text, &[]));
        }
        let alone = prepare("", &phrase, &[]);
        assert_eq!(index.candidates(&alone, 0, |number| number), [0_u32; 0]);
        assert_eq!(index.candidates(&alone, 0, |_| 0).len(), 3);
    }
}
