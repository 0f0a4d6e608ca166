//! Two compared texts to what they share, exactly: no sketch, no sample.

use super::compared::Compared;
use crate::text::{self, folded};

/// Shingles a text may have of its own, on either side, before a single shared passage is doubtful.
const OWN_MIN: u32 = 16;

/// Shingles at the beginning of a text that are its lead, and how many of them another needs to begin alike.
const LEAD: usize = 8;
const LEAD_SHARED_MIN: usize = 6;

/// Words a passage needs to be a notice rather than a line of a template.
const NOTICE_SHINGLES_MIN: u32 = 18;

/// What two texts have in common. Symmetric: it is the same whichever text is called the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Distinct shingles of the one.
    pub size: u32,
    /// Distinct shingles of the other.
    pub other_size: u32,
    /// Distinct shingles of both.
    pub shared: u32,
    /// Numbers of the text with fewer shingles.
    pub numbers: u32,
    /// Of these, how many the other text has.
    pub numbers_found: u32,
    /// Names of the text with fewer shingles.
    pub names: u32,
    /// Of these, how many the other text has.
    pub names_found: u32,
    /// Words of the shorter headline.
    pub title: u32,
    /// Of these, how many the other headline has.
    pub title_found: u32,
    /// True where both are tables of figures ([`Compared::is_agate`]).
    pub agate: bool,
    /// Shingles in a row of the longest shared passage; 0 where it was not asked for ([`Overlap::asks_for_passage`]).
    pub run: u32,
    /// True where the texts begin alike; false where it was not asked for.
    pub same_lead: bool,
    /// True where hardly a word of either headline stands in the other or in its text; false where it was not asked for.
    pub strange_headlines: bool,
}

impl Overlap {
    /// Counts what `a` and `b` share.
    pub fn of(a: &Compared, b: &Compared) -> Self {
        Probe::new(a).overlap(b)
    }

    /// Jaccard ≥ `percent` ÷ 100.
    pub fn jaccard_at_least(&self, percent: u64) -> bool {
        let union = u64::from(self.size) + u64::from(self.other_size) - u64::from(self.shared);
        union > 0 && u64::from(self.shared) * 100 >= union * percent
    }

    /// Containment (shared ÷ the smaller set) ≥ `percent` ÷ 100.
    pub fn containment_at_least(&self, percent: u64) -> bool {
        let smaller = u64::from(self.smaller());
        smaller > 0 && u64::from(self.shared) * 100 >= smaller * percent
    }

    /// Share of the smaller text's numbers found in the other ≥ `percent` ÷ 100; true where it has none.
    pub fn numbers_at_least(&self, percent: u64) -> bool {
        at_least(self.numbers_found, self.numbers, percent)
    }

    /// The same of its names.
    pub fn names_at_least(&self, percent: u64) -> bool {
        at_least(self.names_found, self.names, percent)
    }

    /// The same of the words of the shorter headline.
    pub fn title_at_least(&self, percent: u64) -> bool {
        at_least(self.title_found, self.title, percent)
    }

    /// Distinct shingles of the smaller text.
    pub fn smaller(&self) -> u32 {
        self.size.min(self.other_size)
    }

    /// The least that either text has of its own.
    pub fn own(&self) -> u32 {
        self.smaller() - self.shared
    }

    /// True where the rule looks at the longest passage: the headlines do not agree, and both texts have words of their own.
    pub fn asks_for_passage(&self) -> bool {
        (self.own() >= OWN_MIN && !self.title_at_least(51)) || !self.title_at_least(26)
    }

    /// True where nearly all that is shared is one passage, and the rest speaks against it: a notice under two stories, a
    /// statement inside two reports. Each has a top and tail and a headline of its own; or of the headlines hardly a word
    /// stands in the other text.
    pub fn is_one_passage(&self, same_source: bool) -> bool {
        let one = u64::from(self.run) * 4 >= u64::from(self.shared) * 3;
        // Elsewhere a text that begins alike is a copy with a headline and an end of its own, and so is one of which the
        // passage is nearly all, though a site's furniture stands above it.
        let larger = u64::from(self.size.max(self.other_size));
        let nearly_all = u64::from(self.shared) * 5 >= larger * 4;
        let copied = (self.same_lead || nearly_all) && !same_source;
        let own = self.own() >= OWN_MIN && !self.title_at_least(51) && !copied;
        let notice = same_source && self.strange_headlines && self.run >= NOTICE_SHINGLES_MIN;
        one && (own || notice)
    }
}

fn at_least(found: u32, of: u32, percent: u64) -> bool {
    u64::from(found) * 100 >= u64::from(of) * percent
}

/// What one text has of another's shingles.
#[derive(Default)]
struct Met {
    /// Distinct ones.
    shared: u32,
    /// The longest row of them.
    run: u32,
    /// How many of the first [`LEAD`].
    lead: usize,
}

/// A text made ready to be met with many others: a table of its shingles.
#[derive(Clone, Debug)]
pub(super) struct Probe<'a> {
    text: &'a Compared,
    shingles: Vec<u64>,
    /// The distinct shingles by hash, an empty place after each run; 0 is empty.
    slots: Vec<u64>,
    /// The meeting in which each slot was last hit.
    hits: Vec<u32>,
    meeting: u32,
    mask: usize,
}

impl<'a> Probe<'a> {
    pub(super) fn new(text: &'a Compared) -> Self {
        let shingles: Vec<u64> = text::shingles::<3>(&text.words).collect();
        let slots = table(&mut shingles.iter().copied(), shingles.len());
        let hits = vec![0; slots.len()];
        let mask = slots.len() - 1;
        Self { text, shingles, slots, hits, meeting: 0, mask }
    }

    /// Counts what the text shares with `other`.
    pub(super) fn overlap(&mut self, other: &Compared) -> Overlap {
        let Met { shared, run: run_there, lead } = self.meet(other, None);
        let a = self.text;
        let smaller = if a.shingles <= other.shingles { a } else { other };
        let mut overlap = Overlap {
            size: a.shingles,
            other_size: other.shingles,
            shared,
            numbers: smaller.numbers.len() as u32,
            numbers_found: in_both(&a.numbers, &other.numbers),
            names: smaller.names.len() as u32,
            names_found: in_both(&a.names, &other.names),
            title: a.title.len().min(other.title.len()) as u32,
            title_found: in_both(&a.title, &other.title),
            agate: a.is_agate() && other.is_agate(),
            run: 0,
            same_lead: false,
            strange_headlines: false,
        };
        if overlap.asks_for_passage() {
            overlap.run = run_there.min(self.run_here());
            overlap.same_lead = lead >= LEAD_SHARED_MIN
                && self.held().take(LEAD).filter(|&held| held).count() >= LEAD_SHARED_MIN;
            overlap.strange_headlines = overlap.title >= 2
                && !overlap.title_at_least(26)
                && is_strange(&a.title, other)
                && is_strange(&other.title, a);
        }
        overlap
    }

    /// The same, without the block `hash` of both texts. Numbers, names and headlines count as they are.
    pub(super) fn overlap_without(&mut self, other: &Compared, hash: u64) -> Overlap {
        let whole = self.overlap(other);
        let without = self.meet(other, Some(hash)).shared;
        let cut = whole.shared - without;
        Overlap {
            size: whole.size - cut.min(whole.size),
            other_size: whole.other_size - cut.min(whole.other_size),
            shared: without,
            run: 0,
            ..whole
        }
    }

    /// Counts the shingles of `other` that this text has. Shingles that lie in the block `leave_out` of
    /// `other` are passed over.
    fn meet(&mut self, other: &Compared, leave_out: Option<u64>) -> Met {
        self.meeting += 1;
        let out = leave_out.map_or(0..0, |hash| other.shingles_of(hash));
        let (mut met, mut row) = (Met::default(), 0);
        for (at, shingle) in text::shingles::<3>(&other.words).enumerate() {
            match find(&self.slots, self.mask, shingle) {
                Ok(slot) if !out.contains(&at) => {
                    met.shared += u32::from(self.hits[slot] != self.meeting);
                    self.hits[slot] = self.meeting;
                    row += 1;
                    met.run = met.run.max(row);
                    met.lead += usize::from(at < LEAD);
                }
                _ => row = 0,
            }
        }
        met
    }

    /// True at the places of this text's shingles that the other text of the last meeting has, too.
    fn held(&self) -> impl Iterator<Item = bool> {
        self.shingles.iter().map(|&shingle| {
            find(&self.slots, self.mask, shingle).is_ok_and(|slot| self.hits[slot] == self.meeting)
        })
    }

    /// The longest row of shared shingles in this text.
    fn run_here(&self) -> u32 {
        let (mut row, mut longest) = (0, 0);
        for held in self.held() {
            row = if held { row + 1 } else { 0 };
            longest = longest.max(row);
        }
        longest
    }

    /// The first block on which at least half of what the texts share rests, if one does. `other` is the text of the last
    /// meeting.
    pub(super) fn rests_on(&self, other: &Compared, shared: u32) -> Option<u64> {
        let mut known: Vec<u64> = other.blocks.iter().map(|block| block.hash).collect();
        known.sort_unstable();
        // How many held shingles begin before each place.
        let mut before: Vec<u32> = vec![0];
        before.extend(self.held().scan(0, |sum, held| {
            *sum += u32::from(held);
            Some(*sum)
        }));
        let place = |at: usize| before[at.min(before.len() - 1)];
        let rests = (0..self.text.blocks.len()).find(|&at| {
            let range = self.text.shingle_range(at);
            let within = place(range.end) - place(range.start);
            let hash = self.text.blocks[at].hash;
            let half = u64::from(within) * 2 >= u64::from(shared) && within > 0;
            hash != 0 && half && known.binary_search(&hash).is_ok()
        });
        rests.map(|at| self.text.blocks[at].hash)
    }

    /// Distinct shingles of the text that both `a` and `b` have.
    pub(super) fn in_all_three(&mut self, a: &Compared, b: &Compared) -> u32 {
        self.meet(a, None);
        let first = self.meeting;
        let of_a: Vec<bool> = self.hits.iter().map(|&hit| hit == first).collect();
        self.meet(b, None);
        let both = of_a.iter().zip(&self.hits).filter(|&(&of_a, &hit)| of_a && hit == self.meeting);
        both.count() as u32
    }
}

impl Compared {
    /// Places of the shingles that lie whole in the first block `hash`.
    fn shingles_of(&self, hash: u64) -> std::ops::Range<usize> {
        let at = self.blocks.iter().position(|block| block.hash == hash);
        at.map_or(0..0, |at| self.shingle_range(at))
    }

    /// Places of the shingles that lie whole in the block at `at`.
    fn shingle_range(&self, at: usize) -> std::ops::Range<usize> {
        let start = at.checked_sub(1).map_or(0, |before| self.blocks[before].end as usize);
        start..(self.blocks[at].end as usize).saturating_sub(2).max(start)
    }
}

/// Fewer than a quarter of the headline's words stand in the text.
fn is_strange(title: &[u64], text: &Compared) -> bool {
    let mut left: Vec<u64> = title.to_vec();
    text::each_content(&text.words, |word| {
        if let Ok(place) = left.binary_search(&word) {
            left.remove(place);
        }
    });
    ((title.len() - left.len()) as u64) * 4 < title.len() as u64
}

/// Leaves each shingle once, where it came first.
pub(super) fn distinct(shingles: &mut Vec<u64>) {
    let mut slots = vec![0; places(shingles.len())];
    let mask = slots.len() - 1;
    let mut kept = 0;
    for at in 0..shingles.len() {
        let shingle = shingles[at];
        let (new, slot) = match find(&slots, mask, shingle) {
            Ok(slot) => (false, slot),
            Err(free) => (true, free),
        };
        // Written in any case: no processor could foresee which are new.
        slots[slot] = key(shingle);
        shingles[kept] = shingle;
        kept += usize::from(new);
    }
    shingles.truncate(kept);
}

/// Number of different shingles. Repeats are few, so a bit for each of sixteen times as many tells most of them apart; only
/// those that meet on a bit are compared.
pub(super) fn count_distinct(shingles: &[u64]) -> u32 {
    let bits = (16 * shingles.len()).next_power_of_two().max(64).ilog2();
    let place = |shingle: u64| {
        let place = shingle.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits);
        ((place / 64) as usize, 1_u64 << (place % 64))
    };
    // Once or more, and more than once.
    let mut seen = vec![[0_u64; 2]; 1 << (bits - 6)];
    for &shingle in shingles {
        let (word, bit) = place(shingle);
        let [once, again] = &mut seen[word];
        *again |= *once & bit;
        *once |= bit;
    }
    let is_met = |&shingle: &u64| {
        let (word, bit) = place(shingle);
        seen[word][1] & bit != 0
    };
    let mut met: Vec<u64> = shingles.iter().copied().filter(is_met).collect();
    let alone = shingles.len() - met.len();
    met.sort_unstable();
    met.dedup();
    (alone + met.len()) as u32
}

/// Places of a table for so many shingles: it is at most half full.
const fn places(shingles: usize) -> usize {
    let places = (shingles * 2).next_power_of_two();
    if places < 2 { 2 } else { places }
}

/// A table of the distinct shingles.
pub(super) fn table(shingles: impl Iterator<Item = u64>, count: usize) -> Vec<u64> {
    let mut slots = vec![0; places(count)];
    let mask = slots.len() - 1;
    for shingle in shingles {
        if let Err(free) = find(&slots, mask, shingle) {
            slots[free] = key(shingle);
        }
    }
    slots
}

/// 0 marks an empty slot, so the shingle 0 is taken for 1.
const fn key(shingle: u64) -> u64 {
    if shingle == 0 { 1 } else { shingle }
}

/// The slot that holds a shingle, else the free one where it would go.
pub(super) fn find(slots: &[u64], mask: usize, shingle: u64) -> Result<usize, usize> {
    let key = key(shingle);
    let mut slot = folded(key, 0x9E37_79B9_7F4A_7C15) as usize & mask;
    while slots[slot] != 0 && slots[slot] != key {
        slot = (slot + 1) & mask;
    }
    if slots[slot] == key { Ok(slot) } else { Err(slot) }
}

/// Number of elements two sorted sets share.
pub(super) fn in_both(a: &[u64], b: &[u64]) -> u32 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        count += u32::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::prepare;
    use proptest::prelude::*;

    fn text(body: &str) -> Compared {
        prepare("", body, &[]).compared
    }

    const NOTICE: &str = "Before you go on we use small files to keep the service running and to measure how readers use it and to choose notices";

    #[test]
    fn sets_are_counted_exactly() {
        assert_eq!(in_both(&[1, 3, 5, 9], &[2, 3, 9, 10]), 2);
        assert_eq!(in_both(&[], &[1]), 0);
        let overlap = Overlap::of(&text("a b c d a b c d"), &text("x a b c d y"));
        assert_eq!((overlap.size, overlap.other_size, overlap.shared), (4, 4, 2));
    }

    #[test]
    fn a_notice_under_strange_headlines_is_one_passage() {
        let page =
            |title: &str, own: &str| prepare(title, &format!("{own}\n{NOTICE}"), &[]).compared;
        let a = page("Ferry strike enters third week", "Crews of the car ferries stayed ashore");
        let b = page("Budget passes by three votes", "The farmers' party won lower fuel duty");
        let overlap = Overlap::of(&a, &b);
        assert!(overlap.is_one_passage(true), "{overlap:?}");
        assert!(!overlap.is_one_passage(false));
        let same = Overlap::of(&a, &page("Ferry strike goes on", "Crews stayed ashore for a day"));
        assert!(!same.is_one_passage(true), "{same:?}");
    }

    #[test]
    fn what_rests_on_a_block_goes_with_it() {
        let a = text(&format!("Crews of the ferries stayed ashore all day\n{NOTICE}"));
        let b = text(&format!("Parliament passed the spending plan at night\n{NOTICE}"));
        let mut probe = Probe::new(&a);
        let overlap = probe.overlap(&b);
        let block = probe.rests_on(&b, overlap.shared);
        assert_eq!(block, Some(a.blocks[1].hash));
        assert_eq!(probe.overlap_without(&b, a.blocks[1].hash).shared, 0);
        assert_eq!(probe.rests_on(&text("nothing of it"), 1), None);
    }

    #[test]
    fn three_texts_share_what_each_has() {
        let whole = text("a b c d e f g h");
        let mut probe = Probe::new(&whole);
        assert_eq!(probe.in_all_three(&text("a b c d"), &text("b c d e")), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn an_overlap_is_what_sets_say_and_the_same_both_ways(
            a in prop::collection::vec(0_u8..6, 0..60), b in prop::collection::vec(0_u8..6, 0..60), titles in ("[a-d ]{0,12}", "[a-d ]{0,12}")
        ) {
            let join = |words: &[u8]| words.iter().map(|w| format!("word{w}")).collect::<Vec<_>>().join(" ");
            let a = prepare(&titles.0, &join(&a), &[]).compared;
            let b = prepare(&titles.1, &join(&b), &[]).compared;
            let (forth, back) = (Overlap::of(&a, &b), Overlap::of(&b, &a));
            prop_assert_eq!(forth.shared, in_both(&a.shingle_set(), &b.shingle_set()));
            prop_assert_eq!(forth.size as usize, a.shingle_set().len());
            let turned = Overlap { size: back.other_size, other_size: back.size, ..back };
            if forth.size != forth.other_size {
                prop_assert_eq!(forth, turned);
            }
        }
    }
}
