//! Files of pages to the pages in them, in turn.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::WarcError;
use crate::model::Timestamp;

/// Longest record, unpacked. The longest body a fetch may bring is a fraction of it; what goes on longer is damage.
const RECORD_BYTES_MAX: u64 = 256 << 20;

/// Longest header of a record.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What is wrong where one of the three records of a page is missing.
const NOT_WHOLE: &str = "a page of it is not whole";

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its header lines.
    pub head: Vec<(String, String)>,
    /// What it holds.
    pub block: Vec<u8>,
}

impl Record {
    /// The first header line of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let named = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.head.iter().find(named).map(|(_, value)| value.as_str())
    }

    fn kind(&self) -> &str {
        self.field("WARC-Type").unwrap_or_default()
    }
}

/// The records of a file, each with the byte it ends before.
struct Records {
    path: PathBuf,
    file: BufReader<File>,
}

impl Records {
    fn open(path: &Path) -> Result<Self, WarcError> {
        let file = File::open(path).map_err(|fault| WarcError::io("read", path, fault))?;
        Ok(Self { path: path.to_owned(), file: BufReader::with_capacity(1 << 16, file) })
    }

    /// The record that begins at `offset`, and the byte it ends before. `None` at the end.
    fn next(&mut self, offset: u64) -> Result<Option<(Record, u64)>, WarcError> {
        let failed = |source| WarcError::io("read", &self.path, source);
        if self.file.fill_buf().map_err(failed)?.is_empty() {
            return Ok(None);
        }
        let damaged = |what: String| WarcError::Damaged { path: self.path.clone(), offset, what };
        let mut member = GzDecoder::new(&mut self.file).take(RECORD_BYTES_MAX);
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).map_err(|fault| damaged(fault.to_string()))?;
        if member.limit() == 0 {
            return Err(damaged("a record of it does not end".to_owned()));
        }
        let record = parse(&bytes).ok_or_else(|| damaged("it is no record of WARC".to_owned()))?;
        let end = self.file.stream_position().map_err(failed)?;
        Ok(Some((record, end)))
    }
}

/// The record that one gzip member holds.
fn parse(bytes: &[u8]) -> Option<Record> {
    let bound = &bytes[..bytes.len().min(HEAD_BYTES_MAX)];
    let end = bound.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    lines.next().filter(|version| version.starts_with("WARC/1."))?;
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let head = lines.map(field).collect::<Option<Vec<_>>>()?;
    let block = bytes[end + 4..].strip_suffix(b"\r\n\r\n")?.to_vec();
    let record = Record { head, block };
    let length = record.field("Content-Length")?.parse();
    (length == Ok(record.block.len())).then_some(record)
}

/// A page, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where its records begin.
    pub start: u64,
    /// Where they end.
    pub end: u64,
    /// When it was visited.
    pub at: Timestamp,
    /// The address that answered.
    pub url: String,
    /// The hash of its bytes, as its record names it.
    pub raw: String,
    /// Whose page it is.
    pub source: String,
    /// Its records: answer, question, and what else is known of it.
    pub records: [Record; 3],
}

impl Kept {
    fn of(start: u64, end: u64, records: [Record; 3]) -> Option<Self> {
        let [answer, _, about] = &records;
        let about = std::str::from_utf8(&about.block).ok()?;
        Some(Self {
            start,
            end,
            at: Timestamp::parse(answer.field("WARC-Date")?)?,
            url: answer.field("WARC-Target-URI")?.to_owned(),
            raw: answer.field("WARC-Payload-Digest")?.to_owned(),
            source: about.lines().find_map(|line| line.strip_prefix("source: "))?.to_owned(),
            records,
        })
    }

    /// The page as it came, unpacked.
    pub fn body(&self) -> &[u8] {
        let block = &self.records[0].block;
        let end = block.windows(4).position(|four| four == b"\r\n\r\n");
        end.map_or(&[], |end| &block[end + 4..])
    }

    /// The media type that its server named, with its parameters.
    pub fn content_type(&self) -> Option<String> {
        let block = &self.records[0].block;
        let head = String::from_utf8_lossy(&block[..block.len() - self.body().len()]).into_owned();
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
        })
    }
}

/// The pages of a file, in turn, up to its end or the first damage.
pub struct Pages {
    /// `None` after the end.
    records: Option<Records>,
    /// Where what was read last ends.
    at: u64,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Pages {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, WarcError> {
        Ok(Self { records: Some(Records::open(path)?), at: 0 })
    }

    /// Where the last whole page ends, or what stands before the first.
    pub const fn end(&self) -> u64 {
        self.at
    }

    fn step(&mut self) -> Result<Option<Kept>, WarcError> {
        let Some(records) = &mut self.records else { return Ok(None) };
        let (path, start) = (records.path.clone(), self.at);
        let damaged = |what: &str| WarcError::Damaged {
            path: path.clone(),
            offset: start,
            what: what.to_owned(),
        };
        let mut end = start;
        let mut page = Vec::with_capacity(3);
        for expected in ["response", "request", "metadata"] {
            let Some((record, to)) = records.next(end)? else {
                return if page.is_empty() { Ok(None) } else { Err(damaged(NOT_WHOLE)) };
            };
            end = to;
            if page.is_empty() && record.kind() == "warcinfo" {
                self.at = end;
                return self.step();
            }
            if record.kind() != expected {
                return Err(damaged(NOT_WHOLE));
            }
            page.push(record);
        }
        let page = <[Record; 3]>::try_from(page).map_err(|_| damaged(NOT_WHOLE))?;
        let kept =
            Kept::of(start, end, page).ok_or_else(|| damaged("a page of it lacks a name"))?;
        self.at = end;
        Ok(Some(kept))
    }
}

impl Iterator for Pages {
    type Item = Result<Kept, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if !matches!(step, Ok(Some(_))) {
            self.records = None;
        }
        step.transpose()
    }
}
