//! The texts that a page gave, visit by visit, to whether it goes back and forth between them, and to how much later it is
//! looked at then.
//!
//! Publishers try two headlines or two tops on their readers at a time, and a page may answer from caches of different age.
//! Each visit then finds a change that is none: the text has been there before. One return is a correction taken back; from
//! the second on the page flaps, and each further one doubles the wait, up to a day.

use std::fmt;

use super::DAY_MILLIS;
use crate::model::Timestamp;

/// Texts remembered of a page. Trials have two or three, and a cache is a state or two behind.
const TEXTS_MAX: usize = 4;

/// Returns from which on a page flaps.
const RETURNS_MIN: u8 = 2;

/// Returns beyond which nothing changes: 15 minutes doubled seven times are more than a day.
const RETURNS_MAX: u8 = RETURNS_MIN + 7;

/// Visits in a row with the same text that halve the returns counted.
const STEADY: u8 = 3;

/// What a page gave lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Names of the texts, the last seen last.
    seen: Vec<u64>,
    /// How often it came back to a text that was there before, less what calm visits took off.
    returns: u8,
    /// Visits in a row that found the text of the visit before.
    steady: u8,
}

impl Texts {
    /// The state as it was kept.
    pub fn kept(mut seen: Vec<u64>, returns: u8, steady: u8) -> Self {
        seen.truncate(TEXTS_MAX);
        Self { seen, returns: returns.min(RETURNS_MAX), steady: steady.min(STEADY) }
    }

    /// The state, to be kept.
    pub fn keep(&self) -> (&[u64], u8, u8) {
        (&self.seen, self.returns, self.steady)
    }

    /// The state after a visit that found the text of this name; `None`: the page says that it has not changed.
    #[must_use]
    pub fn after(mut self, text: Option<u64>) -> Self {
        let text = text.or(self.seen.last().copied());
        if text == self.seen.last().copied() {
            self.steady += 1;
            if self.steady >= STEADY {
                (self.steady, self.returns) = (0, self.returns / 2);
            }
            return self;
        }
        self.steady = 0;
        let Some(text) = text else { return self };
        if let Some(at) = self.seen.iter().position(|&seen| seen == text) {
            self.seen.remove(at);
            self.returns = (self.returns + 1).min(RETURNS_MAX);
        } else if self.seen.len() >= TEXTS_MAX {
            self.seen.remove(0);
        }
        self.seen.push(text);
        self
    }

    /// True where it goes back and forth.
    pub const fn flap(&self) -> bool {
        self.returns >= RETURNS_MIN
    }

    /// When the page is looked at again, that would be at `planned` if it did not flap.
    pub fn look(&self, last: Timestamp, planned: Timestamp) -> Timestamp {
        if !self.flap() || planned <= last {
            return planned;
        }
        let wait = planned.distance_millis(last);
        let longer = wait.saturating_mul(1 << (self.returns + 1 - RETURNS_MIN)).min(DAY_MILLIS);
        planned.max(last.plus_millis(longer.cast_signed()))
    }
}

impl fmt::Display for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (texts, returns) = (self.seen.len(), self.returns);
        write!(f, "goes back and forth between {texts} texts ({returns} returns lately)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::revisit;

    const START: Timestamp = Timestamp::from_secs(1_772_000_000);

    /// Looks at a page for a week; gives at how many minutes each visit was.
    fn visits(mut text: impl FnMut(usize, i64) -> Option<u64>) -> (Vec<i64>, Texts) {
        let (mut texts, mut at, mut minutes) = (Texts::default(), START, Vec::new());
        loop {
            let age = (at.millis() - START.millis()) / 60_000;
            texts = texts.after(text(minutes.len(), age));
            minutes.push(age);
            let Some(planned) = revisit(START, at) else { return (minutes, texts) };
            at = texts.look(at, planned);
        }
    }

    #[test]
    fn a_page_that_flaps_is_looked_at_less_and_less() {
        let (calm, _) = visits(|_, _| Some(1));
        let (flapping, texts) = visits(|visit, _| Some(visit as u64 % 2));
        assert_eq!(flapping[..7], [0, 15, 30, 45, 75, 135, 255]);
        assert!(flapping.len() * 4 < calm.len(), "{} of {}", flapping.len(), calm.len());
        let steps = flapping.windows(2).map(|two| two[1] - two[0]);
        assert!(steps.max() <= Some(24 * 60), "never later than a day");
        assert!(texts.to_string().starts_with("goes back and forth between 2 texts ("), "{texts}");
        // Three texts in turn are no better.
        let (three, _) = visits(|visit, _| Some(visit as u64 % 3));
        assert!(three.len() * 3 < calm.len());
    }

    #[test]
    fn a_story_that_grows_or_takes_something_back_is_looked_at_as_ever() {
        let (calm, _) = visits(|_, _| Some(1));
        let (growing, _) = visits(|visit, _| Some(visit as u64));
        assert_eq!(growing, calm);
        let taken_back = |_, age| Some(u64::from((60..120).contains(&age)));
        assert_eq!(visits(taken_back).0, calm);
        // 304 says the same as the same text.
        assert_eq!(visits(|visit, _| (visit == 0).then_some(1)).0, calm);
    }

    #[test]
    fn a_page_that_has_calmed_down_is_looked_at_as_ever() {
        let (minutes, texts) =
            visits(|visit, _| Some(if visit < 6 { visit as u64 % 2 } else { 7 }));
        assert!(!texts.flap(), "{texts:?}");
        let last = minutes.windows(2).next_back().unwrap();
        assert_eq!(last[1] - last[0], 180);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_page_is_looked_at_earlier_and_none_later_than_planned_or_a_day(
            texts in proptest::collection::vec(proptest::option::of(0_u64..6), 0..80),
            wait in 1_i64..40 * 3_600_000,
        ) {
            let mut state = Texts::default();
            for text in texts {
                state = state.after(text);
                let (seen, returns, steady) = state.keep();
                prop_assert_eq!(&Texts::kept(seen.to_vec(), returns, steady), &state);
                prop_assert!(seen.len() <= TEXTS_MAX);
                let planned = START.plus_millis(wait);
                let look = state.look(START, planned);
                prop_assert!(planned <= look);
                prop_assert!(look <= planned.max(START.plus_millis(DAY_MILLIS.cast_signed())));
            }
        }
    }
}
