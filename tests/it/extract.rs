//! Every page of `tests/fixtures/pages` gives what its snapshot says.

use std::fs;
use std::path::{Path, PathBuf};

use copytaster::extract::{Extracted, Page, article};
use copytaster::text::decode;
use serde_json::{Value, json};
use url::Url;

fn shown(found: &Extracted) -> Value {
    let paragraphs: Vec<&str> = found.text.lines().collect();
    let origin = found.origin.as_ref().map(|o| json!([o.agency, o.basis.as_str(), o.evidence]));
    json!({
        "title": found.title,
        "kind": found.kind.as_str(),
        "paragraphs": paragraphs,
        "byline": found.byline,
        "authors": found.authors,
        "dateline": found.dateline,
        "credit": found.credit,
        "origin": origin,
        "published": found.published.map(|at| at.to_string()),
        "updated": found.updated.map(|at| at.to_string()),
        "lang": found.lang,
        "canonical_url": found.canonical_url,
        "links": found.links,
        "notes": found.notes,
    })
}

/// The pages, in the order of their names.
pub(crate) fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "html"));
    files.sort();
    files
}

/// The address in the page's first line.
pub(crate) fn address(html: &str) -> Option<Url> {
    let line = html.lines().next()?.strip_prefix("<!-- url: ")?.strip_suffix(" -->")?;
    Url::parse(line).ok()
}

#[test]
fn every_page_gives_what_its_snapshot_says() {
    let files = pages();
    assert!(files.len() >= 12, "pages are missing");
    for file in files {
        let html = decode(&fs::read(&file).unwrap(), None).text;
        let url = address(&html);
        assert!(url.is_some(), "{} has no address", file.display());
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_json_snapshot!(name, shown(&article(&Page { url, html })));
    }
}

/// A page of three paragraphs, what it says of its encoding, and its bytes in `label`.
fn encoded(label: &str, lines: &[&str; 3], said: &str) -> Vec<u8> {
    let text = lines.map(|line| format!("<p>{line}</p>")).concat();
    let html = format!(
        "<html><head>{said}<title>Kvitnes</title></head><body><article>{text}</article></body></html>"
    );
    if let Some(order) = label.strip_prefix("utf-16") {
        let bytes = |unit: u16| if order == "le" { unit.to_le_bytes() } else { unit.to_be_bytes() };
        return html.encode_utf16().flat_map(bytes).collect();
    }
    let (bytes, _, lossy) =
        encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(&html);
    assert!(!lossy, "{label}");
    bytes.into_owned()
}

#[test]
fn a_story_is_the_same_in_whatever_bytes_it_comes_and_whatever_is_said_of_them() {
    let german = [
        "Die Fähre zwischen Kvitnes und Norland blieb am Montag im Hafen, nachdem Taucher einen Riss im Ruder gefunden hatten.",
        "Ein Schlepper brachte am Nachmittag die Post hinüber, und vierhundert Fahrgäste mussten auf dem Kai übernachten.",
        "Größere Schäden gebe es nicht, sagte die Sprecherin der Reederei, Inés Moll, am Abend vor Journalisten.",
    ];
    let russian = [
        "Паром между Квитнесом и Норландом в понедельник остался в порту: водолазы нашли трещину в руле.",
        "Буксир доставил почту во второй половине дня, а четыреста пассажиров остались ждать на причале.",
        "Серьёзных повреждений нет, сказала вечером журналистам представитель компании Инес Молль.",
    ];
    let japanese = [
        "クヴィトネスとノルランドを結ぶ連絡船は月曜日、潜水士がかじに亀裂を見つけたため港にとどまった。",
        "午後には引き船が郵便物を運び、約四百人の乗客が岸壁で待った。船会社は木曜日の再開を目指している。",
        "大きな損傷はないと、広報担当のイネス・モルさんが夕方、記者団に語った。",
    ];
    let meta = |name: &str| format!("<meta charset=\"{name}\">");
    for (label, lines) in [
        ("utf-8", &german),
        ("windows-1252", &german),
        ("utf-16le", &german),
        ("utf-16be", &german),
        ("utf-8", &russian),
        ("windows-1251", &russian),
        ("koi8-u", &russian),
        ("utf-16le", &russian),
        ("utf-8", &japanese),
        ("shift_jis", &japanese),
        ("euc-jp", &japanese),
    ] {
        // Nothing is said; the truth; that it is UTF-8, which most pages say; in the header what only a browser could mean.
        for (said, header) in [
            ("", None),
            (label, None),
            ("utf-8", None),
            ("", Some(label)),
            ("utf-16", Some("utf-8")),
        ] {
            let said = if said.is_empty() { String::new() } else { meta(said) };
            let bytes = encoded(label, lines, &said);
            let html = decode(&bytes, header).text;
            let found = article(&Page { url: None, html });
            assert_eq!(
                found.text.lines().collect::<Vec<_>>(),
                lines,
                "{label}, {said}, {header:?}: {found:?}"
            );
        }
    }
    // One paragraph pasted in other bytes.
    let mut mixed = encoded("utf-8", &german, "<meta charset=utf-8>");
    let at = mixed.windows(10).position(|part| part == b"</article>").unwrap();
    mixed.splice(at..at, b"<p>Die N\xe4he zum Ufer, sagte M\xfcller, sei \x84kein Zufall\x93, und der Kran stehe noch immer dort.</p>".to_vec());
    let found = article(&Page { url: None, html: decode(&mixed, None).text });
    let lines: Vec<&str> = found.text.lines().collect();
    assert_eq!(lines[..3], german);
    assert_eq!(
        lines[3],
        "Die Nähe zum Ufer, sagte Müller, sei „kein Zufall“, und der Kran stehe noch immer dort."
    );
}
