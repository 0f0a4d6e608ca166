//! Data directory in, the number of its history out; and that number raised.

use std::fs;
use std::io;
use std::path::Path;

use super::{JournalError, disk};

/// The file in the data directory.
const NAME: &str = "generation";

/// The file beside it that counts how often segments were rewritten.
const REWRITINGS: &str = "rewritings";

/// The generation of the history in `dir` (CONTRACT §5): what `DIR/generation` says, 1 where there is no such file.
///
/// A file that holds no number is [`JournalError::NoGeneration`].
pub fn generation(dir: &Path) -> Result<u64, JournalError> {
    let path = dir.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| JournalError::NoGeneration { path }),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(1),
        Err(source) => Err(JournalError::io("read", path, source)),
    }
}

/// Begins the next generation of the history in `dir`, and gives its number once that is durable. The caller holds the
/// directory's lock.
pub fn raise(dir: &Path) -> Result<u64, JournalError> {
    let raised = generation(dir)? + 1;
    set(dir, raised)?;
    Ok(raised)
}

/// Makes `number` the generation of the history in `dir`. A crash leaves the old number or the new one, never half of it.
pub(super) fn set(dir: &Path, number: u64) -> Result<(), JournalError> {
    write(dir, NAME, number)
}

/// How often records of the journal in `dir` were rewritten in place. What was folded from it before has words that are gone.
pub(super) fn rewritings(dir: &Path) -> u64 {
    let text = fs::read_to_string(dir.join(REWRITINGS));
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// Counts one more, durably.
pub(super) fn count_rewriting(dir: &Path) -> Result<(), JournalError> {
    write(dir, REWRITINGS, rewritings(dir) + 1)
}

fn write(dir: &Path, name: &str, number: u64) -> Result<(), JournalError> {
    let path = dir.join(name);
    let written = disk::replace_file(&path, &[format!("{number}\n").as_bytes()]);
    written.map_err(|source| JournalError::io("write", &path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_is_one_until_a_file_says_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(generation(dir.path()).unwrap(), 1);
        fs::write(dir.path().join("generation"), "4\n").unwrap();
        assert_eq!(generation(dir.path()).unwrap(), 4);
        fs::write(dir.path().join("generation"), "four").unwrap();
        assert!(generation(dir.path()).unwrap_err().to_string().contains("one number"));
    }

    #[test]
    fn a_raised_generation_is_the_next_number_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        // What a crash left of an earlier attempt.
        fs::write(dir.path().join("generation.new"), "9999").unwrap();
        assert_eq!(raise(dir.path()).unwrap(), 2);
        assert_eq!(raise(dir.path()).unwrap(), 3);
        assert_eq!(generation(dir.path()).unwrap(), 3);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join("generation"), "four").unwrap();
        assert!(raise(dir.path()).is_err(), "what cannot be read is not overwritten");
    }
}
