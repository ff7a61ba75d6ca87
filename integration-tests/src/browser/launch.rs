use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::Page;
use super::wire::Wire;
use crate::server::find;

/// What it is called, by system and flavour.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// No window, no questions, no calls home, and no memory of earlier runs.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    // Containers give it little shared memory.
    "--disable-dev-shm-usage",
    "--disable-sync",
    // So that pictures are the same everywhere.
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "about:blank",
];

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// A running browser. Its process is ended, and waited for, when dropped.
#[derive(Debug)]
pub struct Browser {
    // In this order: the process ends before its folder goes.
    _process: Process,
    wire: Arc<Wire>,
    _home: TempDir,
}

impl Browser {
    /// Starts Chromium or Chrome with a profile of its own; `None` if neither is installed.
    ///
    /// # Errors
    ///
    /// If it is installed and can't be talked to within half a minute.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the process is ended.
    pub async fn start() -> io::Result<Option<Self>> {
        let Some(program) = NAMES.into_iter().find_map(find) else { return Ok(None) };
        let home = tempfile::tempdir()?;
        let said = home.path().join("said");
        let profile = home.path().join("profile");
        let mut command = Command::new(program);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said)?);
        let mut process = Process(command.spawn()?);
        let (port, path) = match address(&mut process, &profile).await {
            Ok(address) => address,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{error}; it said: {}", last_words(&said)))),
        };
        let wire = Arc::new(Wire::connect(port, &path).await?);
        Ok(Some(Self { _process: process, wire, _home: home }))
    }

    /// A new page, of 1280 by 800, that shares neither cookies nor anything else with others.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a page may be left that nobody holds.
    pub async fn page(&self) -> io::Result<Page> {
        let context = self.wire.call(None, "Target.createBrowserContext", json!({})).await?;
        let target = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = self.wire.call(None, "Target.createTarget", target).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.wire.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().ok_or_else(|| io::Error::other("it gives the page no session"))?;
        Page::attach(Arc::clone(&self.wire), session.to_owned()).await
    }
}

/// Where it listens for us: it writes that into its profile.
async fn address(process: &mut Process, profile: &Path) -> io::Result<(u16, String)> {
    let file: PathBuf = profile.join("DevToolsActivePort");
    let started = Instant::now();
    while started.elapsed() < START {
        let written = fs::read_to_string(&file).unwrap_or_default();
        if let Some((port, path)) = written.split_once('\n')
            && let Ok(port) = port.parse()
            && path.starts_with('/')
        {
            return Ok((port, path.trim_end().to_owned()));
        }
        if let Some(status) = process.0.try_wait()? {
            return Err(io::Error::other(format!("the browser ended at once: {status}")));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the browser did not listen within half a minute"))
}

fn last_words(said: &Path) -> String {
    let said = fs::read(said).unwrap_or_default();
    let end = &said[said.len().saturating_sub(2_000)..];
    String::from_utf8_lossy(end).trim().to_owned()
}

#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Its children end when they hear nothing of it any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
