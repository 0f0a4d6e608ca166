//! An invented newsroom served on loopback, the script of its wire day, and the check of what a crawl made of it.

pub mod check;
pub mod http;
pub mod newsroom;
pub mod observe;
pub mod script;
pub mod table;
pub mod time;

mod run;

pub use run::{Ended, Fault, Options, SPEED, SPEED_ONCE, run};
