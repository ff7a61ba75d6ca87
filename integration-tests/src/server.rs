use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

/// A server's process. Ended, and waited for, when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts `command`, which listens at `address`, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// If it can't be started, ends at once, or doesn't listen within ten seconds.
    pub fn start(mut command: Command, address: SocketAddr) -> io::Result<Self> {
        let mut server = Self { process: command.spawn()?, address };
        let started = SystemTime::now();
        while started.elapsed().unwrap_or_default() < Duration::from_secs(10) {
            let is_answered = TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok();
            // Another one may have the port, and ours have ended for that reason.
            if let Some(status) = server.process.try_wait()? {
                return Err(io::Error::other(format!("it ended at once: {status}")));
            }
            if is_answered {
                return Ok(server);
            }
            pause();
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "it did not listen within ten seconds"))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A port of the loopback address that is free now.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn free_address() -> io::Result<SocketAddr> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a server's start is outside of any runtime, and real")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Where a program is, looking also where servers hide from ordinary users.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|program| program.is_file())
}

/// Whether this is a run in continuous integration.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Whether to keep what is made now, for later runs to be compared with: `RECORD=1`.
///
/// # Panics
///
/// If that is asked for in continuous integration.
pub fn is_recording() -> bool {
    let asked = std::env::var("RECORD").is_ok_and(|value| value == "1");
    assert!(!asked || !in_ci(), "what is recorded in CI is compared with nothing");
    asked
}

/// Says that a test can't run for want of `program`: loudly in `cargo xtask test`'s closing list, and as a
/// failure in continuous integration.
///
/// # Panics
///
/// With `CI=true`: a test that passes because a server is missing proves nothing.
pub fn skip_or_fail(test: &str, program: &str) {
    assert!(!in_ci(), "{test} needs {program}, which is not installed: run `cargo xtask setup`");
    let line = format!("{test}: needs {program}\n");
    if let Some(list) = std::env::var_os("SKIPPED_TESTS") {
        let list = OpenOptions::new().append(true).create(true).open(list);
        let _ = list.and_then(|mut list| list.write_all(line.as_bytes()));
    }
    let _ = write!(io::stderr(), "SKIPPED {line}");
}
