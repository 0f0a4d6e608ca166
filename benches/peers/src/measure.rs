//! Work to seconds: CPU time of this thread in turns, percentiles, and memory as the system sees it.

use std::time::Duration;

use cpu_time::ThreadTime;

/// CPU time of this thread that `work` takes.
pub(crate) fn cpu(work: impl FnOnce()) -> Duration {
    let start = ThreadTime::now();
    work();
    start.elapsed()
}

/// One way to do the work of a contest. It readies what it needs and returns the time of the rest.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut() -> Duration + 'a>,
}

/// A contender and its times, one a round.
pub(crate) struct Timed {
    pub(crate) name: &'static str,
    seconds: Vec<f64>,
}

impl Timed {
    pub(crate) fn best(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// How many times as fast as `other`, round by round: the median of the quotients.
    pub(crate) fn times_as_fast_as(&self, other: &Self) -> f64 {
        let quotients = self.seconds.iter().zip(&other.seconds).map(|(own, other)| other / own);
        Self { name: self.name, seconds: quotients.collect() }.median()
    }
}

/// Lets each contender run once a round, one after another, so that a slow minute of the machine is everybody's.
pub(crate) fn in_turns(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Timed> {
    let mut timed: Vec<Timed> = contenders
        .iter()
        .map(|contender| Timed { name: contender.name, seconds: Vec::new() })
        .collect();
    for _ in 0..rounds {
        for (contender, timed) in contenders.iter_mut().zip(&mut timed) {
            timed.seconds.push((contender.run)().as_secs_f64());
        }
    }
    timed
}

/// Latencies in ascending order.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// Microseconds below which `of_thousand` ÷ 1000 of them lie.
    pub(crate) fn micros(&self, of_thousand: usize) -> f64 {
        let at = (self.0.len() * of_thousand / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

/// Memory of this process that is in use, in bytes; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> usize {
    const PAGE: usize = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|line| line.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * PAGE
}
