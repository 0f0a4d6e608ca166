//! Files that this process has just let go of, opened again.

use std::fmt::Display;

/// Opens what this process held a moment ago, trying again while its lock is still held: a child that another test is starting
/// has our open files, and the locks with them, until it is the program it is to be.
pub(crate) fn reopen<T, E: Display>(mut open: impl FnMut() -> Result<T, E>) -> T {
    for _ in 0..1_000_000 {
        match open() {
            Ok(opened) => return opened,
            Err(fault) => {
                let told = fault.to_string();
                assert!(told.contains("acquire lock") || told.contains("in use by"), "{told}");
                std::thread::yield_now();
            }
        }
    }
    panic!("it stays locked")
}
