//! What the poller keeps of leads and endpoints, to bytes and back: rows of its own, from which nothing is derived.

use serde::{Deserialize, Serialize};

use crate::daemon::line::{REASON_BYTES_MAX, Said, Visits};
use crate::model::{SourceId, Timestamp};
use crate::schedule::{Bin, Fault, Poll, Rhythm, Skip, Texts, Why};

/// Bytes kept of a guid or a line of authors: with the longest link, title and validators a row stays below 8 KiB. A longer
/// guid is left out, for half a name is another name.
const SAID_BYTES_MAX: usize = 512;

/// What is kept of a lead's visits on disk.
#[derive(Serialize, Deserialize)]
struct Row {
    source: String,
    url: String,
    title: String,
    first: i64,
    last: i64,
    stamp: Option<i64>,
    etag: Option<String>,
    last_modified: Option<String>,
    good: bool,
}

/// What follows since a lost lead is tried again. Rows of earlier builds end before it.
#[derive(Default, Serialize, Deserialize)]
struct MoreOfRow {
    tries: u32,
    lost: String,
    guid: Option<String>,
    published: Option<i64>,
    lang: Option<String>,
    authors: Option<String>,
}

/// What follows since texts are remembered, and since validators have an address.
#[derive(Default, Serialize, Deserialize)]
struct LastOfRow {
    texts: Vec<u64>,
    returns: u8,
    steady: u8,
    of: Option<u64>,
}

/// What follows since pages are named. Rows of earlier builds end before it.
#[derive(Default, Serialize, Deserialize)]
struct PrintOfRow {
    print: Option<u64>,
}

/// The row of a lead's visits.
pub(in crate::daemon) fn row(source: &SourceId, visits: &Visits) -> Vec<u8> {
    let row = Row {
        source: source.0.clone(),
        url: visits.url.clone(),
        title: visits.title.clone(),
        first: visits.first.millis(),
        last: visits.last.millis(),
        stamp: visits.stamp,
        etag: visits.etag.clone(),
        last_modified: visits.last_modified.clone(),
        good: visits.good,
    };
    let Said { guid, published, lang, authors } = &visits.said;
    let short = |text: &String| text.len() <= SAID_BYTES_MAX;
    let cut = |line: &String| line[..line.floor_char_boundary(SAID_BYTES_MAX)].to_owned();
    let more = MoreOfRow {
        tries: visits.tries,
        lost: visits.lost.clone(),
        guid: guid.clone().filter(short),
        published: published.map(Timestamp::millis),
        lang: lang.clone().filter(short),
        authors: authors.as_ref().map(cut),
    };
    let (texts, returns, steady) = visits.texts.keep();
    let last = LastOfRow { texts: texts.to_vec(), returns, steady, of: visits.of };
    bytes(&(row, more, last, PrintOfRow { print: visits.print }))
}

/// A row read back; `None` where it is of a form we no longer read (then the page is simply visited again).
pub(in crate::daemon) fn read_row(bytes: &[u8]) -> Option<(SourceId, Visits)> {
    let (row, more, last, print): (Row, MoreOfRow, LastOfRow, PrintOfRow) = parts(bytes)?;
    let visits = Visits {
        url: row.url,
        title: row.title,
        first: Timestamp::from_millis(row.first),
        last: Timestamp::from_millis(row.last),
        stamp: row.stamp,
        etag: row.etag,
        last_modified: row.last_modified,
        of: last.of,
        good: row.good,
        tries: more.tries,
        lost: more.lost,
        said: Said {
            guid: more.guid,
            published: more.published.map(Timestamp::from_millis),
            lang: more.lang,
            authors: more.authors,
        },
        texts: Texts::kept(last.texts, last.returns, last.steady),
        print: print.print,
    };
    Some((SourceId(row.source), visits))
}

/// What is kept of an endpoint's schedule on disk.
#[derive(Serialize, Deserialize)]
struct PollRow {
    last_poll: Option<i64>,
    last_success: Option<i64>,
    next_poll: i64,
    failures: u32,
    etag: Option<String>,
    last_modified: Option<String>,
    moved_to: Option<String>,
    newest: Option<i64>,
    /// Of builds before a rhythm was learned.
    gap_millis: Option<u64>,
    gone: bool,
}

/// What follows since a poll can be unfinished. Rows of earlier builds end before it.
#[derive(Default, Serialize, Deserialize)]
struct MoreOfPoll {
    soonest: i64,
    unfinished: bool,
}

/// What follows since a source's rhythm is learned and its faults are kept.
#[derive(Default, Serialize, Deserialize)]
struct LastOfPoll {
    validated: Option<u64>,
    hours: [(f32, f32); 24],
    days: [(f32, f32); 7],
    lately: (f32, f32),
    skip: (u32, u8),
    why: String,
    fault: Option<(String, String, i64)>,
}

/// The row of an endpoint's schedule.
pub(in crate::daemon) fn poll_row(poll: &Poll) -> Vec<u8> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    let row = PollRow {
        last_poll: millis(poll.last_poll),
        last_success: millis(poll.last_success),
        next_poll: poll.next_poll.millis(),
        failures: poll.failures,
        etag: poll.etag.clone(),
        last_modified: poll.last_modified.clone(),
        moved_to: poll.moved_to.clone(),
        newest: millis(poll.newest),
        gap_millis: None,
        gone: poll.gone,
    };
    let more = MoreOfPoll { soonest: poll.soonest.millis(), unfinished: poll.unfinished };
    let pair = |bin: Bin| (bin.entries, bin.watched);
    let fault = poll.fault.as_ref();
    let cut = |text: &str| text[..text.floor_char_boundary(REASON_BYTES_MAX)].to_owned();
    let last = LastOfPoll {
        validated: poll.validated,
        hours: poll.rhythm.hours.map(pair),
        days: poll.rhythm.days.map(pair),
        lately: pair(poll.rhythm.lately),
        skip: (poll.skip.hours, poll.skip.days),
        why: cut(&poll.why.to_string()),
        fault: fault.map(|fault| (fault.kind.clone(), cut(&fault.detail), fault.since.millis())),
    };
    bytes(&(row, more, last))
}

/// A schedule read back; `None` where the row is of a form we no longer read (then the endpoint is new). What the last poll
/// found and the program did not live to bring in is asked for again as soon as is polite.
pub(in crate::daemon) fn read_poll(bytes: &[u8]) -> Option<Poll> {
    let (row, more, last, ()): (PollRow, MoreOfPoll, LastOfPoll, ()) = parts(bytes)?;
    let bin = |(entries, watched)| Bin { entries, watched };
    let at = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let mut poll = Poll {
        last_poll: at(row.last_poll),
        last_success: at(row.last_success),
        next_poll: Timestamp::from_millis(row.next_poll),
        why: Why::Kept { said: last.why },
        soonest: Timestamp::from_millis(more.soonest),
        unfinished: more.unfinished,
        failures: row.failures,
        etag: row.etag,
        last_modified: row.last_modified,
        moved_to: row.moved_to,
        validated: last.validated,
        newest: at(row.newest),
        rhythm: Rhythm {
            hours: last.hours.map(bin),
            days: last.days.map(bin),
            lately: bin(last.lately),
        },
        skip: Skip { hours: last.skip.0, days: last.skip.1 },
        gone: row.gone,
        fault: last.fault.map(|(kind, detail, since)| Fault {
            kind,
            detail,
            since: Timestamp::from_millis(since),
        }),
    };
    poll.hasten();
    Some(poll)
}

fn bytes(row: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(row).expect("a row of strings and numbers always serialises")
}

/// A row and what follows it, as far as something does.
fn parts<'a, Row, More, Last, Further>(bytes: &'a [u8]) -> Option<(Row, More, Last, Further)>
where
    Row: Deserialize<'a>,
    More: Deserialize<'a> + Default,
    Last: Deserialize<'a> + Default,
    Further: Deserialize<'a> + Default,
{
    let (row, rest) = postcard::take_from_bytes(bytes).ok()?;
    let (more, rest) = part(rest)?;
    let (last, rest) = part(rest)?;
    let (further, _) = part(rest)?;
    Some((row, more, last, further))
}

fn part<'a, Part: Deserialize<'a> + Default>(bytes: &'a [u8]) -> Option<(Part, &'a [u8])> {
    if bytes.is_empty() {
        return Some((Part::default(), bytes));
    }
    postcard::take_from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ROW_BYTES_MAX;

    fn visits() -> Visits {
        Visits {
            url: "http://a.example/1".to_owned(),
            title: "One".to_owned(),
            first: Timestamp::from_millis(1),
            last: Timestamp::from_millis(2),
            stamp: Some(3),
            etag: Some("e".to_owned()),
            last_modified: None,
            of: Some(9),
            good: false,
            tries: 2,
            lost: "gone".to_owned(),
            said: Said {
                guid: Some("g".to_owned()),
                published: Some(Timestamp::from_millis(4)),
                lang: Some("en".to_owned()),
                authors: Some("Ann Byline".to_owned()),
            },
            texts: Texts::kept(vec![5, 6], 2, 1),
            print: Some(u64::MAX),
        }
    }

    #[test]
    fn a_row_of_visits_reads_back_and_one_of_an_earlier_build_does_too() {
        let source = SourceId("desk".to_owned());
        assert_eq!(read_row(&row(&source, &visits())), Some((source.clone(), visits())));
        let nameless = Visits { print: None, ..visits() };
        let mut old = row(&source, &nameless);
        old.pop();
        assert_eq!(read_row(&old), Some((source.clone(), nameless.clone())));
        let bare = Visits { texts: Texts::default(), of: None, ..nameless };
        let mut old = row(&source, &bare);
        old.truncate(old.len() - 5);
        assert_eq!(read_row(&old), Some((source.clone(), bare.clone())));
        let plain = Visits { tries: 0, lost: String::new(), said: Said::default(), ..bare };
        let mut old = row(&source, &plain);
        old.truncate(old.len() - 11);
        assert_eq!(read_row(&old), Some((source.clone(), plain.clone())));
        old.pop();
        assert_eq!(read_row(&old), None);
    }

    #[test]
    fn the_longest_row_of_visits_fits_the_store() {
        let long = |bytes: usize| "\u{fc}".repeat(bytes / 2);
        let visits = Visits {
            url: long(2048),
            title: long(2048),
            etag: Some(long(512)),
            last_modified: Some(long(512)),
            lost: long(512),
            said: Said {
                guid: Some(long(2048)),
                published: None,
                lang: Some(long(512)),
                authors: Some(long(64 * 2048)),
            },
            texts: Texts::kept(vec![u64::MAX; 9], u8::MAX, u8::MAX),
            ..visits()
        };
        assert!(row(&SourceId(long(256)), &visits).len() < ROW_BYTES_MAX - 64);
    }

    #[test]
    fn a_schedule_reads_back_and_one_of_an_earlier_build_does_too() {
        let mut rhythm = Rhythm::default();
        rhythm.hours[3] = Bin { entries: 1.5, watched: 2.5 };
        rhythm.days[6] = Bin { entries: 3.5, watched: 4.5 };
        rhythm.lately = Bin { entries: 5.5, watched: 6.5 };
        let fault = Fault {
            kind: "dns".to_owned(),
            detail: "no such name".to_owned(),
            since: Timestamp::from_millis(7),
        };
        let poll = Poll {
            next_poll: Timestamp::from_millis(9_000),
            soonest: Timestamp::from_millis(5_000),
            etag: Some("e".to_owned()),
            validated: Some(8),
            rhythm,
            skip: Skip { hours: 1, days: 2 },
            why: Why::Kept { said: "in 4 s: it is time".to_owned() },
            fault: Some(fault),
            ..Poll::default()
        };
        assert_eq!(read_poll(&poll_row(&poll)), Some(poll.clone()));
        let early = Poll {
            soonest: Timestamp::default(),
            next_poll: poll.next_poll,
            etag: poll.etag.clone(),
            why: Why::Kept { said: String::new() },
            ..Poll::default()
        };
        let last = postcard::to_stdvec(&LastOfPoll::default()).unwrap().len();
        let mut old = poll_row(&Poll { why: early.why.clone(), ..early.clone() });
        let said = early.why.to_string().len();
        old.truncate(old.len() - last - said);
        assert_eq!(read_poll(&old), Some(early.clone()), "the build before rhythms");
        old.truncate(old.len() - 2);
        assert_eq!(read_poll(&old), Some(early), "the build before unfinished polls");
    }

    #[test]
    fn a_schedule_that_was_cut_short_is_taken_up_as_soon_as_is_polite() {
        let poll = Poll {
            next_poll: Timestamp::from_millis(9_000),
            soonest: Timestamp::from_millis(5_000),
            unfinished: true,
            ..Poll::default()
        };
        let read = read_poll(&poll_row(&poll)).unwrap();
        assert_eq!((read.next_poll, read.why), (Timestamp::from_millis(5_000), Why::Unfinished));
    }
}
