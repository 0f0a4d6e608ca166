//! The keys of an endpoint's login to the credentials it is asked with. Secrets come from files, and are shown nowhere.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use url::Url;

use super::fields;
use super::sheet::{Raw, Sheet};
use crate::fetch::{BadCredentials, Credentials};

/// Longest file of a secret, in bytes. Tokens of identity providers come to two thousand.
const SECRET_BYTES_MAX: u64 = 8 << 10;

/// How an endpoint is logged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The keys as they stand in the file.
    pub keys: LoginKeys,
    /// What is sent, to the endpoint's own host alone.
    pub credentials: Credentials,
}

/// The keys of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginKeys {
    /// User name and password.
    Basic {
        /// `username`.
        username: String,
        /// `password_file`.
        password_file: PathBuf,
    },
    /// A bearer token.
    Bearer {
        /// `token_file`.
        token_file: PathBuf,
    },
    /// A header of the publisher's own.
    Header {
        /// `header`.
        header: String,
        /// `header_file`.
        header_file: PathBuf,
    },
}

impl Login {
    /// The keys as the file has them, for what is in force; the secrets stay in their files.
    pub(super) fn show(&self, shown: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
        match &self.keys {
            LoginKeys::Basic { username, password_file } => {
                put("username", json!(username));
                put("password_file", json!(password_file.display().to_string()));
            }
            LoginKeys::Bearer { token_file } => {
                put("token_file", json!(token_file.display().to_string()));
            }
            LoginKeys::Header { header, header_file } => {
                put("header", json!(header));
                put("header_file", json!(header_file.display().to_string()));
            }
        }
    }
}

/// Reads the login of an endpoint at `url`; `None` where it has none, or where it has a problem, which is told.
pub(super) fn read(sheet: &mut Sheet<'_>, title: &str, url: Option<&Url>) -> Option<Login> {
    let keys = keys(sheet, title)?;
    let (key, file) = keys.file();
    let secret = match secret(file) {
        Ok(secret) => secret,
        Err(why) => {
            sheet.complain(key, format!("{} of {title} {why}", named(key, file)));
            return None;
        }
    };
    match keys.credentials(url?, &secret) {
        Ok(credentials) => Some(Login { keys, credentials }),
        Err(BadCredentials::Secret) => {
            let what = format!("{} of {title}: {}", named(key, file), BadCredentials::Secret);
            sheet.complain(key, what);
            None
        }
        Err(fault) => {
            let key = if matches!(fault, BadCredentials::Username) { "username" } else { "header" };
            sheet.complain(key, format!("`{key}` in {title}: {fault}"));
            None
        }
    }
}

/// The keys that are set, where they are those of one login and of all of it.
fn keys(sheet: &mut Sheet<'_>, title: &str) -> Option<LoginKeys> {
    let path = |raw: Raw<'_>| Ok(fields::unset_if_empty(raw)?.map(PathBuf::from));
    let username = sheet.take("username", None, fields::unset_if_empty);
    let password_file = sheet.take("password_file", None, path);
    let token_file = sheet.take("token_file", None, path);
    let header = sheet.take("header", None, fields::unset_if_empty);
    let header_file = sheet.take("header_file", None, path);
    let (key, what) = match (username, password_file, token_file, header, header_file) {
        (None, None, None, None, None) => return None,
        (Some(username), Some(password_file), None, None, None) => {
            return Some(LoginKeys::Basic { username, password_file });
        }
        (None, None, Some(token_file), None, None) => {
            return Some(LoginKeys::Bearer { token_file });
        }
        (None, None, None, Some(header), Some(header_file)) => {
            return Some(LoginKeys::Header { header, header_file });
        }
        (Some(_), None, ..) => ("username", "half a login"),
        (None, Some(_), ..) => ("password_file", "half a login"),
        (.., Some(_), None) => ("header", "half a login"),
        (.., None, Some(_)) => ("header_file", "half a login"),
        _ => ("token_file", "two logins"),
    };
    let mend = "`username` and `password_file`, or `token_file`, or `header` and `header_file`";
    sheet.complain(key, format!("{title} has {what}: give it {mend}"));
    None
}

impl LoginKeys {
    /// The key that names the file of the secret, and the file.
    fn file(&self) -> (&'static str, &Path) {
        match self {
            Self::Basic { password_file, .. } => ("password_file", password_file),
            Self::Bearer { token_file } => ("token_file", token_file),
            Self::Header { header_file, .. } => ("header_file", header_file),
        }
    }

    fn credentials(&self, url: &Url, secret: &str) -> Result<Credentials, BadCredentials> {
        match self {
            Self::Basic { username, .. } => Credentials::basic(url, username, secret),
            Self::Bearer { .. } => Credentials::bearer(url, secret),
            Self::Header { header, .. } => Credentials::header(url, header, secret),
        }
    }
}

/// A key and its file for messages. What has no slash in it may be the secret itself, put in the wrong place: no message
/// repeats it.
fn named(key: &str, file: &Path) -> String {
    let shown = file.to_string_lossy();
    if shown.contains('/') { format!("`{key}` {shown}") } else { format!("the `{key}`") }
}

/// The one line of a secret's file, which nobody may read or write but its owner and, to read, its group. Else why not,
/// as the rest of a sentence.
fn secret(file: &Path) -> Result<String, String> {
    let unread = |fault: std::io::Error| {
        format!(
            "cannot be read ({fault}): name a file that this user can read, with the secret alone in it"
        )
    };
    // Asked before it is opened: opening a pipe waits for its writer.
    let kind = std::fs::metadata(file).map_err(unread)?;
    if !kind.is_file() {
        return Err("is no regular file: name one with the secret alone in it".to_owned());
    }
    let opened = std::fs::File::open(file).map_err(unread)?;
    let mode = opened.metadata().map_err(unread)?.permissions().mode() & 0o777;
    let open_to = match mode {
        mode if mode & 0o006 != 0 => Some("every user of this machine"),
        mode if mode & 0o020 != 0 => Some("its group, to write"),
        _ => None,
    };
    if let Some(who) = open_to {
        let mend = "chmod 600, or 640 where the daemon reads it by its group";
        return Err(format!("is open to {who} (mode {mode:03o}): {mend}"));
    }
    let mut text = String::new();
    opened.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(unread)?;
    let line = text.trim_end_matches(['\r', '\n']);
    match line {
        _ if text.len() as u64 > SECRET_BYTES_MAX => Err(format!(
            "is larger than {SECRET_BYTES_MAX} bytes: it holds one secret and nothing else"
        )),
        "" => Err("is empty: write the secret into it, in one line".to_owned()),
        line if line.contains(['\r', '\n']) => {
            Err("has more than one line: it holds one secret and nothing else".to_owned())
        }
        line => Ok(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;
    use crate::config::read::parse;
    use crate::config::{Config, Flags};

    fn write(folder: &Path, name: &str, text: &str, mode: u32) -> String {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file.display().to_string()
    }

    fn load(url: &str, keys: &str) -> Result<Config, String> {
        let text = format!(
            "[[source]]\nid = \"wire\"\n[[source.endpoint]]\ntype = \"feed\"\nurl = \"{url}\"\n{keys}\n"
        );
        parse("c.toml", &text, &BTreeMap::new(), &Flags::default())
            .map_err(|fault| fault.to_string())
    }

    const FEED: &str = "https://wire.example/feed";

    #[test]
    fn each_login_is_read_from_its_file_and_shown_without_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "secret", "hunter2\n", 0o640);
        for keys in [
            format!("username = \"desk\"\npassword_file = \"{file}\""),
            format!("token_file = \"{file}\""),
            format!("header = \"X-Api-Key\"\nheader_file = \"{file}\""),
        ] {
            let config = load(FEED, &keys).unwrap();
            let login = config.sources[0].endpoints[0].login.clone().unwrap();
            assert!(login.credentials.fits(&Url::parse("https://wire.example/page").unwrap()));
            let shown = config.to_toml();
            assert!(keys.lines().all(|line| shown.contains(line)), "{shown}");
            let all = format!("{shown}{config:?}{}{:?}", config.to_json(), config.warnings());
            assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMg"), "{all}");
            let again = parse("c.toml", &shown, &BTreeMap::new(), &Flags::default()).unwrap();
            assert_eq!(again.sources, config.sources);
        }
    }

    #[test]
    fn a_secret_that_is_another_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "secret", "hunter2", 0o600);
        let keys = format!("token_file = \"{file}\"");
        let old = load(FEED, &keys).unwrap();
        assert_eq!(old.changes(&load(FEED, &keys).unwrap()), [""; 0]);
        write(folder.path(), "secret", "hunter3", 0o600);
        let changes = old.changes(&load(FEED, &keys).unwrap());
        assert_eq!(changes, ["source \"wire\" is different"]);
    }

    fn refused(keys: &str, part: &str) {
        let problem = load(FEED, keys).unwrap_err();
        assert!(problem.contains(part), "{keys}: {problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }

    #[test]
    fn a_file_that_others_may_read_or_change_is_refused_with_its_mend() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, part) in [
            (0o644, "every user of this machine (mode 644): chmod 600"),
            (0o604, "every user"),
            (0o602, "every user"),
            (0o660, "its group, to write (mode 660)"),
        ] {
            let file = write(folder.path(), "secret", "hunter2", mode);
            refused(&format!("token_file = \"{file}\""), part);
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("secret"), &link).unwrap();
        refused(&format!("token_file = \"{}\"", link.display()), "its group, to write");
        write(folder.path(), "secret", "hunter2", 0o400);
        assert!(load(FEED, &format!("token_file = \"{}\"", link.display())).is_ok());
    }

    #[test]
    fn a_file_that_holds_no_single_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (text, part) in [
            ("", "is empty"),
            ("\n\n", "is empty"),
            ("hunter2\nhunter2\n", "more than one line"),
            (" hunter2", "no header can carry"),
            (&"hunter2".repeat(2_000), "larger than 8192 bytes"),
        ] {
            let file = write(folder.path(), "secret", text, 0o600);
            refused(&format!("token_file = \"{file}\""), part);
        }
        let keys = |file: &Path| format!("token_file = \"{}\"", file.display());
        refused(&keys(folder.path()), "no regular file");
        refused(&keys(&folder.path().join("none")), "cannot be read");
        // The secret itself, where the name of its file belongs.
        refused("token_file = \"hunter2\"", "the `token_file` of an endpoint");
        refused("token_file = hunter2", "not TOML");
        refused("token_file = [\"hunter2\"]", "want a string");
        refused("token = \"hunter2\"", "did you mean `token_file`?");
        refused("password = \"hunter2\"", "did you mean `password_file`?");
    }

    #[test]
    fn half_a_login_and_two_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "secret", "hunter2", 0o600);
        let (name, token) = ("username = \"desk\"", format!("token_file = \"{file}\""));
        let (password, value) =
            (format!("password_file = \"{file}\""), format!("header_file = \"{file}\""));
        refused(name, "half a login: give it `username` and `password_file`");
        refused(&password, "half a login");
        refused(&value, "half a login");
        refused("header = \"X-Key\"", "half a login");
        refused(&format!("{name}\n{password}\n{token}"), "two logins");
        refused(&format!("{token}\nheader = \"X-Key\"\n{value}"), "two logins");
        refused(&format!("username = \"a:b\"\n{password}"), "no colon");
        refused(&format!("header = \"Host\"\n{value}"), "set by the program itself");
        refused(&format!("header = \"X Key\"\n{value}"), "no name of a header");
    }

    #[test]
    fn credentials_in_clear_text_are_worth_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "secret", "hunter2", 0o600);
        let keys = format!("token_file = \"{file}\"");
        let warned = |url: &str| {
            load(url, &keys).unwrap().warnings().iter().any(|line| line.contains("in clear text"))
        };
        assert!(warned("http://wire.example/feed"));
        for quiet in [FEED, "http://127.0.0.1:8080/feed", "http://[::1]/feed", "http://localhost/f"]
        {
            assert!(!warned(quiet), "{quiet}");
        }
    }
}
