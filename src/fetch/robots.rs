//! robots.txt bytes and an agent's name to what that agent may visit (RFC 9309). Pure.

use std::time::Duration;

/// Bytes of a robots.txt that count. RFC 9309 §2.5 asks for at least 500 KiB; what follows is not read.
pub const ROBOTS_BYTES_MAX: usize = 512 << 10;

/// Rules kept for one agent: a hundred times what large newsrooms write, and still matched in milliseconds.
const RULES_MAX: usize = 10_000;

/// Sitemap lines kept, and their bytes: what a hostile file can make us remember is bounded.
const SITEMAPS_MAX: usize = 100;
const SITEMAP_BYTES_MAX: usize = 2048;

/// What one robots.txt says to one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    /// Longest pattern first, `Allow` before `Disallow` of the same length: the first match decides (RFC 9309 §2.2.2).
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// Normalised as [`normal`] says; `*` and a final `$` keep their meaning.
    pattern: String,
}

/// The answer for one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// May it be fetched?
    pub allowed: bool,
    /// The line that decided, `Disallow: /private`; `None` where no line matched, which means yes.
    pub rule: Option<String>,
}

impl Robots {
    /// The file that forbids everything: what a server error means (RFC 9309 §2.3.1.4).
    pub fn forbid_all() -> Self {
        let rules = vec![Rule { allow: false, pattern: "/".to_owned() }];
        Self { rules, ..Self::default() }
    }

    /// Reads a file for the agent whose product token is `agent`. Whatever it is, it has a meaning: lines that are none
    /// are skipped.
    ///
    /// All groups that name the agent are one group; the groups of `*` count only where none does (RFC 9309 §2.2.1).
    pub fn parse(bytes: &[u8], agent: &str) -> Self {
        let mut own = Draft::default();
        let mut all = Draft::default();
        let mut sitemaps = Vec::new();
        let (mut in_own, mut in_all, mut naming) = (false, false, false);
        for (key, value) in lines(bytes) {
            if key.eq_ignore_ascii_case(b"user-agent") {
                if !naming {
                    (in_own, in_all, naming) = (false, false, true);
                }
                in_own |= token(value).eq_ignore_ascii_case(agent.as_bytes());
                in_all |= value == b"*" || value.starts_with(b"* ");
                own.named |= in_own;
                continue;
            }
            let Some(line) = Line::read(key, value) else {
                let fits = sitemaps.len() < SITEMAPS_MAX && value.len() <= SITEMAP_BYTES_MAX;
                if fits && key.eq_ignore_ascii_case(b"sitemap") {
                    sitemaps.push(String::from_utf8_lossy(value).into_owned());
                }
                continue; // records that are not rules end no group (RFC 9309 §2.2.4)
            };
            naming &= !matches!(line, Line::Rule(_) | Line::Nothing);
            if in_own {
                own.take(&line);
            }
            if in_all {
                all.take(&line);
            }
        }
        let Draft { mut rules, crawl_delay, .. } = if own.named { own } else { all };
        rules.sort_by(|a, b| b.pattern.len().cmp(&a.pattern.len()).then(b.allow.cmp(&a.allow)));
        Self { rules, crawl_delay, sitemaps }
    }

    /// May the agent fetch this path? `path` is what stands behind the authority, query included: `/a?b=c`.
    /// The longest matching pattern decides; of equals, `Allow`. `/robots.txt` itself is always allowed.
    pub fn verdict(&self, path: &str) -> Verdict {
        if path == "/robots.txt" {
            return Verdict { allowed: true, rule: None };
        }
        let path = normal(path.as_bytes(), false);
        match self.rules.iter().find(|rule| matches(&rule.pattern, &path)) {
            None => Verdict { allowed: true, rule: None },
            Some(rule) => {
                let word = if rule.allow { "Allow" } else { "Disallow" };
                Verdict { allowed: rule.allow, rule: Some(format!("{word}: {}", rule.pattern)) }
            }
        }
    }

    /// `Crawl-delay` of the agent's group: the longest where there are several. Not bounded here.
    pub const fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }

    /// `Sitemap` lines, whatever group they stand in, as written.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }
}

/// The groups that concern one agent, while they are read.
#[derive(Default)]
struct Draft {
    named: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Draft {
    fn take(&mut self, line: &Line) {
        match line {
            Line::Rule(rule) if self.rules.len() < RULES_MAX => self.rules.push(rule.clone()),
            Line::Delay(delay) => self.crawl_delay = self.crawl_delay.max(Some(*delay)),
            Line::Rule(_) | Line::Nothing => {}
        }
    }
}

enum Line {
    Rule(Rule),
    /// `Disallow:` with nothing behind it forbids nothing, but it is a rule line all the same.
    Nothing,
    Delay(Duration),
}

impl Line {
    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let allow = key.eq_ignore_ascii_case(b"allow");
        if allow || key.eq_ignore_ascii_case(b"disallow") {
            if value.is_empty() {
                return Some(Self::Nothing);
            }
            let mut pattern = normal(value, true);
            if !pattern.starts_with(['/', '*']) {
                pattern.insert(0, '/');
            }
            return Some(Self::Rule(Rule { allow, pattern }));
        }
        if key.eq_ignore_ascii_case(b"crawl-delay") {
            let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
            return Duration::try_from_secs_f64(seconds).ok().map(Self::Delay);
        }
        None
    }
}

/// Keys and values of the lines that have a colon, without comments, blanks and byte order mark.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let read = if bytes.len() > ROBOTS_BYTES_MAX {
        // The line at the cut is not whole: "Disallow: /a" must not become "Disallow: /".
        let head = &bytes[..ROBOTS_BYTES_MAX];
        let end = head.iter().rposition(|&b| matches!(b, b'\n' | b'\r')).unwrap_or(0);
        &head[..end]
    } else {
        bytes
    };
    read.split(|&b| matches!(b, b'\n' | b'\r')).filter_map(|line| {
        let line = line.split(|&b| b == b'#').next().unwrap_or(line);
        let colon = line.iter().position(|&b| b == b':')?;
        Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
    })
}

/// The product token at the head of a `User-agent` value: "copytaster" of "copytaster/1.0".
fn token(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')))
        .unwrap_or(value.len());
    &value[..end]
}

/// The form in which paths and patterns are compared (RFC 9309 §2.2.2): unreserved characters unencoded, all else that
/// is not a reserved character percent-encoded in capitals. In a path `*` and `$` are plain characters and become `%2A`,
/// `%24`, so that a pattern can name them (§2.2.3).
fn normal(bytes: &[u8], is_pattern: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len());
    let encode = |byte: u8, out: &mut String| {
        out.push('%');
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    };
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hex_pair(bytes, at + 1)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(inner) if is_unreserved(inner) => out.push(char::from(inner)),
            Some(inner) => encode(inner, &mut out),
            None if matches!(byte, b'*' | b'$') && !is_pattern => encode(byte, &mut out),
            None if is_unreserved(byte) || is_reserved(byte) || byte == b'%' => {
                out.push(char::from(byte));
            }
            None => encode(byte, &mut out),
        }
    }
    out
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §2.2.
const fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'#'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}

/// Does the pattern match from the start of the path? `*` stands for any run, a final `$` for the end.
/// Leftmost matching of the pieces between the stars is exact for such patterns, and linear in the path.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return !anchored || rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if anchored && pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(found) => rest = &rest[found + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
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
}
