//! What a feed says of how often it wants to be asked, and when not.

use std::time::Duration;

use super::vocabulary::{Fact, period};

/// Longest refresh interval a feed may ask for; more is a mistake in the feed.
const TTL_MAX: Duration = Duration::from_hours(7 * 24);

/// Names of days as RSS 2.0 writes them, in the order of the week.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// As far as it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    given: Option<Duration>,
    period: Option<Duration>,
    frequency: Option<u32>,
    /// One bit an hour of `<skipHours>`, from midnight GMT.
    pub(super) skip_hours: u32,
    /// One bit a day of `<skipDays>`, from Monday.
    pub(super) skip_days: u8,
}

impl Pace {
    /// Takes one fact in; false where it is of another kind.
    pub(super) fn learn(&mut self, fact: Fact, text: &str) -> bool {
        match fact {
            Fact::Ttl => {
                self.given = text.parse::<u32>().ok().map(u64::from).map(Duration::from_mins);
            }
            Fact::Period => self.period = period(text),
            Fact::Frequency => self.frequency = text.parse().ok().filter(|&times| times > 0),
            // Midnight is 0, and 24 for those who count from 1.
            Fact::SkipHour => {
                let hour = text.parse().ok().filter(|&hour: &u32| hour <= 24);
                self.skip_hours |= hour.map_or(0, |hour| 1 << (hour % 24));
            }
            Fact::SkipDay => {
                let head = text.get(..3).unwrap_or("").to_ascii_lowercase();
                let day = DAYS.iter().position(|day| *day == head);
                self.skip_days |= day.map_or(0, |day| 1 << day);
            }
            _ => return false,
        }
        true
    }

    /// How long it asks us to wait between polls.
    pub(super) fn ttl(&self) -> Option<Duration> {
        let ttl = self.given.or_else(|| Some(self.period? / self.frequency.unwrap_or(1)));
        ttl.filter(|ttl| !ttl.is_zero()).map(|ttl| ttl.min(TTL_MAX))
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::feed::{Feed, Limits, parse};
    use crate::model::Timestamp;

    fn read(xml: &str) -> Feed {
        let base = Url::parse("https://desk.test/feed").unwrap();
        parse(xml.as_bytes(), None, &base, Timestamp::EPOCH, &Limits::default()).unwrap()
    }

    #[test]
    fn hours_and_days_to_skip_are_read() {
        for (given, hours, days) in [
            (
                "<skipHours><hour>0</hour><hour>23</hour><hour> 5 </hour></skipHours>",
                1 | 1 << 23 | 1 << 5,
                0,
            ),
            (
                "<skipHours><hour>24</hour><hour>25</hour><hour>-1</hour><hour>x</hour></skipHours>",
                1,
                0,
            ),
            (
                "<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>",
                0,
                0b110_0000,
            ),
            ("<item><title>A</title><hour>3</hour></item>", 0, 0),
        ] {
            let xml = format!("<rss><channel>{given}<item><title>B</title></item></channel></rss>");
            let feed = read(&xml);
            assert_eq!((feed.skip_hours, feed.skip_days), (hours, days), "{given}");
            assert!(feed.entries.iter().any(|entry| entry.title == "B"), "{given}");
        }
    }
}
