//! A NATS server with JetStream, which can be killed and comes again on the same folder and ports.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use integration_tests::{Server, find};
use tempfile::TempDir;

/// A real NATS server in a temporary folder, on ports of its own.
///
/// All of it blocks: call it from `spawn_blocking`.
#[derive(Debug)]
pub(crate) struct Nats {
    /// `None` while it is down.
    server: Option<Server>,
    program: PathBuf,
    home: TempDir,
    address: SocketAddr,
    monitor: SocketAddr,
}

impl Nats {
    /// Starts one that syncs before it acknowledges; `None` if there is no `nats-server`.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub(crate) fn start() -> io::Result<Option<Self>> {
        Self::start_with("always")
    }

    /// Starts one that syncs so often: `always`, or a time, as `2m`.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub(crate) fn start_with(sync_interval: &str) -> io::Result<Option<Self>> {
        Self::start_set(sync_interval, "")
    }

    /// Starts one that syncs before it acknowledges, and lets nobody in but this user.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub(crate) fn start_for(user: &str, password: &str) -> io::Result<Option<Self>> {
        Self::start_set("always", &format!("authorization {{ user: {user:?}, password: {password:?} }}\n"))
    }

    fn start_set(sync_interval: &str, more: &str) -> io::Result<Option<Self>> {
        let Some(program) = program() else { return Ok(None) };
        let (home, address, monitor) = (tempfile::tempdir()?, Server::free_address()?, Server::free_address()?);
        // A time is a text; the word is none.
        let sync = if sync_interval == "always" { sync_interval.to_owned() } else { format!("{sync_interval:?}") };
        let store = home.path().join("store");
        let settings = format!(
            "server_name: tested\nlisten: {address:?}\nhttp: {monitor:?}\n\
             jetstream {{\n  store_dir: {store:?}\n  sync_interval: {sync}\n}}\n{more}",
            address = address.to_string(),
            monitor = monitor.to_string(),
        );
        std::fs::write(home.path().join("settings"), settings)?;
        let mut nats = Self { server: None, program, home, address, monitor };
        nats.restart()?;
        Ok(Some(nats))
    }

    /// Starts it again, on the same folder and ports, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it doesn't within ten seconds.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.home.path().join("settings"));
        command.arg("--log").arg(self.home.path().join("log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(Server::start(command, self.address)?);
        Ok(())
    }

    /// Kills it (`SIGKILL`).
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where it says how it is set.
    pub(crate) fn monitor(&self) -> String {
        format!("http://{}", self.monitor)
    }

    /// What its monitor answers to a path, as text.
    ///
    /// # Errors
    ///
    /// If it doesn't.
    pub(crate) fn look(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.monitor)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.monitor)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
    }
}

/// Where `cargo xtask setup` puts it, or else on the path. Systems may have one that is too old.
fn program() -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/nats/bin/nats-server");
    if ours.is_file() { Some(ours) } else { find("nats-server") }
}
