//! The tokeniser against a slow one that reads character by character, and case by case.

use super::*;
use proptest::prelude::*;

/// Words by reading every character, with no short cut for ASCII.
fn slowly(text: &str) -> Vec<u64> {
    let (mut out, mut buffer) = (Vec::new(), String::new());
    for chunk in text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()) {
        pieces(chunk, &mut buffer, |piece| {
            if let Piece::Word { lower, letters, alone, .. } = piece {
                let kind = if alone {
                    Kind::Alone
                } else if lower.starts_with(|c: char| c.is_ascii_digit()) {
                    Kind::Figure
                } else if letters_of(lower, letters) >= 4 {
                    Kind::Content
                } else {
                    Kind::Plain
                };
                out.push(hash::with_kind(hash::of_bytes(lower.as_bytes()), kind));
            }
        });
    }
    out
}

fn numbers(text: &str) -> Vec<u64> {
    tokens(text).numbers
}

fn names(text: &str) -> Vec<u64> {
    tokens(text).names
}

#[test]
fn a_word_is_the_same_however_it_is_spelt_and_wherever_it_stands() {
    let of = |text: &str| words(text);
    assert_eq!(of("Harbour"), of("HARBOUR"));
    assert_eq!(of("café"), of("cafe\u{301}"));
    assert_eq!(of("port of Orsk"), of("port\u{A0}of\u{2003}Orsk"));
    assert_eq!(of("it’s a “port”"), of("it's a \"port\""));
    assert_eq!(of(&format!("{} x", "a".repeat(70))).len(), 2);
    assert_eq!(of("x y")[0], of("y x")[1]);
}

#[test]
fn a_number_is_its_digits() {
    assert_eq!(numbers("1,000 and 1.000"), [numbers("1000")[0], numbers("1000")[0]]);
    assert_eq!(numbers("١٢٣"), numbers("123"));
    for written in
        ["１，２００", "1,２００", "١٬٢٠٠", "١,٢٠٠", "१,२००", "1,\u{200F}٢٠٠", "約1,200人"]
    {
        assert_eq!(numbers(written), numbers("1200"), "{written}");
    }
    assert_eq!(numbers("１，，２").len(), 2);
    assert_eq!(numbers("１，x2").len(), 2);
    assert_eq!(words("١٢ 人 ３"), words("12 人 3"));
    assert_eq!(numbers("In 1987, 25 pct.").len(), 2);
    assert_eq!(numbers("rose 4. 5 fell").len(), 2);
    assert_eq!(numbers("B52 and 4th and A1-2").len(), 4);
    assert_eq!(numbers("no figures"), [0_u64; 0]);
    assert_ne!(numbers("12 3"), numbers("1 23"));
    assert_ne!(numbers("0"), numbers("00"));
}

#[test]
fn a_name_begins_with_a_capital_and_no_sentence() {
    assert_eq!(names("The port of Orsk closed."), words("orsk"));
    assert_eq!(names("Ships wait. Pilots strike.\nNobody says why: Ostrava."), [0_u64; 0]);
    assert_eq!(names("said Málaga’s mayor Élodie"), words("málaga élodie"));
    assert_eq!(names("at 4 PM in A"), words("pm"));
}

#[test]
fn lines_that_hold_a_word_are_blocks() {
    let found = tokens("One two.\n\n — \nThree 4 Five\n");
    let ends: Vec<usize> = found.blocks.iter().map(|block| block.words).collect();
    assert_eq!(ends, [2, 5]);
    assert_eq!(
        (found.blocks[0].numbers, found.blocks[1].numbers, found.blocks[1].names),
        (0, 1, 1)
    );
    assert_eq!(tokens("").blocks, []);
}

#[test]
fn content_is_long_words_figures_and_pairs_of_characters() {
    assert_eq!(content(&words("the port of Orsk in 1987")).len(), 3);
    assert_eq!(content(&words("港口关闭")).len(), 3);
    assert_eq!(content(&words("")), [0_u64; 0]);
}

#[test]
fn scheme_two_stays_scheme_two() {
    assert_eq!(words("The port of Orsk, 1,200 Café 港"), GOLDEN);
}

const GOLDEN: [u64; 8] = [
    4_013_732_676_806_873_320,
    12_566_175_172_369_078_325,
    10_006_228_162_704_644_280,
    18_343_098_978_630_870_925,
    17_345_932_252_522_722_035,
    3_172_564_687_054_947_379,
    181_549_780_839_305_733,
    8_099_265_966_130_200_906,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn reading_by_masks_finds_the_words_that_reading_by_characters_finds(
        text in "([a-zA-Z0-9]{1,20}|[ ,.\\n'-]{1,3}|[éßÄñÿ×÷ÞŸЖдΩλ港口ก์ตุا١’—“…\u{200B}\u{301}ﬁ½]){0,60}"
    ) {
        prop_assert_eq!(words(&text), slowly(&text));
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,300}") {
        let found = tokens(&text);
        prop_assert_eq!(&found.words, &slowly(&text));
        prop_assert_eq!(found.blocks.last().map_or(0, |block| block.words), found.words.len());
    }

    #[test]
    fn where_a_text_begins_among_the_masks_makes_no_difference(
        text in "([A-Z]?[a-z]{1,5}|[0-9]{1,4}|[a-z]{15,20}|[ ,.\\n:-]{1,3}|[éÄЖ港٢’—“…３。]){0,40}",
        before in 1_usize..64
    ) {
        prop_assert_eq!(tokens(&format!("{}{text}", " ".repeat(before))), tokens(&text));
    }

    #[test]
    fn lines_are_read_as_if_each_stood_alone(
        lines in prop::collection::vec("([A-Z]?[a-z]{1,9}|[0-9]{1,4}|[ ,.:-]{1,2}|[éЖ港٢’—…]){0,20}", 1..6)
    ) {
        let whole = tokens(&lines.join("\n"));
        let mut parts = Tokens::default();
        for line in &lines {
            let Tokens { words, numbers, names, .. } = tokens(line);
            parts.words.extend(words);
            parts.numbers.extend(numbers);
            parts.names.extend(names);
            let Tokens { words, numbers, names, blocks } = &mut parts;
            let block = Block { words: words.len(), numbers: numbers.len(), names: names.len() };
            if block.words > blocks.last().map_or(0, |last| last.words) {
                blocks.push(block);
            }
        }
        prop_assert_eq!(whole, parts);
    }
}
