//! Whole files, variables and flags to configurations and to lists of problems.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::read::parse;
use super::*;

const FILE: &str = "c.toml";

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn good(text: &str) -> Config {
    parse(FILE, text, &env(&[]), &Flags::default()).unwrap()
}

fn bad(text: &str, vars: &[(&str, &str)]) -> String {
    parse(FILE, text, &env(vars), &Flags::default()).unwrap_err().to_string()
}

/// Every line of `problems` is in what `text` gives, in order, and there is no other.
fn check(text: &str, problems: &[&str]) {
    assert_eq!(bad(text, &[]).lines().collect::<Vec<_>>(), problems);
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(good(""), Config::default());
}

#[test]
fn values_have_units_and_a_source_inherits_the_intervals() {
    let config = good(
        r#"
[crawl]
min_interval = "90s"
body_bytes_max = "4MiB"
allow_addresses = ["10.20.0.0/16", "::1"]
[[source]]
id = "northwire"
kind = "agency"
lang = "PT-br"
[[source.endpoint]]
type = "feed"
url = "https://northwire.example/rss"
[[source.endpoint]]
type = "sitemap"
url = "https://northwire.example/news.xml"
min_interval = "5m"
fetch_pages = false
"#,
    );
    assert_eq!(config.crawl.body_bytes_max, 4 << 20);
    assert_eq!(config.crawl.allow_addresses[1].to_string(), "::1/128");
    let source = &config.sources[0];
    assert_eq!((source.name.as_str(), source.lang.as_deref()), ("northwire", Some("pt-br")));
    let [feed, sitemap] = source.endpoints.as_slice() else { panic!("two endpoints") };
    assert_eq!((feed.min_interval, feed.fetch_pages), (Duration::from_secs(90), true));
    assert_eq!((sitemap.min_interval, sitemap.fetch_pages), (Duration::from_mins(5), false));
    assert_eq!(sitemap.max_interval, config.crawl.max_interval);
}

#[test]
fn all_problems_come_at_once_each_with_its_line_and_mend() {
    check(
        r#"
[crawl]
intervall = "90s"
deadline = 30
concurrency = 0
min_interval = "3h"
[detect]
window = "3 days"
[serverr]
[[source]]
name = "No id"
"#,
        &[
            "c.toml:3: unknown key `intervall` in [crawl]: did you mean `min_interval`?",
            "c.toml:4: `deadline = 30` in [crawl]: want a duration such as \"90s\", \"15m\" or \"72h\", from 1s to 30d",
            "c.toml:5: `concurrency = 0` in [crawl]: want a whole number from 1 to 512",
            "c.toml:6: min_interval 3h is longer than max_interval 2h in [crawl]: raise max_interval or lower min_interval",
            "c.toml:8: `window = \"3 days\"` in [detect]: want a duration such as \"90s\", \"15m\" or \"72h\", from 1m to 30d",
            "c.toml:9: unknown key `serverr` in the file: did you mean `server`?",
            "c.toml:10: [[source]] number 1 has no `id`: give it a short name, such as id = \"northwire\"",
        ],
    );
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    check(
        "[crawl]\ndeadline = \n",
        &["c.toml:2: not TOML: string values must be quoted, expected literal string"],
    );
}

#[test]
fn a_token_without_its_quotes_is_not_repeated() {
    let problem = bad("[server]\ntokens = [hunter2]\nlisten = 1\nlisten = 2\n", &[]);
    assert!(problem.starts_with("c.toml:2: not TOML"), "{problem}");
    assert!(problem.contains("c.toml:4: not TOML at `listen`: duplicate key"), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
}

#[test]
fn a_source_is_checked_against_the_others() {
    check(
        r#"
[[source]]
id = "afp"
[[source.endpoint]]
type = "fede"
url = "https://a.example/rss"
[[source]]
id = "afp"
kind = "agencie"
endpoint = [
  { type = "feed", url = "ftp://a.example/rss" },
  { type = "push" },
  { type = "feed", url = "https://u:p@a.example/rss" },
  { type = "feed", url = "https://b.example/rss" },
  { type = "sitemap", url = "https://b.example/rss", min_interval = "3h", max_interval = "1h" },
]
"#,
        &[
            "c.toml:5: `type = \"fede\"` in an endpoint of source \"afp\": did you mean \"feed\"? It can be \"feed\", \"sitemap\", \"page\" or \"spool\"",
            "c.toml:8: source \"afp\" stands twice, first in line 2: give one of them another id",
            "c.toml:9: `kind = \"agencie\"` in source \"afp\": did you mean \"agency\"? It can be \"agency\", \"outlet\", \"pr\" or \"aggregator\"",
            "c.toml:11: `url = \"ftp://a.example/rss\"` in an endpoint of source \"afp\": ftp: is not fetched: want http or https",
            "c.toml:12: `type = \"push\"` in an endpoint of source \"afp\": a source that is only pushed to needs no endpoint: leave it out",
            "c.toml:12: an endpoint of source \"afp\" has no `url`: give it the address to poll",
            "c.toml:13: `url = \"https://u:p@a.example/rss\"` in an endpoint of source \"afp\": addresses carry no user name or password: leave them out",
            "c.toml:15: min_interval 3h is longer than max_interval 1h in an endpoint of source \"afp\": raise max_interval or lower min_interval",
            "c.toml:15: https://b.example/rss is polled already by an endpoint above: leave one of them out",
        ],
    );
}

#[test]
fn a_flag_stands_over_a_variable_and_a_variable_over_the_file() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n[crawl]\ncontact = \"desk@example.org\"\n";
    let vars = env(&[
        ("COPYTASTER_SERVER__LISTEN", "127.0.0.1:2"),
        ("COPYTASTER_CRAWL__ALLOW_ADDRESSES", "10.0.0.0/8, ::1"),
        ("COPYTASTER_CRAWL__CONCURRENCY", "4"),
        ("COPYTASTER_CRAWL__ROBOTS", "false"),
        ("COPYTASTER_CONFIG", "/elsewhere.toml"),
        ("COPYTASTER_SERVICE_HOST", "10.0.0.1"),
        ("PATH", "/bin"),
    ]);
    let config = parse(FILE, file, &vars, &Flags::default()).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.crawl.contact.as_deref(), Some("desk@example.org"));
    assert_eq!((config.crawl.concurrency, config.crawl.robots), (4, false));
    assert_eq!(config.crawl.allow_addresses.len(), 2);
    let flags = Flags { listen: Some("[::1]:3".to_owned()), data: Some("/srv/ct".into()) };
    let config = parse(FILE, file, &vars, &flags).unwrap();
    assert_eq!(config.server.listen.to_string(), "[::1]:3");
    assert_eq!(config.store.path.to_str(), Some("/srv/ct"));
}

#[test]
fn a_bad_variable_is_named_not_the_file() {
    for (variable, value, problem) in [
        (
            "COPYTASTER_CRAWL__DEADLINE",
            "soon",
            "COPYTASTER_CRAWL__DEADLINE: `deadline = \"soon\"` in [crawl]: want a duration such as \"90s\", \"15m\" or \"72h\", from 1s to 30d",
        ),
        (
            "COPYTASTER_CRAWL__DEDLINE",
            "5s",
            "COPYTASTER_CRAWL__DEDLINE: unknown key `dedline` in [crawl]: did you mean `deadline`?",
        ),
        (
            "COPYTASTER_CRAWLER__DEADLINE",
            "5s",
            "COPYTASTER_CRAWLER__DEADLINE: unknown section `crawler`: did you mean COPYTASTER_CRAWL__…?",
        ),
    ] {
        assert_eq!(bad("", &[(variable, value)]), problem);
    }
}

#[test]
fn beyond_this_machine_the_api_wants_a_token_or_leave() {
    let open = "[server]\nlisten = \"0.0.0.0:8420\"\n";
    let refusal = bad(open, &[]);
    assert!(refusal.starts_with("c.toml:2: `listen = \"0.0.0.0:8420\"`"), "{refusal}");
    assert!(refusal.contains("token_file") && refusal.contains("allow_anonymous_reads"));
    good(&format!("{open}allow_anonymous_reads = true\n"));
    good(&format!("{open}tokens = [\"0123456789abcdef\"]\n"));
    good("[server]\nlisten = \"[::1]:8420\"\n");
}

#[test]
fn tokens_come_from_a_file_and_are_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let file = format!("[server]\ntoken_file = {:?}\n", path.to_str().unwrap());
    let missing = bad(&file, &[]);
    assert!(missing.starts_with("c.toml:2: token_file ") && missing.contains("cannot be read"));
    std::fs::write(&path, "# desk\n0123456789abcdef\n\nfedcba9876543210\n").unwrap();
    let config = good(&file);
    let tokens: Vec<_> = config.server.tokens.iter().map(Secret::expose).collect();
    assert_eq!(tokens, ["0123456789abcdef", "fedcba9876543210"]);
    let shown = format!("{} {} {config:?}", config.to_toml(), config.to_json());
    assert!(!shown.contains("0123456789abcdef") && shown.contains(Secret::MASK), "{shown}");
    std::fs::write(&path, "hunter2\n").unwrap();
    let short = bad(&file, &[]);
    assert!(short.contains("at least 16") && !short.contains("hunter2"), "{short}");
    std::fs::write(&path, "\n").unwrap();
    assert!(bad(&file, &[]).contains("holds no token"));
    let inline = bad("[server]\ntokens = [\"hunter2\"]\n", &[]);
    assert!(inline.starts_with("c.toml:2: ") && !inline.contains("hunter2"), "{inline}");
}

#[test]
fn a_file_of_authorities_that_is_of_no_use_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("house.pem");
    let file = format!("[crawl]\nca_file = {:?}\n", path.to_str().unwrap());
    for (pem, part) in [
        (None, "cannot be read"),
        (Some("a key it is not\n"), "holds no certificate: write those"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "number 1"),
    ] {
        if let Some(pem) = pem {
            std::fs::write(&path, pem).unwrap();
        }
        let problem = bad(&file, &[]);
        assert!(problem.starts_with("c.toml:2: ca_file ") && problem.contains(part), "{problem}");
    }
    assert_eq!(good("[crawl]\nca_file = \"\"\n"), Config::default());
}

#[test]
fn what_is_shown_reads_back() {
    let config = good(
        "[store]\npath = \"/srv/ct\"\n[[source]]\nid = \"a\"\nown = true\nlang = \"fr\"\ntags = [\"x\"]\n\
         rights = \"© A\"\nlicence = \"contract 7\"\nallow_addresses = [\"127.0.0.0/8\"]\n\
         [[source]]\nid = \"b\"\nrights = { store = \"title\", serve = false, retention = \"30d\", statement = \"© B\" }\n\
         [[source]]\nid = \"c\"\nrights = { serve = \"excerpt\" }\n\
         [[source.endpoint]]\ntype = \"feed\"\nurl = \"http://127.0.0.1:9/\"\nmin_interval = \"1s\"\n",
    );
    assert_eq!(good(&Config::default().to_toml()).to_toml(), Config::default().to_toml());
    let shown = config.to_toml();
    let again = good(&shown);
    assert_eq!(again.to_toml(), shown);
    assert_eq!(again.sources, config.sources);
}

#[test]
fn what_is_missing_for_good_manners_is_a_warning() {
    let quiet = |text: &str| good(text).warnings().join("\n");
    assert!(quiet("").contains("no sources"));
    let source = "[[source]]\nid = \"a\"\n";
    assert!(quiet(source).contains("crawl.contact is not set"));
    assert_eq!(quiet(&format!("[crawl]\ncontact = \"https://a.example/bot\"\n{source}")), "");
}

#[test]
fn words_in_odd_forms_are_refused_with_the_form_wanted() {
    for (text, part) in [
        ("[server]\nbase_path = \"x/\"\n", "such as \"/copytaster\""),
        ("[server]\nlisten = \"8420\"\n", "\"127.0.0.1:8420\""),
        ("[crawl]\ncontact = \"me\"\n", "mail address"),
        ("[crawl]\nuser_agent = \"a\\nb\"\n", "printable ASCII"),
        ("[crawl]\nallow_addresses = [\"10.0.0.0/99\"]\n", "10.20.0.0/16"),
        ("[log]\nformat = \"jsn\"\n", "did you mean \"json\"?"),
        ("[log]\nfilter = \"copytaster=loud\"\n", "info,copytaster::fetch=debug"),
        ("[[source]]\nid = \"A F P\"\n", "lower case letters"),
        ("[[source]]\nid = \"a\"\nlang = \"english\"\n", "\"pt-br\""),
        ("[[source]]\nid = \"a\"\nrights = 3\n", "a statement in quotes"),
        ("[[source]]\nid = \"a\"\nrights = { serv = \"text\" }\n", "did you mean `serve`?"),
        ("[[source]]\nid = \"a\"\nrights = { serve = \"excerp\" }\n", "did you mean \"excerpt\"?"),
        (
            "[[source]]\nid = \"a\"\nrights = { retention = \"1d\" }\n",
            "texts are compared that long",
        ),
        ("[crawl]\ntdm = \"respects\"\n", "did you mean \"respect\"?"),
        ("[source]\nid = \"a\"\n", "write [[source]]"),
        ("crawl = 3\n", "write [crawl]"),
        ("[store]\npath = \"\"\n", "want a path"),
    ] {
        let problem = bad(text, &[]);
        assert!(problem.contains(part), "{text} gave {problem}");
    }
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let problem = load(Some("/nowhere/c.toml".as_ref()), &env(&[])).unwrap_err().to_string();
    assert!(problem.starts_with("/nowhere/c.toml: cannot be read"), "{problem}");
}

#[test]
fn the_file_is_the_one_named_else_the_variables() {
    let vars = env(&[(FILE_VARIABLE, "/b.toml")]);
    assert_eq!(find(Some("/a.toml".as_ref()), &vars), Some("/a.toml".into()));
    assert_eq!(find(None, &vars), Some("/b.toml".into()));
}

#[test]
fn what_changed_is_told_key_by_key() {
    let old = good("[[source]]\nid = \"a\"\n[[source]]\nid = \"b\"\n");
    let new = good(
        "[server]\ntokens = [\"0123456789abcdef\"]\n[crawl]\ndeadline = \"9s\"\n\
         [[source]]\nid = \"b\"\nname = \"B\"\n[[source]]\nid = \"c\"\n",
    );
    assert_eq!(
        old.changes(&new),
        [
            "server.tokens: [] is [\"***\"]",
            "crawl.deadline: \"30s\" is \"9s\"",
            "source \"a\" is gone",
            "source \"b\" is different",
            "source \"c\" is new",
        ]
    );
    assert_eq!(old.changes(&old), [""; 0]);
    let other = good("[server]\ntokens = [\"fedcba9876543210\"]\n");
    let one = good("[server]\ntokens = [\"0123456789abcdef\"]\n");
    assert_eq!(one.changes(&other), ["server.tokens: other tokens"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Cuts out one piece of the reference file and puts another text there.
    #[test]
    fn no_text_makes_reading_panic(from: Index, len in 0..60_usize, put in "\\PC{0,8}|[\\[\\]={}\"',.\n#]{0,4}") {
        let mut text: Vec<char> = include_str!("../../config/copytaster.toml").chars().collect();
        let from = from.index(text.len());
        let to = (from + len).min(text.len());
        text.splice(from..to, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(ConfigErrors(problems)) = parse(FILE, &text, &env(&[]), &Flags::default()) {
            prop_assert!(!problems.is_empty() && problems.iter().all(|p| p.line.is_some()));
        }
    }
}

#[test]
fn texts_are_kept_as_long_as_they_are_compared() {
    let config = good("[store]\ntext_days = 3\ntext_bytes = \"1GiB\"\n");
    assert_eq!(config.store.text_age(), Some(config.detect.window));
    assert_eq!(config.store.text_bytes, Some(1 << 30));
    assert_eq!(Config::default().store.text_age(), None);
    let told = bad("[detect]\nwindow = \"96h\"\n[store]\ntext_days = 3\n", &[]);
    for words in ["c.toml:4", "`text_days = 3`", "shorter than `window`", "4d"] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
}

#[test]
fn history_is_kept_as_long_as_texts_and_texts_no_longer_than_history() {
    let config = good("[store]\nhistory_days = 30\n");
    assert_eq!(config.store.history(), Some(Duration::from_hours(30 * 24)));
    assert_eq!(config.store.text_age(), config.store.history());
    assert_eq!(Config::default().store.history(), None);
    let told = bad("[store]\ntext_days = 31\nhistory_days = 30\n", &[]);
    for words in ["c.toml:3", "`history_days = 30`", "shorter than `text_days = 31`"] {
        assert!(told.contains(words), "{told}");
    }
    let told = bad("[detect]\nwindow = \"96h\"\n[store]\nhistory_days = 3\n", &[]);
    assert!(told.contains("c.toml:4") && told.contains("shorter than `window`"), "{told}");
}
