//! An invented newsroom served on loopback, the script of its wire day, and the check of what a crawl made of it.

pub mod check;
pub mod http;
pub mod newsroom;
pub mod observe;
pub mod script;
pub mod table;
pub mod time;

// `run` stands in run.rs and joins the build when the rooms `config` and `daemon` have landed.
