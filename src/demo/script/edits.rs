//! A text and what a desk did to it, to the text that desk ran: cuts, swaps, insertions, another spelling.

use serde::Deserialize;

/// A house's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Spelling {
    /// harbour, metre, organise.
    British,
    /// harbor, meter, organize.
    American,
}

/// British and American forms of words the day's copy uses.
const SPELLINGS: [(&str, &str); 24] = [
    ("harbour", "harbor"),
    ("Harbour", "Harbor"),
    ("labour", "labor"),
    ("Labour", "Labor"),
    ("neighbour", "neighbor"),
    ("colour", "color"),
    ("rumour", "rumor"),
    ("favour", "favor"),
    ("behaviour", "behavior"),
    ("vapour", "vapor"),
    ("kilometres", "kilometers"),
    ("metres", "meters"),
    ("metre", "meter"),
    ("litres", "liters"),
    ("centre", "center"),
    ("Centre", "Center"),
    ("programme", "program"),
    ("defence", "defense"),
    ("organis", "organiz"),
    ("recognis", "recogniz"),
    ("stabilis", "stabiliz"),
    ("cancelled", "canceled"),
    ("grey", "gray"),
    ("tonnes", "metric tons"),
];

/// The text in another spelling.
pub(super) fn respell(text: &str, spelling: Spelling) -> String {
    SPELLINGS.iter().fold(text.to_owned(), |text, (british, american)| match spelling {
        Spelling::British => text.replace(american, british),
        Spelling::American => text.replace(british, american),
    })
}

/// Paragraphs of a text whose paragraphs have a blank line between; wrapped lines are joined.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|block| block.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|block| !block.is_empty())
        .collect()
}

/// The paragraphs a list like "1-4,6" names, in its order. `None` where it names one that is not there.
pub(super) fn keep(paragraphs: &[String], list: &str) -> Option<Vec<String>> {
    let mut kept = Vec::new();
    for part in list.split(',') {
        let (from, to) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
        let (from, to) = (from.parse::<usize>().ok()?, to.parse::<usize>().ok()?);
        kept.extend_from_slice(paragraphs.get(from.checked_sub(1)?..to)?);
    }
    Some(kept)
}

/// Puts `new` for the first `old`. `None` where no paragraph holds it.
pub(super) fn swap(paragraphs: &mut [String], old: &str, new: &str) -> Option<()> {
    let place = paragraphs.iter_mut().find(|paragraph| paragraph.contains(old))?;
    *place = place.replacen(old, new, 1);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<String> {
        paragraphs("One\nand a half.\n\nTwo.\n\n\nThree.\n")
    }

    #[test]
    fn wrapped_lines_are_joined_and_blank_ones_part_paragraphs() {
        assert_eq!(three(), ["One and a half.", "Two.", "Three."]);
    }

    #[test]
    fn a_list_keeps_paragraphs_in_its_order_and_names_only_what_is_there() {
        assert_eq!(keep(&three(), "2-3,1").unwrap(), ["Two.", "Three.", "One and a half."]);
        for bad in ["0", "4", "2-9", "3-2x", ""] {
            assert_eq!(keep(&three(), bad), None, "{bad}");
        }
    }

    #[test]
    fn a_swap_of_words_that_are_not_there_is_refused() {
        let mut text = three();
        assert_eq!(swap(&mut text, "Four", "Five"), None);
        assert_eq!(swap(&mut text, "Two", "Deux"), Some(()));
        assert_eq!(text[1], "Deux.");
    }

    #[test]
    fn spelling_goes_both_ways() {
        let american = respell("the harbour centre", Spelling::American);
        assert_eq!(american, "the harbor center");
        assert_eq!(respell(&american, Spelling::British), "the harbour centre");
    }
}
