//! The table of robots.txt: what RFC 9309 says and what Google says beyond it, case by case.

use super::*;

fn check(file: &str, path: &str, allowed: bool) {
    let verdict = Robots::parse(file.as_bytes(), "copytaster").verdict(path);
    assert_eq!(verdict.allowed, allowed, "{path} under {file:?}: {verdict:?}");
}

#[test]
fn the_own_group_beats_the_star_and_groups_of_one_name_are_one() {
    let file = "User-agent: *\nDisallow: /\n\nUser-agent: copytaster\nDisallow: /a\n\n\
                User-agent: other\nDisallow: /c\n\nUser-Agent: CopyTaster/2.0\nDisallow: /b\n";
    for (path, allowed) in [("/", true), ("/a", false), ("/b1", false), ("/c", true)] {
        check(file, path, allowed);
    }
}

#[test]
fn a_group_may_have_several_names_and_a_name_is_no_prefix() {
    check("User-agent: x\nUser-agent: copytaster\nDisallow: /\n", "/a", false);
    check("User-agent: copytasterbot\nDisallow: /\n", "/a", true);
    check("User-agent: copy\nDisallow: /\n", "/a", true);
    check("User-agent: *\nDisallow: /a\nUser-agent: copytaster\nDisallow:\n", "/a", true);
}

#[test]
fn the_longest_pattern_decides_and_allow_wins_a_tie() {
    let file = "User-agent: *\nDisallow: /news\nAllow: /news/world\nDisallow: /news/world/x\n";
    for (path, allowed) in [
        ("/news", false),
        ("/newsroom", false),
        ("/news/world", true),
        ("/news/world/x1", false),
        ("/sport", true),
    ] {
        check(file, path, allowed);
    }
    check("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", true);
    check("User-agent: *\nAllow: /p\nDisallow: /\n", "/page", true);
}

#[test]
fn stars_and_the_end_mark_mean_what_the_rfc_says() {
    let table = [
        ("/*.php$", "/index.php", false),
        ("/*.php$", "/index.php?x=1", true),
        ("/*.php", "/index.php?x=1", false),
        ("/fish*", "/fishheads/yummy.html", false),
        ("/fish*", "/Fish.asp", true),
        ("/*/print/*", "/2016/print/4", false),
        ("/*/print/*", "/print/4", true),
        ("/$", "/", false),
        ("/$", "/a", true),
        ("*a*a$", "/aa", false),
        ("*a*a$", "/a", true),
        ("*ab*b$", "/ab", true),
        ("print", "/print", false),
        ("/a$b", "/a$b", true),
    ];
    for (pattern, path, allowed) in table {
        check(&format!("User-agent: *\nDisallow: {pattern}\n"), path, allowed);
    }
}

#[test]
fn encoded_and_plain_forms_of_a_path_are_the_same() {
    let table = [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", false),
        ("/ツ", "/%E3%83%84", false),
        ("/%e3%83%84", "/%E3%83%84", false),
        ("/%7Ejoe", "/~joe", false),
        ("/~joe", "/%7ejoe", false),
        ("/a%2Fb", "/a/b", true),
        ("/a%2fb", "/a%2Fb", false),
        ("/file-with-a-%2A.html", "/file-with-a-*.html", false),
        ("/foo-%24", "/foo-$", false),
        ("/100%", "/100%", false),
    ];
    for (pattern, path, allowed) in table {
        check(&format!("User-agent: *\nDisallow: {pattern}\n"), path, allowed);
    }
}

#[test]
fn marks_line_ends_comments_and_rubbish_do_no_harm() {
    check("\u{feff}User-agent: *\r\nDisallow: /a # why\r\n", "/a", false);
    check("user-AGENT :copytaster\rDISALLOW:/a\r", "/a", false);
    check("# Disallow: /\nUser-agent: *\n\n\nDisallow: /a\n", "/b", true);
    check("# Disallow: /\nUser-agent: *\n\n\nDisallow: /a\n", "/a", false);
    check("<html><body>Disallow: /</body></html>", "/", true);
    check("Disallow: /\nUser-agent: *\nAllow: /\n", "/a", true);
    check("", "/", true);
    check("User-agent: *\nDisallow: /\n", "/robots.txt", true);
    let binary: Vec<u8> = (0..=255).cycle().take(9000).collect();
    assert!(Robots::parse(&binary, "copytaster").verdict("/").allowed);
}

#[test]
fn other_records_end_no_group() {
    let file = "User-agent: copytaster\nSitemap: https://w.test/s.xml\nCrawl-delay: 1.5\n\
                User-agent: b\nDisallow: /\n";
    let robots = Robots::parse(file.as_bytes(), "copytaster");
    assert!(!robots.verdict("/a").allowed);
    assert_eq!(robots.crawl_delay(), Some(Duration::from_millis(1500)));
    assert_eq!(robots.sitemaps(), ["https://w.test/s.xml"]);
}

#[test]
fn a_delay_that_is_no_number_of_seconds_is_none() {
    for bad in ["-1", "NaN", "inf", "1e400", "soon", ""] {
        let file = format!("User-agent: *\nCrawl-delay: {bad}\n");
        assert_eq!(Robots::parse(file.as_bytes(), "x").crawl_delay(), None, "{bad}");
    }
}

#[test]
fn what_stands_behind_512_kib_is_not_read_and_the_cut_line_is_dropped() {
    let mut file = b"User-agent: *\nDisallow: /a\n".to_vec();
    file.resize(ROBOTS_BYTES_MAX - 11, b'\n');
    file.extend_from_slice(b"Disallow: /b\nDisallow: /c\n");
    let robots = Robots::parse(&file, "copytaster");
    let says = |path: &str| robots.verdict(path).allowed;
    assert_eq!((says("/a"), says("/b"), says("/x"), says("/c")), (false, true, true, true));
}

#[test]
fn another_bound_than_ours_is_kept_the_same_way() {
    let file = b"User-agent: *\nDisallow: /a\nDisallow: /b\n";
    let says =
        |bytes_max, path: &str| Robots::parse_within(file, "x", bytes_max).verdict(path).allowed;
    let whole = file.len() as u64;
    assert_eq!([says(whole, "/a"), says(whole, "/b")], [false, false]);
    assert_eq!([says(whole - 1, "/a"), says(whole - 2, "/b")], [false, true]);
}

#[test]
fn the_deciding_line_is_named() {
    let robots = Robots::parse(b"User-agent: *\nDisallow: /a*\n", "copytaster");
    assert_eq!(robots.verdict("/abc").rule.as_deref(), Some("Disallow: /a*"));
    assert_eq!(robots.verdict("/b").rule, None);
    assert!(!Robots::forbid_all().verdict("/b").allowed);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn matching_agrees_with_the_plain_definition(
        pattern in "/[ab*]{0,6}\\$?", path in "/[ab]{0,8}"
    ) {
        /// The definition, by trying every length of every star.
        fn slow(pattern: &[u8], path: &[u8]) -> bool {
            match pattern {
                [] => true,
                b"$" => path.is_empty(),
                [b'*', rest @ ..] => (0..=path.len()).any(|n| slow(rest, &path[n..])),
                [byte, rest @ ..] => path.first() == Some(byte) && slow(rest, &path[1..]),
            }
        }
        proptest::prop_assert_eq!(
            matches(&pattern, &path),
            slow(pattern.as_bytes(), path.as_bytes())
        );
    }
}

/// RFC 9309 §2.2.2: what is encoded and what is not is the same, in the path and in the query.
#[test]
fn the_examples_of_the_rfc_on_encoding_hold_in_both_directions() {
    let same = [
        ("/wire/list?day=mon", "/wire/list?day=mon"),
        ("/wire/list?at=https://alba.test", "/wire/list?at=https%3A%2F%2Falba.test"),
        ("/wire/ツ", "/wire/%E3%83%84"),
        ("/wire/%e3%83%84", "/wire/%E3%83%84"),
        ("/wire/%62%61%7a", "/wire/baz"),
    ];
    for (a, b) in same {
        check(&format!("User-agent: *\nDisallow: {a}\n"), b, false);
        check(&format!("User-agent: *\nDisallow: {b}\n"), a, false);
    }
    let apart = [("/wire/a%2fb", "/wire/a/b"), ("/wire?a=%26b", "/wire?a=&b")];
    for (a, b) in apart {
        check(&format!("User-agent: *\nDisallow: {a}\n"), b, true);
        check(&format!("User-agent: *\nDisallow: {b}\n"), a, true);
    }
    check("User-agent: *\nDisallow: */print/\n", "/a?from=/print/", false);
    check("User-agent: *\nDisallow: */print/\n", "/a?from=%2Fprint%2F", true);
}

/// RFC 9309 §2.2.3 and §5.1, the special characters and the simple example, with names of our own.
#[test]
fn the_special_characters_and_the_worked_example_of_the_rfc() {
    let file = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foxglove\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                User-Agent: barnowl\nUser-Agent: bazaar\nDisallow: /example/page.html\n\n\
                User-Agent: quiet\n\nEOF\n";
    for (agent, path, allowed) in [
        ("copytaster", "/pictures/a.gif", false),
        ("copytaster", "/pictures/a.gif?size=2", true),
        ("copytaster", "/example/page.html", false),
        ("copytaster", "/publications/1", true),
        ("foxglove", "/example/page.html", true),
        ("foxglove", "/example/allowed.gif", true),
        ("foxglove", "/publications/1", false),
        ("barnowl", "/example/page.html", false),
        ("barnowl", "/example/other.html", true),
        ("bazaar", "/example/page.html", false),
        ("quiet", "/example/page.html", true), // a group without rules forbids nothing, also not by the star's
    ] {
        let verdict = Robots::parse(file.as_bytes(), agent).verdict(path);
        assert_eq!(verdict.allowed, allowed, "{path} for {agent}");
    }
    let file = "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    check(file, "/example/page/", true);
    check(file, "/example/page/disallowed.gif", false);
}

/// Google's documented rules for the paths of rules: a table of our own over the kinds of pattern that theirs has.
#[test]
fn every_kind_of_path_pattern_that_google_documents() {
    let table: [(&str, &[&str], &[&str]); 12] = [
        ("/", &["/", "/a", "/a/b.html?c"], &[]),
        ("/*", &["/", "/a", "/a/b.html?c"], &[]),
        ("/$", &["/"], &["/a", "/?a"]),
        (
            "/kelp",
            &["/kelp", "/kelp.html", "/kelp/forest", "/kelpie", "/kelp.php?id=1"],
            &["/Kelp.asp", "/seakelp", "/?id=kelp", "/sea/kelp"],
        ),
        ("/kelp*", &["/kelp", "/kelp.html", "/kelpie/a"], &["/Kelp.asp", "/sea/kelp"]),
        (
            "/kelp/",
            &["/kelp/", "/kelp/?id=1", "/kelp/forest.html"],
            &["/kelp", "/kelp.html", "/sea/kelp", "/Kelp/Forest"],
        ),
        (
            "/*.php",
            &["/a.php", "/.php", "/sea/a.php", "/a.php?b", "/a.php5", "/sea/any.php.x"],
            &["/", "/a.PHP", "/php"],
        ),
        ("/*.php$", &["/a.php", "/sea/a.php"], &["/a.php?b", "/a.php/", "/a.php5", "/a.PHP"]),
        ("/kelp*.php", &["/kelp.php", "/kelpforest/any.php?b"], &["/Kelp.PHP", "/seakelp.php"]),
        ("/*?", &["/a?", "/a?b=c", "/?"], &["/a", "/a%3Fb"]),
        ("kelp", &["/kelp", "/kelpie"], &["/sea/kelp"]),
        ("*.xls$", &["/a.xls", "/b/c.xls"], &["/a.xlsx", "/a.xls?b"]),
    ];
    for (pattern, inside, outside) in table {
        for (paths, allowed) in [(inside, false), (outside, true)] {
            for path in paths {
                check(&format!("User-agent: *\nDisallow: {pattern}\n"), path, allowed);
                check(&format!("User-agent: *\nDisallow: /\nAllow: {pattern}\n"), path, !allowed);
            }
        }
    }
}

/// Google's order of precedence: the longest rule by its characters, `Allow` where two are equal.
#[test]
fn precedence_goes_by_length_and_then_to_the_less_restrictive() {
    for (allow, disallow, path, allowed) in [
        ("/w", "/", "/wire", true),
        ("/desk", "/desk", "/desk/a", true),
        ("/wire", "/*.htm", "/wire.htm", false),
        ("/wire", "/*.ph", "/wire.php5", true),
        ("/$", "/", "/", true),
        ("/$", "/", "/wire.htm", false),
        ("/wire/*/b", "/wire/a/", "/wire/a/b", true),
    ] {
        check(&format!("user-agent: *\nallow: {allow}\ndisallow: {disallow}\n"), path, allowed);
        check(&format!("user-agent: *\ndisallow: {disallow}\nallow: {allow}\n"), path, allowed);
    }
}

/// Google: the most specific group counts alone, groups of one name are one, version and star behind a name are no part of it.
#[test]
fn groups_are_chosen_by_name_as_google_documents() {
    let file = "user-agent: copytaster-news\ndisallow: /news\n\nuser-agent: *\ndisallow: /all\n\n\
                user-agent: copytaster\ndisallow: /own\n\nuser-agent: *\ndisallow: /too\n\n\
                user-agent: copytaster/1.2\ndisallow: /versioned\n\nuser-agent: copytaster*\ndisallow: /starred\n\n\
                user-agent: CopyTaster Bot\ndisallow: /spaced\n";
    for path in ["/own", "/versioned", "/starred", "/spaced"] {
        check(file, path, false);
    }
    for path in ["/news", "/all", "/too"] {
        check(file, path, true);
    }
    let stars = Robots::parse(file.as_bytes(), "someone");
    assert!(!stars.verdict("/all").allowed && !stars.verdict("/too").allowed);
    assert!(stars.verdict("/own").allowed);
    let lines =
        "user-agent: a\nsitemap: https://w.test/s.xml\n\nuser-agent: copytaster\ndisallow: /\n";
    assert!(
        !Robots::parse(lines.as_bytes(), "a").verdict("/x").allowed,
        "other lines end no group"
    );
    check("User-agent: * # all\nDisallow: /a\n", "/a", false);
    check("User-agent: *\tall\nDisallow: /a\n", "/a", false);
    check("User-agent: *x\nDisallow: /a\n", "/a", true);
    check("User-agent: \nDisallow: /a\n", "/a", true);
}

/// What Google's parser forgives, since webmasters write it: it can only close what was meant to be closed.
#[test]
fn misspelt_lines_and_lines_without_a_colon_are_read_as_they_were_meant() {
    for word in
        ["Disallow", "Dissallow", "Dissalow", "Disalow", "Diasllow", "Disallaw", "DISALLOW "]
    {
        check(&format!("User-agent: *\n{word}: /a\n"), "/a", false);
    }
    for agent in ["Useragent:", "User agent:", "user-agent", "USER-AGENT\t"] {
        check(&format!("{agent} *\nDisallow /a\n"), "/a", false);
    }
    check("User-agent: *\nDisallow /a b\n", "/a", true);
    check("User-agent: *\nForbid: /a\n", "/a", true);
    let file = b"site-map: https://w.test/s.xml\nSiteMap : https://w.test/t.xml\n";
    assert_eq!(
        Robots::parse(file, "x").sitemaps(),
        ["https://w.test/s.xml", "https://w.test/t.xml"]
    );
}

#[test]
fn values_keep_their_case_and_what_no_rule_names_is_open() {
    check("user-agent: *\ndisallow: /X/\n", "/x/y", true);
    check("user-agent: *\ndisallow: /X/\n", "/X/y", false);
    check("user-agent: *\nallow: /a\n", "/b", true);
    check("user-agent: *\ndisallow: /a\nuser-agent: *\nallow: /a/b\n", "/a/b/c", true);
    check("user-agent: *\n\n\n", "/", true);
}

#[test]
fn lines_on_use_are_kept_for_the_agent_and_the_longest_path_counts() {
    let file = "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n\n\
                User-agent: copytaster\nContent-Usage: train-ai=n\nContent-Usage: /open/ train-ai=y\n\
                Content-Usage: /open/*.txt bots=n\nContent-Usage: /open/*.txt train-ai=n\nContent-Usage:\nDisallow: /x\n";
    let star = Robots::parse(file.as_bytes(), "other");
    assert_eq!(star.uses("/a"), [("content-signal", "search=yes, ai-train=no")]);
    let own = Robots::parse(file.as_bytes(), "copytaster");
    assert_eq!(own.uses("/a"), [("content-usage", "train-ai=n")]);
    assert_eq!(own.uses("/open/a"), [("content-usage", "train-ai=y")]);
    let both = [("content-usage", "bots=n"), ("content-usage", "train-ai=n")];
    assert_eq!(own.uses("/open/a.txt"), both);
    let apart = "User-agent: *\nContent-Usage: train-ai=n\nUser-agent: b\nDisallow: /\n";
    check(apart, "/a", true); // a line on use is a rule: the names after it begin another group
    let many = "Content-Usage: a=n\n".repeat(USES_MAX + 5);
    assert_eq!(
        Robots::parse(format!("User-agent: *\n{many}").as_bytes(), "x").uses("/").len(),
        USES_MAX
    );
}

#[test]
fn a_hostile_file_is_read_in_time_and_bounded() {
    let stars = format!("User-agent: *\nDisallow: /{}b\n", "*a".repeat(200_000));
    let many: Vec<String> = (0..60_000).map(|n| format!("Allow:/{n}")).collect();
    for file in
        [stars, format!("User-agent: *\n{}", many.join("\n")), "User-agent: *\n".repeat(40_000)]
    {
        let robots = Robots::parse(file.as_bytes(), "copytaster");
        assert!(robots.rules.len() <= RULES_MAX);
        assert!(robots.verdict(&format!("/{}", "a".repeat(2000))).allowed);
    }
}
