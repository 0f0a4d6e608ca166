//! Story files to the script: states in order of time, each copy made from its parent as that stands then.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Moment, Plan, Script, Shown, State, Story, edits, raw};

use crate::demo::newsroom::files::{PLAN, STORIES};

/// A script that does not hold together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// The TOML is not what it should be.
    #[error("{file} does not read: {detail}")]
    Syntax {
        /// The file.
        file: String,
        /// What the reader said.
        detail: String,
    },
    /// A time that is none, or states that go back.
    #[error("{item} has a time that is none or goes back: {at:?}")]
    Time {
        /// The item.
        item: String,
        /// As written.
        at: String,
    },
    /// Two items of one name.
    #[error("two items are named {0}")]
    Twice(String),
    /// A name that no item has, or whose item has no text by then.
    #[error("{item} names {names}, which has no text by then")]
    Unknown {
        /// Who names it.
        item: String,
        /// What is named.
        names: String,
    },
    /// An edit that cannot be made.
    #[error("{item}: {edit:?} finds nothing to work on")]
    Edit {
        /// The item.
        item: String,
        /// The edit as written.
        edit: String,
    },
}

/// The wire day that comes with the program.
pub fn wire_day() -> Result<Script, ScriptError> {
    read(&STORIES, PLAN)
}

/// Reads story files `(name, TOML)` and a plan.
pub(super) fn read(files: &[(&str, &str)], plan: &str) -> Result<Script, ScriptError> {
    let mut drafts = Vec::new();
    for (name, text) in files {
        let file: raw::File = parse(name, text)?;
        for item in file.items {
            let lang = item.lang.clone().unwrap_or_else(|| file.lang.clone());
            drafts.push((draft(name, &item, lang), item.states));
        }
    }
    let names: BTreeSet<&str> = drafts.iter().map(|(item, _)| item.id.as_str()).collect();
    if names.len() < drafts.len() {
        let twice = drafts.iter().enumerate().find(|(place, (item, _))| {
            drafts.iter().take(*place).any(|(before, _)| before.id == item.id)
        });
        return Err(ScriptError::Twice(twice.map_or_else(String::new, |(_, (i, _))| i.id.clone())));
    }
    let plan: Plan = parse("plan.toml", plan)?;
    let script = Script { items: play(drafts)?, plan };
    script.plan_names()?;
    Ok(script)
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, ScriptError> {
    toml::from_str(text)
        .map_err(|e| ScriptError::Syntax { file: file.to_owned(), detail: e.to_string() })
}

fn draft(story: &str, item: &raw::Item, lang: String) -> Item {
    Item {
        id: item.id.clone(),
        story: story.to_owned(),
        site: item.site.clone(),
        lang,
        section: item.section.clone(),
        states: Vec::new(),
    }
}

/// Plays all states in order of time; ties keep file order.
fn play(drafts: Vec<(Item, Vec<raw::State>)>) -> Result<Vec<Item>, ScriptError> {
    let mut items = Vec::with_capacity(drafts.len());
    let mut moments = Vec::new();
    for (place, (item, states)) in drafts.into_iter().enumerate() {
        let mut before = None;
        for state in states {
            let at = Moment::parse(&state.at).filter(|at| before < Some(*at));
            let Some(at) = at else {
                return Err(ScriptError::Time { item: item.id, at: state.at });
            };
            before = Some(at);
            moments.push((at, place, state));
        }
        items.push(item);
    }
    moments.sort_by_key(|(at, ..)| *at);
    let mut texts: BTreeMap<String, Story> = BTreeMap::new();
    for (at, place, state) in moments {
        let item: &mut Item = &mut items[place];
        let shown = show(&item.id, &state, &texts)?;
        if let Shown::Story(story) = &shown {
            texts.insert(item.id.clone(), story.clone());
        }
        item.states.push(State { at, shown, of: state.of });
    }
    items.sort_by_key(Item::published);
    Ok(items)
}

fn show(
    item: &str,
    state: &raw::State,
    texts: &BTreeMap<String, Story>,
) -> Result<Shown, ScriptError> {
    if let Some(status) = state.gone {
        return Ok(Shown::Gone(status));
    }
    if state.soft_404 {
        return Ok(Shown::SoftNotFound { title: state.title.clone().unwrap_or_default() });
    }
    let unknown =
        |names: &str| ScriptError::Unknown { item: item.to_owned(), names: names.to_owned() };
    let edit = |edit: &str| ScriptError::Edit { item: item.to_owned(), edit: edit.to_owned() };
    let parent = match &state.of {
        Some(of) => texts.get(of).cloned().ok_or_else(|| unknown(of))?,
        None => Story::default(),
    };
    let mut text = match &state.text {
        Some(text) => edits::paragraphs(text),
        None => parent.paragraphs,
    };
    if let Some(list) = &state.keep {
        text = edits::keep(&text, list).ok_or_else(|| edit(list))?;
    }
    for (old, new) in &state.swap {
        edits::swap(&mut text, old, new).ok_or_else(|| edit(old))?;
    }
    if let Some(spelling) = state.spelling {
        text = text.iter().map(|p| edits::respell(p, spelling)).collect();
    }
    let mut inserts: Vec<&raw::Insert> = state.insert.iter().collect();
    inserts.sort_by_key(|insert| insert.after);
    // From the bottom up, so that numbers stay true; several at one place keep their order.
    for insert in inserts.into_iter().rev() {
        let passage = match &insert.from {
            Some(from) => texts.get(from).ok_or_else(|| unknown(from))?.paragraphs.clone(),
            None => edits::paragraphs(insert.text.as_deref().unwrap_or_default()),
        };
        let passage = match &insert.keep {
            Some(list) => edits::keep(&passage, list).ok_or_else(|| edit(list))?,
            None => passage,
        };
        if insert.after > text.len() || passage.is_empty() {
            return Err(edit(&format!("insert after {}", insert.after)));
        }
        text.splice(insert.after..insert.after, passage);
    }
    Ok(Shown::Story(Story {
        title: state.title.clone().unwrap_or(parent.title),
        paragraphs: text,
        byline: state.byline.clone(),
        credit: state.credit.clone(),
        photo: state.photo.clone(),
        crosshead: state.crosshead.clone(),
        note: state.note.clone(),
    }))
}

impl Script {
    /// Every name the plan uses must be an item's.
    fn plan_names(&self) -> Result<(), ScriptError> {
        let plan = &self.plan;
        let clusters = plan.clusters.iter().flat_map(|c| {
            c.members.iter().chain(c.relations.keys()).map(|member| (&c.name, member))
        });
        let apart = plan.apart.iter().flat_map(|p| [(&p.why, &p.a), (&p.why, &p.b)]);
        let alone = plan.alone.iter().map(|a| (&a.why, &a.item));
        let absent = plan.absent.iter().map(|a| (&a.why, &a.item));
        let copies = plan.copies.iter().map(|c| (&c.origin, &c.item));
        let later = plan.not_yet.iter().flat_map(|n| n.items.iter().map(|i| (&n.what, i)));
        clusters.chain(apart).chain(alone).chain(absent).chain(copies).chain(later).try_for_each(
            |(by, name)| match self.item(name) {
                Some(_) => Ok(()),
                None => {
                    Err(ScriptError::Unknown { item: format!("plan ({by})"), names: name.clone() })
                }
            },
        )
    }
}
