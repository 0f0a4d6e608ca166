//! Files of lines, plain, gzipped or zstd'd, to numbered lines of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::jsonl::LINE_BYTES_MAX;
use crate::model::{Article, Timestamp};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

/// Opens `path` (`-` is standard input); what it holds says how it is packed.
pub(super) fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<Box<dyn BufRead>> {
    let raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file =
            File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        bar.inc_length(file.metadata().map_or(0, |meta| meta.len()));
        Box::new(file)
    };
    let mut raw = BufReader::with_capacity(1 << 18, bar.wrap_read(raw));
    let head = raw.fill_buf().with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(match head {
        [0x1F, 0x8B, ..] => {
            Box::new(BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(raw)))
        }
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Box::new(BufReader::with_capacity(
            1 << 18,
            zstd::stream::read::Decoder::with_buffer(raw)?,
        )),
        _ => Box::new(raw),
    })
}

/// A bar over bytes read, shown on a terminal only.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {elapsed}, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One line: its number from 1 and what stands in it, or why it cannot be read.
pub(super) type Numbered = (usize, Result<String, String>);

/// Calls `each` with every line that is not blank. Stops at a read error, which it returns.
pub(super) fn lines(
    mut input: Box<dyn BufRead>,
    mut each: impl FnMut(Numbered) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read = (&mut input).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            break;
        }
        if bytes.len() > LINE_BYTES_MAX {
            skip_line(&mut input)?;
            let problem = format!("longer than {} MiB: cut it into articles", LINE_BYTES_MAX >> 20);
            each((number, Err(problem)))?;
            continue;
        }
        let line = std::str::from_utf8(&bytes).map_err(|fault| format!("not UTF-8 ({fault})"));
        match line {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => {
                each((number, Ok(line.trim_end().trim_start_matches('\u{FEFF}').to_owned())))?;
            }
            Err(problem) => each((number, Err(problem)))?,
        }
    }
    Ok(())
}

fn skip_line(input: &mut Box<dyn BufRead>) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The time of the fold that an article gives itself.
pub(super) fn seen_at(article: &Article) -> Option<Timestamp> {
    article.first_seen.or(article.published)
}

/// Gives each record its time of the fold (CONTRACT §4): its own; else that of the line before; else that of the first
/// dated line; else 1970. Records before the first dated one wait for it.
#[derive(Debug)]
pub(super) struct Timeline<T> {
    last: Option<Timestamp>,
    waiting: Vec<T>,
    /// Records whose time is before an earlier one's.
    pub(super) out_of_order: usize,
}

impl<T> Timeline<T> {
    pub(super) const fn new() -> Self {
        Self { last: None, waiting: Vec::new(), out_of_order: 0 }
    }

    /// Takes the next record; gives those whose time is known, in order.
    pub(super) fn push(&mut self, record: T, seen_at: Option<Timestamp>) -> Vec<(T, Timestamp)> {
        let Some(at) = seen_at.or(self.last) else {
            self.waiting.push(record);
            return Vec::new();
        };
        self.out_of_order += usize::from(self.last.is_some_and(|last| at < last));
        self.last = Some(at);
        let mut dated: Vec<_> =
            std::mem::take(&mut self.waiting).into_iter().map(|record| (record, at)).collect();
        dated.push((record, at));
        dated
    }

    /// The records that never met a date, when all are read.
    pub(super) fn finish(&mut self) -> Vec<(T, Timestamp)> {
        std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|record| (record, Timestamp::EPOCH))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undated_records_take_the_time_before_them_or_the_first_there_is() {
        let at = Timestamp::from_secs;
        let mut line = Timeline::new();
        assert_eq!(line.push('a', None), []);
        assert_eq!(line.push('b', Some(at(50))), [('a', at(50)), ('b', at(50))]);
        assert_eq!(line.push('c', None), [('c', at(50))]);
        assert_eq!(line.push('d', Some(at(40))), [('d', at(40))]);
        assert_eq!(line.out_of_order, 1);
        let mut never = Timeline::new();
        assert_eq!(never.push('x', None), []);
        assert_eq!(never.finish(), [('x', Timestamp::EPOCH)]);
    }

    #[test]
    fn lines_are_numbered_bounded_and_read_from_any_packing() {
        let plain = b"\xEF\xBB\xBFone\n\n\xFF\nthree".to_vec();
        let mut got = Vec::new();
        lines(Box::new(io::Cursor::new(plain)), |line| {
            got.push(line);
            Ok(())
        })
        .unwrap();
        assert_eq!(got[0], (1, Ok("one".to_owned())));
        assert!(got[1].1.as_ref().is_err_and(|problem| problem.contains("UTF-8")), "{got:?}");
        assert_eq!(got[2], (4, Ok("three".to_owned())));
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_one_read() {
        let mut long = vec![b'x'; LINE_BYTES_MAX + 10];
        long.extend_from_slice(b"\nshort\n");
        let mut got = Vec::new();
        lines(Box::new(io::Cursor::new(long)), |line| {
            got.push(line);
            Ok(())
        })
        .unwrap();
        assert!(got[0].1.as_ref().is_err_and(|problem| problem.contains("longer than 8 MiB")));
        assert_eq!(got[1], (2, Ok("short".to_owned())));
    }
}
