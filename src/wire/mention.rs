//! A line of text to the agencies it names, as whole words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::agency::{Agency, agencies};

/// An agency named in a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mention<'a> {
    /// Who.
    pub(crate) agency: &'a Agency,
    /// First byte.
    pub(crate) start: usize,
    /// Byte behind the last.
    pub(crate) end: usize,
}

/// The names of a table of agencies, by their first letter: a line is walked once, whatever the table's length.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// The table.
    pub(crate) agencies: &'a [Agency],
    by_first: BTreeMap<char, Vec<Name<'a>>>,
}

#[derive(Debug)]
struct Name<'a> {
    agency: &'a Agency,
    /// In lower case where `folded`.
    text: String,
    /// Matched whatever its case.
    folded: bool,
}

impl<'a> Names<'a> {
    /// The names of these agencies.
    pub(crate) fn new(agencies: &'a [Agency]) -> Self {
        let mut by_first: BTreeMap<char, Vec<Name<'a>>> = BTreeMap::new();
        for agency in agencies {
            let kept = agency.abbreviations.iter().map(|word| (word.clone(), false));
            let folded = agency.forms.iter().map(|form| (form.to_lowercase(), true));
            for (text, folded) in kept.chain(folded) {
                let Some(first) = text.chars().next().and_then(|c| c.to_lowercase().next()) else {
                    continue;
                };
                by_first.entry(first).or_default().push(Name { agency, text, folded });
            }
        }
        Self { agencies, by_first }
    }
}

impl Names<'static> {
    /// The names of the agencies we know.
    pub(crate) fn known() -> &'static Self {
        static KNOWN: LazyLock<Names<'static>> = LazyLock::new(|| Names::new(agencies()));
        &KNOWN
    }
}

impl Name<'_> {
    /// Bytes of the name at the start of `text`, if it stands there as a whole word.
    fn length_at(&self, text: &str, unspaced: bool) -> Option<usize> {
        let length = if self.folded {
            let mut wanted = self.text.chars().peekable();
            let mut length = 0;
            for c in text.chars() {
                if wanted.peek().is_none() {
                    break;
                }
                if !c.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
                    return None;
                }
                length += c.len_utf8();
            }
            wanted.next().is_none().then_some(length)?
        } else {
            text.starts_with(self.text.as_str()).then_some(self.text.len())?
        };
        (unspaced || !joins(text[length..].chars().next())).then_some(length)
    }
}

/// The agencies named in `line`, in order of place; of two that overlap the longer one. Of two alike the one whose table
/// comes first.
pub(crate) fn mentions<'a>(line: &str, tables: &[&Names<'a>]) -> Vec<Mention<'a>> {
    let mut found: Vec<Mention<'a>> = Vec::new();
    let mut before = None;
    let mut end = 0;
    for (start, c) in line.char_indices() {
        let unspaced = is_unspaced(c);
        let begins = start >= end && (unspaced || !joins(before));
        before = Some(c);
        let Some(first) = c.to_lowercase().next().filter(|_| begins) else { continue };
        let candidates = tables.iter().filter_map(|table| table.by_first.get(&first)).flatten();
        let named = candidates
            .filter_map(|name| Some((name.length_at(&line[start..], unspaced)?, name.agency)));
        // Of equal lengths the first stays.
        let longest =
            named.fold(None, |best: Option<(usize, &Agency)>, (length, agency)| match best {
                Some((longest, _)) if longest >= length => best,
                _ => Some((length, agency)),
            });
        if let Some((length, agency)) = longest {
            end = start + length;
            found.push(Mention { agency, start, end });
        }
    }
    found
}

fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| (c.is_alphanumeric() && !is_unspaced(c)) || c == '_' || c == '@')
}

/// Han, kana and hangul: written without spaces, or with endings set straight behind a name.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, &str)]) {
        let found = mentions(line, &[Names::known()]);
        let got: Vec<(&str, &str)> =
            found.iter().map(|m| (m.agency.name.as_str(), &line[m.start..m.end])).collect();
        assert_eq!(got, expected, "{line}");
    }

    #[test]
    fn agencies_are_found_as_whole_words() {
        check("PARIS (AFP) -", &[("AFP", "AFP")]);
        check(
            "The Associated Press and REUTERS",
            &[("AP", "The Associated Press"), ("Reuters", "REUTERS")],
        );
        check("dpa/AFP", &[("dpa", "dpa"), ("AFP", "AFP")]);
        check("a map, an app, MAPS, Ap, AP_photo, @AFP", &[]);
        check("İstanbul (AA)", &[("Anadolu", "AA")]);
        check("新华社北京3月4日电", &[("Xinhua", "新华社")]);
        check("[東京　12日　ロイター]", &[("Reuters", "ロイター")]);
        check("(서울=연합뉴스)", &[("Yonhap", "연합뉴스")]);
        check("/ТАСС/", &[("TASS", "ТАСС")]);
        check("Ahmet Efe", &[]);
    }
}
