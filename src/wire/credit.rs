//! The marks of a text to the claim of origin they carry, strongest place first.

use super::agency::Agency;
use super::dateline::{PARAGRAPHS_FROM_TOP, agency_dateline, is_credit};
use super::mention::{Mention, Names, mentions};
use super::photo::{has_picture_word, is_photo_credit_of};
use super::shared::{shared, shared_credit};
use crate::model::{OriginBasis, OriginClaim};

/// Paragraphs from the end that may hold a sign-off.
pub(super) const PARAGRAPHS_FROM_END: usize = 3;
/// Longest line that is a credit and not prose, in characters.
pub(super) const CREDIT_CHARS_MAX: usize = 120;

/// Where a text may carry its credit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks<'a> {
    /// The headline; may be empty.
    pub title: &'a str,
    /// The body's paragraphs, in order.
    pub paragraphs: &'a [&'a str],
    /// The byline as found.
    pub byline: Option<&'a str>,
    /// Authors that JSON-LD or meta elements name, or a record's `credit`.
    pub authors: &'a [&'a str],
    /// Short lines that stand beside the text; few pages have a credit there.
    pub boxes: &'a [&'a str],
}

/// Whose copy a text says it is, by the agencies we know.
pub fn credit(
    title: &str,
    paragraphs: &[&str],
    byline: Option<&str>,
    metadata_authors: &[&str],
) -> Option<OriginClaim> {
    credit_with(&[], &Marks { title, paragraphs, byline, authors: metadata_authors, boxes: &[] })
}

/// The same with further agencies. They are asked first.
///
/// The strongest mark wins: dateline, sign-off, byline, metadata, a line of a box, a line that shares the credit ("with files from AP"),
/// and last a quote in prose ("told AFP"), which makes nobody the author.
pub fn credit_with(extra: &[Agency], marks: &Marks<'_>) -> Option<OriginClaim> {
    let extra = Names::new(extra);
    let tables = [&extra, Names::known()];
    let top = &marks.paragraphs[..marks.paragraphs.len().min(PARAGRAPHS_FROM_TOP)];
    let end = &marks.paragraphs[marks.paragraphs.len().saturating_sub(PARAGRAPHS_FROM_END)..];
    let lines = || end.iter().rev().copied().filter(|line| !is_photo_credit_of(line, &tables));
    top.iter()
        .filter(|p| !is_photo_credit_of(first_line(p), &tables))
        .find_map(|p| {
            let (first, said) = agency_dateline(p, &tables)?;
            claim(&sharing(said, first, &tables), OriginBasis::Dateline, said)
        })
        .or_else(|| lines().find_map(|line| house_sign_off(line, &tables)))
        .or_else(|| {
            lines().enumerate().find_map(|(from_end, line)| sign_off(line, from_end == 0, &tables))
        })
        .or_else(|| marks.byline.and_then(|line| byline(line, &tables)))
        .or_else(|| top.iter().chain(end).find_map(|line| byline_in_body(line, &tables)))
        .or_else(|| title_credit(marks.title, &tables))
        .or_else(|| authors_claim(marks.authors, &tables))
        .or_else(|| box_claim(marks.boxes, &tables))
        .or_else(|| lines().find_map(|line| shared(line, &tables)))
        .or_else(|| quote(marks.paragraphs, &tables))
}

/// Whether a line signs a text and is no part of it: "(Reporting by …; Editing by …)", "mit dpa", "with agencies",
/// "hh/ph (AFP)".
pub fn is_sign_off(line: &str, extra: &[Agency]) -> bool {
    let extra = Names::new(extra);
    let tables = [&extra, Names::known()];
    let line = line.trim();
    // A bracket that ends a paragraph of prose signs it, but the paragraph stays.
    let desk = |front: &str| {
        front.split(|c: char| !c.is_alphanumeric()).all(|w| w.is_empty() || is_initials(w))
    };
    let whole = trailing_bracket(line).is_none_or(|(open, _)| desk(&line[..open]));
    let house =
        house_sign_off(line, &tables).is_some_and(|claim| claim.evidence.len() + 2 >= line.len());
    let short = line.chars().count() <= CREDIT_CHARS_MAX;
    house
        || (whole && short && sign_off(line, true, &tables).is_some())
        || shared(line, &tables).is_some()
        || shared_credit(&[line], None).is_some()
}

/// Whether a line names an agency and nothing else: "AP", "dpa/AFP". On top of a text that is its byline.
pub fn is_agency_alone(line: &str, extra: &[Agency]) -> bool {
    let extra = Names::new(extra);
    let named = mentions(line, &[&extra, Names::known()]);
    !named.is_empty() && !without(line, &named).chars().any(char::is_alphanumeric)
}

/// The claim of agencies named side by side, each once; `None` where there is none.
pub(super) fn claim(
    named: &[Mention<'_>],
    basis: OriginBasis,
    evidence: &str,
) -> Option<OriginClaim> {
    let mut names: Vec<&str> = Vec::new();
    for m in named {
        if !names.contains(&m.agency.name.as_str()) {
            names.push(&m.agency.name);
        }
    }
    let evidence = evidence.trim().to_owned();
    (!names.is_empty()).then(|| OriginClaim { agency: names.join("\n"), basis, evidence })
}

/// The agency that a dateline was read by, and those that follow it there: "(dpa/AFP)".
fn sharing<'a>(said: &str, first: Mention<'a>, tables: &[&Names<'a>]) -> Vec<Mention<'a>> {
    let named = mentions(said, tables);
    let from = named.iter().position(|m| m.agency.name == first.agency.name);
    from.map_or_else(|| vec![first], |from| named[from..].to_vec())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// "(Reporting by …; Editing by …)".
fn house_sign_off(line: &str, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let lower = line.to_lowercase();
    tables.iter().flat_map(|table| table.agencies.iter()).find_map(|agency| {
        agency.sign_offs.iter().find_map(|(first, second)| {
            let at = lower.find(first.as_str())?;
            let opens_line = at == 0 || lower[..at].ends_with(['(', '[', '—', '-']);
            let both = lower[at..].contains(second.as_str());
            // Lower case may be longer than the line, so the evidence is cut from the bracket, not from `at`.
            let evidence = line.rfind('(').map_or(line, |open| &line[open..]);
            (opens_line && both).then(|| OriginClaim {
                agency: agency.name.clone(),
                basis: OriginBasis::SignOff,
                evidence: evidence.to_owned(),
            })
        })
    })
}

/// "(AFP)", "abc/AFP", "© 2024 AFP", "Quelle: dpa", "dpa-infocom, dpa:…", and in the last paragraph "… said. (APA/dpa)".
fn sign_off(line: &str, last: bool, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let line = line.trim();
    if let Some((open, inside)) = trailing_bracket(line) {
        let alone = open == 0;
        let signs = (alone || last) && !has_picture_word(inside);
        let signing = if signs { signing_agencies(inside, tables) } else { Vec::new() };
        if !signing.is_empty() {
            return claim(&signing, OriginBasis::SignOff, &line[open..]);
        }
    }
    let named = mentions(line, tables);
    let first = named.first()?;
    let copyright = starts_with_any(line, &["©", "copyright", "(c)", "(©)"]);
    if copyright && line[..first.start].chars().count() <= 40 {
        let said = cut(line);
        let within = named.partition_point(|m| m.end <= said.len()).max(1);
        return claim(&named[..within], OriginBasis::SignOff, said);
    }
    if let Some(signed) = named.last().filter(|m| last && m.end == line.len()) {
        // "… into the country. PTI"
        let before = line[..signed.start].trim_end();
        if before.chars().count() > CREDIT_CHARS_MAX / 2
            && before.ends_with(['.', '"', '”', '—', '–'])
        {
            return claim(&[*signed], OriginBasis::SignOff, &line[signed.start..]);
        }
    }
    if line.chars().count() > CREDIT_CHARS_MAX {
        return None;
    }
    if starts_with_any(line, &["dpa-infocom, dpa:"]) {
        return claim(&named[..1], OriginBasis::SignOff, line);
    }
    let rest = without(line, &named);
    let words: Vec<&str> =
        rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let alone = words.is_empty();
    let signed = words.iter().all(|word| is_initials(word) || is_source_word(word));
    let signs = (alone && last) || (!alone && signed);
    claim(&named, OriginBasis::SignOff, line).filter(|_| signs)
}

/// A bracket that ends the line: where it opens, and what it holds.
pub(super) fn trailing_bracket(line: &str) -> Option<(usize, &str)> {
    let body = line.trim_end_matches(['.', ' ']);
    let inner = body.strip_suffix([')', ']'])?;
    let open = inner.rfind(['(', '['])?;
    Some((open, &inner[open + 1..]))
}

/// The agencies of a bracket of nothing but agencies and initials, in order; none where it holds more. German desks write
/// them small: "(afp, dpa)".
fn signing_agencies<'a>(inside: &str, tables: &[&Names<'a>]) -> Vec<Mention<'a>> {
    const PARTS: [char; 7] = ['/', ',', ' ', ';', '|', '،', '、'];
    let words = || inside.split(PARTS).filter(|word| !word.is_empty());
    let mut named = mentions(inside, tables);
    let spelt: Vec<Mention<'a>> =
        words().filter_map(|word| in_small_letters(word, inside, tables)).collect();
    let all_short = words().all(|word| word.chars().count() <= 5);
    let signs = is_credit(inside, tables) || (all_short && !(spelt.is_empty() && named.is_empty()));
    named.extend(spelt);
    named.sort_by_key(|m| m.start);
    if signs { named } else { Vec::new() }
}

/// The agency that a word of a bracket spells without its capitals. Two such letters may be anybody's initials.
fn in_small_letters<'a>(word: &str, inside: &str, tables: &[&Names<'a>]) -> Option<Mention<'a>> {
    let start = word.as_ptr() as usize - inside.as_ptr() as usize;
    let spells = |short: &&String| {
        short.len() > 2 && short.as_str() != word && short.eq_ignore_ascii_case(word)
    };
    let mut agencies = tables.iter().flat_map(|table| table.agencies.iter());
    let agency = agencies.find(|agency| agency.abbreviations.iter().any(|short| spells(&short)))?;
    Some(Mention { agency, start, end: start + word.len() })
}

/// "By Name, AP", "Reuters Staff", "Von dpa".
fn byline(line: &str, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    if line.chars().count() > 160 || has_picture_word(line) {
        return None;
    }
    claim(&mentions(line, tables), OriginBasis::Byline, line)
}

/// A byline that stands in the body. It opens with "By" and has no small words but short ones.
fn byline_in_body(line: &str, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    const BY: &[&str] = &[
        "by ",
        "von ",
        "par ",
        "por ",
        "di ",
        "da ",
        "door ",
        "av ",
        "af ",
        "de ",
        "od ",
        "автор ",
        "από ",
    ];
    let short = line.chars().count() <= 100 && !line.trim_end().ends_with('.');
    let named = mentions(line, tables);
    let small = without(line, &named)
        .split(|c: char| !c.is_alphanumeric())
        .any(|w| w.chars().count() > 3 && w.chars().next().is_some_and(char::is_lowercase));
    if short && starts_with_any(line, BY) && !small { byline(line, tables) } else { None }
}

/// "Harbour closed (AFP)".
fn title_credit(title: &str, tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let (open, inside) = trailing_bracket(title.trim())?;
    let found = is_credit(inside, tables).then(|| mentions(inside, tables))?;
    claim(&found, OriginBasis::Byline, &title.trim()[open..])
}

/// Authors that are agencies, or names with one: "AFP", "Jorun Example, dpa", "Herald et AFP". Metadata may give each agency
/// of one credit an element of its own.
fn authors_claim(authors: &[&str], tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let (mut named, mut said) = (Vec::new(), Vec::new());
    for author in authors {
        if author.chars().count() > CREDIT_CHARS_MAX || has_picture_word(author) {
            continue;
        }
        let agencies = mentions(author, tables);
        if !agencies.is_empty() && !said.contains(author) {
            said.push(author);
            named.extend(agencies);
        }
    }
    claim(&named, OriginBasis::Metadata, &said.join(", "))
}

/// A line of a box in one of two forms that no photo credit and no list has: "AFP, KVITNES" and "abc/Reuters". Where several boxes
/// do, they are those of other stories.
fn box_claim(boxes: &[&str], tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let mut found = boxes.iter().filter(|line| !has_picture_word(line)).filter_map(|line| {
        let named = mentions(line, tables);
        let first = named.first()?;
        let filed =
            first.start == 0 && line[first.end..].strip_prefix(", ").is_some_and(is_shouted);
        let (letters, more) = line[..first.start].split_once('/').unwrap_or_default();
        let signed = is_desk_letters(letters)
            && !more.contains(' ')
            && without(line, &named).split(['/', ' ']).all(|w| w.is_empty() || is_desk_letters(w));
        let basis = if filed { OriginBasis::Byline } else { OriginBasis::SignOff };
        if filed || signed { claim(&named, basis, line) } else { None }
    });
    let only = found.next();
    only.filter(|_| found.next().is_none())
}

/// A place in capitals: "KVITNES, Norland" or "NEW VELL".
fn is_shouted(place: &str) -> bool {
    let mut words = place.split([' ', ',', '-']).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    first.chars().count() >= 3
        && first.chars().all(char::is_uppercase)
        && words.clone().count() <= 3
        && words.all(|word| word.starts_with(char::is_uppercase))
}

/// Letters a desk signs with: "hh", "sak".
fn is_desk_letters(word: &str) -> bool {
    (2..=4).contains(&word.chars().count()) && word.chars().all(char::is_lowercase)
}

/// The agency most often quoted in prose; ties go to the one quoted first.
fn quote(paragraphs: &[&str], tables: &[&Names<'_>]) -> Option<OriginClaim> {
    let mut counted: Vec<(OriginClaim, usize)> = Vec::new();
    for paragraph in paragraphs.iter().filter(|p| !is_photo_credit_of(p, tables)) {
        for m in mentions(paragraph, tables).iter().filter(|m| is_quoted(paragraph, m)) {
            match counted.iter_mut().find(|(claim, _)| claim.agency == m.agency.name) {
                Some((_, count)) => *count += 1,
                None => counted.extend(
                    claim(&[*m], OriginBasis::Quote, around(paragraph, m)).map(|claim| (claim, 1)),
                ),
            }
        }
    }
    let most = counted.iter().map(|&(_, count)| count).max()?;
    counted.into_iter().find(|&(_, count)| count == most).map(|(claim, _)| claim)
}

/// "told AFP", "to AFP", "der Nachrichtenagentur dpa", "AFP journalists saw".
fn is_quoted(paragraph: &str, m: &Mention<'_>) -> bool {
    const BEFORE: &[&str] = &[
        "told",
        "tells",
        "to",
        "with",
        "informed",
        "gegenüber",
        "sagte",
        "der",
        "nachrichtenagentur",
        "agentur",
        "à",
        "l'afp",
        "a",
        "à l",
        "al",
        "all",
        "alla",
        "aan",
        "persbureau",
        "til",
        "till",
        "agence",
        "agencia",
        "agência",
        "agenzia",
        "agency",
        "агентству",
        "press",
        "dla",
        "агентства",
    ];
    const AFTER: &[&str] = &[
        "journalist",
        "journalists",
        "correspondent",
        "correspondents",
        "reporter",
        "reporters",
        "reported",
        "reports",
        "berichtete",
        "meldete",
        "rapporte",
        "que",
    ];
    let before = paragraph[..m.start]
        .rsplit(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .take_while(|w| w != "by")
        .take(3)
        .any(|w| BEFORE.contains(&w.as_str()));
    let after = paragraph[m.end..]
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| w.chars().count() > 1)
        .map(str::to_lowercase)
        .next()
        .is_some_and(|w| AFTER.contains(&w.as_str()));
    before || after
}

/// The words round a mention: about 60 characters before, from the sentence's start at most, and 20 behind.
fn around<'t>(text: &'t str, m: &Mention<'_>) -> &'t str {
    let far = text[..m.start].char_indices().rev().nth(59).map_or(0, |(at, _)| at);
    let reach = &text[far..m.start];
    let start = match reach.rfind(['.', '?', '!']) {
        Some(stop) if reach[stop + 1..].starts_with(' ') => far + stop + 1,
        _ if far == 0 => 0,
        _ => far + reach.find(' ').unwrap_or(0),
    };
    let behind = &text[m.end..];
    let end = match behind.char_indices().nth(20) {
        Some((at, _)) => m.end + behind[..at].rfind(' ').unwrap_or(0),
        None => text.len(),
    };
    text[start..end].trim()
}

fn without(line: &str, named: &[Mention<'_>]) -> String {
    let mut rest = line.to_owned();
    for m in named.iter().rev() {
        rest.replace_range(m.start..m.end, " ");
    }
    rest
}

pub(super) fn starts_with_any(line: &str, starts: &[&str]) -> bool {
    let lower = line.to_lowercase();
    starts.iter().any(|start| lower.starts_with(start))
}

fn cut(line: &str) -> &str {
    line.char_indices().nth(CREDIT_CHARS_MAX).map_or(line, |(end, _)| &line[..end])
}

/// A desk's letters or a number: "hh", "ph", "2024".
fn is_initials(word: &str) -> bool {
    let short = word.chars().count() <= 4 && word.chars().all(char::is_alphanumeric);
    short && (word.chars().all(char::is_lowercase) || word.chars().all(|c| c.is_ascii_digit()))
}

/// Words that say where a text is from and nothing else.
fn is_source_word(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "source",
        "quelle",
        "fonte",
        "fuente",
        "bron",
        "kaynak",
        "källa",
        "kilde",
        "źródło",
        "copyright",
        "all",
        "rights",
        "reserved",
        "news",
        "agency",
        "staff",
        "agencies",
        "red",
        "redaktion",
    ];
    WORDS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
#[path = "credit_tests.rs"]
mod tests;
