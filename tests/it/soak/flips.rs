//! One bit flipped, in every file there is: harmless, mended or said; never silent, never a wrong text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;

/// Every file under `dir`, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_dir() {
            found.extend(files(&file.path()));
        } else {
            found.push(file.path());
        }
    }
    found.sort();
    found
}

/// Each article's text, and who is with whom: what a reader is shown.
fn shown(address: SocketAddr, articles: &[String]) -> Vec<Value> {
    let look = |path: &str| {
        http::until(|| match http::ask(address, &format!("GET {path}"), b"") {
            Ok((200, body)) => Some(serde_json::from_str::<Value>(&body).unwrap()),
            // Rows in which a read met a fault are being made again.
            Ok((500 | 503, _)) | Err(_) => None,
            Ok((status, body)) => panic!("{path}: {status} {body}"),
        })
    };
    let mut all: Vec<Value> = articles
        .iter()
        .map(|article| {
            let found = look(&format!("/api/v1/articles/{article}"));
            json!([found["id"], found["title"], found["text"], found["cluster"]])
        })
        .collect();
    let clusters = look("/api/v1/clusters?limit=200&expand=members");
    all.extend(clusters["items"].as_array().unwrap().iter().map(|cluster| {
        let mut members: Vec<&Value> =
            cluster["members"].as_array().unwrap().iter().map(|one| &one["article"]).collect();
        members.sort_by_key(|article| article.as_str());
        json!([cluster["id"], cluster["title"], members])
    }));
    all
}

#[test]
fn a_flipped_bit_is_harmless_or_mended_or_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = Daemon::start_with(&data, &[]);
    let mut told = Told::default();
    push(daemon.address, (0..40).map(|n| format!("1-{n}")), &mut told, &AtomicUsize::new(0));
    let articles: Vec<String> = told
        .acknowledged
        .values()
        .map(|answer| answer["article"].as_str().unwrap().to_owned())
        .collect();
    let expected = shown(daemon.address, &articles);
    // A clean stop leaves a mark by which the next start trusts the rows unread: the hardest case.
    daemon.stop();
    let whole: Vec<(PathBuf, Vec<u8>)> =
        files(&data).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let mut draw = Draw(3);
    let (mut said, mut mended) = (0, 0);
    for turn in 0..rounds(48) {
        fs::remove_dir_all(&data).unwrap();
        for (path, bytes) in &whole {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        // Every file in turn; of those that hold anything.
        let full: Vec<&(PathBuf, Vec<u8>)> =
            whole.iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
        let (path, bytes) = full[turn % full.len()];
        let mut bytes = bytes.clone();
        // sled keeps room at the end of its file, which says nothing.
        let filled = bytes.iter().rposition(|&byte| byte != 0).unwrap_or(0) as u64 + 1;
        let at = draw.below(filled) as usize;
        bytes[at] ^= 1 << draw.below(8);
        fs::write(path, &bytes).unwrap();
        let what = format!("{} byte {at}", path.strip_prefix(&data).unwrap().display());
        match start(&data) {
            Err(why) => {
                assert!(why.contains("damaged") || why.contains("one number"), "{what}: {why}");
                said += 1;
            }
            Ok(daemon) => {
                assert_eq!(shown(daemon.address, &articles), expected, "{what}");
                daemon.stop();
                verify(&data);
                mended += 1;
            }
        }
    }
    assert!(said > 0 && mended > 0, "{said} said, {mended} mended");
}

/// The daemon, or what it said instead of serving.
fn start(data: &Path) -> Result<Daemon, String> {
    // A refusal ends the process at once; what serves is started a second time, by the common way.
    let output = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["verify", "--json", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    match Daemon::start_or_say(data) {
        Ok(daemon) => Ok(daemon),
        Err(why) => {
            assert_eq!(
                output.status.code(),
                Some(1),
                "it does not start, and verify finds nothing: {why} {told}"
            );
            Err(why)
        }
    }
}
