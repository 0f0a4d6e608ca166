//! Where a run begins and how fast it goes, to a virtual clock; and the anchor by which a second run goes on from there.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::model::{Clock, Timestamp};

/// What a run writes beside its data, so that the next one goes on with the same addresses and the same day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Wall clock at the start of the run, milliseconds since 1970.
    pub real_millis: i64,
    /// Virtual time then, milliseconds since 1970.
    pub virtual_millis: i64,
    /// Virtual seconds in a real one.
    pub speed: u32,
    /// Port of each site, in the order of the sites; 0 for any.
    pub ports: Vec<u16>,
}

impl Anchor {
    /// The virtual time at the wall clock's `real`, but not after `end`: days of rest do not age the newsroom.
    pub fn at(&self, real: Timestamp, end: Timestamp) -> Timestamp {
        let passed = real.millis().saturating_sub(self.real_millis).max(0);
        let reached = self.virtual_millis.saturating_add(passed.saturating_mul(self.speed.into()));
        Timestamp::from_millis(reached.min(end.millis().max(self.virtual_millis)))
    }
}

/// A clock that reads `start` now and runs `speed` times as fast as real time, whatever the wall clock does.
pub fn clock(start: Timestamp, speed: u32) -> Clock {
    let begun = Instant::now();
    let speed = speed.max(1);
    let now = move || {
        let passed = begun.elapsed().as_millis().saturating_mul(u128::from(speed));
        start.plus_millis(i64::try_from(passed).unwrap_or(i64::MAX))
    };
    Clock::new(now, speed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_goes_on_where_the_first_would_stand_but_not_after_the_end() {
        let anchor =
            Anchor { real_millis: 1_000, virtual_millis: 50_000, speed: 60, ports: vec![1] };
        let end = Timestamp::from_millis(200_000);
        assert_eq!(anchor.at(Timestamp::from_millis(2_000), end).millis(), 110_000);
        assert_eq!(anchor.at(Timestamp::from_millis(999_000), end), end);
        assert_eq!(anchor.at(Timestamp::from_millis(0), end).millis(), 50_000);
    }
}
