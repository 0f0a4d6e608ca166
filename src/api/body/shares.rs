//! Whose words a text has, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use super::rounded;
use crate::text::{self, Located};

/// Whose words a text has. The shares of all agencies and the own one are 1 together, their tenths are ten.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Shares {
    /// The agencies whose own items it has passages of, the one with most first.
    pub agencies: Vec<AgencyShare>,
    /// Share of its words in nobody's passages, 0 to 1.
    pub own: f64,
    /// The same in tenths.
    pub own_tenths: usize,
}

/// What one agency has of a text.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgencyShare {
    /// The agency.
    pub agency: String,
    /// Share of the text's words in its passages, 0 to 1.
    pub share: f64,
    /// The same in tenths.
    pub tenths: usize,
    /// Where they stand in the text. What an editor put in, a cross-head or a caption is in none of them.
    pub passages: Vec<Passage>,
}

/// A stretch of a text, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Passage {
    /// Its first character.
    pub start: usize,
    /// The character behind the last.
    pub end: usize,
}

impl Shares {
    /// As counted over the words of `text`.
    pub fn new(text: &str, located: &Located, shares: &text::Shares) -> Self {
        let share = |words: usize| rounded(words as f64 / shares.words.max(1) as f64);
        let agencies: Vec<AgencyShare> = shares
            .of
            .iter()
            .map(|one| AgencyShare {
                agency: one.name.clone(),
                share: share(one.words),
                tenths: one.tenths,
                passages: passages(text, located, &one.passages),
            })
            .collect();
        // Of what is left, so that rounding loses nothing.
        let own = rounded(1.0 - agencies.iter().map(|one| one.share).sum::<f64>()).clamp(0.0, 1.0);
        Self { agencies, own, own_tenths: shares.own_tenths }
    }

    /// "8 NAP, 1 Alba, 1 own".
    pub fn in_words(&self) -> String {
        let agencies = self.agencies.iter().filter(|one| one.tenths > 0);
        let mut parts: Vec<String> =
            agencies.map(|one| format!("{} {}", one.tenths, one.agency)).collect();
        if self.own_tenths > 0 {
            parts.push(format!("{} own", self.own_tenths));
        }
        parts.join(", ")
    }
}

fn passages(text: &str, located: &Located, words: &[std::ops::Range<usize>]) -> Vec<Passage> {
    let mut found = Vec::new();
    for words in words {
        located.cut(words.clone(), &mut found);
    }
    // Bytes to characters, in one walk: passages are in order.
    let (mut bytes, mut chars) = (0, 0);
    let mut to_chars = |byte: usize| {
        chars += text[bytes..byte].chars().count();
        bytes = byte;
        chars
    };
    found
        .into_iter()
        .map(|range| Passage { start: to_chars(range.start), end: to_chars(range.end) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALBA: &str = "The ferry left the quay of Kvitnes at dawn and ran onto a rock off Vell with forty people on board";
    const BORA: &str = "Divers who looked at the hull found a hole as long as a man and a pump that had not run for years";

    fn shares(text: &str) -> Shares {
        let set = |text: &str| crate::cluster::prepare("", text, &[]).compared.shingle_set();
        let located = Located::of(text);
        let shares = text::shares(&located.words, &[("Bora", set(BORA)), ("Alba", set(ALBA))]);
        Shares::new(text, &located, &shares)
    }

    #[test]
    fn shares_are_one_and_their_passages_the_agencys_words() {
        let text = format!(
            "Ü. {ALBA}. {} Nobody here had seen it, said the mayor of the town of Vell.",
            BORA.replace("a man", "a man [from Vell]")
        );
        let found = shares(&text);
        assert_eq!(found.in_words(), "4 Bora, 4 Alba, 2 own");
        let sum: f64 = found.agencies.iter().map(|one| one.share).sum::<f64>() + found.own;
        assert!((sum - 1.0).abs() < 1e-9, "{found:?}");
        let said = |passage: &Passage| -> String {
            text.chars().skip(passage.start).take(passage.end - passage.start).collect()
        };
        assert_eq!(said(&found.agencies[1].passages[0]), format!("{ALBA}."));
        let bora: Vec<String> = found.agencies[0].passages.iter().map(said).collect();
        assert_eq!(bora.len(), 2);
        assert!(bora[0].trim().ends_with("as long as a man"), "{bora:?}");
        assert!(
            !bora.concat().contains("Vell"),
            "an editor's words are not the agency's: {bora:?}"
        );
    }

    #[test]
    fn a_text_of_no_words_is_its_own() {
        let found = shares("");
        assert_eq!((found.own, found.own_tenths, found.agencies.len()), (1.0, 10, 0));
    }
}
