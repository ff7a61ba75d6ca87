//! Servers that a row starts for itself.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What ending it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs the server until standard input ends, which it does with this process, however that ends.
const UNTIL_INPUT_ENDS: &str = r#""$@" </dev/null & read -r nothing; kill -INT $!; wait $!"#;

/// A server that ends when this is dropped, or with this process.
pub(super) struct Daemon(Child);

impl Daemon {
    /// Starts it by a shell, which the caller has told where and as whom, and where its output goes.
    pub(super) fn start(mut shell: Command, program: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        shell.args(["-c", UNTIL_INPUT_ENDS, "sh"]).arg(program).args(args);
        Self(shell.stdin(Stdio::piped()).spawn().expect("a shell starts"))
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it is our child").is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let started = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && started.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
