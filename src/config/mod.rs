//! A TOML file, the environment and flags to one [`Config`], or to every problem in them with its mend.

mod add;
mod crawl;
mod fields;
mod login;
mod params;
mod problem;
mod read;
mod rights;
mod sheet;
mod show;
mod store;
#[cfg(test)]
mod tests;
mod types;
mod units;

pub use add::{AddError, NewSource, add, free_id, read_or_none};
pub use login::{Login, LoginKeys};
pub use problem::{ConfigErrors, Problem};
pub use read::{FILE_VARIABLE, Flags, SYSTEM_FILE, environment, find, load, load_with};
pub use rights::{Keep, Rights};
pub use types::{
    Config, Crawl, Detect, Endpoint, EndpointKind, KeepRaw, Limits, Log, Secret, Server, Source,
    SourceKind, Store, Tdm,
};
pub use units::duration;
