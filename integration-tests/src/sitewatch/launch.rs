use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::program::command;
use super::{BOUND, Said};

/// So many of its last lines are kept.
const LINES: usize = 2_000;

/// One that has started.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) url: String,
    pub(super) token: Option<String>,
    /// Reads on, so that it never waits for a reader.
    pub(super) reader: JoinSet<()>,
}

/// Starts it in this folder, with these settings, and waits until it listens.
pub(super) async fn launch(home: &Path, settings: &str, said: &Said) -> io::Result<Started> {
    let file = home.join("sitewatch.toml");
    std::fs::write(&file, settings)?;
    let mut command = Command::from(command()?);
    command.arg("serve").arg("--config").arg(file).current_dir(home).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stderr = child.stderr.take().ok_or_else(|| io::Error::other("its standard error is not ours"))?;
    let mut lines = BufReader::new(stderr).lines();
    // A link with a token of its settings would give that away.
    let shows_token = !settings.lines().any(|line| line.trim_start().starts_with("token"));
    let failed = |why: &str| {
        let said: Vec<String> = said.lock().iter().cloned().collect();
        io::Error::other(format!("{why}; it said: {}", said.join("\n")))
    };
    let started = timeout(BOUND, addresses(&mut lines, shows_token, said)).await;
    let (url, token) = match started {
        Ok(Ok(Some(started))) => started,
        Ok(Ok(None)) => return Err(failed(&format!("the service ended at once ({})", child.wait().await?))),
        Ok(Err(error)) => return Err(failed(&error.to_string())),
        Err(_late) => return Err(failed("the service doesn't listen within a minute")),
    };
    let mut reader = JoinSet::new();
    let said = Arc::clone(said);
    reader.spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            keep(&said, line);
        }
    });
    Ok(Started { child, url, token, reader })
}

/// Reads until it has said where it is, and its token, if it shows one; `None` if it ends before.
async fn addresses(
    lines: &mut Lines<BufReader<ChildStderr>>,
    shows_token: bool,
    said: &Mutex<VecDeque<String>>,
) -> io::Result<Option<(String, Option<String>)>> {
    let (mut url, mut token) = (None, None);
    while let Some(line) = lines.next_line().await? {
        for word in line.split_whitespace().filter(|word| word.starts_with("http://")) {
            match word.split_once("?token=") {
                Some((_, secret)) => token = Some(secret.to_owned()),
                None if line.contains("listening on") && url.is_none() => url = Some(word.to_owned()),
                None => {}
            }
        }
        keep(said, line);
        if let Some(url) = url.take_if(|_| token.is_some() || !shows_token) {
            return Ok(Some((url, token)));
        }
    }
    Ok(None)
}

fn keep(said: &Mutex<VecDeque<String>>, line: String) {
    let mut said = said.lock();
    if said.len() == LINES {
        said.pop_front();
    }
    said.push_back(line);
}
