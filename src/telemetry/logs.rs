//! Events to log lines on stderr: for people on a terminal, JSON for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `Human` where stderr is a terminal, else `Json`.
    #[default]
    Auto,
    /// One line for a person, in colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// Every format, in the order the configuration names them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Human, Self::Json];

    /// The word the configuration uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Human => "human",
            Self::Json => "json",
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not have the form of one.
    #[error(
        "{filter:?} is not a log filter ({reason}): write a level, or levels a module, as in \"info,copytaster::fetch=debug\""
    )]
    Filter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something in this process logs already.
    #[error("logging is set up already")]
    Twice,
}

/// Says whether `filter` is one that [`init`] takes: a level, or levels a module, separated by commas.
pub fn check_filter(filter: &str) -> Result<(), TelemetryError> {
    read_filter(filter).map(drop)
}

fn read_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder().parse(filter).map_err(|error| TelemetryError::Filter {
        filter: filter.to_owned(),
        reason: error.to_string(),
    })
}

/// Sends the log to stderr from here on. Once a process.
pub fn init(format: Format, filter: &str) -> Result<(), TelemetryError> {
    let terminal = std::io::stderr().is_terminal();
    let human = match format {
        Format::Auto => terminal,
        Format::Human => true,
        Format::Json => false,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(read_filter(filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(human && terminal);
    let set = if human { lines.try_init() } else { lines.json().flatten_event(true).try_init() };
    set.map_err(|_| TelemetryError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_levels_a_module() {
        for good in ["info", "warn,copytaster::fetch=debug", "off"] {
            assert!(check_filter(good).is_ok(), "{good}");
        }
        let bad = check_filter("copytaster=loud").unwrap_err().to_string();
        assert!(bad.contains("copytaster=loud") && bad.contains("info,copytaster"), "{bad}");
    }

    #[test]
    fn logging_is_set_up_once() {
        init(Format::Json, "off").unwrap();
        assert!(matches!(init(Format::Human, "off"), Err(TelemetryError::Twice)));
    }
}
