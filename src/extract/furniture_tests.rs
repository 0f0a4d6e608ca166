//! A table of furniture: what goes in, what is left.

use super::*;

const LEAD: &str = "The harbour of Kvitnes was closed on Monday after a crane fell over, the town said in a statement to the press.";
const MORE: &str = "Nobody was hurt, but two ships had to wait outside until the evening, when a tug of the coast guard came to help them in.";
const LAST: &str = "The crane had been checked in May, and the harbour master said that he had seen nothing wrong with it then, or since then.";

fn check(lines: &[&str], expected: &[&str]) {
    assert_eq!(kept(lines), expected, "{lines:?}");
}

/// What the cut leaves of these lines.
fn kept(lines: &[&str]) -> Vec<String> {
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
        bodies: &[],
        agencies: &agencies,
    };
    cut(blocks, &known).kept.into_iter().map(|block| block.text).collect()
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

/// A line that holds the phrase as its section says, and nothing that another rule would cut.
fn example(how: phrases::How, phrase: &str) -> String {
    match how {
        phrases::How::Line => phrase.to_owned(),
        phrases::How::Start if phrase.ends_with(char::is_alphanumeric) => {
            format!("{phrase}: Ostby")
        }
        phrases::How::Start => format!("{phrase} Ostby"),
        phrases::How::Within => format!("Here {phrase} Ostby"),
    }
}

/// Whether a phrase of a kind is cut where the kind is.
fn is_cut(kind: &str, how: phrases::How, phrase: &str) -> bool {
    let said = example(how, phrase);
    let inside = |line: &str| kept(&[LEAD, line, MORE]) == [LEAD, MORE];
    let at_end = |line: &str| kept(&[LEAD, MORE, line]) == [LEAD, MORE];
    match kind {
        "skip_link" | "share" | "advertisement" | "player" | "comments" | "elsewhere"
        | "consent" | "newsletter" => {
            kept(&[&said, LEAD, MORE]) == [LEAD, MORE] && inside(&said) && at_end(&said)
        }
        "newsletter_label" => inside(&format!("{phrase} Ostby")),
        "newsletter_word" => inside(&format!("Subscribe to it: {phrase}")),
        "newsletter_act" => inside(&format!("Newsletter: {phrase}")),
        "box" => {
            kept(&[LEAD, MORE, LAST, &said, "A harbour is built", "Ostby"]) == [LEAD, MORE, LAST]
        }
        "wall" => kept(&[LEAD, MORE, &said, "Offers", "Help"]) == [LEAD, MORE],
        "end_label" => at_end(&said),
        "bio" => at_end(&format!("Jorun Example {phrase} the harbour of Ostby for the Herald.")),
        "helper" => at_end(&format!("Odd Sample {phrase} Ostby")),
        "rights" => {
            kept(&[&format!("Herald {phrase} Ostby"), &format!("Ostby {phrase}")]).is_empty()
        }
        "reader" => inside(&format!(
            "The next issue of the newsletter of the town of Ostby is for {phrase} to register and to read."
        )),
        "not_found" => phrases::says_not_found(phrase),
        "date_word" => phrases::is_date_line(&format!("12 {phrase} 2016")),
        other => panic!("[{other}] is no kind"),
    }
}

#[test]
fn every_phrase_of_the_data_is_cut_where_its_kind_is() {
    let mut idle = Vec::new();
    for (kind, how, phrases) in phrases::sections(phrases::DATA) {
        assert!(!phrases.is_empty(), "[{kind}] is empty");
        idle.extend(
            phrases
                .into_iter()
                .filter(|phrase| !is_cut(kind, how, phrase))
                .map(|phrase| (kind, phrase)),
        );
    }
    assert!(idle.is_empty(), "these cut nothing: {idle:#?}");
}

/// What a phrase is part of, in prose, is no furniture.
#[test]
fn no_phrase_of_a_label_cuts_the_sentence_it_stands_in() {
    let mut greedy = Vec::new();
    for (kind, how, phrases) in phrases::sections(phrases::DATA) {
        for phrase in phrases.into_iter().filter(|_| how == phrases::How::Line) {
            let line = format!(
                "The harbour master spoke of {phrase} when he was asked on Monday what it was that he saw."
            );
            if kept(&[LEAD, &line, MORE]) != [LEAD, &line, MORE] {
                greedy.push((kind, phrase));
            }
        }
    }
    assert!(greedy.is_empty(), "these cut prose: {greedy:#?}");
}

#[test]
fn the_data_has_only_lines_of_its_form() {
    let mut open = false;
    for line in phrases::DATA.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            let head = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).unwrap();
            let (_, how) = head.split_once(' ').unwrap();
            assert!(["line", "start", "within"].contains(&how), "{line}");
            open = true;
        } else {
            assert!(open && !line.contains(['"', '[']) && !line.ends_with(';'), "{line}");
        }
    }
}

#[test]
fn the_foot_of_a_page_alone_is_no_story_and_a_story_about_rights_is_one() {
    let foot =
        "The Herald logo is a registered trademark of Herald Inc. in the land and elsewhere.";
    check(
        &[foot, "© 2016 Herald Inc. All rights reserved. Names belong to those who have them."],
        &[],
    );
    check(&[LEAD, foot, MORE], &[LEAD, foot, MORE]);
}

#[test]
fn a_box_about_an_author_goes_and_a_sentence_about_somebody_else_stays() {
    end(
        "Jorun Example is a reporter at the Herald and lives in Ostby. She has written of cranes since 2009.",
    );
    for line in ["Odd Sample is a pilot of the harbour.", "Jorun Example isolated it."] {
        check(&[LEAD, MORE, line], &[LEAD, MORE, line]);
    }
}

#[test]
fn a_list_of_topics_goes_from_the_end() {
    for line in ["#Harbour #Cranes", "Harbour | Cranes | Norland coast", "Harbour • Cranes • Ostby"]
    {
        end(line);
    }
    let prose =
        "He called it #harbour and left | so they say | at once in the evening of that day.";
    check(&[LEAD, MORE, prose], &[LEAD, MORE, prose]);
}

#[test]
fn a_last_line_of_names_goes() {
    for line in ["Odd Sample", "Herald / Norland Post", "Odd Sample, Ivar Ødegård"] {
        end(line);
    }
    for line in ["Ostby", "Odd Sample came", "Odd Sample."] {
        check(&[LEAD, MORE, line], &[LEAD, MORE, line]);
    }
}

#[test]
fn a_box_at_the_end_goes_whole_and_inside_a_story_stays() {
    check(
        &[LEAD, MORE, LAST, "More Great Herald Stories", "A harbour is built", "Ostby waits"],
        &[LEAD, MORE, LAST],
    );
    check(&["“Sources”", LEAD, MORE], &["“Sources”", LEAD, MORE]);
    check(&[LEAD, "References", MORE, LAST], &[LEAD, "References", MORE, LAST]);
}

#[test]
fn what_stands_below_a_wall_is_cut_but_not_the_rest_of_a_free_story() {
    let wall = "Already a subscriber? Log in";
    check(&[LEAD, MORE, wall, "Offers", "1 month"], &[LEAD, MORE]);
    check(&[LEAD, wall, MORE, LAST], &[LEAD, wall, MORE, LAST]);
}

#[test]
fn decks_and_labels_above_the_first_paragraph_go() {
    check(&["Ships wait until the evening", "Harbour master surprised", LEAD, MORE], &[LEAD, MORE]);
    check(&["## In short", LEAD, MORE], &[LEAD, MORE]);
    check(&["## They part", LEAD, "## They meet", MORE], &["They part", LEAD, "They meet", MORE]);
    check(&["Agencies", LEAD, MORE], &[LEAD, MORE]);
    for sentence in
        ["\"It fell,\" he said.", "Wer war es?", "KVITNES, Norland (Alba)", "What is known:"]
    {
        check(&[sentence, LEAD, MORE], &[sentence, LEAD, MORE]);
    }
    let many = ["Cod", "Herring", "Crab", "Ling", LEAD, MORE];
    check(&many, &many);
    let verses = ["The harbour lies in the morning light", "and nobody comes to see", LEAD];
    check(&verses[..2], &verses[..2]);
    check(&[verses[0], LEAD], &[verses[0], LEAD]);
}

#[test]
fn what_stands_below_the_body_the_page_names_goes_and_its_credit_is_kept() {
    let blocks = |lines: &[&str]| -> Vec<Block> {
        lines.iter().map(|l| Block { text: (*l).to_owned(), kind: BlockKind::Paragraph }).collect()
    };
    let fourth = "It is to be taken apart on the quay where it lies, which nobody in the town has done before, and sold to a yard at Ostby.";
    let page =
        [LEAD, MORE, LAST, fourth, "Tell us what you have seen of it.", "With material of NAP"];
    let ends = |body: &[&str], kept: usize| {
        let bodies = [blocks(body)];
        let cut = cut(blocks(&page), &Known { bodies: &bodies, ..Known::default() });
        let left: Vec<&str> = cut.kept.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(left, page[..kept], "{body:?}");
        assert!(kept == page.len() || cut.tail.contains(&page[5].to_owned()), "{:?}", cut.tail);
    };
    // However it parts its lines.
    ends(&[LEAD, MORE, LAST, fourth], 4);
    ends(&[&format!("Crane falls {LEAD} {MORE} {LAST} {fourth}")], 4);
    ends(&[LEAD, MORE, LAST, fourth, "A reader says: mine stands"], 6);
    ends(&[LEAD, MORE, LAST, &fourth[..40]], 6);
    ends(&[LEAD, MORE], 6);
    ends(&[], 6);
}
