//! Entries of one poll to what each goes by: the page that is its own, else what it says. A guid alone names nothing: some
//! are new at each poll, some are given to one entry after another.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::Entry;
use super::markup::plain;

/// An entry and its name within its source: the same for as long as it is the same news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The entry. One without a page of its own has a guid that no other entry of its poll has.
    pub entry: Entry,
    /// What it goes by.
    pub name: String,
    /// True where its page is visited, false where its own text is the article. Another text is then another name.
    pub visited: bool,
}

/// Names the entries of one poll. `visits` says whether pages are visited at all.
///
/// Entries of one page are one entry where it is visited: its page is read once, and again when another entry tells of it.
/// Where it is not, the page that they share is nobody's own, and each stands for itself.
#[must_use]
pub fn named(entries: Vec<Entry>, visits: bool) -> Vec<Named> {
    let mut pages: BTreeMap<String, usize> = BTreeMap::new();
    let shared = if visits { BTreeSet::new() } else { repeated(&entries, |entry| &entry.url) };
    let reused = repeated(&entries, |entry| &entry.guid);
    let mut named: Vec<Named> = Vec::with_capacity(entries.len());
    for mut entry in entries {
        if let Some(url) = entry.url.clone().filter(|_| visits) {
            if let Some(&at) = pages.get(&url) {
                let first = std::mem::take(&mut named[at].entry);
                named[at].entry = together(first, entry);
            } else {
                pages.insert(url.clone(), named.len());
                named.push(Named { entry, name: url, visited: true });
            }
            continue;
        }
        let state = state(&entry);
        entry.url = entry.url.filter(|url| !shared.contains(url));
        if entry.url.is_none() {
            entry.guid = match entry.guid {
                None => Some(format!("entry:{state:016x}")),
                Some(guid) if reused.contains(&guid) => Some(apart(&guid, state)),
                own => own,
            };
        }
        let name = format!("{}\0{state:016x}", entry.url.as_deref().unwrap_or_default());
        named.push(Named { entry, name, visited: false });
    }
    named
}

/// The same entry under a name of its own, where its guid was another entry's before.
#[must_use]
pub fn renamed(entry: Entry) -> Entry {
    let state = state(&entry);
    Entry { guid: entry.guid.as_deref().map(|guid| apart(guid, state)), ..entry }
}

/// True where two headlines may stand over one story: half of the shorter one's words are in the other.
#[must_use]
pub fn same_headline(one: &str, other: &str) -> bool {
    let words = |title: &str| -> BTreeSet<String> {
        let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (one, other) = (words(one), words(other));
    2 * one.intersection(&other).count() >= one.len().min(other.len())
}

fn apart(guid: &str, state: u64) -> String {
    format!("{guid}#{state:016x}")
}

/// What an entry says, as a number: title and text without their markup, which may hold a counter or a token.
fn state(entry: &Entry) -> u64 {
    let text = entry.content.as_deref().map(plain).or_else(|| entry.summary.clone());
    xxh3_64(format!("{}\0{}", entry.title, text.unwrap_or_default()).as_bytes())
}

/// Two entries of one page: the later word, first published when the first was, changed when the last was.
fn together(one: Entry, other: Entry) -> Entry {
    let latest = |entry: &Entry| entry.updated.max(entry.published);
    let published = [one.published, other.published].into_iter().flatten().min();
    let newest = latest(&one).max(latest(&other));
    let said = if latest(&other) > latest(&one) { other } else { one };
    Entry { published, updated: newest.filter(|_| newest > published).or(said.updated), ..said }
}

/// Values that more than one entry has.
fn repeated<'a>(
    entries: &'a [Entry],
    value: impl Fn(&'a Entry) -> &'a Option<String>,
) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    entries.iter().filter_map(|e| value(e).as_ref()).filter(|v| !seen.insert(*v)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn entry(guid: &str, url: &str, title: &str, text: &str) -> Entry {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Entry {
            guid: some(guid),
            url: some(url),
            title: title.to_owned(),
            content: some(text),
            ..Entry::default()
        }
    }

    fn names(entries: &[Entry], visits: bool) -> Vec<String> {
        named(entries.to_vec(), visits).into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn an_entry_without_a_page_keeps_its_name_under_another_guid() {
        let before = [entry("g1", "", "Dam holds", "<p>The dam held.</p>")];
        let after = [entry("g2", "", "Dam holds", "<p class='n7'>The dam held.</p>")];
        assert_eq!(names(&before, true), names(&after, true));
        let other = [entry("g1", "", "Dam holds", "<p>The dam broke.</p>")];
        assert_ne!(names(&before, true), names(&other, true));
        assert_eq!(named(before.to_vec(), true)[0].entry.guid.as_deref(), Some("g1"));
    }

    #[test]
    fn entries_with_one_guid_or_none_get_guids_of_their_own() {
        let entries = [entry("g", "", "A", "a"), entry("g", "", "B", "b"), entry("", "", "C", "c")];
        let named = named(entries.to_vec(), true);
        let guids: BTreeSet<_> = named.iter().filter_map(|n| n.entry.guid.as_deref()).collect();
        assert_eq!(guids.len(), 3, "{guids:?}");
        assert!(!guids.contains("g"));
        assert_eq!(renamed(entries[0].clone()).guid, named[0].entry.guid);
    }

    #[test]
    fn entries_of_one_page_are_one_visit_and_each_later_one_is_a_reason_for_another() {
        let at =
            |entry: Entry, secs| Entry { published: Some(Timestamp::from_secs(secs)), ..entry };
        let first = at(entry("1", "http://a.test/live", "Ticker: one", ""), 1_000);
        let later = at(entry("2", "http://a.test/live", "Ticker: two", ""), 2_000);
        let other = entry("3", "http://a.test/b", "B", "");
        let alone = named(vec![first.clone(), other.clone()], true);
        assert_eq!((alone.len(), alone[0].entry.updated), (2, None));
        for entries in [vec![first.clone(), later.clone()], vec![later, first]] {
            let both = named(entries, true);
            assert_eq!(both.len(), 1);
            let entry = &both[0].entry;
            assert_eq!(entry.title, "Ticker: two");
            assert_eq!(entry.published, Some(Timestamp::from_secs(1_000)));
            assert_eq!(entry.updated, Some(Timestamp::from_secs(2_000)));
        }
    }

    #[test]
    fn a_page_that_entries_share_is_nobodys_own_where_none_is_visited() {
        let entries = [
            entry("1", "http://a.test/live", "One", "one"),
            entry("2", "http://a.test/live", "Two", "two"),
            entry("3", "http://a.test/c", "Three", "three"),
        ];
        let named = named(entries.to_vec(), false);
        let urls: Vec<_> = named.iter().map(|named| named.entry.url.as_deref()).collect();
        assert_eq!(urls, [None, None, Some("http://a.test/c")]);
        assert!(named[2].name.starts_with("http://a.test/c\0"), "another text is another state");
    }

    #[test]
    fn headlines_of_one_story_share_half_their_words() {
        assert!(same_headline("Dam holds at Velm", "UPDATE 1-Dam at Velm holds, NWA says"));
        assert!(same_headline("", "Anything"));
        assert!(!same_headline("Dam holds at Velm", "Grain prices fall"));
    }
}
