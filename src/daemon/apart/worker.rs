//! One process that parses, as the daemon holds it.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Apart, NoProcess, words};
use crate::extract::Extracted;

/// How long a process may take until it is ready: milliseconds, unless the machine is on its knees.
const GREETING_DEADLINE: Duration = Duration::from_secs(30);

/// A process that is killed when it is let go of.
pub(super) struct Worker {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    pages: u32,
}

impl Worker {
    /// Starts a process and waits until it is ready.
    pub(super) async fn start(apart: &Apart, hello: &[u8]) -> Result<Self, NoProcess> {
        let failed = |source| NoProcess::Start { program: apart.program.clone(), source };
        let mut command = Command::new(&apart.program);
        command.args(&apart.arguments).arg(apart.memory_bytes.to_string());
        // It has no use for secrets, and no say in what the terminal's Ctrl-C means.
        command.arg0("copytaster").env_clear().current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let mut worker = Self { child, to, from, pages: 0 };
        let greeting = tokio::time::timeout(GREETING_DEADLINE, worker.exchange(hello)).await;
        let greeting = greeting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        words::greeted(&greeting.map_err(NoProcess::Greeting)?)?;
        Ok(worker)
    }

    /// Pages it has read.
    pub(super) const fn pages(&self) -> u32 {
        self.pages
    }

    /// Itself, if it still runs.
    pub(super) fn alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// Has a page read. After an error, or when this is given up, it is of no use any more.
    pub(super) async fn ask(&mut self, asked: &[u8]) -> io::Result<Extracted> {
        let answer = self.exchange(asked).await?;
        self.pages += 1;
        words::found(&answer)
    }

    async fn exchange(&mut self, said: &[u8]) -> io::Result<Vec<u8>> {
        self.to.write_all(&words::length(said)?).await?;
        self.to.write_all(said).await?;
        let mut length = [0; 4];
        self.from.read_exact(&mut length).await?;
        let mut answer = vec![0; words::read_length(length)?];
        self.from.read_exact(&mut answer).await?;
        Ok(answer)
    }

    /// Kills it if need be; how it ended, in words.
    pub(super) async fn end(mut self) -> String {
        // One that is ending already keeps its own way of ending.
        let _ = self.child.start_kill();
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(fault) => fault.to_string(),
        }
    }
}
