//! Sources to simulate: the moments at which their entries appear, in order.

use std::collections::BTreeMap;

use copytaster::model::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A Monday: 2026-02-23.
pub(super) const START: Timestamp = Timestamp::from_secs(1_771_804_800);

/// Sources bring between one entry a day and three hundred; there are as many of 1 to 17 as of 17 to 300.
const RATE: (f64, f64) = (1.0, 300.0);

/// How busy a newsroom is in each hour of its own day, 1 on average.
const HOURS: [f64; 24] = [
    0.3, 0.2, 0.15, 0.15, 0.2, 0.5, 0.9, 1.2, 1.4, 1.5, 1.6, 1.6, 1.5, 1.5, 1.5, 1.5, 1.6, 1.5,
    1.3, 1.1, 0.9, 0.7, 0.6, 0.4,
];

/// `SplitMix64`: the same sources at each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn rate(&mut self) -> f64 {
        RATE.0 * (RATE.1 / RATE.0).powf(self.next())
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() * end as f64) as i64
    }
}

/// Newsrooms with working hours, weekends and bursts, all over the world.
pub(super) fn invented(count: usize, days: i64) -> Vec<Vec<Timestamp>> {
    let mut chance = Chance(7);
    (0..count).map(|_| newsroom(&mut chance, days)).collect()
}

fn newsroom(chance: &mut Chance, days: i64) -> Vec<Timestamp> {
    let per_day = chance.rate();
    let zone = chance.below(24) * HOUR;
    // Some work round the clock, some go home; so with weekends. Some send one by one, others a desk's work at a time.
    let (shift, weekend) = (chance.next(), 0.2 + 0.8 * chance.next());
    let together = 1.0 + 4.0 * chance.next();
    let mut entries = Vec::new();
    // Moments come at the rate of the busiest hour, and as many of them count as the hour is busy.
    let (mut at, busiest) = (-3 * DAY, 1.6);
    let gap = DAY as f64 * together / per_day / busiest;
    while at < days * DAY {
        at += (-(1.0 - chance.next()).ln() * gap) as i64 + 1;
        let local = at + zone;
        let hour = HOURS[(local.rem_euclid(DAY) / HOUR).unsigned_abs() as usize];
        let day = if local.rem_euclid(WEEK) / DAY >= 5 { weekend } else { 1.0 };
        if chance.next() * busiest >= (1.0 + shift * (hour - 1.0)) * day {
            continue;
        }
        entries.push(at);
        while chance.next() < 1.0 - 1.0 / together {
            entries.push(at + chance.below(20 * MINUTE));
        }
    }
    in_order(entries, days)
}

/// Sources with the rhythms of a file: stretches of whole weeks out of it, thinned to a rate, moved by whole hours as other
/// time zones would, and repeated where they are shorter than the simulation.
pub(super) fn drawn(text: &str, count: usize, days: i64) -> Vec<Vec<Timestamp>> {
    let mut rhythms: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for line in text.lines() {
        let (source, seconds) = line.split_once('\t').unwrap();
        rhythms.entry(source).or_default().push(seconds.parse::<i64>().unwrap() * 1000);
    }
    let mut rhythms: Vec<Vec<i64>> = rhythms.into_values().collect();
    for times in &mut rhythms {
        times.sort_unstable();
    }
    let mut chance = Chance(7);
    (0..count).map(|_| one_of(&rhythms, &mut chance, days)).collect()
}

fn one_of(rhythms: &[Vec<i64>], chance: &mut Chance, days: i64) -> Vec<Timestamp> {
    let wanted = chance.rate();
    // One that is busy enough; after many tries, any.
    for tries in 0.. {
        let which = chance.next() * rhythms.len() as f64;
        let times = &rhythms[(which as i64).unsigned_abs() as usize];
        let (first, last) = (times[0], times[times.len() - 1]);
        let weeks = ((last - first) / WEEK).clamp(1, 4);
        let from = first + chance.below((last - first) / WEEK - weeks + 1).max(0) * WEEK;
        let within: Vec<i64> =
            times.iter().copied().filter(|&at| from <= at && at < from + weeks * WEEK).collect();
        let rate = within.len() as f64 / (weeks * 7) as f64;
        if within.is_empty() || (rate < wanted && tries < 200) {
            continue;
        }
        let kept = wanted / rate;
        let zone = chance.below(24) * HOUR;
        // The days of the week stay what they were.
        let begin = (from - START.millis()).rem_euclid(WEEK) - 2 * WEEK + zone;
        let mut entries = Vec::new();
        for repeat in 0..=days * DAY / (weeks * WEEK) + 1 {
            for at in &within {
                if chance.next() < kept {
                    let at = begin + repeat * weeks * WEEK + at - from;
                    entries.push(at + chance.below(MINUTE));
                }
            }
        }
        return in_order(entries, days);
    }
    unreachable!("the loop has no other end")
}

/// As moments; none before the three days that a feed still lists at the start.
fn in_order(mut entries: Vec<i64>, days: i64) -> Vec<Timestamp> {
    entries.retain(|at| (-3 * DAY..days * DAY).contains(at));
    entries.sort_unstable();
    entries.into_iter().map(|at| START.plus_millis(at)).collect()
}
