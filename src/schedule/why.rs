//! Why the next poll is when it is, in numbers and in words.

use std::fmt;

use super::rhythm::Rate;
use super::{DAY_MILLIS, HOUR_MILLIS, MINUTE_MILLIS};

/// More than this many times the usual rate is a burst, less than this share of it a lull: it is said only then.
const BURST: f64 = 1.5;
const LULL: f64 = 0.6;

/// Why the next poll is when it is. `Display` says it to a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Why {
    /// Never polled: at once.
    #[default]
    New,
    /// Planned by an earlier run of the program, in its words.
    Kept {
        /// What it said; empty where it said nothing.
        said: String,
    },
    /// By what the source usually brings at this time, and brings just now.
    Rhythm {
        /// Wait in milliseconds.
        every_millis: u64,
        /// What is expected.
        rate: Rate,
        /// The interval that the wait was held to.
        held: Option<Held>,
    },
    /// The publisher asks for no more.
    Floor {
        /// Wait in milliseconds.
        every_millis: u64,
    },
    /// The feed asks not to be polled in these hours or on these days.
    Skip {
        /// Wait in milliseconds.
        every_millis: u64,
    },
    /// After failures.
    BackOff {
        /// Wait in milliseconds.
        every_millis: u64,
        /// Failures in a row.
        failures: u32,
    },
    /// The server said when to come again.
    RetryAfter {
        /// Wait in milliseconds.
        every_millis: u64,
        /// Failures in a row.
        failures: u32,
    },
    /// Its host wants to be left alone, as it told another endpoint or a page.
    Rest {
        /// Wait in milliseconds.
        every_millis: u64,
    },
    /// The program ended before all was in that the last poll found.
    Unfinished,
    /// It says that it is gone for good, and is asked once more to be sure.
    GoneOnce {
        /// Wait in milliseconds.
        every_millis: u64,
    },
    /// Gone for good, said twice.
    Gone {
        /// Wait in milliseconds.
        every_millis: u64,
    },
}

/// The end of the bounds that a wait was held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// `min_interval`.
    Shortest,
    /// `max_interval`.
    Longest,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::New => f.write_str("at once: never polled"),
            Self::Kept { ref said } if said.is_empty() => {
                f.write_str("as planned before the restart")
            }
            Self::Kept { ref said } => f.write_str(said),
            Self::Rhythm { every_millis, rate, held } => {
                let held = match held {
                    None => "",
                    Some(Held::Shortest) => ", the shortest interval",
                    Some(Held::Longest) => ", the longest interval",
                };
                write!(f, "in {}{held}: {}", Span(every_millis), Expected(rate))
            }
            Self::Floor { every_millis } => {
                write!(f, "in {}: the publisher asks for no more", Span(every_millis))
            }
            Self::Skip { every_millis } => {
                write!(f, "in {}: the feed names hours or days to skip", Span(every_millis))
            }
            Self::BackOff { every_millis, failures } => {
                write!(f, "in {}: backing off after {}", Span(every_millis), Failures(failures))
            }
            Self::RetryAfter { every_millis, failures } => {
                let failures = Failures(failures);
                write!(f, "in {}: the server said when, after {failures}", Span(every_millis))
            }
            Self::Rest { every_millis } => {
                write!(f, "in {}: its host asked to be left alone", Span(every_millis))
            }
            Self::Unfinished => f.write_str("soon: not all of the last poll was in"),
            Self::GoneOnce { every_millis } => {
                write!(f, "in {}: gone for good (410), asked again to be sure", Span(every_millis))
            }
            Self::Gone { every_millis } => {
                write!(
                    f,
                    "in {}: gone for good (410), said twice; a look now and then",
                    Span(every_millis)
                )
            }
        }
    }
}

/// What a source brings: "4.2 entries an hour are usual at this time, and twice that comes now".
struct Expected(Rate);

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { usual, lately } = self.0;
        if usual >= 1.0 {
            write!(f, "{usual:.1} entries an hour are usual at this time")?;
        } else {
            let gap = Span(((HOUR_MILLIS as f64 / usual.max(0.001)) as i64).unsigned_abs());
            write!(f, "an entry each {gap} is usual at this time")?;
        }
        if lately > BURST {
            write!(f, ", and {lately:.1} times that comes now")
        } else if lately < LULL {
            f.write_str(", and less comes now")
        } else {
            Ok(())
        }
    }
}

struct Failures(u32);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "failure" } else { "failures" })
    }
}

/// Milliseconds in the largest unit that leaves a number a person can use.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..1000 => write!(f, "{} ms", self.0),
            1000..MINUTE_MILLIS => write!(f, "{} s", self.0 / 1000),
            MINUTE_MILLIS..HOUR_MILLIS => write!(f, "{} m", self.0 / MINUTE_MILLIS),
            HOUR_MILLIS..DAY_MILLIS => {
                write!(f, "{} h", self.0 / HOUR_MILLIS)?;
                match self.0 % HOUR_MILLIS / MINUTE_MILLIS {
                    0 => Ok(()),
                    minutes => write!(f, " {minutes} m"),
                }
            }
            _ => write!(f, "{} d", self.0 / DAY_MILLIS),
        }
    }
}
