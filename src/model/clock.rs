//! The time it is, to whoever has to ask.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Timestamp;

/// The one way time reaches the effect rooms: a closure made by `main`, and how many times faster than a wall clock it runs.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    speed: u32,
}

impl Clock {
    /// A clock that reads `now` and runs `speed` times as fast as a wall clock (1 for real time; 0 counts as 1).
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static, speed: u32) -> Self {
        Self { now: Arc::new(now), speed: speed.max(1) }
    }

    /// The time it is.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// How many times as fast as a wall clock it runs.
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    /// How long to really wait for `span` to pass on this clock.
    pub fn wait(&self, span: Duration) -> Duration {
        span / self.speed
    }

    /// How long to really wait until `at`; zero where it is past.
    pub fn wait_until(&self, at: Timestamp) -> Duration {
        let left = at.millis().saturating_sub(self.now().millis()).max(0);
        self.wait(Duration::from_millis(left.unsigned_abs()))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("speed", &self.speed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_divides_its_waits() {
        let clock = Clock::new(|| Timestamp::from_secs(100), 60);
        assert_eq!(clock.wait_until(Timestamp::from_secs(160)).as_secs(), 1);
        assert_eq!(clock.wait_until(Timestamp::from_secs(10)).as_secs(), 0);
    }
}
