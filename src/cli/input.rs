//! Files of lines, plain, gzipped or zstd'd, to numbered lines of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::jsonl::LINE_BYTES_MAX;
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
