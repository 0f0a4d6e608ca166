//! Segment files of a journal directory: their names, their first seqs, and how far the bytes of one are whole.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::frame::{self, Broken, Frame, HEADER_BYTES};
use super::{Base, JournalError, acked, base, disk, record};

/// A segment file that holds at least one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Number in its name.
    pub(super) number: u32,
    /// Seq of its first frame.
    pub(super) first: u64,
}

/// What the last segments of a journal hold.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Segments with at least one whole frame, ascending.
    pub(super) segments: Vec<Segment>,
    /// Number of segment files, an empty last one included.
    pub(super) files: usize,
    /// Number of the segment to append to, 0 where there is none.
    pub(super) tail: u32,
    /// Where its whole frames end.
    pub(super) end: u64,
    /// Where what is not known to have been acknowledged begins in it.
    pub(super) told: u64,
    /// Bytes after its whole frames: frames that a crash left, and that nobody was told of.
    pub(super) torn: u64,
    /// Seq of the last whole frame, 0 where there is none.
    pub(super) last: u64,
    /// The highest seq known to have been acknowledged.
    pub(super) known: Option<u64>,
    /// What stands for the records before the first segment.
    pub(super) base: Option<Base>,
}

/// Makes the names in a folder durable.
pub(super) fn sync_names(folder: &Path) -> Result<(), JournalError> {
    disk::sync_names(folder).map_err(|source| JournalError::io("sync", folder, source))
}

/// Folder of segments in a data directory.
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

/// The first free path of the name `what`-N beside the segments.
pub(super) fn beside(dir: &Path, what: &str) -> PathBuf {
    let path = |number: u32| folder(dir).join(format!("{what}-{number}"));
    let free = (1..u32::MAX).map(path).find(|path| !path.exists());
    free.expect("a folder holds less than four billion files")
}

/// Looks at every segment's first header and reads the last one through.
///
/// [`JournalError::Damaged`] where a number is missing, firsts do not rise, or the whole records end before what is known to
/// have been acknowledged. Where nothing is known of that, whole records after broken bytes are damage, too.
pub(super) fn find(dir: &Path) -> Result<Found, JournalError> {
    // Before the segments: what is acknowledged while they are read is in them.
    let known = acked::known(dir)?;
    let mut numbers = numbers(dir)?;
    let base = base::in_force(dir, &numbers)?.map(|number| Base::open(dir, number)).transpose()?;
    let (before, begins) = base.as_ref().map_or((0, 0), |base| (base.number(), base.upto().0));
    // What a trim that did not end has yet to remove.
    numbers.retain(|&number| number > before);
    let start = before + 1;
    if let Some((number, _)) =
        (start..).zip(&numbers).find(|&(expected, &number)| number != expected)
    {
        return Err(missing_file(dir, number, numbers[0]));
    }
    let Some((&tail, closed)) = numbers.split_last() else {
        let lost = known.filter(|&known| known > begins);
        let what = |known| missing(begins, known, "the file is missing");
        let lost = lost.map(|known| damaged(dir, start, 0, &what(known)));
        let (tail, last) = if base.is_some() { (start, begins) } else { (0, 0) };
        return lost.map_or_else(|| Ok(Found { tail, last, known, base, ..Found::default() }), Err);
    };
    let mut segments = Vec::with_capacity(numbers.len());
    for &number in closed {
        let first = first_seq(dir, number)?;
        if number == start && first != begins + 1 {
            // A gap may stand there, and it knows where it begins.
            scan(dir, number, Some(begins + 1), None)?.whole(dir, number)?;
        }
        if segments.last().is_some_and(|before: &Segment| before.first >= first) {
            return Err(damaged(dir, number, 0, "it begins before the file before it does"));
        }
        segments.push(Segment { number, first });
    }
    let scan = scan(dir, tail, (tail == start).then_some(begins + 1), known)?;
    let last = match (scan.first, segments.last()) {
        (Some(first), _) => {
            segments.push(Segment { number: tail, first });
            scan.last
        }
        // A crash between making the file and writing to it: the one before was closed whole.
        (None, Some(&before)) => {
            self::scan(dir, before.number, None, None)?.whole(dir, before.number)?
        }
        (None, None) => begins,
    };
    if let Some(what) = scan.damage(last, known) {
        return Err(damaged(dir, tail, scan.end, &what));
    }
    let Scan { end, told, torn, .. } = scan;
    Ok(Found { segments, files: numbers.len(), tail, end, told, torn, last, known, base })
}

/// The fault of a file that is not there, before a file that is.
fn missing_file(dir: &Path, number: u32, first: u32) -> JournalError {
    let mut what = "the file is missing".to_owned();
    if number < first {
        let stands = base::name(first - 1);
        what = format!("{what}, and so is {stands}, which stood for it if it was trimmed");
    }
    damaged(dir, number, 0, &what)
}

/// Numbers of the segment files, ascending. Files of other names are left alone.
pub(super) fn numbers(dir: &Path) -> Result<Vec<u32>, JournalError> {
    numbers_of(dir, ".log")
}

/// Numbers of the files beside the segments whose names end so, ascending.
pub(super) fn numbers_of(dir: &Path, suffix: &str) -> Result<Vec<u32>, JournalError> {
    let folder = folder(dir);
    let failed = |source| JournalError::io("list", &folder, source);
    let mut numbers = Vec::new();
    for file in fs::read_dir(&folder).map_err(failed)? {
        let name = file.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(suffix)?.parse().ok());
        numbers.extend(number.filter(|&number: &u32| number > 0));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Seq of the first frame of a closed segment.
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

#[derive(Debug, Default, PartialEq, Eq)]
struct Scan {
    first: Option<u64>,
    last: u64,
    end: u64,
    /// Where the frames up to the one that is known to have been acknowledged end.
    told: u64,
    torn: u64,
    /// Why the bytes at the end are no frame.
    why: Option<Broken>,
    /// Where whole frames go on after them.
    next: Option<usize>,
}

impl Scan {
    /// Seq of the last record of a file that is closed, and so must be whole.
    fn whole(&self, dir: &Path, number: u32) -> Result<u64, JournalError> {
        match self.why {
            Some(why) => Err(damaged(
                dir,
                number,
                self.end,
                &format!("{}, and it is not the last file", why.words()),
            )),
            None => Ok(self.last),
        }
    }

    /// What is wrong with the end of the last file, whose whole records end with `last`; `None` where nobody was told of more.
    fn damage(&self, last: u64, known: Option<u64>) -> Option<String> {
        let why = self.why.map_or("the file ends", Broken::words);
        match (known, self.next) {
            (Some(known), _) if last < known => Some(missing(last, known, why)),
            (None, Some(next)) => Some(format!("{why}, and whole records follow from byte {next}")),
            _ => None,
        }
    }
}

/// Says which acknowledged records are not there.
fn missing(last: u64, known: u64, why: &str) -> String {
    match known - last {
        1 => format!("{why}, and record {known}, which was acknowledged, is not there"),
        _ => format!(
            "{why}, and records {} to {known}, which were acknowledged, are not there",
            last + 1
        ),
    }
}

/// `begins` is the number its first record must have, where that is known; `known` the highest that was acknowledged.
fn scan(
    dir: &Path,
    number: u32,
    begins: Option<u64>,
    known: Option<u64>,
) -> Result<Scan, JournalError> {
    let path = path(dir, number);
    let bytes = fs::read(&path).map_err(|source| JournalError::io("read", &path, source))?;
    let mut scan = Scan::default();
    let mut at = 0;
    while at < bytes.len() {
        match frame::parse(&bytes[at..]) {
            Ok(frame) => {
                // Of the files before this one only the readers know.
                let expected = scan.first.map(|_| scan.last + 1).or(begins);
                if let Some(expected) = expected.filter(|&expected| !begins_with(&frame, expected))
                {
                    let what = format!("record {} stands where {expected} belongs", frame.seq);
                    return Err(damaged(dir, number, at as u64, &what));
                }
                scan.first.get_or_insert(frame.seq);
                scan.last = frame.seq;
                at += frame.bytes();
                if known.is_some_and(|known| frame.seq <= known) {
                    scan.told = at as u64;
                }
            }
            Err(why) => {
                scan.why = Some(why);
                scan.next = whole_frame_after(&bytes, at, scan.last);
                scan.torn = (bytes.len() - at) as u64;
                break;
            }
        }
    }
    scan.end = at as u64;
    Ok(scan)
}

/// True where `expected` is the first number a frame stands for: its own, or where a gap begins.
pub(super) fn begins_with(frame: &Frame<'_>, expected: u64) -> bool {
    frame.seq == expected
        || record::decode_bare(frame).is_ok_and(|(entry, _)| entry.first().0 == expected)
}

/// The first byte after the broken frame at `at` where a whole frame later than `last` begins.
///
/// Where the broken frame's length leads is looked at first: what a text holds that looks like a frame is passed over then.
pub(super) fn whole_frame_after(bytes: &[u8], at: usize, last: u64) -> Option<usize> {
    // Most random bytes are no header; a gap may leave out many numbers, so nothing narrower will do.
    let is_whole = |&at: &usize| {
        frame::header(&bytes[at..]).is_ok_and(|header| header.seq > last && header.format != 0)
            && frame::parse(&bytes[at..]).is_ok()
    };
    let end = bytes.len().saturating_sub(HEADER_BYTES);
    let beyond = frame::header(&bytes[at..]).ok().map(|header| at + HEADER_BYTES + header.length);
    let beyond = beyond.filter(|beyond| *beyond <= end).filter(is_whole);
    beyond.or_else(|| (at + 1..=end).find(is_whole))
}

pub(super) fn damaged(dir: &Path, number: u32, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged { path: path(dir, number), offset, what: what.to_owned() }
}
