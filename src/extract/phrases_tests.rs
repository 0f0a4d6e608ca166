//! A table of lines for each rule: which are a page's, which are prose.

use super::*;

fn all(rule: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
    for line in yes {
        assert!(rule(line), "{line}");
    }
    for line in no {
        assert!(!rule(line), "{line}");
    }
}

#[test]
fn labels_are_whole_lines() {
    all(
        is_label,
        &[
            "Skip to main content",
            "SHARE",
            "5 min",
            "5 min read",
            "Reading time: 5 minutes",
            "Lesezeit: 3 Min.",
            "Temps de lecture : 4 min",
            "Anzeige",
            "* * *",
            "Read more »",
            "3min",
            "12 comments",
            "Kommentare (3)",
            "コメント12件",
        ],
        &[
            "Share prices fell",
            "Five minutes later he was gone",
            "12 comments were made",
            "The 5 min delay cost him the race",
            "He read it in 5 minutes and left the room at once",
        ],
    );
}

#[test]
fn boxes_and_notices_are_known_by_their_words() {
    all(
        |line| is_newsletter(line, &[]),
        &[
            "Daily newsletter",
            "Receive essential international news every morning",
            "Sign up for our newsletter and get it all",
            "Abonnieren Sie unseren Newsletter",
        ],
        &[
            "The town's newsletter said on Monday that the harbour was closed",
            "He had to sign up for the army",
            "The ministry sends its briefing to the towns every morning.",
            "His inbox was full of offers for free boats.",
        ],
    );
    all(
        |line| is_consent(line, &[]),
        &[
            "This content is hosted by a third party. By showing it you accept.",
            "We use cookies to make this better",
        ],
        &[
            "She bakes cookies for the town",
            "The court found that the Herald uses cookies to follow people over other sites, and fined it on Monday.",
            "“We use cookies to make this better,” the harbour master said when he was asked about the new page.",
        ],
    );
    let about = ["Herald fined over cookies".to_owned()];
    assert!(!is_consent("We use cookies and so do you, said the banner.", &about));
    assert!(!is_newsletter("Our newsletter is free", &["A newsletter for harbours".to_owned()]));
    all(
        points_elsewhere,
        &[
            "Read also: Crane falls in Kvitnes",
            "Lire aussi Une grue tombe",
            "Lesen Sie auch: Kran gestürzt",
            ">> READ MORE: Crane falls",
        ],
        &["Read alsoran", "More people came", "Watches were stolen"],
    );
}

#[test]
fn missing_pages_and_walls_are_known() {
    all(
        says_not_found,
        &[
            "Page not found",
            "404",
            "Error 404",
            "The content you requested does not exist or is not available anymore.",
            "Seite nicht gefunden",
            "Sorry - Page not found",
        ],
        &[
            "The missing page of the diary was not found by the police, they said on Monday evening",
            "Nothing",
        ],
    );
    all(
        says_wall,
        &[
            "Subscribe to continue reading",
            "Already a subscriber? Log in",
            "Article réservé aux abonnés",
        ],
        &[
            "Subscribers rose to two million",
            "She told the children of Kvitnes to keep reading over the summer, and promised them a new library.",
        ],
    );
}

#[test]
fn lines_that_say_who_and_when() {
    all(
        is_byline_label,
        &["By Jorun Example", "By JORUN EXAMPLE and ODD SAMPLE", "Von Jorun Example"],
        &["By now it was over", "By Monday evening the harbour was open.", "Von dort kam er"],
    );
    all(
        is_date_line,
        &[
            "Issued on: 12/10/2016 - 18:05",
            "Published 2:07 p.m., Monday, November 18, 2019",
            "12. Oktober 2016, 18:05 Uhr",
            "2016-10-12T18:05:00Z",
            "Modified: 12/10/2016",
        ],
        &["On October 12, 2016, the harbour closed", "In 2016", "today"],
    );
    all(
        is_end_label,
        &[
            "© 2024 Herald. All rights reserved.",
            "Topics: Harbour, Cranes",
            "(dmk)",
            "[hh/ph]",
            "Tags",
            "Jorun Example in Kvitnes and Odd Sample reported from Ostby",
        ],
        &[
            "Copyrighted works were at stake, the lawyer said",
            "Two more cases of the fever were reported from Ostby on Monday.",
        ],
    );
}
