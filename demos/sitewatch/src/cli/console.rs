use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Exit, Failure};

/// The surroundings of a run: where it writes, and which environment variables it sees.
#[derive(Clone, Debug)]
pub struct Console {
    /// Takes the report.
    pub stdout: Sink,
    /// Takes progress, notices and errors.
    pub stderr: Sink,
    /// Whether the report may have colours.
    pub color: bool,
    /// Whether progress is a bar on the process's standard error; plain lines to `stderr` otherwise.
    pub bar: bool,
    /// The environment.
    pub vars: Vec<(String, String)>,
}

impl Console {
    /// The streams and the environment of this process.
    ///
    /// Colours need a terminal, a `TERM` other than `dumb`, and no [`NO_COLOR`](https://no-color.org);
    /// a bar needs a terminal.
    #[must_use]
    pub fn of_process() -> Self {
        let vars: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let is = |wanted: &str, test: fn(&str) -> bool| vars.iter().any(|(name, value)| name == wanted && test(value));
        let plain = is("NO_COLOR", |value| !value.is_empty()) || is("TERM", |value| value == "dumb");
        Self {
            stdout: Sink::new(io::stdout()),
            stderr: Sink::new(io::stderr()),
            color: io::stdout().is_terminal() && !plain,
            bar: io::stderr().is_terminal() && !is("TERM", |value| value == "dumb"),
            vars,
        }
    }

    /// Says on `stderr` what went wrong, a line for each thing, and returns the exit code for it.
    pub fn fail(&self, failure: &Failure) -> Exit {
        for line in failure.to_string().lines() {
            self.notice(format_args!("error: {line}"));
        }
        if let Some(note) = failure.note() {
            self.notice(note);
        }
        failure.exit()
    }

    /// A message on a line of its own; where it can't be written, nobody would read it either.
    pub(super) fn notice(&self, message: impl fmt::Display) {
        let mut stderr = self.stderr.clone();
        let _ = writeln!(stderr, "{message}").and_then(|()| stderr.flush());
    }
}

/// The environment variable that names the queue of a service.
pub(super) const QUEUE_VAR: &str = "SITEWATCH_QUEUE";

/// What an environment variable says, as the settings take it: the last of its name counts, and empty it says nothing.
pub(super) fn var<'a>(vars: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let last = vars.iter().rev().find(|(name, _)| name == wanted);
    last.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// Something to write to that can be held in several places; every call writes as a whole.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<dyn Write + Send>>);

impl Sink {
    /// A sink that writes to `inner`.
    pub fn new(inner: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().write_all(bytes)
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> io::Result<()> {
        self.0.lock().write_fmt(arguments)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().flush()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}
