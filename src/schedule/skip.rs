//! Hours and days that a feed asks not to be polled in, to the first moment that is free.

use crate::model::Timestamp;

use super::rhythm::{day_of, hour_of};
use super::{DAY_MILLIS, HOUR_MILLIS};

/// Longest time that is skipped: a weekend and a morning. A feed that asks for more has made a mistake.
const SKIP_MAX_MILLIS: u64 = 3 * DAY_MILLIS;

/// `<skipHours>` and `<skipDays>` of RSS 2.0, in GMT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skip {
    /// One bit an hour of the day, the lowest from midnight.
    pub hours: u32,
    /// One bit a day of the week, the lowest for Monday.
    pub days: u8,
}

impl Skip {
    /// The first moment from `at` on that is not to be skipped; `at` where that is too far off.
    pub(super) fn after(self, at: Timestamp) -> Timestamp {
        let hour = HOUR_MILLIS.cast_signed();
        let mut free = at;
        while self.skips(free) {
            free = free.plus_millis(hour - free.millis().rem_euclid(hour));
            if free.distance_millis(at) > SKIP_MAX_MILLIS {
                return at;
            }
        }
        free
    }

    fn skips(self, at: Timestamp) -> bool {
        self.hours >> hour_of(at) & 1 == 1 || self.days >> day_of(at) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn hours_and_days_are_skipped_to_their_end() {
        let night = Skip { hours: 0b11_1111, days: 0 };
        assert_eq!(night.after(at("2026-11-26T03:20:00Z")), at("2026-11-26T06:00:00Z"));
        assert_eq!(night.after(at("2026-11-26T06:00:00Z")), at("2026-11-26T06:00:00Z"));
        assert_eq!(Skip::default().after(at("2026-11-26T03:20:00Z")), at("2026-11-26T03:20:00Z"));
        // 28 November 2026 is a Saturday.
        let weekend = Skip { days: 0b110_0000, ..night };
        assert_eq!(weekend.after(at("2026-11-28T03:20:00Z")), at("2026-11-30T06:00:00Z"));
        assert_eq!(weekend.after(at("2026-11-27T12:00:00Z")), at("2026-11-27T12:00:00Z"));
    }

    #[test]
    fn a_feed_that_skips_for_ever_is_polled_all_the_same() {
        for skip in [Skip { hours: u32::MAX, days: 0 }, Skip { hours: 0, days: 0b111_1111 }] {
            assert_eq!(skip.after(at("2026-11-26T03:20:00Z")), at("2026-11-26T03:20:00Z"));
        }
    }
}
