//! Two compared texts and the time between them to a link or none: the rule of `docs/clustering.md`, in whole numbers.

use super::compared::{BODY_WORDS_MIN, Compared, shared};
use super::types::Reason;

/// A day: within it the gates are wider, since news is corrected and picked up within hours.
const DAY_MILLIS: u64 = 24 * 3600 * 1000;

/// Shingles under which a text is short: chance overlaps weigh more, so its numbers must agree more.
const SHORT_SHINGLES: u32 = 30;

/// What two texts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl Overlap {
    /// Counts what `a` and `b` share.
    pub fn of(a: &Compared, b: &Compared) -> Self {
        let smaller = if a.shingles.len() <= b.shingles.len() { a } else { b };
        Self {
            size: a.shingles.len() as u32,
            other_size: b.shingles.len() as u32,
            shared: shared(&a.shingles, &b.shingles),
            numbers: smaller.numbers.len() as u32,
            numbers_found: shared(&a.numbers, &b.numbers),
        }
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
        u64::from(self.numbers_found) * 100 >= u64::from(self.numbers) * percent
    }

    /// Distinct shingles of the smaller text.
    pub fn smaller(&self) -> u32 {
        self.size.min(self.other_size)
    }
}

/// The clause that ties two texts `apart_millis` from each other, or `None`. Symmetric.
pub fn rule(overlap: &Overlap, apart_millis: u64) -> Option<Reason> {
    let much_shared = overlap.jaccard_at_least(40)
        || (overlap.containment_at_least(60) && overlap.shared >= BODY_WORDS_MIN);
    if apart_millis > DAY_MILLIS {
        let holds =
            overlap.numbers_at_least(80) && overlap.smaller() >= SHORT_SHINGLES && much_shared;
        return holds.then_some(Reason::LaterFiguresAgree);
    }
    if overlap.jaccard_at_least(70) {
        return Some(Reason::NearlyEqual);
    }
    if overlap.containment_at_least(50) && overlap.shared >= 200 && overlap.numbers_at_least(60) {
        return Some(Reason::LongShared);
    }
    if !much_shared {
        return None;
    }
    let gate = if overlap.smaller() < SHORT_SHINGLES { 80 } else { 50 };
    if overlap.numbers_at_least(gate) {
        return Some(Reason::FiguresAgree);
    }
    let few = overlap.numbers <= 2 && overlap.containment_at_least(70) && overlap.shared >= 40;
    few.then_some(Reason::FewFigures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3600 * 1000;

    /// sizes and shared shingles, numbers found of numbers, hours apart.
    fn check(
        size: u32,
        other: u32,
        shared: u32,
        found: u32,
        numbers: u32,
        hours: u64,
        expected: Option<Reason>,
    ) {
        let overlap = Overlap { size, other_size: other, shared, numbers, numbers_found: found };
        assert_eq!(rule(&overlap, hours * HOUR), expected, "{overlap:?} at {hours} h");
    }

    #[test]
    fn nearly_equal_texts_of_one_day_are_tied_whatever_their_figures() {
        check(100, 100, 83, 0, 9, 1, Some(Reason::NearlyEqual));
        check(100, 100, 82, 0, 9, 1, None);
        check(100, 100, 100, 0, 9, 25, None);
    }

    #[test]
    fn the_market_report_of_another_day_is_no_version() {
        check(120, 120, 110, 2, 14, 30, None);
        check(120, 120, 110, 14, 14, 30, Some(Reason::LaterFiguresAgree));
        check(20, 20, 20, 0, 0, 30, None);
    }

    #[test]
    fn an_alert_joins_the_story_that_holds_it() {
        check(34, 400, 30, 1, 1, 1, Some(Reason::FiguresAgree));
        check(34, 400, 30, 0, 3, 1, None);
        check(20, 400, 12, 3, 4, 1, None);
        check(20, 400, 12, 4, 4, 1, Some(Reason::FiguresAgree));
        check(20, 400, 11, 4, 4, 1, None);
    }

    #[test]
    fn long_common_copy_may_have_its_own_top_and_tail() {
        check(420, 800, 215, 6, 10, 3, Some(Reason::LongShared));
        check(420, 800, 215, 5, 10, 3, None);
        check(80, 90, 60, 0, 2, 3, Some(Reason::FewFigures));
    }

    #[test]
    fn empty_sets_are_near_nothing() {
        check(0, 0, 0, 0, 0, 0, None);
        check(0, 50, 0, 0, 0, 0, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_rule_is_symmetric_and_more_in_common_never_unties(
            size in 1_u32..500, other in 1_u32..500, part in 0_u32..=100, numbers in 0_u32..20, found in 0_u32..20, hours in 0_u64..72,
        ) {
            let shared = size.min(other) * part / 100;
            let overlap = Overlap { size, other_size: other, shared, numbers, numbers_found: found.min(numbers) };
            let turned = Overlap { size: other, other_size: size, ..overlap };
            prop_assert_eq!(rule(&overlap, hours * HOUR), rule(&turned, hours * HOUR));
            if rule(&overlap, hours * HOUR).is_some() {
                let more = Overlap { shared: (shared + 1).min(size.min(other)), ..overlap };
                prop_assert!(rule(&more, hours * HOUR).is_some());
            }
        }
    }
}
