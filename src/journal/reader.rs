//! Locations to entries, and a seq to the run of entries from it. Any number read at once, beside the one who appends.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use xxhash_rust::xxh3::xxh3_64;

use super::frame::{self, Broken, HEADER_BYTES};
use super::places::Places;
use super::record::{self, Unreadable};
use super::segment::{self, Found, Segment};
use super::{Base, Entry, JournalError, Location, archive};
use crate::model::Seq;

/// What the appender tells its readers: how far the journal is durable, and which seq each segment begins with.
#[derive(Debug)]
pub(super) struct Shared {
    durable: AtomicU64,
    segments: RwLock<Vec<Segment>>,
    pub(super) places: Places,
    /// What stands for the records before the first segment.
    base: RwLock<Option<Arc<Base>>>,
    /// Held by whoever reads one segment after another: none of them is removed meanwhile.
    reading: Arc<()>,
    /// True where a log appends to the last segment.
    appended: bool,
}

impl Shared {
    pub(super) fn new(found: Found, appended: bool) -> Self {
        let Found { segments, last, base, .. } = found;
        let (durable, segments) = (AtomicU64::new(last), RwLock::new(segments));
        let base = RwLock::new(base.map(Arc::new));
        Self {
            durable,
            segments,
            places: Places::default(),
            base,
            reading: Arc::default(),
            appended,
        }
    }

    /// Seq of the last durable record, 0 where there is none.
    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Everything up to `seq` is durable, the first frame of `begun` included.
    pub(super) fn reach(&self, begun: Option<Segment>, seq: u64) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.extend(begun);
        self.durable.store(seq, Ordering::Release);
    }

    /// The segments to which nothing is appended any more.
    pub(super) fn closed(&self) -> Vec<Segment> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let closed = segments.len().saturating_sub(usize::from(self.appended));
        segments[..closed].to_vec()
    }

    /// The segment that holds `seq`, or the first there is.
    pub(super) fn holding(&self, seq: u64) -> Option<u32> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= seq);
        segments.get(after.saturating_sub(1)).map(|segment| segment.number)
    }

    /// What stands for the records before the first segment.
    pub(super) fn base(&self) -> Option<Arc<Base>> {
        self.base.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on `base` stands for the segments up to its number. True once nobody reads what was there before.
    pub(super) fn begin_with(&self, base: Arc<Base>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.retain(|segment| segment.number > base.number());
        *self.base.write().unwrap_or_else(PoisonError::into_inner) = Some(base);
    }

    /// True where nobody reads one segment after another.
    pub(super) fn is_read_by_none(&self) -> bool {
        Arc::strong_count(&self.reading) == 1
    }

    fn first(&self) -> u64 {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map_or(1, |segment| segment.first)
    }
}

/// Reads the journal. Cheap to clone; never shows a record before it is durable.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) dir: Arc<Path>,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Opens the journal of data directory `dir` for reading only: takes no lock and changes nothing.
    ///
    /// It shows what is whole at this moment; a torn tail is passed over. Errors: [`JournalError::Missing`], `NoJournal`, `Damaged`.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        if !dir.is_dir() {
            return Err(JournalError::Missing { dir: dir.to_path_buf() });
        }
        archive::refuse_unfinished(dir)?;
        if !segment::folder(dir).is_dir() {
            return Err(JournalError::NoJournal { dir: dir.to_path_buf() });
        }
        Self::of(dir)
    }

    /// The same, whatever the directory is used for.
    pub(super) fn of(dir: &Path) -> Result<Self, JournalError> {
        let found = segment::find(dir)?;
        Ok(Self::beside(dir, Arc::new(Shared::new(found, false))))
    }

    pub(super) fn beside(dir: &Path, shared: Arc<Shared>) -> Self {
        Self { dir: dir.into(), shared }
    }

    /// Seq of the last record that can be read; 0 where there is none.
    pub fn last_seq(&self) -> Seq {
        Seq(self.shared.durable())
    }

    /// What stands for the records before the first that there is; `None` where that is record 1.
    pub fn base(&self) -> Option<Arc<Base>> {
        self.shared.base()
    }

    /// The data directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The segments that hold a record at this moment.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.shared.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes of all segment files.
    pub fn bytes(&self) -> Result<u64, JournalError> {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.iter().try_fold(0, |sum, segment| {
            let path = segment::path(&self.dir, segment.number);
            let size =
                std::fs::metadata(&path).map_err(|s| JournalError::io("look at", path, s))?;
            Ok(sum + size.len())
        })
    }

    /// The entry at `location`, which an append or an iteration gave.
    ///
    /// [`JournalError::Absent`] where nothing durable lies there, [`JournalError::Damaged`] where it is not what was written.
    pub fn read(&self, location: Location) -> Result<Entry, JournalError> {
        let frame = self.frame(location)?;
        let (seq, read) = self.parse(location, &frame, Wanted::Whole)?;
        match read {
            Some((entry, _)) if seq <= self.shared.durable() => Ok(entry),
            _ => Err(self.absent(location)),
        }
    }

    /// The seq of the record at `location`, and a hash of its bytes there: what tells one journal from another. Errors as
    /// [`Reader::read`] has them.
    pub fn mark(&self, location: Location) -> Result<(Seq, u64), JournalError> {
        let frame = self.frame(location)?;
        let (seq, _) = self.parse(location, &frame, Wanted::Number)?;
        let durable = seq <= self.shared.durable();
        durable.then(|| (Seq(seq), xxh3_64(&frame))).ok_or_else(|| self.absent(location))
    }

    /// The bytes of the frame at `location`, whatever they are.
    fn frame(&self, location: Location) -> Result<Vec<u8>, JournalError> {
        let path = segment::path(&self.dir, location.segment);
        let mut frame = Vec::new();
        let whole = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(location.offset))?;
            read_frame(&mut file, &mut frame)
        });
        match whole {
            Ok(true) => Ok(frame),
            Ok(false) => Err(self.absent(location)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Err(self.absent(location)),
            Err(source) => Err(JournalError::io("read", path, source)),
        }
    }

    fn absent(&self, location: Location) -> JournalError {
        let path = segment::path(&self.dir, location.segment);
        JournalError::Absent { path, offset: location.offset }
    }

    /// Hands over every entry that is there, without its text: what is left of the versions that were trimmed, then all since. Ends
    /// at the first damage.
    pub fn each(&self, mut each: impl FnMut(Entry)) -> Result<(), JournalError> {
        if let Some(base) = self.base() {
            for entry in base.entries() {
                each(entry?);
            }
        }
        for entry in self.bare_entries(Seq(1)) {
            each(entry?.1);
        }
        Ok(())
    }

    /// All entries from `from` on that are durable at this moment, in turn; those that were trimmed are not among them. Stops at the first damage, after saying it.
    ///
    /// Checks every checksum from the start of the segment that holds `from`, and that no seq is missing.
    pub fn entries(&self, from: Seq) -> Entries {
        let reading = Arc::clone(&self.shared.reading);
        let from = from.0.max(self.shared.first());
        let segment = self.shared.holding(from).unwrap_or(0);
        let until = self.shared.durable();
        Entries {
            reader: self.clone(),
            _reading: reading,
            from,
            until,
            next: None,
            segment,
            offset: 0,
            file: None,
            frame: Vec::new(),
        }
    }

    /// The same without texts and what is packed with them, which costs a part of it, and of how many words each text is.
    pub fn bare_entries(&self, from: Seq) -> BareEntries {
        BareEntries(self.entries(from))
    }

    /// The fault of an entry that is whole and cannot be: what it says does not fit what came before.
    pub fn unfit(&self, location: Location, what: &str) -> JournalError {
        segment::damaged(&self.dir, location.segment, location.offset, what)
    }

    /// The fault of a journal that ends before record `known`, which something beside it says was there.
    pub fn ends_before(&self, known: Seq) -> JournalError {
        let last = self.last_seq();
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        let number = segments.last().map_or(1, |segment| segment.number);
        let offset = std::fs::metadata(segment::path(&self.dir, number)).map_or(0, |of| of.len());
        let what = format!("it ends with record {last}, and the rows hold records up to {known}");
        segment::damaged(&self.dir, number, offset, &what)
    }

    /// The seq of a frame, and what is wanted of its entry.
    pub(super) fn parse(
        &self,
        location: Location,
        bytes: &[u8],
        wanted: Wanted,
    ) -> Result<(u64, Option<record::Read>), JournalError> {
        let Location { segment, offset } = location;
        let frame = frame::parse(bytes)
            .map_err(|why| segment::damaged(&self.dir, segment, offset, why.words()))?;
        let read = match wanted {
            Wanted::Number => frame.newer().map_or(Ok(None), |what| Err(Unreadable::Newer(what))),
            Wanted::Bare => record::decode_bare(&frame).map(Some),
            Wanted::Whole => record::decode(&frame).map(|entry| Some((entry, None))),
        };
        match read {
            Ok(read) => Ok((frame.seq, read)),
            Err(Unreadable::Newer(what)) => {
                let path = segment::path(&self.dir, segment);
                Err(JournalError::Newer { path, offset, what })
            }
            Err(Unreadable::Broken(what)) => {
                let what = format!("a record is unreadable: {what}");
                Err(segment::damaged(&self.dir, segment, offset, &what))
            }
        }
    }
}

/// What of a frame is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Its seq.
    Number,
    /// Its entry without the text.
    Bare,
    /// Its entry.
    Whole,
}

/// The entry at `location`, durable or not. [`JournalError::Absent`] where the file ends before that can be told, `Damaged`
/// where other bytes stand there.
pub fn peek(dir: &Path, location: Location) -> Result<Entry, JournalError> {
    let Location { segment, offset } = location;
    let path = segment::path(dir, segment);
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        read_frame(&mut file, &mut bytes)
    });
    let frame = match (read, frame::parse(&bytes)) {
        (Err(_), _) | (_, Err(Broken::Short)) => return Err(JournalError::Absent { path, offset }),
        (Ok(_), Err(why)) => return Err(segment::damaged(dir, segment, offset, why.words())),
        (Ok(_), Ok(frame)) => frame,
    };
    let unreadable = |_| segment::damaged(dir, segment, offset, "a record is unreadable");
    record::decode(&frame).map_err(unreadable)
}

/// Reads header and payload into `frame`; false at the very end of the file. What is cut short or too long stays short in `frame`.
pub(super) fn read_frame(file: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<bool> {
    frame.clear();
    let header_bytes = HEADER_BYTES as u64;
    if file.by_ref().take(header_bytes).read_to_end(frame)? == 0 {
        return Ok(false);
    }
    if let Ok(header) = frame::header(frame) {
        file.by_ref().take(header.length as u64).read_to_end(frame)?;
    }
    Ok(true)
}

/// The run of entries that [`Reader::entries`] gives.
#[derive(Debug)]
pub struct Entries {
    reader: Reader,
    _reading: Arc<()>,
    /// First seq that is handed out.
    from: u64,
    /// Last seq that is handed out. Fixed, so that bytes read ahead beyond it are never used.
    until: u64,
    /// Seq that must come next; `None` before the first frame was read.
    next: Option<u64>,
    /// Segment being read; 0 once there is nothing more.
    segment: u32,
    offset: u64,
    file: Option<BufReader<File>>,
    /// The frame read last, as it stands in the file.
    frame: Vec<u8>,
}

impl Iterator for Entries {
    type Item = Result<(Location, Entry), JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step(Wanted::Whole)?;
        Some(step.map(|(location, entry, _)| (location, entry)))
    }
}

/// An entry without its text, where it lies, and of how many words that text is where it is a version.
pub type Bare = (Location, Entry, Option<u32>);

/// The run of entries that [`Reader::bare_entries`] gives.
#[derive(Debug)]
pub struct BareEntries(Entries);

impl Iterator for BareEntries {
    type Item = Result<Bare, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step(Wanted::Bare)
    }
}

impl Entries {
    /// The last seq that will be handed out; 0 where there is none.
    pub(super) const fn until(&self) -> Seq {
        Seq(self.until)
    }

    /// The bytes of the entry that was handed out last.
    pub(super) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The next entry, as it is wanted; after a fault there is none.
    fn step(&mut self, wanted: Wanted) -> Option<Result<Bare, JournalError>> {
        let step = self.read_next(wanted).transpose()?;
        if step.is_err() {
            self.segment = 0;
        }
        Some(step)
    }

    fn read_next(&mut self, wanted: Wanted) -> Result<Option<Bare>, JournalError> {
        loop {
            if self.segment == 0 || self.next.unwrap_or(self.from) > self.until {
                return Ok(None);
            }
            let location = Location { segment: self.segment, offset: self.offset };
            let path = segment::path(&self.reader.dir, self.segment);
            if !self.read().map_err(|source| JournalError::io("read", path, source))? {
                (self.segment, self.offset, self.file) = (self.segment + 1, 0, None);
                continue;
            }
            let header = frame::header(&self.frame);
            let in_turn = |seq| self.next.is_none_or(|next| next == seq);
            // A gap may stand further on than the next number; only its record says from where it reaches.
            let is_wanted = header.is_ok_and(|h| h.seq >= self.from || !in_turn(h.seq));
            let wanted = if is_wanted { wanted } else { Wanted::Number };
            let (seq, read) = self.reader.parse(location, &self.frame, wanted)?;
            let first = read.as_ref().map_or(seq, |(entry, _)| entry.first().0);
            if let Some(coming) = self.next.filter(|&next| next != first) {
                let what = format!("record {first} stands where {coming} belongs");
                return Err(segment::damaged(&self.reader.dir, self.segment, self.offset, &what));
            }
            let read = read.filter(|_| seq >= self.from);
            self.next = Some(seq + 1);
            self.offset += self.frame.len() as u64;
            if let Some((entry, words)) = read {
                return Ok(Some((location, entry, words)));
            }
        }
    }

    fn read(&mut self) -> io::Result<bool> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                let path: PathBuf = segment::path(&self.reader.dir, self.segment);
                empty.insert(BufReader::new(File::open(path)?))
            }
        };
        read_frame(file, &mut self.frame)
    }
}
