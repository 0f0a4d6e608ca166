//! How far a long command is, shown on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many records, on stderr, where that is a terminal and nobody asked for quiet.
pub(super) fn bar(records: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(records);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} records {elapsed}, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
