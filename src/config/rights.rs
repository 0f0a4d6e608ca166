//! `rights` of a source to what may be done with its copy: a statement in quotes, or a table of store, serve, retention.

use std::time::Duration;

use toml::de::DeValue;

use super::fields;
use super::problem::nearest;
use super::sheet::{Raw, Sheet};
use super::units::show_duration;
use crate::api::Serve;

/// `rights` of a source: a statement, or what may be done with its copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Goes with each of its articles, as it stands.
    pub statement: Option<String>,
    /// What is kept of its pages.
    pub store: Keep,
    /// What of its copy is shown to whoever reads here.
    pub serve: Serve,
    /// How old its texts may become; `None`: as `[store]` says.
    pub retention: Option<Duration>,
}

/// What is kept of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    #[default]
    Text,
    /// Title and link.
    Title,
}

impl Keep {
    /// Every word, in the order the documentation names them.
    pub const ALL: [Self; 2] = [Self::Text, Self::Title];

    /// The word used in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Title => "title",
        }
    }
}

const KEYS: [&str; 4] = ["store", "serve", "retention", "statement"];

const WANT: &str = "want a statement in quotes, or { store = \"text\" or \"title\", serve = \"text\", \"excerpt\" or \"title\", \
                    retention = \"30d\", statement = \"© …\" }";

/// A hundred years, as `text_days` has it.
const RETENTION_MAX: Duration = Duration::from_hours(36_500 * 24);

/// The rights of a source. Texts are compared for `window`, so none may go before.
pub(super) fn read(sheet: &mut Sheet<'_>, window: Duration) -> Option<Rights> {
    sheet.take("rights", None, |raw| match raw {
        Raw::File(DeValue::Table(table)) => {
            let mut rights = Rights::default();
            for (key, value) in table {
                let key: &str = key.get_ref().as_ref();
                let (raw, told) = (Raw::File(value.get_ref()), |want| format!("`{key}`: {want}"));
                match key {
                    "store" => rights.store = store(raw).map_err(told)?,
                    "serve" => rights.serve = serve(raw).map_err(told)?,
                    "retention" => rights.retention = Some(retention(raw, window).map_err(told)?),
                    "statement" => rights.statement = fields::unset_if_empty(raw).map_err(told)?,
                    _ => {
                        return Err(match nearest(key, &KEYS) {
                            Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
                            None => format!("unknown key `{key}`: it has {}", KEYS.join(", ")),
                        });
                    }
                }
            }
            Ok(Some(rights))
        }
        raw => {
            let statement = fields::unset_if_empty(raw).map_err(|_| WANT.to_owned())?;
            Ok(statement
                .map(|statement| Rights { statement: Some(statement), ..Rights::default() }))
        }
    })
}

fn store(raw: Raw<'_>) -> Result<Keep, String> {
    match raw {
        Raw::File(DeValue::Boolean(true)) => Ok(Keep::Text),
        Raw::File(DeValue::Boolean(false)) => Ok(Keep::Title),
        raw => fields::word(&Keep::ALL, Keep::as_str)(raw),
    }
}

fn serve(raw: Raw<'_>) -> Result<Serve, String> {
    match raw {
        Raw::File(DeValue::Boolean(true)) => Ok(Serve::Text),
        Raw::File(DeValue::Boolean(false)) => Ok(Serve::Title),
        raw => fields::word(&Serve::ALL, Serve::as_str)(raw),
    }
}

fn retention(raw: Raw<'_>, window: Duration) -> Result<Duration, String> {
    fields::duration(window, RETENTION_MAX)(raw).map_err(|want| {
        format!(
            "{want} (`window` in [detect] is {}: texts are compared that long)",
            show_duration(window)
        )
    })
}
