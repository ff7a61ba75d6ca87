use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::server::{Server, find};

/// A real PostgreSQL server in a temporary folder, on a port of its own. It asks for a password.
///
/// All of it blocks: call it from `spawn_blocking`.
#[derive(Debug)]
pub struct Postgres {
    /// `None` while it is down.
    server: Option<Server>,
    programs: PathBuf,
    home: TempDir,
    /// Whom it runs as, as it refuses to be root.
    account: Option<(u32, u32)>,
    address: SocketAddr,
    settings: Vec<String>,
}

const USER: &str = "tester";
const PASSWORD: &str = "a secret";
const LIMIT: Duration = Duration::from_secs(30);

impl Postgres {
    /// Makes an empty database and starts a server for it; `None` if PostgreSQL is not installed.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub fn start() -> io::Result<Option<Self>> {
        let Some(mut postgres) = Self::initialised()? else { return Ok(None) };
        postgres.restart()?;
        Ok(Some(postgres))
    }

    /// The same, and it does TLS, with this certificate and key, each as a PEM.
    ///
    /// # Errors
    ///
    /// If it is installed and doesn't start.
    pub fn start_tls(certificate: &str, key: &str) -> io::Result<Option<Self>> {
        let Some(mut postgres) = Self::initialised()? else { return Ok(None) };
        postgres.settings.push("ssl=on".to_owned());
        for (setting, content) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
            let file = postgres.home.path().join(setting);
            fs::write(&file, content)?;
            // It uses no key that others can read.
            #[cfg(unix)]
            fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            postgres.give_away(&file)?;
            postgres.settings.push(format!("{setting}={}", file.display()));
        }
        postgres.restart()?;
        Ok(Some(postgres))
    }

    fn initialised() -> io::Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let home = tempfile::tempdir()?;
        let (account, address) = (account(home.path())?, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut postgres = Self { server: None, programs, home, account, address, settings: Vec::new() };
        postgres.initialise()?;
        // Only now: that may take a second, in which somebody else could take the port.
        postgres.address = Server::free_address()?;
        Ok(Some(postgres))
    }

    fn initialise(&self) -> io::Result<()> {
        let password = self.home.path().join("password");
        fs::write(&password, PASSWORD)?;
        self.give_away(&password)?;
        self.give_away(self.home.path())?;
        let mut init = self.command("initdb");
        init.args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username", USER]);
        init.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&password);
        let output = init.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("initdb failed: {}", String::from_utf8_lossy(&output.stderr))))
    }

    /// Starts it again, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it doesn't within half a minute.
    pub fn restart(&mut self) -> io::Result<()> {
        let started = SystemTime::now();
        let is_late = || started.elapsed().unwrap_or_default() > LIMIT;
        // What is left of one that was killed may be in the way for a moment.
        self.server = loop {
            match Server::start(self.postmaster(), self.address) {
                Ok(server) => break Some(server),
                Err(error) if is_late() => return Err(error),
                Err(_) => pause(),
            }
        };
        let port = self.address.port().to_string();
        while !self.command("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port]).status()?.success() {
            if is_late() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it is not ready within half a minute"));
            }
            pause();
        }
        Ok(())
    }

    /// Kills it (`SIGKILL`): as a crash, with everything that is under way.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// The URL of its database, with more parameters, `key=value&...`.
    #[must_use]
    pub fn url(&self, parameters: &str) -> String {
        self.url_as(USER, PASSWORD, "postgres", parameters)
    }

    /// The URL of another database, of another user, or with another password.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str, database: &str, parameters: &str) -> String {
        let password = password.replace(' ', "%20");
        format!("postgres://{user}:{password}@{}/{database}?{parameters}", self.address)
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn postmaster(&self) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-p").arg(self.address.port().to_string());
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=40"];
        let settings = settings.into_iter().chain(["shared_buffers=16MB", "autovacuum=off", "log_min_messages=panic"]);
        for setting in settings.chain(self.settings.iter().map(String::as_str)) {
            command.arg("-c").arg(setting);
        }
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.home.path()).env("LC_ALL", "C").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        if let Some((user, group)) = self.account {
            use std::os::unix::process::CommandExt;
            command.uid(user).gid(group);
        }
        command
    }

    fn give_away(&self, path: &Path) -> io::Result<()> {
        #[cfg(unix)]
        if let Some((user, group)) = self.account {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.is_some() {
            // So that it cleans up what it shares with its children, which a kill would leave.
            let mut stop = self.command("pg_ctl");
            let _ = stop.args(["stop", "-m", "immediate", "-D"]).arg(self.data()).status();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server's start is outside of any runtime, and real")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// The folder of the latest version's programs.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let latest = installed.map(|entry| entry.path()).max_by_key(|folder| version(folder));
    let latest = latest.map(|folder| folder.join("bin")).filter(|folder| folder.join("postgres").is_file());
    latest.or_else(|| find("postgres")?.parent().map(Path::to_owned).filter(|bin| bin.join("initdb").is_file()))
}

/// The user and group to run as: another one if we are root.
fn account(ours: &Path) -> io::Result<Option<(u32, u32)>> {
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&fs::metadata(ours)?) == 0 {
        let users = fs::read_to_string("/etc/passwd")?;
        let ids = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?))
        };
        let found = ids("postgres").or_else(|| ids("nobody"));
        return found.map(Some).ok_or_else(|| io::Error::other("there is no user to run PostgreSQL as"));
    }
    let _ = ours;
    Ok(None)
}
