//! All kept pages, read: what is wrong with them, and which page is nobody's.

use std::path::Path;

use super::keeper::is_unfinished;
use super::{Pages, WarcError, files};
use crate::fetch::raw_hash;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files.
    pub files: usize,
    /// Pages in them that can be read.
    pub pages: u64,
    /// Pages of which no version is known: those a crash left without a record, and those whose text has gone since.
    pub unclaimed: u64,
    /// What is wrong, in words.
    pub wrong: Vec<String>,
}

/// Reads every page of a data directory; `is_known` says of the hash of one whether a version with its text names it.
pub fn check(dir: &Path, is_known: &dyn Fn(&str) -> bool) -> Result<Checked, WarcError> {
    let mut checked = Checked::default();
    for file in files(dir)? {
        checked.files += 1;
        let unfinished = is_unfinished(dir, &file);
        for page in Pages::open(&file.path)? {
            let page = match page {
                Ok(page) => page,
                // The next start cuts it.
                Err(WarcError::Damaged { .. }) if unfinished => break,
                Err(fault @ WarcError::Damaged { .. }) => {
                    checked.wrong.push(fault.to_string());
                    break;
                }
                Err(fault) => return Err(fault),
            };
            checked.pages += 1;
            checked.unclaimed += u64::from(!is_known(&page.raw));
            if raw_hash(page.body()).to_string() != page.raw {
                let name = file.name();
                checked
                    .wrong
                    .push(format!("{name}: the page of {} is not what was kept", page.url));
            }
        }
    }
    Ok(checked)
}
