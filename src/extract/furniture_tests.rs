//! A table of furniture: what goes in, what is left.

use super::*;

const LEAD: &str = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the press.";
const MORE: &str = "Nobody was hurt, but two ships had to wait outside until the evening, when a tug of the coast guard came to help them in.";
const LAST: &str = "The crane had been checked in May, and the harbour master said that he had seen nothing wrong with it then, or since then.";

fn check(lines: &[&str], expected: &[&str]) {
    let blocks = lines
        .iter()
        .map(|line| match line.strip_prefix("## ") {
            Some(head) => Block { text: head.to_owned(), kind: BlockKind::Heading },
            None => Block { text: (*line).to_owned(), kind: BlockKind::Paragraph },
        })
        .collect();
    let titles = ["Crane falls in Kvitnes".to_owned()];
    let authors = ["Jorun Example".to_owned()];
    let agencies = [wire::Agency::named("NORPRESS", &[])];
    let known = Known {
        titles: &titles,
        authors: &authors,
        byline: Some("By Jorun Example, Herald"),
        agencies: &agencies,
    };
    let left = cut(blocks, &known);
    let got: Vec<&str> = left.kept.iter().map(|block| block.text.as_str()).collect();
    assert_eq!(got, expected, "{lines:?}");
}

/// The rule's line on top of a story is cut.
fn top(line: &str) {
    check(&[line, LEAD, MORE], &[LEAD, MORE]);
}

/// The rule's line under a story is cut.
fn end(line: &str) {
    check(&[LEAD, MORE, line], &[LEAD, MORE]);
}

/// The rule's line inside a story is cut.
fn inside(line: &str) {
    check(&[LEAD, line, MORE], &[LEAD, MORE]);
}

#[test]
fn furniture_goes_from_the_top() {
    for line in [
        "Skip to main content",
        "Crane falls in Kvitnes",
        "CRANE FALLS IN “KVITNES”",
        "5 min",
        "Share",
        "By Jorun Example, Herald",
        "Jorun Example",
        "By Odd Sample",
        "Issued on: 12/10/2016 - 18:05",
        "Jorun Example, AFP | A general view of the harbour",
    ] {
        top(line);
    }
    check(
        &["Home", "News", "Crane falls in Kvitnes", "By Odd Sample", "5 min", LEAD, MORE],
        &[LEAD, MORE],
    );
}

#[test]
fn furniture_goes_from_the_end() {
    for line in [
        "© 2024 Herald. All rights reserved.",
        "Share",
        "Tags: Harbour, Cranes",
        "## More about cranes",
        "Jorun Example",
        "Daily newsletter",
    ] {
        end(line);
    }
}

#[test]
fn boxes_go_from_inside() {
    for line in [
        "Daily newsletter",
        "Receive essential international news every morning",
        "Read also: A harbour is built",
        "Advertisement",
        "Photo: Jorun Example / AFP",
        "This content is hosted by a third party. By showing the external content you accept the terms.",
    ] {
        inside(line);
    }
}

#[test]
fn what_belongs_to_the_story_stays() {
    for line in [
        "## Two ships wait outside",
        "\"It fell,\" he said.",
        "He died.",
        "The photo, released by AFP on Monday, shows the crane in the water of the harbour.",
        "The coast guard [in Ostby, to the north] sent a tug.",
    ] {
        let bare = line.strip_prefix("## ").unwrap_or(line);
        check(&[LEAD, line, MORE], &[LEAD, bare, MORE]);
    }
}

#[test]
fn a_missing_page_below_a_story_is_cut_and_above_nothing_is_the_page() {
    let gone =
        ["Page not found", "The content you requested does not exist or is not available anymore."];
    let blocks = |lines: &[&str]| -> Vec<Block> {
        lines.iter().map(|l| Block { text: (*l).to_owned(), kind: BlockKind::Paragraph }).collect()
    };
    let under = cut(
        blocks(&[LEAD, MORE, LAST, gone[0], gone[1], "Back to the front page"]),
        &Known::default(),
    );
    assert_eq!(under.not_found, Some(NotFound::Stray));
    assert_eq!(under.kept.last().map(|b| b.text.as_str()), Some(LAST));
    let alone = cut(blocks(&gone), &Known::default());
    assert_eq!(alone.not_found, Some(NotFound::Instead));
    assert_eq!(cut(blocks(&[LEAD, MORE]), &Known::default()).not_found, None);
}

#[test]
fn credits_leave_the_text_and_are_kept_aside() {
    let blocks = |lines: &[&str]| -> Vec<Block> {
        lines.iter().map(|l| Block { text: (*l).to_owned(), kind: BlockKind::Paragraph }).collect()
    };
    let left = cut(
        blocks(&[
            "AFP",
            LEAD,
            MORE,
            "(Reporting by Jorun Sample; Editing by Odd Sample)",
            "© 2024 Herald",
        ]),
        &Known::default(),
    );
    let kept: Vec<&str> = left.kept.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(kept, [LEAD, MORE]);
    assert_eq!(left.top, ["AFP"]);
    assert_eq!(left.tail, ["(Reporting by Jorun Sample; Editing by Odd Sample)", "© 2024 Herald"]);
    for line in [
        "mit dpa",
        "With files from The Canadian Press",
        "Quelle: dpa",
        "(AFP)",
        "hh/ph (AFP)",
        "(NORPRESS)",
        "Subscribe to continue reading",
        "with agencies",
    ] {
        end(line);
    }
    check(&["Cranes", "Harbour Crane falls in Kvitnes", LEAD, MORE], &[LEAD, MORE]);
}
