//! SIGKILL at work: what was acknowledged is there once, in order, and the rows are what a replay gives.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::disk::until;
use crate::{http, wire};

/// The program under test, killed when the test lets go of it.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// Starts `copytaster run` on a free port over `data` and waits until it serves.
    fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let (daemon, _said) = Self::spawn(data, more)
            .unwrap_or_else(|said| panic!("the daemon ended before it served: {said}"));
        daemon
    }

    /// The same in another environment.
    pub(crate) fn start_under(data: &Path, environment: &[(&str, &Path)]) -> Self {
        let (daemon, _said) = Self::spawn_under(data, &[], environment)
            .unwrap_or_else(|said| panic!("the daemon ended before it served: {said}"));
        daemon
    }

    /// Starts it and waits until it is ready; what it said where it ended instead.
    pub(crate) fn start_or_say(data: &Path) -> Result<Self, String> {
        let (mut daemon, said) = Self::spawn(data, &[])?;
        http::until(|| match http::ask(daemon.address, "GET /readyz", b"") {
            Ok((200, _)) => Some(Ok(())),
            _ => daemon.child.try_wait().unwrap().map(|_| Err(())),
        })
        .map_err(|()| said.iter().collect::<Vec<_>>().join("\n"))?;
        Ok(daemon)
    }

    /// The daemon as soon as it serves, and what else it says; all it said where it ended before.
    fn spawn(data: &Path, more: &[&str]) -> Result<(Self, Receiver<String>), String> {
        Self::spawn_under(data, more, &[])
    }

    fn spawn_under(
        data: &Path,
        more: &[&str],
        environment: &[(&str, &Path)],
    ) -> Result<(Self, Receiver<String>), String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_copytaster"))
            .args(["run", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .env_remove("COPYTASTER_CONFIG")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = String::new();
        let address = loop {
            let Some(line) = lines.next() else {
                child.wait().unwrap();
                return Err(before);
            };
            let line = line.unwrap();
            if let Some((_, address)) = line.split_once("listening=http://") {
                break address.parse().unwrap();
            }
            before.push_str(&line);
        };
        let (sender, said) = channel();
        // Whoever writes to a pipe must have a reader, also where nobody wants to know.
        thread::spawn(move || {
            for line in lines {
                let _ = sender.send(line.unwrap_or_default());
            }
        });
        Ok((Self { child, address }, said))
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// True where it has ended by itself, or somebody else ended it.
    pub(crate) fn is_gone(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as systemd does; it ends with 0.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Done already where the test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pushes one record of its own after another until the daemon is gone; gives those that were acknowledged.
pub(crate) fn push(
    address: SocketAddr,
    client: usize,
    round: usize,
    told: &AtomicUsize,
) -> Vec<(String, Value)> {
    let mut acknowledged = Vec::new();
    for number in 0_u64..10_000 {
        let id = format!("{round}-{client}-{number}");
        let Some(answer) = send(address, &record(&id)) else { break };
        acknowledged.push((id, answer));
        told.fetch_add(1, Ordering::SeqCst);
    }
    acknowledged
}

/// Pushes a record; what was answered. A daemon that is still at its start says to come again, and is asked again; none where it
/// is gone.
pub(crate) fn send(address: SocketAddr, record: &Value) -> Option<Value> {
    let record = record.to_string();
    loop {
        match http::ask(address, "POST /api/v1/articles", record.as_bytes()).ok()? {
            (200, body) => {
                let answer: Value = serde_json::from_str(&body).unwrap();
                return Some(answer["accepted"][0].clone());
            }
            (503, body) => assert!(body.contains("retry_after"), "{body}"),
            (status, body) => panic!("{status} {body}"),
        }
    }
}

/// The record of an id, `round-client-number`.
fn record(id: &str) -> Value {
    let mut numbers = id.split('-').skip(1).map(|number| number.parse::<u64>().unwrap());
    let (client, number) = (numbers.next().unwrap(), numbers.next().unwrap());
    let text = wire::version(number % 7 + 100 * client, number.to_le_bytes()[0] % 5);
    json!({"id": id, "source": format!("desk{client}"), "title": id, "text": text})
}

/// Lets three clients push, kills the daemon after `after` acknowledgements, gives all of them.
fn push_and_kill(data: &Path, round: usize, after: usize) -> Vec<(String, Value)> {
    let daemon = Daemon::start(data);
    let address = daemon.address;
    let told = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, done) = channel();
        for client in 0..3 {
            let sender = sender.clone();
            let told = &told;
            scope.spawn(move || sender.send(push(address, client, round, told)).unwrap());
        }
        drop(sender);
        until("the answers of a round", || told.load(Ordering::SeqCst) >= after);
        daemon.kill();
        done.iter().flatten().collect()
    })
}

/// A command of the program, to its end.
pub(crate) fn copytaster(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_copytaster")).args(arguments).output().unwrap()
}

/// What a command that succeeded wrote to standard output.
pub(crate) fn done(arguments: &[&str]) -> String {
    let output = copytaster(arguments);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn verify(data: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["verify", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn what_was_acknowledged_survives_sigkill_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut acknowledged = Vec::new();
    for (round, after) in [3, 41, 17, 90].into_iter().enumerate() {
        acknowledged.extend(push_and_kill(&data, round, after));
        verify(&data);
    }
    let daemon = Daemon::start(&data);
    for (id, told) in &acknowledged {
        // Who did not see the answer, or lost it, sends again: the same article and version, wherever it came from.
        let again = send(daemon.address, &record(id)).unwrap();
        assert_eq!(again["duplicate"], true, "{id}: {again}");
        for name in ["article", "version", "seq"] {
            assert_eq!(again[name], told[name], "{id}: {again} for {told}");
        }
        let article = http::json(
            daemon.address,
            &format!("/api/v1/articles/{}", told["article"].as_str().unwrap()),
        );
        assert_eq!(article["id"], **id);
        assert_eq!(
            article["versions"].as_array().map(Vec::len),
            Some(1),
            "{id} is doubled: {article}"
        );
    }
    let mut places: Vec<u64> =
        acknowledged.iter().map(|(_, told)| told["seq"].as_u64().unwrap()).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), acknowledged.len(), "two records were told one place");
}

#[test]
fn a_second_daemon_on_the_directory_is_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let daemon = Daemon::start(&data);
    let second = Command::new(env!("CARGO_BIN_EXE_copytaster"))
        .args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&daemon.child.id().to_string()), "{said}");
    assert!(send(daemon.address, &record("0-0-0")).is_some(), "the first one goes on");
    drop(daemon);
    verify(&data);
}

#[test]
fn of_daemons_that_start_at_once_on_one_directory_one_serves() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let started: Vec<Result<Daemon, String>> = thread::scope(|scope| {
        let starts: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Daemon::spawn(&data, &[]).map(|(one, _)| one))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let (serving, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
    assert_eq!((serving.len(), refused.len()), (1, 3));
    for said in refused.into_iter().filter_map(Result::err) {
        assert!(said.contains("in use by"), "{said}");
    }
    for daemon in serving.into_iter().flatten() {
        assert!(send(daemon.address, &record("0-0-0")).is_some());
    }
    verify(&data);
}
