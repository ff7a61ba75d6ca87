use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{Skipped, root};
use crate::rows::daemon::Daemon;

/// What starting it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The file of the server.
#[derive(Clone)]
pub(super) struct Program(PathBuf);

/// A NATS server in a temporary folder, which syncs what it acknowledges. Ended when dropped.
pub(super) struct NatsServer {
    daemon: Daemon,
    address: SocketAddr,
    monitor: SocketAddr,
    /// Dropped after the server has ended.
    _home: TempDir,
}

impl Program {
    /// `NATS_SERVER` names it; else it is where `cargo xtask setup` puts it, or on the path.
    pub(super) fn find() -> Result<Self, Skipped> {
        let found = match env::var_os("NATS_SERVER") {
            Some(path) => vec![PathBuf::from(path)],
            None => {
                let folders = env::var_os("PATH").unwrap_or_default();
                let on_path = env::split_paths(&folders).map(|folder| folder.join("nats-server"));
                [root().join("target/tools/nats/bin/nats-server")].into_iter().chain(on_path).collect()
            }
        };
        found.into_iter().find(|path| path.is_file()).map(Self).ok_or_else(|| {
            let help = "`cargo xtask setup` installs it, and NATS_SERVER=path says where it is";
            Skipped(format!("no nats-server: {help}"))
        })
    }
}

impl NatsServer {
    pub(super) fn start(program: &Program) -> Self {
        let home = tempfile::Builder::new().prefix("benches-nats-").tempdir().expect("there is room for a folder");
        let (address, monitor) = (free_address(), free_address());
        let settings = home.path().join("settings");
        let text = format!(
            "server_name: benches\nlisten: \"{address}\"\nhttp: \"{monitor}\"\n\
             jetstream {{\n  store_dir: {store:?}\n  sync_interval: always\n}}\n",
            store = home.path().join("store"),
        );
        fs::write(&settings, text).expect("there is room for a file");
        let mut shell = Command::new("sh");
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Daemon::start(shell, &program.0, [OsStr::new("--config"), settings.as_os_str()]);
        let mut server = Self { daemon, address, monitor, _home: home };
        server.wait_until_it_answers();
        server
    }

    pub(super) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where it says how it is set.
    pub(super) fn monitor(&self) -> String {
        format!("http://{}", self.monitor)
    }

    fn wait_until_it_answers(&mut self) {
        let started = Instant::now();
        while [self.monitor, self.address].iter().any(|address| TcpStream::connect(address).is_err()) {
            assert!(!self.daemon.has_ended() && started.elapsed() < LIMIT, "nats-server does not answer");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// One that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound")
}
