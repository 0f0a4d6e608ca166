//! Damage in a journal, wherever it is; and by order, the journal made whole around it, with a gap for what is lost.
//!
//! Nothing is destroyed: a file that is written anew is kept beside under `NUMBER.damaged-N`. Nothing is silent: each stretch
//! of lost numbers is a record of its own, and the generation is raised.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::acked::{self, Acked};
use super::frame;
use super::record::{self, Unreadable};
use super::{Base, Entry, Gap, JournalError, Record, base, generation, segment};
use crate::model::{Seq, Timestamp};

/// A place in a journal that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The segment file.
    pub path: PathBuf,
    /// Bytes from its start.
    pub offset: u64,
    /// How many bytes are no record; 0 where records are missing and nothing stands in their place.
    pub bytes: u64,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, bytes, what } = self;
        write!(f, "{} at byte {offset}: {what}", path.display())?;
        if *bytes > 0 { write!(f, " ({bytes} bytes)") } else { Ok(()) }
    }
}

/// A whole journal, read through.
#[derive(Debug)]
pub struct Survey {
    dir: PathBuf,
    files: Vec<Plan>,
    /// What is wrong, in the order of the files.
    pub holes: Vec<Hole>,
    /// Records that read, gaps included.
    pub records: u64,
    /// Numbers that earlier gaps stand for.
    pub gone: u64,
    /// Versions whose words were removed, by age or by order.
    pub redacted: u64,
    /// Articles that were erased.
    pub erased: u64,
    /// Numbers that were trimmed.
    pub trimmed: u64,
    /// How many of them are versions that are still there.
    pub stands: u64,
    /// The file that stands for them, where it is not what was written.
    bad_base: Option<PathBuf>,
    /// The last number, those that are lost included.
    pub last: Seq,
}

/// What a survey was told to give up.
#[derive(Debug)]
pub struct Bridged {
    /// What is lost, a gap for each stretch; empty where bytes were in the way and no record is missing.
    pub gaps: Vec<Gap>,
    /// The files as they were.
    pub kept: Vec<PathBuf>,
    /// The generation that begins.
    pub generation: u64,
}

/// A segment file as it should be.
#[derive(Debug)]
struct Plan {
    number: u32,
    pieces: Vec<Piece>,
    /// True where that is not what it is.
    changes: bool,
}

#[derive(Debug)]
enum Piece {
    Keep(Range<u64>),
    Gap(Gap),
}

/// Frames that follow each other in bytes and numbers.
#[derive(Debug)]
struct Run {
    bytes: Range<u64>,
    first: u64,
    last: u64,
}

/// What a segment file holds.
#[derive(Debug, Default)]
struct Contents {
    runs: Vec<Run>,
    /// Bytes that are no record, with the reason.
    breaks: Vec<(Range<u64>, String)>,
    records: u64,
    gone: u64,
    redacted: u64,
    erased: u64,
    /// The highest number of a frame whose checksum holds, whether its record reads or not.
    seen: u64,
}

impl Contents {
    /// True where nothing stands after the last record.
    fn ends_whole(&self) -> bool {
        let end = self.runs.last().map_or(0, |run| run.bytes.end);
        self.breaks.iter().all(|(bytes, _)| bytes.start < end)
    }
}

impl Survey {
    /// Reads the journal of data directory `dir` through, over every damage. Changes nothing; the caller holds the lock.
    ///
    /// `told` is the highest number that anything beside the journal knows of, 0 where nothing does. Errors: `Missing`,
    /// `NoJournal`, `Newer`, the disk's own.
    pub fn of(dir: &Path, told: Seq) -> Result<Self, JournalError> {
        if !dir.is_dir() {
            return Err(JournalError::Missing { dir: dir.to_path_buf() });
        }
        if !segment::folder(dir).is_dir() {
            return Err(JournalError::NoJournal { dir: dir.to_path_buf() });
        }
        let acked = acked::known(dir)?;
        let tail = segment::numbers(dir)?.last().copied().unwrap_or(0);
        let mut holes = Vec::new();
        let base = base_of(dir, &mut holes)?;
        let (before, mut last) =
            base.as_ref().map_or((0, 0), |base| (base.number(), base.upto().0));
        let mut contents = Vec::new();
        for number in before + 1..=tail {
            // What comes after a break in the last file, where nobody was told of it, a crash left there.
            let torn_after = acked.filter(|_| number == tail);
            let found = read(dir, number, &mut last, torn_after)?;
            contents.push(found);
        }
        let mut survey = Self {
            dir: dir.to_path_buf(),
            files: Vec::new(),
            bad_base: holes.first().map(|hole: &Hole| hole.path.clone()),
            holes,
            trimmed: base.as_ref().map_or(0, |base| base.upto().0),
            stands: base.as_ref().map_or(0, Base::versions),
            records: contents.iter().map(|found| found.records).sum(),
            gone: contents.iter().map(|found| found.gone).sum(),
            redacted: contents.iter().map(|found| found.redacted).sum(),
            erased: contents.iter().map(|found| found.erased).sum(),
            last: Seq(0),
        };
        let seen = contents.iter().map(|found| found.seen).max().unwrap_or(0);
        survey.plan(before, &contents, acked.unwrap_or(0).max(told.0).max(seen))?;
        Ok(survey)
    }

    /// Decides what each file should hold. Every number up to `known` is in a record or in a gap, and no file but the last is
    /// empty: so where several files are lost, each keeps one number of the gap at least.
    /// `before` is the number of the last segment that was trimmed.
    fn plan(&mut self, before: u32, contents: &[Contents], known: u64) -> Result<(), JournalError> {
        let mut last = self.trimmed;
        for (at, (number, found)) in (before + 1..).zip(contents).enumerate() {
            let mut plan = Plan { number, pieces: Vec::new(), changes: false };
            for run in &found.runs {
                if run.first > last + 1 {
                    self.lose(&mut plan, found, last + 1, run.first - 1);
                }
                plan.pieces.push(Piece::Keep(run.bytes.clone()));
                last = run.last;
            }
            let after = &contents[at + 1..];
            let is_last = after.is_empty();
            let lost_files = after.iter().take_while(|found| found.runs.is_empty()).count();
            let next = after.get(lost_files).map(|found| found.runs[0].first);
            // A closed file held one record at least; the last may be empty.
            let own = u64::from(found.runs.is_empty() && !is_last);
            let others = (lost_files as u64).saturating_sub(u64::from(next.is_none()));
            let room = next.map_or_else(
                || known.saturating_sub(last).max(own + others),
                |next| next - 1 - last,
            );
            let theirs = (lost_files as u64).min(room.saturating_sub(own));
            let is_whole = own == 0 && found.ends_whole();
            let taken = if is_whole && lost_files > 0 { 0 } else { (room - theirs).max(own) };
            if taken > room {
                let what = "it holds no record, and no number is missing: move it away by hand";
                return Err(segment::damaged(&self.dir, number, 0, what));
            }
            if taken > 0 {
                self.lose(&mut plan, found, last + 1, last + taken);
                last += taken;
            }
            self.tell_breaks(&mut plan, found, is_last && taken == 0);
            self.files.push(plan);
        }
        if contents.is_empty() && known > last {
            let mut plan = Plan { number: before + 1, pieces: Vec::new(), changes: false };
            self.lose(&mut plan, &Contents::default(), last + 1, known);
            self.files.push(plan);
            last = known;
        }
        self.holes.sort_by(|a, b| (&a.path, a.offset).cmp(&(&b.path, b.offset)));
        self.last = Seq(last);
        Ok(())
    }

    fn lose(&mut self, plan: &mut Plan, found: &Contents, from: u64, to: u64) {
        let end = plan.pieces.iter().rev().find_map(|piece| match piece {
            Piece::Keep(bytes) => Some(bytes.end),
            Piece::Gap(_) => None,
        });
        let offset = end.unwrap_or(0);
        let broken = found.breaks.iter().find(|(bytes, _)| bytes.start == offset);
        let why = broken.map_or("nothing stands there", |(_, why)| why.as_str()).to_owned();
        let path = segment::path(&self.dir, plan.number);
        let lost = if from == to {
            format!("record {from} is")
        } else {
            format!("records {from} to {to} are")
        };
        let what = format!("{why}: {lost} lost");
        let bytes = broken.map_or(0, |(bytes, _)| bytes.end - bytes.start);
        self.holes.push(Hole { path, offset, bytes, what });
        plan.pieces.push(Piece::Gap(Gap { from: Seq(from), to: Seq(to), why }));
        plan.changes = true;
    }

    /// Names the breaks in which no number is lost. The torn end of the last file is none: the next start cuts it.
    fn tell_breaks(&mut self, plan: &mut Plan, found: &Contents, may_be_torn: bool) {
        let path = segment::path(&self.dir, plan.number);
        let end = found.runs.last().map_or(0, |run| run.bytes.end);
        for (bytes, why) in &found.breaks {
            let is_torn = may_be_torn && bytes.start >= end;
            let is_told =
                self.holes.iter().any(|hole| hole.path == path && hole.offset == bytes.start);
            if !is_torn && !is_told {
                let (offset, bytes) = (bytes.start, bytes.end - bytes.start);
                let what = format!("{why}; no record is lost");
                self.holes.push(Hole { path: path.clone(), offset, bytes, what });
                plan.changes = true;
            }
        }
    }

    /// Makes the journal whole: writes the files that need it anew, with a gap (dated `at`) for what is lost in each, keeps
    /// them as they were beside, and raises the generation before the first of them is in place.
    ///
    /// The caller holds the lock for writing, and has set the rows aside: they hold what is lost. A crash in between leaves a
    /// journal that is damaged in fewer places, and the same call goes on.
    pub fn bridge(self, at: Timestamp) -> Result<Bridged, JournalError> {
        let changing: Vec<&Plan> = self.files.iter().filter(|plan| plan.changes).collect();
        for plan in &changing {
            self.write_anew(plan, at)?;
        }
        let generation = generation::raise(&self.dir)?;
        let mut bridged = Bridged { gaps: Vec::new(), kept: Vec::new(), generation };
        // Before a segment takes a number it stood for.
        bridged.kept.extend(self.bad_base.as_deref().map(|bad| self.set_aside(bad)).transpose()?);
        for plan in changing {
            bridged.kept.extend(self.put_in_place(plan)?);
            bridged.gaps.extend(plan.pieces.iter().filter_map(|piece| match piece {
                Piece::Gap(gap) => Some(gap.clone()),
                Piece::Keep(_) => None,
            }));
        }
        segment::sync_names(&segment::folder(&self.dir))?;
        drop(Acked::open(&self.dir, self.last.0)?);
        Ok(bridged)
    }

    /// Gives the file that stood for trimmed records a name under which it stands for nothing.
    fn set_aside(&self, bad: &Path) -> Result<PathBuf, JournalError> {
        let name = bad.file_name().unwrap_or_default().to_string_lossy();
        let kept = segment::beside(&self.dir, &format!("{name}.damaged"));
        fs::rename(bad, &kept).map_err(|source| JournalError::io("name", &kept, source))?;
        segment::sync_names(&segment::folder(&self.dir))?;
        Ok(kept)
    }

    /// Writes a file as it should be beside the one that is, durably.
    fn write_anew(&self, plan: &Plan, at: Timestamp) -> Result<(), JournalError> {
        let (old, new) = (segment::path(&self.dir, plan.number), anew(&self.dir, plan.number));
        let write = || -> io::Result<()> {
            let mut to = File::create(&new)?;
            for piece in &plan.pieces {
                match piece {
                    Piece::Keep(bytes) => {
                        let mut from = File::open(&old)?;
                        from.seek(SeekFrom::Start(bytes.start))?;
                        io::copy(&mut from.take(bytes.end - bytes.start), &mut to)?;
                    }
                    Piece::Gap(gap) => to.write_all(&frame_of(gap, at))?,
                }
            }
            to.sync_all()
        };
        write().map_err(|source| JournalError::io("write", &new, source))
    }

    /// Gives the old file a second name and the new one its place; tells the second name, where there was an old file.
    fn put_in_place(&self, plan: &Plan) -> Result<Option<PathBuf>, JournalError> {
        let (old, new) = (segment::path(&self.dir, plan.number), anew(&self.dir, plan.number));
        let kept = segment::beside(&self.dir, &format!("{:08}.damaged", plan.number));
        let had_file = old.exists();
        let swap = || {
            // A file system without second names gets a copy.
            if had_file && fs::hard_link(&old, &kept).is_err() {
                fs::copy(&old, &kept)?;
                File::open(&kept)?.sync_all()?;
            }
            fs::rename(&new, &old)
        };
        swap().map_err(|source| JournalError::io("replace", &old, source))?;
        Ok(had_file.then_some(kept))
    }
}

fn anew(dir: &Path, number: u32) -> PathBuf {
    segment::folder(dir).join(format!("{number:08}.new"))
}

fn frame_of(gap: &Gap, at: Timestamp) -> Vec<u8> {
    let entry = Entry { seq: gap.to, at, record: Record::Gap(gap.clone()) };
    let payload = record::encode(&entry).expect("a gap is far smaller than a record may be");
    let mut bytes = Vec::new();
    frame::push(&mut bytes, gap.to.0, &payload);
    bytes
}

/// The file that a trimmed journal begins with, where it is what was written; else that is told.
fn base_of(dir: &Path, holes: &mut Vec<Hole>) -> Result<Option<Base>, JournalError> {
    let Some(number) = base::in_force(dir, &segment::numbers(dir)?)? else { return Ok(None) };
    match Base::open(dir, number).and_then(|base| base.check().map(|_| base)) {
        Ok(base) => Ok(Some(base)),
        Err(JournalError::Damaged { path, offset, what }) => {
            let bytes = fs::metadata(&path).map_or(0, |found| found.len());
            holes.push(Hole { path, offset, bytes, what });
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// Reads a segment file over every break. `last` is the last number before it, and then the last in it.
fn read(
    dir: &Path,
    number: u32,
    last: &mut u64,
    torn_after: Option<u64>,
) -> Result<Contents, JournalError> {
    let path = segment::path(dir, number);
    let mut found = Contents::default();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            found.breaks.push((0..0, "the file is missing".to_owned()));
            return Ok(found);
        }
        Err(source) => return Err(JournalError::io("read", path, source)),
    };
    let mut at = 0;
    while at < bytes.len() {
        let newer = |what| JournalError::Newer { path: path.clone(), offset: at as u64, what };
        match whole(&bytes[at..], *last).map_err(newer)? {
            Ok((size, entry)) => {
                let (first, seq) = (entry.first().0, entry.seq.0);
                found.records += 1;
                match &entry.record {
                    Record::Gap(_) => found.gone += seq - first + 1,
                    Record::Version(version) if version.redacted.is_some() => found.redacted += 1,
                    Record::Erase(erase) => found.erased += erase.articles.len() as u64,
                    _ => {}
                }
                let (start, end) = (at as u64, (at + size) as u64);
                match found.runs.last_mut() {
                    Some(run) if run.bytes.end == start && run.last + 1 == first => {
                        (run.bytes.end, run.last) = (end, seq);
                    }
                    _ => found.runs.push(Run { bytes: start..end, first, last: seq }),
                }
                *last = seq;
                at += size;
            }
            Err(why) => {
                let seen = frame::parse(&bytes[at..]).map_or(0, |frame| frame.seq);
                found.seen = found.seen.max(seen);
                let is_torn = torn_after.is_some_and(|acked| acked <= *last);
                let next = segment::whole_frame_after(&bytes, at, *last).filter(|_| !is_torn);
                let end = next.unwrap_or(bytes.len());
                match found.breaks.last_mut() {
                    Some((bytes, _)) if bytes.end == at as u64 => bytes.end = end as u64,
                    _ => found.breaks.push((at as u64..end as u64, why)),
                }
                at = end;
            }
        }
    }
    Ok(found)
}

/// The entry that `bytes` begin with, and its size; else why they are none that can follow `last`. The outer error names what
/// a newer program wrote.
fn whole(bytes: &[u8], last: u64) -> Result<Result<(usize, Entry), String>, String> {
    let frame = match frame::parse(bytes) {
        Ok(frame) => frame,
        Err(why) => return Ok(Err(why.words().to_owned())),
    };
    match record::decode(&frame) {
        Ok(entry) if entry.first().0 > last => Ok(Ok((frame.bytes(), entry))),
        Ok(entry) => Ok(Err(format!("record {} stands after record {last}", entry.first()))),
        Err(Unreadable::Newer(what)) => Err(what),
        Err(Unreadable::Broken(what)) => Ok(Err(format!("a record is unreadable: {what}"))),
    }
}

#[cfg(test)]
mod tests;
