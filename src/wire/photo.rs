//! A line to whether it credits a picture: such a line says nothing about whose text it is.

use super::agency::Agency;
use super::mention::{Names, mentions};

/// Longest line read as a photo credit, in characters. Longer ones are prose that may speak of photographs.
const LINE_CHARS_MAX: usize = 300;

/// Words that say "picture" where they stand in one short line with an agency. Whole words in lower case.
const PICTURE_WORDS: &[&str] = &[
    "photo",
    "photos",
    "photograph",
    "photographer",
    "foto",
    "fotos",
    "fotó",
    "fotografia",
    "fotografía",
    "image",
    "images",
    "imagen",
    "imagem",
    "bild",
    "bilder",
    "symbolbild",
    "archivbild",
    "picture",
    "pictures",
    "pictured",
    "picture-alliance",
    "getty",
    "shutterstock",
    "istock",
    "imago",
    "reuters connect",
    "handout",
    "pool",
    "via",
    "crédit",
    "crédits",
    "caption",
    "courtesy",
    "illustration",
    "archivo",
    "archives",
    "archiv",
    "screenshot",
    "screengrab",
    "video",
    "vidéo",
    "grafik",
    "graphic",
    "zdjęcie",
    "fot",
    "фото",
    "صورة",
];

/// The same in scripts without spaces.
const PICTURE_SIGNS: &[&str] = &["写真", "画像", "사진", "图片", "圖片", "摄", "攝", "📷"];

/// Whether a line is a photo credit: "NAME, AFP | caption", "(AP Photo/Name)", "Name Surname / AFP", "Photo: dpa".
pub fn is_photo_credit(line: &str, extra: &[Agency]) -> bool {
    let extra = Names::new(extra);
    is_photo_credit_of(line, &[&extra, Names::known()])
}

pub(crate) fn is_photo_credit_of(line: &str, tables: &[&Names<'_>]) -> bool {
    let line = line.trim();
    if line.chars().count() > LINE_CHARS_MAX {
        return false;
    }
    let named = mentions(line, tables);
    let Some(first) = named.first() else {
        return starts_as_picture_credit(line);
    };
    if has_picture_word(line) || starts_as_picture_credit(line) {
        return true;
    }
    // "George Example, AFP | A general view": who, then whose, then a bar and the caption.
    let after = line[first.end..].trim_start();
    let before = line[..first.start].trim_end();
    if after.starts_with('|') && !before.is_empty() && before.ends_with([',', '/', '-', '–', '—'])
    {
        return is_person(before);
    }
    // "Name Surname / AFP", "Name Surname/AP/dpa": a full name and agencies. Initials ("hh/dpa") sign a text.
    let tail_is_agencies = named.iter().all(|m| m.start >= first.start)
        && line[first.start..].split(['/', ',', ' ']).count() <= named.len() + 2;
    tail_is_agencies && before.ends_with('/') && is_person(before)
}

/// Whether the line says "picture" in one of the words we know.
pub(crate) fn has_picture_word(line: &str) -> bool {
    let lower = line.to_lowercase();
    PICTURE_SIGNS.iter().any(|sign| lower.contains(sign))
        || lower
            .split(|c: char| !(c.is_alphanumeric() || c == '-'))
            .any(|word| PICTURE_WORDS.contains(&word))
}

/// "Photo:", "Foto von", "Image credit", "© Name" and the like at the very start of a short line.
fn starts_as_picture_credit(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "photo:",
        "photo by",
        "photo credit",
        "photos:",
        "photograph:",
        "foto:",
        "foto von",
        "foto de",
        "foto ©",
        "fotos:",
        "image:",
        "image credit",
        "image source",
        "bild:",
        "bildquelle",
        "picture:",
        "credit:",
        "crédit photo",
        "crédit :",
        "crédits :",
        "crédits photo",
        "file photo",
        "archivfoto",
        "symbolfoto",
        "(photo",
        "(foto",
        "(bild",
        "(image",
        "[photo",
        "fot.",
        "фото:",
        "写真",
        "摄影",
    ];
    let lower = line.to_lowercase();
    line.chars().count() <= 160 && STARTS.iter().any(|start| lower.starts_with(start))
}

/// Two to four capitalised words, at least one not all capitals or all of them capitals: a name, not initials.
fn is_person(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '|' | '©' | '(' | ')'))
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|w| !w.is_empty())
        .collect();
    (1..=5).contains(&words.len())
        && words.iter().any(|w| w.chars().count() > 4)
        && words.iter().all(|w| w.chars().next().is_some_and(|c| !c.is_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: bool) {
        assert_eq!(is_photo_credit(line, &[]), expected, "{line}");
    }

    #[test]
    fn photo_credits_are_told_from_text_credits() {
        check("Jorun Example, AFP | A general view of the harbour of Kvitnes", true);
        check("JORUN EXAMPLE / AP", true);
        check("Jorun Example/AFP", true);
        check("(AP Photo/Jorun Example)", true);
        check("Photo: dpa", true);
        check("Photo by Jorun Example", true);
        check("Foto: Jorun Example", true);
        check("Jorun Example via AP", true);
        check("The harbour of Kvitnes on Monday. REUTERS/Jorun Example/File Photo", true);
        check("© Jorun Example / Getty Images / AFP", true);
        check("写真：ロイター", true);

        check("(AFP)", false);
        check("hh/AFP", false);
        check("abc/dpa", false);
        check("KVITNES, Norland (AFP) - The harbour was closed.", false);
        check("By Jorun Example, Associated Press", false);
        check("(Reporting by Jorun Example; Editing by Odd Sample)", false);
        check("The minister told AFP on Monday.", false);
        check("Picture this: the harbour is open.", false);
    }
}
