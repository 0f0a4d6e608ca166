//! What two texts share and the time between them to a link, or to why there is none: the rule of `docs/clustering.md`.
//!
//! A pure function of two versions in whole numbers. Four kinds of evidence are weighed: shared word runs, figures, names and
//! headlines. Figures and names tell a template filled in anew from a version; headlines tell copies that were rewritten from
//! reports of the same kind.

use super::compared::BODY_WORDS_MIN;
use super::meeting::Overlap;
use super::types::Reason;

/// A day: within it the gates are wider, since news is corrected and picked up within hours.
const DAY_MILLIS: u64 = 24 * 3600 * 1000;

/// Shingles under which a text is short: chance overlaps weigh more, so its numbers must agree more.
const SHORT_SHINGLES: u32 = 30;

/// Shingles a text needs for the headline to help it: below, names and figures are too few to say much.
const AGREEING_SHINGLES_MIN: u32 = 20;

/// Words two headlines share where they help.
const HEADLINE_WORDS_MIN: u32 = 2;

/// Shared shingles that are common copy whatever stands around it: some three paragraphs.
const LONG_SHARED: u32 = 200;

/// Why two texts are not tied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// One of them has no three words in a row.
    Empty,
    /// Too little of either text stands in the other.
    LittleShared,
    /// What they share is one passage, and both have a story of their own around it.
    OnePassage,
    /// More than a day apart, and too short to be sure.
    ShortAndLate,
    /// Alike, and the figures differ: a template, or news in old words.
    FiguresDiffer,
    /// Alike, and it speaks of others: a template under other names.
    NamesDiffer,
    /// What they share is furniture of their source, and their headlines have nothing in common.
    Furniture,
    /// Seen too far from each other to be compared.
    OutsideWindow,
}

impl Refusal {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LittleShared => "little_shared",
            Self::OnePassage => "one_passage",
            Self::ShortAndLate => "short_and_late",
            Self::FiguresDiffer => "figures_differ",
            Self::NamesDiffer => "names_differ",
            Self::Furniture => "furniture",
            Self::OutsideWindow => "outside_window",
        }
    }

    /// The reason in words, for a person.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Empty => "one text has no three words in a row",
            Self::LittleShared => "too little shared text",
            Self::OnePassage => "they share one passage, and each has a story of its own around it",
            Self::ShortAndLate => "more than a day apart, and too short to be sure",
            Self::FiguresDiffer => {
                "the text is alike and the figures differ: a template, or news in old words"
            }
            Self::NamesDiffer => {
                "the text is alike and the names differ: a template filled in for another"
            }
            Self::Furniture => {
                "they share what their source puts on many pages, and their headlines have nothing in common"
            }
            Self::OutsideWindow => "seen too far from each other to be compared",
        }
    }
}

/// What the rule knows of two versions besides their texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// Time of the fold between them, in milliseconds.
    pub apart_millis: u64,
    /// Both were published by one source.
    pub same_source: bool,
}

/// The clause that ties two texts, or what stands in the way. Symmetric.
pub fn rule(overlap: &Overlap, between: Between) -> Result<Reason, Refusal> {
    if overlap.smaller() == 0 {
        return Err(Refusal::Empty);
    }
    if overlap.is_one_passage(between.same_source) {
        return Err(Refusal::OnePassage);
    }
    if between.apart_millis > DAY_MILLIS { late(overlap) } else { same_day(overlap) }
}

/// Much of one text stands in the other.
fn much_shared(overlap: &Overlap) -> bool {
    overlap.jaccard_at_least(40)
        || (overlap.containment_at_least(60) && overlap.shared >= BODY_WORDS_MIN)
}

fn late(overlap: &Overlap) -> Result<Reason, Refusal> {
    if overlap.jaccard_at_least(95) && overlap.numbers_at_least(100) {
        return Ok(Reason::SameAgain);
    }
    if overlap.jaccard_at_least(85) && overlap.numbers_at_least(75) {
        return Ok(Reason::LaterFiguresAgree);
    }
    if !much_shared(overlap) {
        return Err(Refusal::LittleShared);
    }
    if overlap.smaller() < SHORT_SHINGLES {
        return Err(Refusal::ShortAndLate);
    }
    if !overlap.numbers_at_least(80) {
        return Err(Refusal::FiguresDiffer);
    }
    let of_one_thing =
        overlap.names_at_least(80) && (overlap.title_at_least(40) || overlap.shared >= LONG_SHARED);
    if of_one_thing { Ok(Reason::LaterFiguresAgree) } else { Err(Refusal::NamesDiffer) }
}

fn same_day(overlap: &Overlap) -> Result<Reason, Refusal> {
    if overlap.jaccard_at_least(70) {
        return Ok(Reason::NearlyEqual);
    }
    let half = overlap.containment_at_least(50);
    if half && overlap.shared >= LONG_SHARED && overlap.numbers_at_least(60) {
        return Ok(Reason::LongShared);
    }
    // Of a table or a line or two the figures are the news; a table is filled in anew all day, though.
    let needed = match (overlap.smaller() < SHORT_SHINGLES, overlap.agate) {
        (true, _) => 80,
        (false, true) => 65,
        (false, false) => 50,
    };
    let figures_agree = overlap.numbers_at_least(needed);
    let rewritten = half
        && overlap.shared >= BODY_WORDS_MIN
        && overlap.smaller() >= AGREEING_SHINGLES_MIN
        && overlap.names_at_least(80)
        && overlap.title_found >= HEADLINE_WORDS_MIN
        && overlap.title_at_least(40);
    if rewritten && figures_agree {
        return Ok(Reason::AllAgree);
    }
    if !much_shared(overlap) {
        return Err(Refusal::LittleShared);
    }
    if !overlap.names_at_least(60) && !overlap.title_at_least(40) {
        return Err(Refusal::NamesDiffer);
    }
    if figures_agree {
        return Ok(Reason::FiguresAgree);
    }
    let few = overlap.numbers <= 2 && overlap.containment_at_least(70) && overlap.shared >= 40;
    if few { Ok(Reason::FewFigures) } else { Err(Refusal::FiguresDiffer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3600 * 1000;

    /// Sizes and shared shingles; numbers and names agree.
    fn texts(size: u32, other_size: u32, shared: u32) -> Overlap {
        Overlap { size, other_size, shared, title: 5, title_found: 1, ..Overlap::default() }
    }

    fn numbers(overlap: Overlap, found: u32, numbers: u32) -> Overlap {
        Overlap { numbers, numbers_found: found, ..overlap }
    }

    fn names(overlap: Overlap, found: u32, names: u32) -> Overlap {
        Overlap { names, names_found: found, ..overlap }
    }

    fn titled(overlap: Overlap, title_found: u32) -> Overlap {
        Overlap { title_found, ..overlap }
    }

    fn check(overlap: Overlap, hours: u64, expected: Result<Reason, Refusal>) {
        let between = Between { apart_millis: hours * HOUR, same_source: true };
        assert_eq!(rule(&overlap, between), expected, "{overlap:?} at {hours} h");
    }

    #[test]
    fn nearly_equal_texts_of_one_day_are_tied_whatever_their_figures() {
        check(numbers(texts(100, 100, 83), 0, 9), 1, Ok(Reason::NearlyEqual));
        check(numbers(texts(100, 100, 82), 0, 9), 1, Err(Refusal::FiguresDiffer));
        check(numbers(texts(100, 100, 100), 0, 9), 25, Err(Refusal::FiguresDiffer));
    }

    #[test]
    fn the_market_report_of_another_day_is_no_version() {
        check(numbers(texts(120, 120, 110), 2, 14), 30, Err(Refusal::FiguresDiffer));
        check(numbers(texts(120, 120, 112), 14, 14), 30, Ok(Reason::LaterFiguresAgree));
        check(texts(20, 20, 18), 30, Err(Refusal::ShortAndLate));
        check(texts(20, 20, 20), 30, Ok(Reason::SameAgain));
    }

    #[test]
    fn a_template_filled_in_for_another_is_no_version() {
        let bond = numbers(texts(90, 90, 55), 9, 10);
        check(names(bond, 2, 7), 1, Err(Refusal::NamesDiffer));
        check(titled(names(bond, 2, 7), 4), 1, Ok(Reason::FiguresAgree));
        check(titled(names(bond, 5, 7), 4), 40, Err(Refusal::NamesDiffer));
        check(titled(names(bond, 6, 7), 4), 40, Ok(Reason::LaterFiguresAgree));
    }

    #[test]
    fn an_alert_joins_the_story_that_holds_it() {
        check(numbers(texts(34, 400, 30), 1, 1), 1, Ok(Reason::FiguresAgree));
        check(numbers(texts(34, 400, 30), 0, 3), 1, Err(Refusal::FiguresDiffer));
        check(numbers(texts(20, 400, 12), 3, 4), 1, Err(Refusal::FiguresDiffer));
        check(numbers(texts(20, 400, 12), 4, 4), 1, Ok(Reason::FiguresAgree));
        check(numbers(texts(20, 400, 11), 4, 4), 1, Err(Refusal::LittleShared));
    }

    #[test]
    fn of_a_table_the_figures_are_the_news() {
        let table = numbers(texts(90, 90, 55), 17, 30);
        check(table, 1, Ok(Reason::FiguresAgree));
        check(Overlap { agate: true, ..table }, 1, Err(Refusal::FiguresDiffer));
        check(Overlap { agate: true, ..numbers(table, 20, 30) }, 1, Ok(Reason::FiguresAgree));
    }

    #[test]
    fn a_rewritten_lead_is_held_by_names_figures_and_headline_together() {
        let lead = names(numbers(texts(70, 440, 37), 3, 4), 10, 12);
        check(titled(lead, 2), 5, Ok(Reason::AllAgree));
        check(titled(lead, 1), 5, Err(Refusal::LittleShared));
        check(titled(names(lead, 9, 12), 2), 5, Err(Refusal::LittleShared));
        check(titled(numbers(lead, 1, 4), 2), 5, Err(Refusal::LittleShared));
        check(titled(lead, 2), 25, Err(Refusal::LittleShared));
    }

    #[test]
    fn long_common_copy_may_have_its_own_top_and_tail() {
        check(numbers(texts(420, 800, 215), 6, 10), 3, Ok(Reason::LongShared));
        check(numbers(texts(420, 800, 215), 5, 10), 3, Err(Refusal::LittleShared));
        check(numbers(texts(80, 90, 60), 0, 2), 3, Ok(Reason::FewFigures));
    }

    #[test]
    fn one_passage_in_two_stories_of_their_own_ties_nothing() {
        let statement = texts(100, 120, 70);
        check(Overlap { run: 68, ..statement }, 1, Err(Refusal::OnePassage));
        check(Overlap { run: 40, ..statement }, 1, Ok(Reason::FiguresAgree));
        let copy = Overlap { run: 68, same_lead: true, ..statement };
        check(copy, 1, Err(Refusal::OnePassage));
        let elsewhere = Between { apart_millis: HOUR, same_source: false };
        assert_eq!(rule(&copy, elsewhere), Ok(Reason::FiguresAgree));
        check(titled(Overlap { run: 68, ..statement }, 3), 1, Ok(Reason::AllAgree));
        // Four fifths of both texts are no passage of theirs.
        let of_both = |shared| Overlap { run: shared, ..texts(190, 184, shared) };
        assert_eq!(rule(&of_both(161), elsewhere), Ok(Reason::NearlyEqual));
        assert_eq!(rule(&of_both(145), elsewhere), Err(Refusal::OnePassage));
        check(of_both(161), 1, Err(Refusal::OnePassage));
    }

    #[test]
    fn empty_sets_are_near_nothing() {
        check(texts(0, 0, 0), 0, Err(Refusal::Empty));
        check(texts(0, 50, 0), 0, Err(Refusal::Empty));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_rule_is_symmetric_and_more_in_common_never_unties(
            size in 1_u32..500, other in 1_u32..500, part in 0_u32..=100, numbers in (0_u32..20, 0_u32..20),
            names in (0_u32..20, 0_u32..20), title in (0_u32..9, 0_u32..9), run in 0_u32..500, hours in 0_u64..72,
        ) {
            let shared = size.min(other) * part / 100;
            let overlap = Overlap {
                size, other_size: other, shared, run: run.min(shared),
                numbers: numbers.0, numbers_found: numbers.1.min(numbers.0),
                names: names.0, names_found: names.1.min(names.0),
                title: title.0, title_found: title.1.min(title.0), strange_headlines: false, agate: false, same_lead: false,
            };
            let turned = Overlap { size: other, other_size: size, ..overlap };
            let between = Between { apart_millis: hours * HOUR, same_source: false };
            prop_assert_eq!(rule(&overlap, between), rule(&turned, between));
            if rule(&overlap, between).is_ok() {
                let more = Overlap { shared: (shared + 1).min(size.min(other)), ..overlap };
                prop_assert!(rule(&more, between).is_ok());
            }
        }
    }
}
