//! What a daemon runs with and no configuration says.

use super::Apart;
use crate::fetch::Names;

/// What is around a daemon.
#[derive(Debug)]
pub struct Around {
    /// Where pages are parsed; `None` is in this process.
    pub apart: Option<Apart>,
    /// Who knows the addresses of hosts.
    pub names: Names,
}

impl Around {
    /// The machine as it is, with pages parsed in processes of their own.
    pub fn apart(apart: Apart) -> Self {
        Self { apart: Some(apart), ..Self::default() }
    }
}

impl Default for Around {
    fn default() -> Self {
        Self { apart: None, names: Names::of_system() }
    }
}
