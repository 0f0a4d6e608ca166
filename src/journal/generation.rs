//! Data directory in, the number of its history out.

use std::path::Path;

use super::JournalError;

/// The generation of the history in `dir` (CONTRACT §5): what `DIR/generation` says, 1 where there is no such file.
///
/// A file that holds no number is [`JournalError::Damaged`].
pub fn generation(dir: &Path) -> Result<u64, JournalError> {
    let path = dir.join("generation");
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| JournalError::Damaged {
            path,
            offset: 0,
            what: "it should hold one number".to_owned(),
        }),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(1),
        Err(source) => Err(JournalError::io("read", path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_is_one_until_a_file_says_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(generation(dir.path()).unwrap(), 1);
        std::fs::write(dir.path().join("generation"), "4\n").unwrap();
        assert_eq!(generation(dir.path()).unwrap(), 4);
        std::fs::write(dir.path().join("generation"), "four").unwrap();
        assert!(generation(dir.path()).unwrap_err().to_string().contains("one number"));
    }
}
