//! Segment files of a journal directory: their names, their first seqs, and how far the bytes of one are whole.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::JournalError;
use super::frame::{self, Broken, Frame, HEADER_BYTES};
use super::record;

/// More records than a journal ever holds: a thousand a second for thirty years.
const SEQS_MAX: u64 = 1 << 40;

/// A segment file that holds at least one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Number in its name.
    pub(super) number: u32,
    /// Seq of its first frame.
    pub(super) first: u64,
}

/// What the last segments of a journal hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Segments with at least one whole frame, ascending.
    pub(super) segments: Vec<Segment>,
    /// Number of segment files, an empty last one included.
    pub(super) files: usize,
    /// Number of the segment to append to, 0 where there is none.
    pub(super) tail: u32,
    /// Where its whole frames end.
    pub(super) end: u64,
    /// Bytes after that: a frame that was cut by a crash.
    pub(super) torn: u64,
    /// Seq of the last whole frame, 0 where there is none.
    pub(super) last: u64,
}

/// The folder of segments in a data directory.
pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// The file of segment `number`.
pub(super) fn path(dir: &Path, number: u32) -> PathBuf {
    path_in(&folder(dir), number)
}

/// The file of segment `number` in a folder of segments.
pub(super) fn path_in(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.log"))
}

/// Looks at every segment's first header and reads the last one through.
///
/// [`JournalError::Damaged`] where a number is missing, firsts do not rise, or whole frames follow broken bytes.
pub(super) fn find(dir: &Path) -> Result<Found, JournalError> {
    let numbers = numbers(dir)?;
    let Some((&tail, closed)) = numbers.split_last() else { return Ok(Found::default()) };
    let mut segments = Vec::with_capacity(numbers.len());
    for &number in closed {
        let first = first_seq(dir, number)?;
        if segments.last().is_some_and(|before: &Segment| before.first >= first) {
            return Err(damaged(dir, number, 0, "it begins before the file before it does"));
        }
        segments.push(Segment { number, first });
    }
    let scan = scan(dir, tail)?;
    let last = match (scan.first, segments.last()) {
        (Some(first), _) => {
            segments.push(Segment { number: tail, first });
            scan.last
        }
        // A crash between making the file and writing to it: the one before was closed whole.
        (None, Some(&before)) => last_of_closed(dir, before.number)?,
        (None, None) => 0,
    };
    Ok(Found { segments, files: numbers.len(), tail, end: scan.end, torn: scan.torn, last })
}

/// Numbers of the segment files, ascending and without a hole. Files of other names are left alone.
fn numbers(dir: &Path) -> Result<Vec<u32>, JournalError> {
    let folder = folder(dir);
    let failed = |source| JournalError::io("list", &folder, source);
    let mut numbers = Vec::new();
    for file in fs::read_dir(&folder).map_err(failed)? {
        let name = file.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".log")?.parse().ok());
        numbers.extend(number.filter(|&number: &u32| number > 0));
    }
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| pair[1] != pair[0] + 1) {
        Some(pair) => Err(damaged(dir, pair[0] + 1, 0, "the file is missing")),
        None => Ok(numbers),
    }
}

fn first_seq(dir: &Path, number: u32) -> Result<u64, JournalError> {
    let path = path(dir, number);
    let mut header = [0; HEADER_BYTES];
    let read = File::open(&path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(damaged(dir, number, 0, Broken::Short.words()));
        }
        Err(source) => return Err(JournalError::io("read", path, source)),
    }
    let header = frame::header(&header).map_err(|why| damaged(dir, number, 0, why.words()))?;
    Ok(header.seq)
}

fn last_of_closed(dir: &Path, number: u32) -> Result<u64, JournalError> {
    let scan = scan(dir, number)?;
    if scan.torn > 0 {
        return Err(damaged(
            dir,
            number,
            scan.end,
            "the file ends inside a record and is not the last one",
        ));
    }
    Ok(scan.last)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Scan {
    first: Option<u64>,
    last: u64,
    end: u64,
    torn: u64,
}

fn scan(dir: &Path, number: u32) -> Result<Scan, JournalError> {
    let path = path(dir, number);
    let bytes = fs::read(&path).map_err(|source| JournalError::io("read", &path, source))?;
    let mut scan = Scan::default();
    let mut at = 0;
    while at < bytes.len() {
        match frame::parse(&bytes[at..]) {
            Ok(frame) => {
                if scan.first.is_some() && !follows(scan.last, &frame) {
                    let what =
                        format!("record {} stands where {} belongs", frame.seq, scan.last + 1);
                    return Err(damaged(dir, number, at as u64, &what));
                }
                scan.first.get_or_insert(frame.seq);
                scan.last = frame.seq;
                at += frame.bytes();
            }
            Err(why) => {
                if let Some(next) = whole_frame_after(&bytes, at + 1, scan.last) {
                    let what =
                        format!("{}, and whole records follow from byte {next}", why.words());
                    return Err(damaged(dir, number, at as u64, &what));
                }
                scan.torn = (bytes.len() - at) as u64;
                break;
            }
        }
    }
    scan.end = at as u64;
    Ok(scan)
}

/// True where a frame is what comes after record `last`: the next number, or a gap that reaches from it.
fn follows(last: u64, frame: &Frame<'_>) -> bool {
    let first = match record::decode(frame.seq, frame.payload) {
        _ if frame.seq == last + 1 => frame.seq,
        Ok(entry) => entry.first().0,
        Err(_) => frame.seq,
    };
    first == last + 1
}

/// The first byte at or after `from` where a whole frame later than `last` begins: then what is before it is damage, no torn tail.
fn whole_frame_after(bytes: &[u8], from: usize, last: u64) -> Option<usize> {
    // Most random bytes are no number a journal reaches; a gap may leave out many, so nothing narrower will do.
    let most = last.saturating_add(SEQS_MAX);
    (from..bytes.len().saturating_sub(HEADER_BYTES)).find(|&at| {
        frame::header(&bytes[at..])
            .is_ok_and(|header| header.seq > last && header.seq <= most && header.format != 0)
            && frame::parse(&bytes[at..]).is_ok()
    })
}

pub(super) fn damaged(dir: &Path, number: u32, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged { path: path(dir, number), offset, what: what.to_owned() }
}
