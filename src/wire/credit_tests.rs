//! Cases of `credit`: each form an agency uses, and each trap that looks like one.

use super::*;
use OriginBasis::{Byline, Dateline, Metadata, Quote, SignOff};

const PROSE: &str = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement.";

fn check_marks(marks: &Marks<'_>, expected: Option<(&str, OriginBasis)>) {
    let got = credit_with(&[], marks);
    let short = got.as_ref().map(|c| (c.first_agency(), c.basis));
    assert_eq!(short, expected, "{marks:?} gave {got:?}");
}

fn check(paragraphs: &[&str], expected: Option<(&str, OriginBasis)>) {
    check_marks(&Marks { paragraphs, ..Marks::default() }, expected);
}

fn last(line: &str, expected: Option<(&str, OriginBasis)>) {
    check(&[PROSE, PROSE, PROSE, line], expected);
}

#[test]
fn a_dateline_counts_in_the_first_three_paragraphs_only() {
    check(&["KVITNES, Norland (AFP) - The harbour was closed.", PROSE], Some(("AFP", Dateline)));
    check(&["A standfirst", PROSE, "KVITNES (Reuters) - The"], Some(("Reuters", Dateline)));
    check(&[PROSE, PROSE, PROSE, "KVITNES (Reuters) - More here", PROSE, PROSE, PROSE], None);
}

#[test]
fn sign_offs_count_at_the_end() {
    last(
        "(Reporting by Jorun Example in Kvitnes; Editing by Odd Sample)",
        Some(("Reuters", SignOff)),
    );
    last("Reporting by Jorun Example; Editing by Odd Sample", Some(("Reuters", SignOff)));
    last(
        "It ends here. (Reporting by Jorun Example; Editing by Odd Sample)",
        Some(("Reuters", SignOff)),
    );
    last("(Bericht von Jorun Example, redigiert von Odd Sample)", Some(("Reuters", SignOff)));
    last("(AFP)", Some(("AFP", SignOff)));
    last("hh/AFP", Some(("AFP", SignOff)));
    last("AFP", Some(("AFP", SignOff)));
    last("© 2024 AFP", Some(("AFP", SignOff)));
    last(
        "Copyright 2019 The Associated Press. All rights reserved. This may not be published.",
        Some(("AP", SignOff)),
    );
    last("Quelle: dpa", Some(("dpa", SignOff)));
    last("© dpa-infocom, dpa:240904-99-123456/2", Some(("dpa", SignOff)));
    last("dpa-infocom, dpa:240904-99-123456/2", Some(("dpa", SignOff)));
    last("So sagte es der Hafenmeister. (APA/dpa)", Some(("APA", SignOff)));
    last("So sagte es der Hafenmeister. (afp, dpa)", Some(("AFP", SignOff)));
    last(
        "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said. PTI",
        Some(("PTI", SignOff)),
    );
    last("(Reporting by Jorun Example)", None);
}

/// The last line of a text to all agencies it credits.
fn all(line: &str, expected: &[&str]) {
    let got = credit("", &[PROSE, PROSE, PROSE, line], None, &[]);
    let got: Vec<&str> = got.iter().flat_map(OriginClaim::agencies).collect();
    assert_eq!(got, expected, "{line}");
}

#[test]
fn a_compound_credit_names_all_its_agencies_in_order() {
    all("(AP and Reuters)", &["AP", "Reuters"]);
    all("AFP/dpa", &["AFP", "dpa"]);
    all("(Reuters, AFP, Staff)", &["Reuters", "AFP"]);
    all("(hh/afp, dpa)", &["AFP", "dpa"]);
    all("(Reuters, afp)", &["Reuters", "AFP"]);
    all("So sagte es der Hafenmeister. (dpa/apa)", &["dpa", "APA"]);
    all("© 2024 AFP, Reuters", &["AFP", "Reuters"]);
    all("AFP, AP and AFP", &["AFP", "AP"]);
    all("With files from The Canadian Press and AP", &["The Canadian Press", "AP"]);
    all("Mit Material von dpa und AFP", &["dpa", "AFP"]);
    all("(mit Material von dpa)", &["dpa"]);
    all("So sagte es der Hafenmeister. (mit AFP und Reuters)", &["AFP", "Reuters"]);
    all("(avec AFP et Reuters)", &["AFP", "Reuters"]);
    all("Le Courrier avec AFP", &[]);
    all("Con información de EFE y AFP", &["EFE", "AFP"]);
    all("Con informazioni di ANSA e Reuters", &["ANSA", "Reuters"]);
    all("Com informações da Lusa e da AFP", &["Lusa", "AFP"]);
    all("По материалам ТАСС и Интерфакс", &["TASS", "Interfax"]);
    all("За матеріалами Укрінформ", &["Ukrinform"]);
    all("Na podstawie PAP, Reuters", &["PAP", "Reuters"]);
    all("Με πληροφορίες από ΑΠΕ-ΜΠΕ, Reuters", &["ANA-MPA", "Reuters"]);
    all("Kaynak: AA, Reuters", &["Anadolu", "Reuters"]);
    all("(مع رويترز وفرانس برس)", &["Reuters", "AFP"]);
    all("(أ ف ب، رويترز)", &["AFP", "Reuters"]);
    all("با خبرگزاری فرانسه و رویترز", &["AFP", "Reuters"]);
    all("综合新华社、路透社报道", &["Xinhua", "Reuters"]);
    all("AFP＝時事", &["AFP", "Jiji"]);
    all("연합뉴스, 로이터 제공", &["Yonhap", "Reuters"]);
    all("रॉयटर्स के इनपुट के साथ", &["Reuters"]);
    all("Theo Reuters, AFP", &["Reuters", "AFP"]);
    let of = |title, top: &str, byline, authors: &[&str]| {
        credit(title, &[top], byline, authors).map(|claim| claim.credit())
    };
    assert_eq!(of("", "Kvitnes (dpa/AFP) - Der", None, &[]).as_deref(), Some("dpa, AFP"));
    assert_eq!(
        of("", PROSE, Some("Jorun Example, AP and Reuters"), &[]).as_deref(),
        Some("AP, Reuters")
    );
    assert_eq!(
        of("", PROSE, None, &["AFP", "Jorun Example", "Reuters"]).as_deref(),
        Some("AFP, Reuters")
    );
    assert_eq!(of("Harbour closed (AP/AFP)", PROSE, None, &[]).as_deref(), Some("AP, AFP"));
}

#[test]
fn prose_that_begins_like_a_shared_credit_is_none() {
    let prose = "With Reuters and AFP cutting their bureaus on the coast, the town council of Kvitnes has no reporters left to talk to at its meetings.";
    last(prose, Some(("Reuters", Quote)));
    last("Theo liked Kvitnes. (with Jorun Example)", None);
    last("A crane over Kvitnes (with photos by AP)", None);
}

#[test]
fn a_credit_may_be_shared() {
    last("With files from The Canadian Press", Some(("The Canadian Press", SignOff)));
    last("The Associated Press contributed to this report.", Some(("AP", SignOff)));
    last("— With AP", Some(("AP", SignOff)));
    last("Mit Material von dpa und AFP", Some(("dpa", SignOff)));
    last("Con información de EFE", Some(("EFE", SignOff)));
    let line = "By Jorun Example and agencies";
    assert_eq!(shared_credit(&[PROSE], Some(line)).as_deref(), Some(line));
    assert_eq!(shared_credit(&[PROSE, "with agencies"], None).as_deref(), Some("with agencies"));
    assert_eq!(shared_credit(&[PROSE, "The minister praised the agencies."], None), None);
    assert_eq!(shared_credit(&[PROSE], None), None);
    for line in ["(وكالات)", "综合外电", "(Agenturen)", "με πληροφορίες από πρακτορεία"]
    {
        assert_eq!(shared_credit(&[PROSE, line], None).as_deref(), Some(line));
    }
}

#[test]
fn bylines_and_metadata_name_agencies() {
    let byline = |line| Marks { paragraphs: &[PROSE], byline: Some(line), ..Marks::default() };
    check_marks(&byline("By Jorun Example, AP"), Some(("AP", Byline)));
    check_marks(&byline("Reuters Staff"), Some(("Reuters", Byline)));
    check_marks(&byline("Jorun Example"), None);
    check_marks(&byline("Photo: AFP"), None);
    check(&["By Jorun Example, Associated Press", PROSE], Some(("AP", Byline)));
    check(&["By now the minister had called Reuters three times", PROSE], None);

    let authors = |authors| Marks { paragraphs: &[PROSE], authors, ..Marks::default() };
    check_marks(&authors(&["Jorun Example", "AFP"]), Some(("AFP", Metadata)));
    check_marks(&authors(&["Kvitnes Herald et AFP"]), Some(("AFP", Metadata)));
    check_marks(&authors(&["(Image: Getty Images / AFP)"]), None);
    let titled = Marks { title: "Harbour closed (AFP)", paragraphs: &[PROSE], ..Marks::default() };
    check_marks(&titled, Some(("AFP", Byline)));
}

#[test]
fn photo_credits_never_count() {
    check(&["Jorun Example, AFP | A general view of Kvitnes", PROSE, PROSE], None);
    last("Jorun Example / AFP", None);
    last("(AP Photo/Jorun Example)", None);
    last("Photo: AFP", None);
    last("© Jorun Example / Getty Images / AFP", None);
    last("A crane on Monday (Photo: AP)", None);
}

#[test]
fn prose_gives_a_quote_at_most() {
    check(&[PROSE, "The mayor confirmed the meeting to AFP on Sunday."], Some(("AFP", Quote)));
    check(&["He told Reuters so, he told AFP so, and told AFP again."], Some(("AFP", Quote)));
    check(&["AFP journalists saw the crane."], Some(("AFP", Quote)));
    check(&["Shares of Reuters rose."], None);
    let said = credit("", &["The mayor confirmed the meeting to AFP on Sunday."], None, &[]);
    assert_eq!(said.unwrap().evidence, "The mayor confirmed the meeting to AFP on Sunday.");
}

#[test]
fn the_strongest_mark_wins() {
    let marks = Marks {
        title: "",
        paragraphs: &["KVITNES (AFP) - The harbour.", "He told Reuters.", "(dpa)"],
        byline: Some("By Jorun Example, AP"),
        authors: &["ANSA"],
        boxes: &["UPI, KVITNES"],
    };
    check_marks(&marks, Some(("AFP", Dateline)));
    check_marks(&Marks { paragraphs: &marks.paragraphs[1..], ..marks }, Some(("dpa", SignOff)));
    check_marks(&Marks { paragraphs: &marks.paragraphs[1..2], ..marks }, Some(("AP", Byline)));
    check_marks(
        &Marks { paragraphs: &marks.paragraphs[1..2], byline: None, ..marks },
        Some(("ANSA", Metadata)),
    );
}

#[test]
fn further_agencies_are_asked_first() {
    let mut norpress = Agency::named("NORPRESS", &["Norland Press Agency"]);
    norpress.sign_offs = vec![("reporting by".to_owned(), "editing by".to_owned())];
    let extra = [norpress];
    let name = |paragraphs: &[&str]| {
        credit_with(&extra, &Marks { paragraphs, ..Marks::default() }).map(|c| c.agency)
    };
    assert_eq!(name(&["KVITNES (NORPRESS) - The harbour."]).as_deref(), Some("NORPRESS"));
    assert_eq!(name(&["KVITNES (Norland Press Agency) - The"]).as_deref(), Some("NORPRESS"));
    assert_eq!(name(&[PROSE, "(Reporting by A; Editing by B)"]).as_deref(), Some("NORPRESS"));
    assert_eq!(name(&["KVITNES (AFP) - The harbour."]).as_deref(), Some("AFP"));
}

#[test]
fn a_box_beside_the_text_counts_in_two_forms_only() {
    let boxes = |boxes| Marks { paragraphs: &[PROSE], boxes, ..Marks::default() };
    check_marks(&boxes(&["AFP, KVITNES"]), Some(("AFP", Byline)));
    check_marks(&boxes(&["sak/Reuters"]), Some(("Reuters", SignOff)));
    check_marks(&boxes(&["hh/ph/dpa/AFP"]), Some(("dpa", SignOff)));
    for other in [
        "AFP, the agency",
        "AFP, Reuters",
        "Jorun Example/AFP",
        "AFP/Jorun Example",
        "AFP/Getty Images",
        "Photo: AFP, KVITNES",
        "Kvitnes, AFP",
        "and/or Reuters",
    ] {
        let marks = Marks { paragraphs: &[PROSE], boxes: &[other], ..Marks::default() };
        check_marks(&marks, None);
    }
    // A list of other stories.
    check_marks(&boxes(&["AFP, KVITNES", "Reuters, VELL"]), None);
}
