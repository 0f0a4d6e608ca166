//! A paragraph to the dateline it opens with: "ALEPPO, Syria (AFP) -".

use super::agency::Agency;
use super::mention::{Mention, Names, is_unspaced, mentions};
use super::photo::has_picture_word;

/// A dateline ends within this many characters of its paragraph.
const HEAD_CHARS_MAX: usize = 160;
/// Paragraphs from the top that may open with one: headline, standfirst and lead may all be in front of us.
pub(crate) const PARAGRAPHS_FROM_TOP: usize = 3;

/// The dateline of a text: the agency's, or capitals and a dash ("KVITNES, Norland —"). `None` where there is none.
pub fn dateline(paragraphs: &[&str], extra: &[Agency]) -> Option<String> {
    let extra = Names::new(extra);
    let tables = [&extra, Names::known()];
    let top = &paragraphs[..paragraphs.len().min(PARAGRAPHS_FROM_TOP)];
    top.iter()
        .find_map(|p| agency_dateline(p, &tables).map(|(_, said)| said.to_owned()))
        .or_else(|| top.iter().find_map(|p| plain_dateline(p)).map(str::to_owned))
}

/// The agency a paragraph's dateline names, and the dateline without its dash.
pub(crate) fn agency_dateline<'p, 'a>(
    paragraph: &'p str,
    tables: &[&Names<'a>],
) -> Option<(Mention<'a>, &'p str)> {
    let paragraph = paragraph.trim_start();
    let head = first_chars(paragraph, HEAD_CHARS_MAX);
    mentions(head, tables).into_iter().find_map(|m| {
        let end =
            bracketed(head, &m, tables).or_else(|| bare(head, &m)).or_else(|| filed(head, &m))?;
        Some((m, paragraph[..end].trim()))
    })
}

/// "CITY, March 4 (Reuters) -", "(AP) —", "New Delhi [India], March 4 (ANI):", "MOSCOW, March 4. /TASS/."
fn bracketed(head: &str, m: &Mention<'_>, tables: &[&Names<'_>]) -> Option<usize> {
    let (open_at, open) = head[..m.start].char_indices().rev().find(|&(_, c)| opens(c))?;
    let close = closing(open);
    let inner_start = open_at + open.len_utf8();
    let close_at = m.end + head[m.end..].find(close)?;
    let inside = &head[inner_start..close_at];
    if inside[..m.start - inner_start].contains(close) || !is_credit(inside, tables) {
        return None;
    }
    let place = head[..open_at].trim();
    let end = close_at + close.len_utf8();
    let after = head[end..].trim_start();
    if !is_place(place) {
        return None;
    }
    let dashed = after.starts_with(is_mark) || after.starts_with('.') && open == '/';
    let by_place = place.ends_with(is_mark);
    let whole = inside.chars().any(is_unspaced);
    // "[東京 12日 ロイター]" and "(AFP) The …" need no dash.
    (dashed || by_place || whole || (place.is_empty() && !after.is_empty())).then_some(end)
}

/// "SYDNEY, AAP -", "Paris | AFP | Monday", "AFP - The …".
fn bare(head: &str, m: &Mention<'_>) -> Option<usize> {
    let after = &head[m.end..];
    let mark = after.trim_start().chars().next().filter(|&c| is_mark(c))?;
    if matches!(mark, '-' | ':' | '=') && !after.trim_start()[mark.len_utf8()..].starts_with(' ') {
        return None;
    }
    if mark == '-' && !after.starts_with(' ') {
        return None;
    }
    let place = head[..m.start].trim();
    let led = place.is_empty() && mark != ':'
        || place.ends_with([',', '|', '/', '·', '-', '–', '—']) && is_place(place);
    led.then_some(m.end)
}

/// "新华社北京3月4日电": the agency, then place and day, then "wires".
fn filed(head: &str, m: &Mention<'_>) -> Option<usize> {
    let cable = head[m.end..].char_indices().take(24).find(|&(_, c)| matches!(c, '电' | '電'))?;
    (head[..m.start].chars().count() <= 2).then_some(m.end + cable.0 + cable.1.len_utf8())
}

/// "KVITNES, Norland —": at least one word of three capitals, then a long dash or a spaced one.
fn plain_dateline(paragraph: &str) -> Option<&str> {
    let head = first_chars(paragraph.trim_start(), 60);
    let (end, _) = head.char_indices().find(|&(at, c)| {
        matches!(c, '—' | '–')
            || (c == '-' && head[..at].ends_with(' ') && head[at + 1..].starts_with([' ', '-']))
    })?;
    let place = head[..end].trim();
    let shouted = place
        .split(|c: char| !c.is_alphabetic())
        .next()
        .is_some_and(|w| w.chars().count() >= 3 && w.chars().all(char::is_uppercase));
    (shouted && is_place(place)).then_some(place)
}

/// Whether a bracket's content is a credit: agencies, and else only initials, places, days and other papers.
pub(crate) fn is_credit(inside: &str, tables: &[&Names<'_>]) -> bool {
    if inside.chars().count() > 60 || has_picture_word(inside) {
        return false;
    }
    let mut rest = inside.to_owned();
    let found = mentions(inside, tables);
    for m in found.iter().rev() {
        rest.replace_range(m.start..m.end, " ");
    }
    !found.is_empty()
        && rest.split_whitespace().all(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let lower = word.chars().next().is_some_and(char::is_lowercase);
            !lower || (word.chars().count() <= 3 && !matches!(word, "to" | "via" | "by"))
        })
}

/// Whether a text could stand in front of an agency in a dateline: few words, in capitals or with a capital first.
fn is_place(text: &str) -> bool {
    let text =
        text.trim_end_matches(|c: char| is_mark(c) || c.is_whitespace() || matches!(c, ',' | '.'));
    if text.chars().count() > 90 || text.contains(['"', '“', '”', '«', '?', '!', ';']) {
        return false;
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '–' | '—'))
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|w| !w.is_empty())
        .collect();
    let dated = words.iter().any(|w| w.chars().all(|c| c.is_ascii_digit()));
    let low: Vec<&&str> =
        words.iter().filter(|w| w.chars().next().is_some_and(char::is_lowercase)).collect();
    let short = low.iter().all(|w| w.chars().count() <= 3);
    words.len() <= 12 && low.len() <= 3 && (short || (dated && low.len() <= 2))
}

fn opens(c: char) -> bool {
    matches!(c, '(' | '[' | '（' | '［' | '【' | '/')
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        '（' => '）',
        '［' => '］',
        '【' => '】',
        other => other,
    }
}

/// What parts a dateline from its text.
fn is_mark(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '–' | '—' | '―' | '−' | ':' | '=' | '|' | '：' | '＝')
}

fn first_chars(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paragraph: &str, expected: Option<(&str, &str)>) {
        let got = agency_dateline(paragraph, &[Names::known()])
            .map(|(m, said)| (m.agency.name.as_str(), said));
        assert_eq!(got, expected, "{paragraph}");
    }

    #[test]
    fn datelines_of_the_agencies() {
        check("KVITNES, Norland (AFP) - The harbour", Some(("AFP", "KVITNES, Norland (AFP)")));
        check("KVITNES, March 4 (Reuters) - The", Some(("Reuters", "KVITNES, March 4 (Reuters)")));
        check("KVITNES (AP) — The harbour", Some(("AP", "KVITNES (AP)")));
        check("KVITNES, Norland — (AP) The harbour", Some(("AP", "KVITNES, Norland — (AP)")));
        check("(Reuters) - The harbour", Some(("Reuters", "(Reuters)")));
        check("Kvitnes (dpa) – Der Hafen", Some(("dpa", "Kvitnes (dpa)")));
        check("Kvitnes/Ostby (dpa/AFP) - Der", Some(("dpa", "Kvitnes/Ostby (dpa/AFP)")));
        check("Kvitnes, 12. Oktober (dpa) - Der", Some(("dpa", "Kvitnes, 12. Oktober (dpa)")));
        check("Kvitnes le 12 octobre (AFP) — Le", Some(("AFP", "Kvitnes le 12 octobre (AFP)")));
        check(
            "Kvitnes [Norland], March 4 (ANI): The",
            Some(("ANI", "Kvitnes [Norland], March 4 (ANI)")),
        );
        check("KVITNES, March 4. /TASS/. The", Some(("TASS", "KVITNES, March 4. /TASS/")));
        check("KVITNES, Oct. 12 (Xinhua) -- The", Some(("Xinhua", "KVITNES, Oct. 12 (Xinhua)")));
        check("新华社北京3月4日电 港口", Some(("Xinhua", "新华社北京3月4日电")));
        check("[東京　12日　ロイター] - 港", Some(("Reuters", "[東京　12日　ロイター]")));
        check("(서울=연합뉴스) 항구", Some(("Yonhap", "(서울=연합뉴스)")));
        check("KVITNES, AAP - The harbour", Some(("AAP", "KVITNES, AAP")));
        check("AFP - Le port", Some(("AFP", "AFP")));
    }

    #[test]
    fn prose_and_pictures_are_no_dateline() {
        check("The minister told Agence France-Presse (AFP) - his own agency - that", None);
        check("The harbour was closed, he said (AFP) - nobody knew why", None);
        check("Kvitnes (Photo: AFP) - The harbour", None);
        check("AFP-journalists were there", None);
        check("The minister told AFP - not for the first time - that", None);
        check("A harbour (via AP) - seen", None);
        check(&format!("{} (AFP) - late", "Word ".repeat(40)), None);
    }

    #[test]
    fn a_text_has_its_agencys_dateline_or_a_plain_one() {
        let found = |paragraphs: &[&str]| dateline(paragraphs, &[]);
        assert_eq!(
            found(&["Standfirst here", "KVITNES (AFP) - The"]).as_deref(),
            Some("KVITNES (AFP)")
        );
        assert_eq!(found(&["KVITNES, Norland — The harbour"]).as_deref(), Some("KVITNES, Norland"));
        assert_eq!(found(&["A year – and what a year – has passed"]), None);
        assert_eq!(found(&["a", "b", "c", "KVITNES (AFP) - The"]), None);
        let herald = [Agency::named("NORPRESS", &[])];
        assert_eq!(
            dateline(&["KVITNES (NORPRESS) - The"], &herald).as_deref(),
            Some("KVITNES (NORPRESS)")
        );
    }
}
