//! A directory into which others move files of articles: each is taken once it stands still, and put out of the way.
//!
//! The directory is looked at every few seconds. inotify would tell sooner, but not of what another machine writes over NFS
//! or SMB, which is where agencies' receivers write; and a start has to look at everything anyway.
//!
//! What is taken goes to `done/`, what cannot be to `failed/` with the reason beside it. A file goes to `done/` when its
//! articles are durable: a crash before that takes it again, and the same record again is the same article.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{Mutex, oneshot};
use tracing::{info, warn};

use super::apart::{Credits, Parser, Unread};
use super::line::{ToWriter, Work};
use crate::api::Push;
use crate::cluster::Arrival;
use crate::config::{Endpoint, EndpointKind, Source};
use crate::model::{Article, Clock};

mod form;

use form::{Contents, FILE_BYTES_MAX, Opened, Unfit};

/// Files taken at one look; the next look takes the next ones.
const FILES_MAX: usize = 500;

/// Records handed to the writer at once.
const RECORDS_MAX: usize = 256;

/// Looks at which a file may break off in mid-record while it does not grow: its writer may be slow. Then it is as it is.
const LOOKS_MAX: u32 = 12;

/// Names of what is taken and of what cannot be.
const DONE: &str = "done";
const FAILED: &str = "failed";

/// Endings that programs give to files that are not complete.
const PARTIAL: [&str; 7] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".swp", "~"];

/// One spool.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    source: Arc<Source>,
    /// What stood there at the last look.
    marks: BTreeMap<String, Mark>,
}

/// How a file stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    changed: SystemTime,
    /// Looks at which it has not changed.
    still: u32,
}

impl Spool {
    /// The spool of an endpoint, where it is one.
    pub(super) fn of(source: &Arc<Source>, endpoint: &Endpoint) -> Option<Arc<Mutex<Self>>> {
        let dir = endpoint.url.to_file_path().ok()?;
        let spool = Self { dir, source: Arc::clone(source), marks: BTreeMap::new() };
        (endpoint.kind == EndpointKind::Spool).then(|| Arc::new(Mutex::new(spool)))
    }

    /// Takes what has not changed since the last look, the oldest first; tells how many files. The error is for a person: the directory cannot be
    /// used.
    pub(super) async fn look(
        &mut self,
        clock: &Clock,
        parser: &Parser,
        work: &ToWriter,
    ) -> Result<usize, String> {
        let dir = self.dir.clone();
        let listed = blocking(move || {
            for folder in [DONE, FAILED] {
                fs::create_dir_all(dir.join(folder)).map_err(|fault| unusable(&dir, &fault))?;
            }
            list(&dir).map_err(|fault| unusable(&dir, &fault))
        });
        let ready = self.mark(listed.await?);
        let mut taken = 0;
        for name in ready.into_iter().take(FILES_MAX) {
            taken += usize::from(self.take(&name, clock, parser, work).await?);
        }
        Ok(taken)
    }

    /// Notes how the files stand now; gives those that stand still, the oldest first.
    fn mark(&mut self, listed: Vec<(String, u64, SystemTime)>) -> Vec<String> {
        let before = std::mem::take(&mut self.marks);
        for (name, bytes, changed) in listed {
            let same = before.get(&name).filter(|m| (m.bytes, m.changed) == (bytes, changed));
            let still = same.map_or(0, |mark| mark.still.saturating_add(1));
            self.marks.insert(name, Mark { bytes, changed, still });
        }
        let still = self.marks.iter().filter(|(_, mark)| mark.still > 0);
        let mut ready: Vec<(SystemTime, &String)> =
            still.map(|(name, mark)| (mark.changed, name)).collect();
        ready.sort();
        ready.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// What a file holds, or why nothing can be taken of it. The error is none of the file's: there is no process to parse it in.
    async fn read(
        &self,
        name: &str,
        clock: &Clock,
        parser: &Parser,
    ) -> Result<Result<Contents, Unfit>, String> {
        let (dir, file, source) = (self.dir.clone(), name.to_owned(), Arc::clone(&self.source));
        let now = clock.now();
        let opened = blocking(move || {
            let bytes = bytes_of(&dir.join(&file));
            Ok(bytes.and_then(|bytes| form::open(&file, &bytes, &source, now)))
        });
        // A reader that gave up says nothing of the directory, only of the file.
        let page = match opened.await.unwrap_or_else(|why| Err(Unfit::from(why))) {
            Ok(Opened::Records(contents)) => return Ok(Ok(contents)),
            Ok(Opened::Page(page)) => page,
            Err(unfit) => return Ok(Err(unfit)),
        };
        match parser.parse(page, Credits::Table).await {
            Ok(found) => Ok(form::page(name, found, &self.source)),
            Err(fault @ Unread::NoProcess(_)) => Err(fault.to_string()),
            Err(fault) => Ok(Err(Unfit::from(fault.to_string()))),
        }
    }

    /// True where articles of the file are in.
    async fn take(
        &mut self,
        name: &str,
        clock: &Clock,
        parser: &Parser,
        work: &ToWriter,
    ) -> Result<bool, String> {
        let read = self.read(name, clock, parser).await?;
        let (id, dir) = (self.source.id.clone(), self.dir.clone());
        let patient = self.marks.get(name).is_some_and(|mark| mark.still < LOOKS_MAX);
        let Contents { articles, refused, .. } = match read {
            Ok(contents) if contents.breaks_off && patient => return Ok(false),
            Err(unfit) if unfit.breaks_off && patient => return Ok(false),
            Ok(contents) => contents,
            Err(Unfit { why, .. }) => {
                warn!(source.id = %id, file = name, "{id}: {name} is set aside: {why}");
                let name = name.to_owned();
                return blocking(move || set_aside(&dir, &name, &why)).await.map(|()| false);
            }
        };
        let (count, name) = (articles.len(), name.to_owned());
        hand(articles, work).await?;
        if refused.is_empty() {
            info!(source.id = %id, file = name, articles = count, "{id}: {name} is taken");
        } else {
            warn!(source.id = %id, file = name, articles = count, refused = refused.len(), "{id}: of {name} {} records are set aside", refused.len());
        }
        self.marks.remove(&name);
        blocking(move || put_away(&dir, &name, count, &refused)).await.map(|()| count > 0)
    }
}

/// Gives the articles to the writer and waits until they are durable.
async fn hand(articles: Vec<Article>, work: &ToWriter) -> Result<(), String> {
    let mut articles = articles.into_iter().peekable();
    while articles.peek().is_some() {
        let (reply, answer) = oneshot::channel();
        let articles = articles.by_ref().take(RECORDS_MAX).map(Arrival::from).collect();
        let push = Push { articles, strict: false, reply };
        let stopping = || "the daemon is stopping".to_owned();
        work.send(Work::Push(push)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err("a file could not be read: its parser gave up".to_owned()))
}

fn unusable(dir: &Path, fault: &io::Error) -> String {
    let dir = dir.display();
    format!("{dir} cannot be used ({fault}): make it a directory that this user may read and write")
}

/// The files that may be taken: their names, sizes and times.
fn list(dir: &Path) -> io::Result<Vec<(String, u64, SystemTime)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // One that was moved away meanwhile is none. A link is not followed: it may lead anywhere.
        let Ok(meta) = fs::symlink_metadata(entry.path()) else { continue };
        if meta.is_file() && !is_partial(&name) {
            files.push((name, meta.len(), meta.modified()?));
        }
    }
    Ok(files)
}

/// True for a name that says that its file is not complete, or not meant for us.
fn is_partial(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with('.') || PARTIAL.iter().any(|end| lower.ends_with(end))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Unfit> {
    let told = |fault: io::Error| Unfit::from(format!("it cannot be read: {fault}"));
    let bytes = fs::metadata(path).map_err(told)?.len();
    if bytes > FILE_BYTES_MAX {
        let most = FILE_BYTES_MAX >> 20;
        let why = format!("it has more than {most} MiB: take it in with `copytaster ingest`");
        return Err(why.into());
    }
    fs::read(path).map_err(told)
}

/// A file that was taken goes to `done/`, what of it could not be to `failed/`: so the rest can be mended and spooled again.
fn put_away(
    dir: &Path,
    name: &str,
    taken: usize,
    refused: &[(usize, String, String)],
) -> Result<(), String> {
    if refused.is_empty() && taken > 0 {
        return rename(dir, name, DONE).map(drop);
    }
    let whys = refused.iter().map(|(line, _, why)| format!("{name}:{line}: {why}\n"));
    let why = if refused.is_empty() { "it is empty".to_owned() } else { whys.collect() };
    if taken == 0 {
        return set_aside(dir, name, &why);
    }
    let lines: Vec<&str> = refused.iter().map(|(_, line, _)| line.as_str()).collect();
    let lines = lines.join("\n") + "\n";
    let aside = free(&dir.join(FAILED), name);
    let told = |fault: io::Error| unusable(dir, &fault);
    fs::write(&aside, lines).map_err(told)?;
    fs::write(reason(&aside), why).map_err(told)?;
    rename(dir, name, DONE).map(drop)
}

/// A file of which nothing could be taken goes to `failed/` whole, with the reason beside it.
fn set_aside(dir: &Path, name: &str, why: &str) -> Result<(), String> {
    // Where it is gone there is nothing to explain.
    let Some(aside) = rename(dir, name, FAILED)? else { return Ok(()) };
    fs::write(reason(&aside), format!("{}\n", why.trim_end()))
        .map_err(|fault| unusable(dir, &fault))
}

/// Where the file is now; `None` where whoever put it there has taken it back.
fn rename(dir: &Path, name: &str, folder: &str) -> Result<Option<PathBuf>, String> {
    let to = free(&dir.join(folder), name);
    match fs::rename(dir.join(name), &to) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(|()| Some(to)).map_err(|fault| unusable(dir, &fault)),
    }
}

fn reason(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".reason");
    name.into()
}

/// A name in `folder` that is not taken: `name`, else `name.1` and on.
fn free(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    for n in 1.. {
        if fs::symlink_metadata(&path).is_err() {
            break;
        }
        path = folder.join(format!("{name}.{n}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
    }

    #[test]
    fn a_file_is_ready_when_it_has_not_changed_between_two_looks() {
        let source = Arc::new(form::tests::source());
        let mut spool = Spool { dir: PathBuf::new(), source, marks: BTreeMap::new() };
        let a = |bytes, seconds| ("a".to_owned(), bytes, at(seconds));
        let b = ("b".to_owned(), 7, at(1));
        assert!(spool.mark(vec![a(1, 5), b.clone()]).is_empty());
        assert_eq!(spool.mark(vec![a(2, 5), b.clone()]), ["b"]);
        assert_eq!(spool.mark(vec![a(2, 6), b.clone()]), ["b"]);
        assert_eq!(spool.mark(vec![a(2, 6), b]), ["b", "a"], "the oldest first");
        assert!(spool.mark(vec![]).is_empty());
        assert!(spool.mark(vec![a(2, 6)]).is_empty(), "it was away: it begins anew");
    }

    #[test]
    fn names_of_files_that_are_not_complete_are_passed_over() {
        for name in [".a.jsonl", "a.jsonl.tmp", "a.PART", "a.jsonl~"] {
            assert!(is_partial(name), "{name}");
        }
        assert!(!is_partial("a.jsonl") && !is_partial("part.json"));
    }

    #[test]
    fn nothing_that_was_put_away_before_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        for folder in [DONE, FAILED] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for text in ["one", "two", "three"] {
            fs::write(dir.path().join("a"), text).unwrap();
            put_away(dir.path(), "a", 1, &[]).unwrap();
        }
        let read = |name: &str| fs::read_to_string(dir.path().join(DONE).join(name)).unwrap();
        assert_eq!(
            (read("a"), read("a.1"), read("a.2")),
            ("one".into(), "two".into(), "three".into())
        );
    }
}
