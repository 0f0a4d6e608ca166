//! A line of text to the agencies it names, as whole words.

use super::agency::Agency;

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

/// The agencies named in `line`, in order of place; of two that overlap the longer one. `tables` are searched in order.
pub(crate) fn mentions<'a>(line: &str, tables: &[&'a [Agency]]) -> Vec<Mention<'a>> {
    let mut found: Vec<Mention<'a>> = Vec::new();
    let folded = Folded::new(line);
    for agency in tables.iter().flat_map(|table| table.iter()) {
        for word in &agency.abbreviations {
            for start in places(line, word) {
                found.push(Mention { agency, start, end: start + word.len() });
            }
        }
        for form in &agency.forms {
            let form = form.to_lowercase();
            for at in places(&folded.text, &form) {
                let (start, end) = folded.original(at, at + form.len());
                found.push(Mention { agency, start, end });
            }
        }
    }
    found.sort_by_key(|m| (m.start, usize::MAX - m.end));
    let mut end = 0;
    found.retain(|m| {
        let keep = m.start >= end;
        end = if keep { m.end } else { end };
        keep
    });
    found
}

/// A line in lower case, and where each of its bytes came from. Lower case may have another length ("İ").
struct Folded {
    text: String,
    from: Vec<usize>,
}

impl Folded {
    fn new(line: &str) -> Self {
        let mut text = String::with_capacity(line.len());
        let mut from = Vec::with_capacity(line.len() + 1);
        for (at, c) in line.char_indices() {
            for lower in c.to_lowercase() {
                text.push(lower);
                from.resize(text.len(), at);
            }
        }
        from.push(line.len());
        Self { text, from }
    }

    fn original(&self, start: usize, end: usize) -> (usize, usize) {
        (self.from[start], self.from[end])
    }
}

/// Where `word` stands as a whole word. Scripts without spaces have no word ends.
fn places<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let spaced = word.chars().next().is_some_and(|c| !is_unspaced(c));
    line.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !spaced || (!joins(before) && !joins(after))
    })
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
    use super::super::agencies;
    use super::*;

    fn check(line: &str, expected: &[(&str, &str)]) {
        let found = mentions(line, &[agencies()]);
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
