//! When a source publishes: entries as they were found, to the rate at which the next are to be expected.
//!
//! Three things are learned, each in figures that forget: how much comes in each hour of the day, how the days of the week
//! stand to each other, and whether it is more or less than usual just now. The rate at a moment is their product.

use crate::model::Timestamp;

use super::{DAY_MILLIS, HOUR_MILLIS, MINUTE_MILLIS};

/// Hours of watching that an hour of the day remembers: a fortnight.
const HOUR_MEMORY: f64 = 14.0;

/// Hours of watching that a day of the week remembers: four of its kind.
const DAY_MEMORY: f64 = 96.0;

/// Hours for which a burst or a silence is held to last on: after two hours a third of it is left.
const LATELY_HOURS: f64 = 2.0;

/// Entries that an hour of the day, a day of the week and the last hours must bring before they count as much as the source's
/// average does: one entry at night makes no night worker.
const HOUR_PRIOR: f64 = 2.0;
const DAY_PRIOR: f64 = 4.0;
const LATELY_PRIOR: f64 = 1.0;

/// What is held of a source of which nothing is known: an entry in three hours, believed for as long.
const FIRST_HOURS: f64 = 3.0;

/// How far back the dates of a feed's first answer are believed to be complete.
const HISTORY_MILLIS: u64 = 14 * DAY_MILLIS;

/// A watch longer than this has a hole in it: a feed lists its newest entries only.
const WATCH_MILLIS: u64 = DAY_MILLIS;

/// Entries in some time of watching.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Entries seen.
    pub entries: f32,
    /// Hours watched; in [`Rhythm::days`] and [`Rhythm::lately`], entries that were to be expected.
    pub watched: f32,
}

impl Bin {
    fn add(&mut self, entries: f64, watched: f64, kept: f64) {
        self.entries = (f64::from(self.entries) * kept + entries) as f32;
        self.watched = (f64::from(self.watched) * kept + watched) as f32;
    }
}

/// A source's rhythm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rhythm {
    /// By hour of the day, UTC.
    pub hours: [Bin; 24],
    /// By day of the week, from Monday, against what the hours alone let expect.
    pub days: [Bin; 7],
    /// The last hours, against what is usual.
    pub lately: Bin,
}

/// The entries to be expected in the next hour, and what they follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// What this hour of this day of the week usually brings.
    pub usual: f64,
    /// How many times as much it is just now.
    pub lately: f64,
}

impl Rate {
    /// Entries an hour.
    pub fn now(self) -> f64 {
        self.usual * self.lately
    }
}

/// A stretch of time within one hour of the day.
struct Piece {
    from: Timestamp,
    until: Timestamp,
}

impl Piece {
    fn hours(&self) -> f64 {
        hours(self.until.distance_millis(self.from))
    }
}

impl Rhythm {
    /// Takes in what came between two good answers: the claimed times of the new entries, and how many claim none.
    ///
    /// A feed is watched from its answer before, or, where that is long ago or there was none, as far back as the dates
    /// it lists lie together; a tenth of them may be older: an entry that is kept on top is no history.
    pub(super) fn learn(
        &mut self,
        last: Option<Timestamp>,
        times: &[Timestamp],
        undated: usize,
        now: Timestamp,
    ) {
        let mut times: Vec<Timestamp> = times.iter().map(|&at| at.min(now)).collect();
        times.sort_unstable();
        let watched =
            last.filter(|last| now.distance_millis(*last) <= WATCH_MILLIS && *last <= now);
        let from = watched.unwrap_or_else(|| {
            let oldest = now.plus_millis(-HISTORY_MILLIS.cast_signed());
            times.get(times.len().div_ceil(10)).copied().unwrap_or(now).max(oldest)
        });
        if watched.is_none() {
            times.retain(|&at| at > from);
        }
        // What claims an older time was late: it came while we watched, and the earliest moment is as good as any.
        times.extend(std::iter::repeat_n(now, if watched.is_some() { undated } else { 0 }));
        let mut times = times.as_slice();
        for piece in pieces(from, now) {
            let split = times.partition_point(|&at| at <= piece.until);
            let (here, later) = times.split_at(split);
            times = later;
            self.take(&piece, here);
        }
    }

    fn take(&mut self, piece: &Piece, times: &[Timestamp]) {
        let (hour, day) = (hour_of(piece.from), day_of(piece.from));
        let (long, count) = (piece.hours(), times.len() as f64);
        let expected = self.by_hour(hour, self.average()) * long;
        let usual = expected * self.by_day(day);
        let fades = |millis: u64| (-hours(millis) / LATELY_HOURS).exp();
        let fresh: f64 =
            times.iter().map(|&at| fades(piece.until.distance_millis(at.max(piece.from)))).sum();
        self.lately.add(fresh, usual, (-long / LATELY_HOURS).exp());
        self.hours[hour].add(count, long, 1.0 - long / HOUR_MEMORY);
        self.days[day].add(count, expected, 1.0 - long / DAY_MEMORY);
    }

    /// Entries an hour over all hours.
    pub fn average(&self) -> f64 {
        let sum =
            |of: fn(&Bin) -> f32| self.hours.iter().map(|bin| f64::from(of(bin))).sum::<f64>();
        (sum(|bin| bin.entries) + 1.0) / (sum(|bin| bin.watched) + FIRST_HOURS)
    }

    /// Entries that an hour of the day brings. Its neighbours have a say: a desk does not come to work on the stroke.
    fn by_hour(&self, hour: usize, average: f64) -> f64 {
        let near = [(23, 0.5), (0, 1.0), (1, 0.5)].map(|(off, weight)| {
            let bin = self.hours[(hour + off) % 24];
            (f64::from(bin.entries) * weight, f64::from(bin.watched) * weight)
        });
        let entries: f64 = near.iter().map(|(entries, _)| entries).sum();
        let watched: f64 = near.iter().map(|(_, watched)| watched).sum();
        average * (entries + HOUR_PRIOR) / (watched * average + HOUR_PRIOR)
    }

    fn by_day(&self, day: usize) -> f64 {
        let Bin { entries, watched } = self.days[day];
        (f64::from(entries) + DAY_PRIOR) / (f64::from(watched) + DAY_PRIOR)
    }

    /// What an hour like that at `at` usually brings.
    fn usual(&self, at: Timestamp, average: f64) -> f64 {
        self.by_hour(hour_of(at), average) * self.by_day(day_of(at))
    }

    /// Entries that a watch of this time usually brings.
    pub(super) fn expected(&self, from: Timestamp, until: Timestamp) -> f64 {
        let average = self.average();
        pieces(from, until).map(|piece| self.usual(piece.from, average) * piece.hours()).sum()
    }

    /// What is to be expected at `at`, were that the end of the last watch.
    pub fn rate(&self, at: Timestamp) -> Rate {
        let Bin { entries, watched } = self.lately;
        let lately = (f64::from(entries) + LATELY_PRIOR) / (f64::from(watched) + LATELY_PRIOR);
        Rate { usual: self.usual(at, self.average()), lately }
    }

    /// How long until the source has earned a poll, at most `max_millis`.
    ///
    /// Polls are worth most where each saves as much waiting as any other: that is where they come in proportion to the
    /// square root of the rate. So a poll is due when that root, summed over the time, comes to `effort` (in roots of an
    /// hour). A night is slept through, and the morning wakes it.
    pub(super) fn wait(&self, now: Timestamp, effort: f64, max_millis: u64) -> u64 {
        let (average, mut lately) = (self.average(), self.rate(now).lately);
        let (mut at, mut done, mut sum) = (now, 0, 0.0);
        let mut usual = self.usual(now, average);
        while done < max_millis {
            let to_hour =
                HOUR_MILLIS - at.millis().rem_euclid(HOUR_MILLIS.cast_signed()).cast_unsigned();
            let step = if done < 3 * HOUR_MILLIS { 5 * MINUTE_MILLIS } else { HOUR_MILLIS };
            let step = step.min(to_hour).min(max_millis - done);
            let adds = (usual * lately).sqrt() * hours(step);
            if sum + adds >= effort {
                let share = (effort - sum) / adds * step as f64;
                return done + (share as i64).unsigned_abs();
            }
            sum += adds;
            done += step;
            at = at.plus_millis(step.cast_signed());
            if step == to_hour {
                usual = self.usual(at, average);
            }
            lately = 1.0 + (lately - 1.0) * (-hours(step) / LATELY_HOURS).exp();
        }
        max_millis
    }
}

/// The stretches of `from..until`, each within one hour of the day.
fn pieces(from: Timestamp, until: Timestamp) -> impl Iterator<Item = Piece> {
    let mut at = from;
    std::iter::from_fn(move || {
        if at >= until {
            return None;
        }
        let hour = HOUR_MILLIS.cast_signed();
        let next = at.plus_millis(hour - at.millis().rem_euclid(hour)).min(until);
        let piece = Piece { from: at, until: next };
        at = next;
        Some(piece)
    })
}

fn hours(millis: u64) -> f64 {
    millis as f64 / HOUR_MILLIS as f64
}

/// Hour of the day, UTC.
pub(super) fn hour_of(at: Timestamp) -> usize {
    at.millis().div_euclid(HOUR_MILLIS.cast_signed()).rem_euclid(24).unsigned_abs() as usize
}

/// Day of the week, UTC, from Monday; 1970 began with a Thursday.
pub(super) fn day_of(at: Timestamp) -> usize {
    (at.millis().div_euclid(DAY_MILLIS.cast_signed()) + 3).rem_euclid(7).unsigned_abs() as usize
}
