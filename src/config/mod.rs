//! A TOML file, the environment and flags to one [`Config`], or to every problem in them with its mend.

mod types;

pub use types::{
    Config, Crawl, Detect, Endpoint, EndpointKind, Log, Secret, Server, Source, SourceKind, Store,
};
