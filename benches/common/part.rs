//! Parts of what was timed.

use std::time::Duration;

/// The milliseconds that `of_hundred` of a hundred stay below.
pub(crate) fn part(times: &mut [Duration], of_hundred: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * of_hundred / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
