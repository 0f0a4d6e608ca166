//! The process that parses: pages come in on standard input, what they carry goes out on standard output.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Credits, words};
use crate::extract::{self, Extracted, Page};
use crate::wire::Agency;

/// Parses the pages that come on standard input, within `memory_bytes` of memory for itself, until there are no more; without the scan
/// that refuses what may blow up a parser where `unscanned` says so. Whoever calls this ends its process when it returns, whatever
/// else is under way.
///
/// The thread that reads never parses: so the process ends with the daemon that holds the other end, be it amid a page that
/// would take for ever.
pub fn parse_pages(memory_bytes: u64, unscanned: bool) -> io::Result<()> {
    let limited = limit(memory_bytes);
    let mut input = io::stdin().lock();
    let Some(hello) = take(&mut input)? else { return Ok(()) };
    let agencies = words::agencies(&hello)?;
    give(&words::greeting(limited.as_ref().err()))?;
    limited?;
    let (pages, came) = sync_channel(1);
    let read = if unscanned { extract::article_unscanned } else { extract::article_with };
    let work = move || work(&came, &agencies, read);
    std::thread::Builder::new().name("pages".to_owned()).spawn(work)?;
    while let Some(page) = take(&mut input)? {
        if pages.send(page).is_err() {
            break;
        }
    }
    Ok(())
}

/// Bounds what the process can take for itself, and leaves no core of it: a page is not ours to keep.
///
/// The bound is on private memory that can be written. On addresses it would be one on what the allocator reserves for each
/// thread and never touches.
fn limit(memory_bytes: u64) -> io::Result<()> {
    for (resource, most) in [(Resource::Data, memory_bytes), (Resource::Core, 0)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

fn work(came: &Receiver<Vec<u8>>, agencies: &[Agency], read: fn(&Page, &[Agency]) -> Extracted) {
    for asked in came {
        let answered = words::page(&asked).and_then(|(page, credits)| {
            let known = if credits == Credits::Configured { agencies } else { &[] };
            give(&words::answer(read(&page, known)))
        });
        if answered.is_err() {
            // Nobody to tell. The daemon that waits for an answer gets none and ends this process.
            return;
        }
    }
}

/// The next message; `None` where there will be no more.
fn take(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let mut said = vec![0; words::read_length(length)?];
    input.read_exact(&mut said)?;
    Ok(Some(said))
}

fn give(said: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(&words::length(said)?)?;
    output.write_all(said)?;
    output.flush()
}
