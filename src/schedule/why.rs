//! Why the next poll is when it is, in numbers and in words.

use std::fmt;

use super::{DAY_MILLIS, HOUR_MILLIS, MINUTE_MILLIS};

/// Why the next poll is when it is. `Display` says it to a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// Never polled: at once.
    #[default]
    New,
    /// Planned by an earlier run of the program.
    Kept,
    /// By the age of its newest entry.
    Newest {
        /// Wait in milliseconds.
        every_millis: u64,
        /// Age in milliseconds.
        age_millis: u64,
    },
    /// By its usual gap between entries.
    Rhythm {
        /// Wait in milliseconds.
        every_millis: u64,
        /// Gap in milliseconds.
        gap_millis: u64,
    },
    /// No new entry was ever seen.
    Silent {
        /// Wait in milliseconds.
        every_millis: u64,
    },
    /// The publisher asks for no more.
    Floor {
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
    /// The program ended before all was in that the last poll found.
    Unfinished,
    /// Gone for good: the poller passes it by while `Poll::gone` stands.
    Gone,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::New => f.write_str("at once: never polled"),
            Self::Kept => f.write_str("as planned before the restart"),
            Self::Newest { every_millis, age_millis } => {
                write!(f, "every {}: newest entry {} old", Span(every_millis), Span(age_millis))
            }
            Self::Rhythm { every_millis, gap_millis } => {
                write!(f, "every {}: an entry each {}", Span(every_millis), Span(gap_millis))
            }
            Self::Silent { every_millis } => {
                write!(f, "every {}: no new entry seen yet", Span(every_millis))
            }
            Self::Floor { every_millis } => {
                write!(f, "every {}: the publisher asks for no more", Span(every_millis))
            }
            Self::BackOff { every_millis, failures } => {
                write!(f, "in {}: backing off after {}", Span(every_millis), Failures(failures))
            }
            Self::RetryAfter { every_millis, failures } => {
                let failures = Failures(failures);
                write!(f, "in {}: the server said when, after {failures}", Span(every_millis))
            }
            Self::Unfinished => f.write_str("soon: not all of the last poll was in"),
            Self::Gone => f.write_str("never: gone for good (410)"),
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
