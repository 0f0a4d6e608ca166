//! robots.txt bytes and an agent's name to what that agent may visit (RFC 9309). Pure.

use std::time::Duration;

/// Bytes of a robots.txt that count. RFC 9309 §2.5 asks for at least 500 KiB; what follows is not read.
pub const ROBOTS_BYTES_MAX: usize = 512 << 10;

/// Rules kept for one agent: a hundred times what large newsrooms write, and still matched in milliseconds.
const RULES_MAX: usize = 10_000;

/// Sitemap lines kept, and their bytes: what a hostile file can make us remember is bounded.
const SITEMAPS_MAX: usize = 100;
const SITEMAP_BYTES_MAX: usize = 2048;

/// Lines on the use of what is fetched that are kept for one agent, and their bytes.
const USES_MAX: usize = 100;
const USE_BYTES_MAX: usize = 512;

/// What one robots.txt says to one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    /// Longest pattern first, `Allow` before `Disallow` of the same length: the first match decides (RFC 9309 §2.2.2).
    rules: Vec<Rule>,
    uses: Vec<Use>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: Pattern,
}

/// `Content-Usage` or `Content-Signal`: what may be done with what is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Use {
    /// Lower case.
    name: &'static str,
    pattern: Pattern,
    value: String,
}

/// What a path is held against. `*` and a final `$` have their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// As [`normal`] says.
    text: String,
    /// True where it speaks of the query: there `:` and `%3A` are the same (RFC 9309 §2.2.2, second example).
    in_query: bool,
}

/// A path in the two forms that patterns are held against.
struct Path {
    path: String,
    plain_query: String,
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
        let rules = vec![Rule { allow: false, pattern: Pattern::of(b"/") }];
        Self { rules, ..Self::default() }
    }

    /// Reads a file for the agent whose product token is `agent`. Whatever it is, it has a meaning: lines that are none
    /// are skipped.
    ///
    /// All groups that name the agent are one group; the groups of `*` count only where none does (RFC 9309 §2.2.1).
    pub fn parse(bytes: &[u8], agent: &str) -> Self {
        Self::parse_within(bytes, agent, ROBOTS_BYTES_MAX as u64)
    }

    /// The same, with other bytes of it read than [`ROBOTS_BYTES_MAX`].
    pub(super) fn parse_within(bytes: &[u8], agent: &str, bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let mut own = Draft::default();
        let mut all = Draft::default();
        let mut sitemaps = Vec::new();
        let (mut in_own, mut in_all, mut naming) = (false, false, false);
        for (key, value) in lines(bytes, bytes_max) {
            let key = Key::of(key);
            if key == Key::Agent {
                if !naming {
                    (in_own, in_all, naming) = (false, false, true);
                }
                in_own |= token(value).eq_ignore_ascii_case(agent.as_bytes());
                in_all |= matches!(value, [b'*'] | [b'*', b' ' | b'\t', ..]);
                own.named |= in_own;
                continue;
            }
            let Some(line) = Line::read(key, value) else {
                let fits = sitemaps.len() < SITEMAPS_MAX && value.len() <= SITEMAP_BYTES_MAX;
                if fits && key == Key::Sitemap {
                    sitemaps.push(String::from_utf8_lossy(value).into_owned());
                }
                continue; // records that are not rules end no group (RFC 9309 §2.2.4)
            };
            naming &= matches!(line, Line::Delay(_));
            if in_own {
                own.take(&line);
            }
            if in_all {
                all.take(&line);
            }
        }
        let Draft { mut rules, uses, crawl_delay, .. } = if own.named { own } else { all };
        let len = |rule: &Rule| rule.pattern.text.len();
        rules.sort_by(|a, b| len(b).cmp(&len(a)).then(b.allow.cmp(&a.allow)));
        Self { rules, uses, crawl_delay, sitemaps }
    }

    /// May the agent fetch this path? `path` is what stands behind the authority, query included: `/a?b=c`.
    /// The longest matching pattern decides; of equals, `Allow`. `/robots.txt` itself is always allowed.
    pub fn verdict(&self, path: &str) -> Verdict {
        if path == "/robots.txt" {
            return Verdict { allowed: true, rule: None };
        }
        let path = Path::of(path);
        match self.rules.iter().find(|rule| rule.pattern.matches(&path)) {
            None => Verdict { allowed: true, rule: None },
            Some(rule) => {
                let word = if rule.allow { "Allow" } else { "Disallow" };
                let said = format!("{word}: {}", rule.pattern.text);
                Verdict { allowed: rule.allow, rule: Some(said) }
            }
        }
    }

    /// What it says of the use of this path: `content-usage` and `content-signal` with their values. Of each name the lines
    /// with the longest matching path count, all of them where there are several.
    pub fn uses(&self, path: &str) -> Vec<(&'static str, &str)> {
        let path = Path::of(path);
        let holding: Vec<&Use> =
            self.uses.iter().filter(|one| one.pattern.matches(&path)).collect();
        let longest = |name: &str| {
            let of_name = holding.iter().filter(|one| one.name == name);
            of_name.map(|one| one.pattern.text.len()).max()
        };
        let counts = |one: &&&Use| Some(one.pattern.text.len()) == longest(one.name);
        holding.iter().filter(counts).map(|one| (one.name, one.value.as_str())).collect()
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
    uses: Vec<Use>,
    crawl_delay: Option<Duration>,
}

impl Draft {
    fn take(&mut self, line: &Line) {
        match line {
            Line::Rule(rule) if self.rules.len() < RULES_MAX => self.rules.push(rule.clone()),
            Line::Use(one) if self.uses.len() < USES_MAX => self.uses.push(one.clone()),
            Line::Delay(delay) => self.crawl_delay = self.crawl_delay.max(Some(*delay)),
            Line::Rule(_) | Line::Use(_) | Line::Nothing => {}
        }
    }
}

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Agent,
    Allow,
    Disallow,
    CrawlDelay,
    Sitemap,
    Use(&'static str),
    Other,
}

impl Key {
    /// Misspellings count where webmasters are known to make them: who wrote `Dissallow` meant it.
    fn of(key: &[u8]) -> Self {
        match key.to_ascii_lowercase().as_slice() {
            b"user-agent" | b"useragent" | b"user agent" => Self::Agent,
            b"allow" => Self::Allow,
            b"disallow" | b"dissallow" | b"dissalow" | b"disalow" | b"diasllow" | b"disallaw" => {
                Self::Disallow
            }
            b"crawl-delay" | b"crawldelay" => Self::CrawlDelay,
            b"sitemap" | b"site-map" => Self::Sitemap,
            b"content-usage" => Self::Use("content-usage"),
            b"content-signal" => Self::Use("content-signal"),
            _ => Self::Other,
        }
    }
}

enum Line {
    Rule(Rule),
    Use(Use),
    /// `Disallow:` with nothing behind it forbids nothing, but it is a rule line all the same.
    Nothing,
    Delay(Duration),
}

impl Line {
    fn read(key: Key, value: &[u8]) -> Option<Self> {
        match key {
            Key::Allow | Key::Disallow if value.is_empty() => Some(Self::Nothing),
            Key::Allow | Key::Disallow => {
                let (allow, pattern) = (key == Key::Allow, Pattern::of(value));
                Some(Self::Rule(Rule { allow, pattern }))
            }
            Key::CrawlDelay => {
                let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
                Duration::try_from_secs_f64(seconds).ok().map(Self::Delay)
            }
            Key::Use(name) => {
                Use::read(name, value).map_or(Some(Self::Nothing), |one| Some(Self::Use(one)))
            }
            Key::Agent | Key::Sitemap | Key::Other => None,
        }
    }
}

impl Use {
    /// `train-ai=n` for the whole site, `/news/ train-ai=n` for a path.
    fn read(name: &'static str, value: &[u8]) -> Option<Self> {
        let value = std::str::from_utf8(value).ok().filter(|value| value.len() <= USE_BYTES_MAX)?;
        let (path, value) = match value.split_once([' ', '\t']) {
            Some((path, value)) if path.starts_with(['/', '*']) => (path, value.trim()),
            _ => ("/", value),
        };
        let pattern = Pattern::of(path.as_bytes());
        (!value.is_empty()).then(|| Self { name, pattern, value: value.to_owned() })
    }
}

impl Pattern {
    fn of(bytes: &[u8]) -> Self {
        let in_query = bytes.contains(&b'?');
        let mut text = normal(bytes, true, in_query);
        if !text.starts_with(['/', '*']) {
            text.insert(0, '/');
        }
        Self { text, in_query }
    }

    fn matches(&self, path: &Path) -> bool {
        matches(&self.text, if self.in_query { &path.plain_query } else { &path.path })
    }
}

impl Path {
    fn of(path: &str) -> Self {
        let bytes = path.as_bytes();
        Self { path: normal(bytes, false, false), plain_query: normal(bytes, false, true) }
    }
}

/// Does the pattern of another file that takes its patterns from robots.txt match this path?
pub(super) fn covers(pattern: &str, path: &str) -> bool {
    Pattern::of(pattern.as_bytes()).matches(&Path::of(path))
}

/// Keys and values of the lines, without comments, blanks and byte order mark. `Disallow /a` lacks its colon, and is read as it
/// was meant.
fn lines(bytes: &[u8], bytes_max: usize) -> impl Iterator<Item = (&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let read = if bytes.len() > bytes_max {
        // The line at the cut is not whole: "Disallow: /a" must not become "Disallow: /".
        let head = &bytes[..bytes_max];
        let end = head.iter().rposition(|&b| matches!(b, b'\n' | b'\r')).unwrap_or(0);
        &head[..end]
    } else {
        bytes
    };
    read.split(|&b| matches!(b, b'\n' | b'\r')).filter_map(|line| {
        let line = line.split(|&b| b == b'#').next().unwrap_or(line);
        if let Some(colon) = line.iter().position(|&b| b == b':') {
            return Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()));
        }
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let two = (words.next()?, words.next()?);
        words.next().is_none().then_some(two)
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
/// `%24`, so that a pattern can name them (§2.2.3). With `plain_query` the delimiters of an address stand unencoded behind the
/// first `?`: there they delimit nothing.
fn normal(bytes: &[u8], is_pattern: bool, plain_query: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len());
    let encode = |byte: u8, out: &mut String| {
        out.push('%');
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    };
    let (mut at, mut in_query) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hex_pair(bytes, at + 1)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(inner) if is_unreserved(inner) || (in_query && is_delimiter(inner)) => {
                out.push(char::from(inner));
            }
            Some(inner) => encode(inner, &mut out),
            None if matches!(byte, b'*' | b'$') && !is_pattern => encode(byte, &mut out),
            None if is_unreserved(byte) || is_reserved(byte) || byte == b'%' => {
                out.push(char::from(byte));
            }
            None => encode(byte, &mut out),
        }
        in_query |= plain_query && byte == b'?';
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

/// RFC 3986 §2.2, `gen-delims`.
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@')
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
mod tests;
