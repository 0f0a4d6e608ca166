//! Lines that share a credit ("with files from AP", "with agencies") to the agencies they name, or to themselves where they
//! name none.

use super::credit::{
    CREDIT_CHARS_MAX, PARAGRAPHS_FROM_END, claim, starts_with_any, trailing_bracket,
};
use super::mention::{Names, mentions};
use super::photo::has_picture_word;
use crate::model::{OriginBasis, OriginClaim};

/// How a line begins that shares the credit, in lower case.
#[rustfmt::skip]
const OPENINGS: &[&str] = &[
    "with ", "additional reporting", "contributed", "source:", "source :", "sources:",
    "mit ", "unter verwendung von", "material von", "material der", "quelle:", "quellen:",
    "avec ", "d'après ", "d’après ",
    "con ", "com ", "fuente:", "fonte:", "fonti:",
    "met ", "bron:", "bronnen:",
    "med ", "källa:", "kilde:", "lähde:",
    "na podstawie", "źródło:", "s využitím", "s použitím", "zdroj:", "forrás:", "sursa:", "izvor:",
    "kaynak:", "theo ", "sumber:",
    "по материалам", "с использованием материалов", "источник:", "за матеріалами", "джерело:", "по материали на", "източник:", "извор:",
    "με πληροφορίες", "με στοιχεία", "πηγή:",
    "مع ", "بالاشتراك مع", "المصدر:", "با خبرگزاری", "با همکاری", "منبع:", "עם ", "מקור:",
    "स्रोत:", "综合", "綜合", "来源：", "来源:", "來源：", "來源:", "出典：", "提供：", "출처:", "출처 :",
];

/// Words anywhere in a line that shares the credit, in lower case.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "contributed to this", "contributed to the", "contributed reporting", "a contribué à", "contribuyó a", "contribuiu para",
    "hat zu diesem", "katkıda bulun", "के इनपुट", "इनपुट के साथ", "제공",
];

/// Lines that credit agencies without naming one, and what bylines end with, in lower case.
#[rustfmt::skip]
const NAMELESS: &[&str] = &[
    "with agencies", "and agencies", "agencies", "with wires", "and wire services", "from wire reports", "wire reports",
    "wire services", "with agency inputs", "agency inputs", "with inputs from agencies", "from agencies",
    "mit agenturen", "mit agenturmaterial", "agenturen", "red, agenturen",
    "avec agences", "avec les agences", "et agences", "con agencias", "con información de agencias", "agencias", "com agências",
    "com informações de agências", "agências", "agenzie", "con agenzie",
    "met agentschappen", "agentschappen", "med byråerna", "nyhetsbyråerna", "agencje", "z agencji", "agentury", "ajanslar",
    "cu agențiile", "по материалам информагентств", "по сообщениям агентств", "информагентства", "за матеріалами агентств",
    "агенции", "πρακτορεία", "με πληροφορίες από πρακτορεία", "وكالات", "مع وكالات", "الوكالات", "خبرگزاری‌ها", "סוכנויות",
    "एजेंसियां", "एजेंसी", "综合外电", "綜合外電", "综合外电报道", "外電", "외신종합", "theo các hãng tin",
];

/// "With files from The Canadian Press", "AP contributed to this report", "Mit Material von dpa und AFP", "… said. (avec AFP)".
pub(super) fn shared(line: &str, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let line = line.trim();
    let opens = |said: &str| {
        let bare = said.trim_start_matches(|c: char| !c.is_alphanumeric());
        // Long and with a stop it is prose: "With Reuters cutting jobs, …".
        let chars = said.chars().count();
        let short =
            chars <= CREDIT_CHARS_MAX || (chars <= CREDIT_CHARS_MAX * 2 && !said.ends_with('.'));
        short && starts_with_any(bare, OPENINGS)
    };
    let lower = line.to_lowercase();
    let said = line.chars().count() <= CREDIT_CHARS_MAX * 2
        && WORDS.iter().any(|words| lower.contains(words));
    let bracket =
        trailing_bracket(line).filter(|&(_, inside)| opens(inside) && !has_picture_word(inside));
    let credit = match bracket {
        _ if said || opens(line) => line,
        Some((open, _)) => &line[open..],
        None => return None,
    };
    claim(&mentions(credit, tables), OriginBasis::SignOff, credit)
}

/// The line that credits agencies without naming one ("with agencies"), from the byline or the last paragraphs.
pub fn shared_credit(paragraphs: &[&str], byline: Option<&str>) -> Option<String> {
    let end = &paragraphs[paragraphs.len().saturating_sub(PARAGRAPHS_FROM_END)..];
    byline.into_iter().chain(end.iter().rev().copied()).find_map(|line| {
        let lower = line.to_lowercase();
        let line_bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
        let found = line.chars().count() <= CREDIT_CHARS_MAX
            && NAMELESS.iter().any(|phrase| {
                line_bare == *phrase
                    || (phrase.contains(' ') && line_bare.ends_with(phrase))
                    || line_bare.ends_with(&format!("/{phrase}"))
            });
        found.then(|| line.trim().to_owned())
    })
}
