//! The program `sitewatch`, as people run it.
//!
//! It is the one beside the test's own binary, and so one that is not optimised, as a rule. The environment variable
//! `SITEWATCH_PROGRAM` names another one to be started instead of it: `cargo xtask prove` does that.
mod ask;
mod launch;
mod program;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use ask::{Reply, ask};
use launch::{Started, launch};
pub use program::{command, program};

/// How long the service may take to start, and to stop when asked to.
const BOUND: Duration = Duration::from_secs(60);

/// The last lines that it said.
type Said = Arc<Mutex<VecDeque<String>>>;

/// A running `sitewatch serve`, in a temporary folder. Killed when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    url: String,
    token: Option<String>,
    said: Said,
    /// Reads on, so that it never waits for a reader; aborted with the set.
    _reader: JoinSet<()>,
    settings: String,
    home: TempDir,
}

impl Service {
    /// Starts it with these settings, and waits until it listens. Where they don't say where (`[web]`), it is at a free
    /// port of this machine.
    ///
    /// # Errors
    ///
    /// If it ends, or doesn't listen within a minute: with what it said.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the process is killed.
    pub async fn start(settings: &str) -> io::Result<Self> {
        let mut settings = settings.to_owned();
        if !settings.contains("[web]") {
            settings.push_str("\n[web]\nlisten = \"127.0.0.1:0\"\n");
        }
        let home = tempfile::tempdir()?;
        let said = Said::default();
        let Started { child, url, token, reader } = launch(home.path(), &settings, &said).await?;
        Ok(Self { child, url, token, said, _reader: reader, settings, home })
    }

    /// Starts it again, on what the one before has left in its folder. It may be at another port.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: none runs then; call it again.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill().await?;
        let started = launch(self.home.path(), &self.settings, &self.said).await?;
        (self.child, self.url, self.token, self._reader) = (started.child, started.url, started.token, started.reader);
        Ok(())
    }

    /// The address of its first page.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token of the login link that it shows; none where its settings have one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The folder that it runs in, with its settings (`sitewatch.toml`) and its database.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The last lines that it said on standard error.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().iter().map(|line| format!("{line}\n")).collect()
    }

    /// Its process, for as long as it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it (`SIGKILL`), as a crash does, and waits until it is gone. One that has ended is let be.
    ///
    /// # Errors
    ///
    /// If the system doesn't let us.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is killed all the same.
    pub async fn kill(&mut self) -> io::Result<()> {
        match self.child.id() {
            Some(_) => self.child.kill().await,
            None => Ok(()),
        }
    }

    /// Sends it a signal, such as `HUP`.
    ///
    /// # Errors
    ///
    /// If it has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the signal may have been sent.
    pub async fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.child.id().ok_or_else(|| io::Error::other("the service has ended"))?;
        // The shell's own `kill`: there need be no other.
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().await?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("kill -{name} {id}: {status}"))) }
    }

    /// Asks it to stop (`SIGTERM`) and waits until it has: its exit code, none if something killed it.
    ///
    /// # Errors
    ///
    /// If it doesn't within a minute.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it was asked all the same.
    pub async fn terminate(&mut self) -> io::Result<Option<i32>> {
        self.signal("TERM").await?;
        match timeout(BOUND, self.child.wait()).await {
            Ok(status) => Ok(status?.code()),
            Err(_late) => {
                let why = format!("the service doesn't stop within a minute; it said: {}", self.said());
                Err(io::Error::new(io::ErrorKind::TimedOut, why))
            }
        }
    }

    /// What it answers to this path, which starts with a slash, with the token.
    ///
    /// # Errors
    ///
    /// If it doesn't answer within half a minute, with success, or with JSON.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn get_json(&self, path: &str) -> io::Result<Value> {
        let bearer = self.token.as_deref().map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", &**bearer)).collect();
        let reply = self.ask("GET", path, &headers, "").await?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("{path}: {} {}", reply.status, reply.text())));
        }
        serde_json::from_slice(&reply.body).map_err(io::Error::other)
    }

    /// What it answers to this request, without the token.
    ///
    /// # Errors
    ///
    /// If it doesn't answer within half a minute.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the request may have been sent.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Reply> {
        ask(method, &format!("{}{path}", self.url.trim_end_matches('/')), headers, body).await
    }
}
