use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;

use super::text::text;
use super::{Channel, Notice, SendError, SetupError, delivery};
use crate::report::text::elided;

/// What the summary is called in the environment of the program.
const SUMMARY: &str = "SITEWATCH_SUMMARY";

/// The longest summary, in bytes. Linux takes 128 KiB for one variable.
const LONGEST_SUMMARY: usize = 64 * 1024;

/// How much of what a program says is kept, in bytes, of each stream; and how much of it an error shows, in characters.
const HEARD: usize = 16 * 1024;
const SHOWN: usize = 200;

/// How long what a program said is listened to once it has ended: its output ends later where others have it too.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a [`Command`] is set up.
///
/// # Defaults
///
/// Nothing to run, which is refused, and 1 minute for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSettings {
    /// The program and its arguments. No shell is in between.
    pub run: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

impl Default for CommandSettings {
    fn default() -> Self {
        Self { run: Vec::new(), timeout: Duration::from_secs(60) }
    }
}

/// Tells a program on this machine.
///
/// The program gets the same JSON as a webhook on its standard input, `{"version": 1, "notices": [..]}`, and the
/// [text] that a mail would have in `SITEWATCH_SUMMARY`, cut at 64 KiB. Its environment is otherwise that of this
/// process. What it writes is logged, the first 16 KiB of each stream.
///
/// It has taken the notices if it exits with 0. Whatever else it does (75, by which `EX_TEMPFAIL` of `sysexits.h` asks
/// for that; another code; a signal), it is run again later, as a program's codes mean what its author likes. At its
/// timeout it is killed. However, what it has started itself is not.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Channel, Command, CommandSettings, Notice, NoticeKind, SetupError};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = Notice::new(NoticeKind::Recovered, "docs", "https://example.org/", 12, at);
/// let run = |script: &str| CommandSettings {
///     run: ["sh", "-c", script].map(str::to_owned).into(),
///     ..CommandSettings::default()
/// };
/// let command = Command::new(run(r#"grep -q '"site":"docs"'"#))?;
/// command.send(&[notice.clone()]).await?;
///
/// let command = Command::new(run("echo 'not now' >&2; exit 75"))?;
/// let error = command.send(&[notice]).await.unwrap_err();
/// assert_eq!(error.to_string(), "sh did not take it: exit status: 75: not now");
///
/// assert_eq!(Command::new(CommandSettings::default()).unwrap_err(), SetupError::NoProgram);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    timeout: Duration,
}

impl Command {
    /// A command with these settings. It runs nothing yet.
    ///
    /// # Errors
    ///
    /// [`SetupError::NoProgram`]: there is nothing to run.
    pub fn new(settings: CommandSettings) -> Result<Self, SetupError> {
        let CommandSettings { run, timeout } = settings;
        let mut words = run.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(SetupError::NoProgram)?;
        Ok(Self { program, arguments: words.collect(), timeout })
    }

    fn start(&self, notices: &[Notice]) -> io::Result<Child> {
        tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .env(SUMMARY, cut(text(notices)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    fn log(&self, status: ExitStatus, out: &str, err: &str) {
        if !out.trim().is_empty() || !err.trim().is_empty() {
            let (stdout, stderr) = (elided(out, HEARD).to_string(), elided(err, HEARD).to_string());
            tracing::info!(program = self.program, %status, stdout, stderr, "what a command said");
        }
    }
}

#[async_trait]
impl Channel for Command {
    async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
        let to = self.program.clone();
        let mut child = match self.start(notices) {
            Ok(child) => child,
            Err(error) => return Err(SendError::Unreachable { to, why: error.to_string() }),
        };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let ended = {
            let talk = async {
                let body = delivery::payload(notices);
                tokio::join!(tell(stdin, &body), hear(stdout, &mut out), hear(stderr, &mut err));
            };
            timeout(self.timeout, end(&mut child, talk)).await
        };
        let Ok(ended) = ended else {
            // It is awaited, so that none is left when this is tried again.
            let _ = child.kill().await;
            return Err(SendError::TimedOut { to, limit: self.timeout });
        };
        let status = match ended {
            Ok(status) => status,
            Err(error) => return Err(SendError::Unreachable { to, why: error.to_string() }),
        };
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        self.log(status, &out, &err);
        if status.success() {
            return Ok(());
        }
        let said = if err.trim().is_empty() { String::new() } else { format!(": {}", elided(&err, SHOWN)) };
        Err(SendError::NotTaken { to, why: format!("{status}{said}"), after: None })
    }
}

/// Waits until the program has ended, and for a moment until it has said everything.
async fn end(child: &mut Child, talk: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    let mut talk = pin!(talk);
    let status = tokio::select! {
        biased;
        () = &mut talk => return child.wait().await,
        status = child.wait() => status?,
    };
    let _ = timeout(LAST_WORDS, talk).await;
    Ok(status)
}

async fn tell(stdin: Option<ChildStdin>, body: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A program need not listen.
        let _ = stdin.write_all(body).await;
    }
}

/// Listens to the end, since a program that nobody listens to stops in the middle; keeps what it begins with.
async fn hear(pipe: Option<impl AsyncRead + Unpin>, heard: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = vec![0; 4 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        let room = HEARD - heard.len();
        heard.extend_from_slice(&chunk[..read.min(room)]);
    }
}

/// A summary that a variable can hold, cut after a whole line, or a character if there is none.
fn cut(mut summary: String) -> String {
    if summary.len() > LONGEST_SUMMARY {
        let mut end = LONGEST_SUMMARY - "...\n".len();
        while !summary.is_char_boundary(end) {
            end -= 1;
        }
        let end = summary[..end].rfind('\n').map_or(end, |line| line + 1);
        summary.truncate(end);
        summary.push_str("...\n");
    }
    summary
}
