//! A disk that fails when it is told to and forgets what was not durable: of this thread, over real files.
//!
//! Programs see the files as the system's memory has them. What the disk has is kept here: a successful sync copies to it what
//! was written since the last one; a failed sync calls that clean and copies nothing, which is the worst that systems do.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Op;

thread_local! {
    static MODEL: RefCell<Option<Model>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Model {
    /// Whether the next calls fail, whatever they are; those after them do not.
    plan: VecDeque<bool>,
    /// The next call of such a kind fails.
    failing: Vec<Op>,
    asked: usize,
    files: BTreeMap<PathBuf, OnDisk>,
}

/// What the disk has of a file.
#[derive(Default)]
struct OnDisk {
    bytes: Vec<u8>,
    /// Written since the last sync, well or not.
    written: Vec<Range<u64>>,
    /// The disk knows its name.
    is_named: bool,
    /// It got its name since the folder was synced last, well or not.
    is_new: bool,
    /// What the disk has under its name meanwhile.
    before: Option<Vec<u8>>,
}

/// The model, in force until it is dropped.
pub(in crate::journal) struct Disk(());

/// Begins with what is there, all of it durable.
pub(in crate::journal) fn begin() -> Disk {
    MODEL.with_borrow_mut(|model| *model = Some(Model::default()));
    Disk(())
}

impl Disk {
    /// The next call of this kind fails.
    pub(in crate::journal) fn fail(&self, op: Op) {
        self.look(|model| model.failing.push(op));
    }

    /// The next calls fail where the plan says so.
    pub(in crate::journal) fn plan(&self, plan: impl IntoIterator<Item = bool>) {
        self.look(|model| model.plan = plan.into_iter().collect());
    }

    /// How often the disk was asked for anything.
    pub(in crate::journal) fn asked(&self) -> usize {
        self.look(|model| model.asked)
    }

    /// Cuts the power: the files are what the disk had of them.
    pub(in crate::journal) fn cut_power(&self) {
        let files = self.look(|model| {
            model.plan.clear();
            model.failing.clear();
            std::mem::take(&mut model.files)
        });
        for (path, file) in files {
            match file.durable() {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => drop(fs::remove_file(&path)),
            }
        }
    }

    #[expect(clippy::unused_self, reason = "only who has it may")]
    fn look<T>(&self, at: impl FnOnce(&mut Model) -> T) -> T {
        MODEL.with_borrow_mut(|model| at(model.as_mut().expect("it lives as long as the handle")))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        MODEL.with_borrow_mut(|model| *model = None);
    }
}

/// Whether the disk does it.
pub(super) fn asked(op: Op, path: &Path) -> io::Result<()> {
    let fails = MODEL.with_borrow_mut(|model| {
        let Some(model) = model else { return false };
        model.asked += 1;
        let named = model.failing.iter().position(|&failing| failing == op);
        let fails = named.map(|at| model.failing.remove(at)).is_some()
            || model.plan.pop_front().unwrap_or(false);
        match op {
            Op::Open | Op::Rename if !fails => model.open(path),
            Op::Sync if fails => model.file(path).written.clear(),
            Op::Names if fails => model.in_folder(path, |file| file.is_new = false),
            _ => {}
        }
        fails
    });
    if fails { Err(io::Error::other("the disk fails")) } else { Ok(()) }
}

/// The disk has done it, on these bytes of the file.
pub(super) fn done(op: Op, path: &Path, bytes: Range<u64>) {
    MODEL.with_borrow_mut(|model| {
        let Some(model) = model else { return };
        match op {
            Op::Open => {}
            Op::Write => model.file(path).written.push(bytes),
            Op::Cut => {
                for range in &mut model.file(path).written {
                    range.end = range.end.min(bytes.end).max(range.start);
                }
            }
            Op::Sync => model.file(path).sync(&fs::read(path).unwrap()),
            Op::Names => model.in_folder(path, |file| {
                file.is_named |= file.is_new;
                file.is_new = false;
            }),
            Op::Remove => drop(model.files.remove(path)),
            Op::Rename => {
                let mut file = model.files.remove(&super::fresh(path)).unwrap_or_default();
                // Until the folder is synced the disk has the old file, if any.
                (file.is_named, file.is_new) = (false, true);
                file.before = model.files.remove(path).and_then(OnDisk::durable);
                model.files.insert(path.to_path_buf(), file);
            }
        }
    });
}

impl Model {
    fn open(&mut self, path: &Path) {
        if !self.files.contains_key(path) {
            let there = fs::read(path).ok();
            let (is_named, is_new) = (there.is_some(), there.is_none());
            let bytes = there.unwrap_or_default();
            let file = OnDisk { bytes, is_named, is_new, ..OnDisk::default() };
            self.files.insert(path.to_path_buf(), file);
        }
    }

    fn file(&mut self, path: &Path) -> &mut OnDisk {
        self.files.get_mut(path).expect("it was opened")
    }

    fn in_folder(&mut self, folder: &Path, each: impl FnMut(&mut OnDisk)) {
        let here = self.files.iter_mut().filter(|(path, _)| path.parent() == Some(folder));
        here.map(|(_, file)| file).for_each(each);
    }
}

impl OnDisk {
    fn durable(self) -> Option<Vec<u8>> {
        if self.is_named { Some(self.bytes) } else { self.before }
    }

    fn sync(&mut self, shown: &[u8]) {
        self.bytes.resize(shown.len(), 0);
        for range in self.written.drain(..) {
            let range = range.start as usize..(range.end as usize).min(shown.len());
            if !range.is_empty() {
                self.bytes[range.clone()].copy_from_slice(&shown[range]);
            }
        }
    }
}
