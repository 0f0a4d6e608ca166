//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;

/// One problem: where it stands and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, the environment variable or the flag.
    pub place: String,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// The bad value and the mend, in one sentence.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.what),
            None => write!(f, "{}: {}", self.place, self.what),
        }
    }
}

/// Every problem of a configuration, in the order they stand; never empty. Shown one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Least likeness of a name that is suggested, in hundredths.
const LIKENESS_MIN: usize = 60;

/// The known name most like `word`, where one is like enough; ties go to the one known first.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut best: Option<(usize, &'a str)> = None;
    for &name in known {
        let likeness = likeness(&word.to_ascii_lowercase(), name);
        if likeness >= LIKENESS_MIN && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Twice the longest common subsequence over both lengths, in hundredths: a part of a longer name counts as like it.
fn likeness(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut row = vec![0_usize; b.len() + 1];
    for &x in a {
        let mut diagonal = 0;
        for (j, &y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    200 * row[b.len()] / (a.len() + b.len()).max(1)
}

/// "`a`, `b` or `c`".
pub(super) fn either(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_strange_word_gets_none() {
        let keys = ["contact", "concurrency", "min_interval", "max_interval", "deadline"];
        for (word, name) in [
            ("intervall", Some("min_interval")),
            ("max-interval", Some("max_interval")),
            ("Concurency", Some("concurrency")),
            ("dedline", Some("deadline")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &keys), name, "{word}");
        }
    }
}
