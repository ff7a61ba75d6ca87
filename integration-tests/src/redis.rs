use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::{Server, find};

/// A real Redis server that keeps nothing, on a port of its own.
///
/// All of it blocks: call it from `spawn_blocking`.
#[derive(Debug)]
pub struct Redis {
    /// `None` while it is down.
    server: Option<Server>,
    program: PathBuf,
    home: TempDir,
    address: SocketAddr,
    password: Option<String>,
}

impl Redis {
    /// Starts a server that asks for this password, if there is one; `None` if Redis is not installed.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub fn start(password: Option<&str>) -> io::Result<Option<Self>> {
        let Some(program) = find("redis-server") else { return Ok(None) };
        let (home, address) = (tempfile::tempdir()?, Server::free_address()?);
        let mut redis = Self { server: None, program, home, address, password: password.map(str::to_owned) };
        redis.restart()?;
        Ok(Some(redis))
    }

    /// Starts it again, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it doesn't within ten seconds.
    pub fn restart(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("--port").arg(self.address.port().to_string()).args(["--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--loglevel", "warning"]).arg("--dir").arg(self.home.path());
        if let Some(password) = &self.password {
            command.arg("--requirepass").arg(password);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(Server::start(command, self.address)?);
        Ok(())
    }

    /// Kills it (`SIGKILL`).
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Its URL, with this user information (`":password@"` or nothing), and a path (`"3"`, a database's number).
    #[must_use]
    pub fn url(&self, user: &str, path: &str) -> String {
        format!("redis://{user}{}/{path}", self.address)
    }
}
