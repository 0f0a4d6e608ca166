//! A page of html to the story it carries: title, text, byline, times, language, whose copy it is, and what kind of page.

mod canonical;
mod dates;
mod guard;
mod jsonld;
mod metadata;
mod render;

pub use canonical::canonical;
