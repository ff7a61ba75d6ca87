use std::cell::OnceCell;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio_postgres::{Config, NoTls};

use crate::harness::Skipped;
use crate::rows::daemon::Daemon;

/// What starting the server may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A server that is started when it is first needed.
pub(in crate::rows) struct Cluster {
    programs: Programs,
    settings: &'static [&'static str],
    server: OnceCell<Server>,
}

/// The folder where PostgreSQL's programs are.
struct Programs(PathBuf);

/// A server of its own: in a temporary folder, at a socket in it and at no port. Ended when dropped.
struct Server {
    daemon: Daemon,
    home: TempDir,
}

impl Cluster {
    /// One with these settings, as `fsync=off`.
    pub(in crate::rows) fn new(settings: &'static [&'static str]) -> Result<Self, Skipped> {
        Ok(Self { programs: Programs::find()?, settings, server: OnceCell::new() })
    }

    pub(in crate::rows) fn config(&self) -> Config {
        self.server().config()
    }

    /// The address of a database of it.
    pub(in crate::rows) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port=5432&user=bench", self.server().home.path().display())
    }

    fn server(&self) -> &Server {
        self.server.get_or_init(|| Server::start(&self.programs, self.settings))
    }
}

impl Programs {
    /// `POSTGRES_BIN` names the folder; else it is looked for.
    fn find() -> Result<Self, Skipped> {
        let folders: Vec<PathBuf> = match env::var_os("POSTGRES_BIN") {
            Some(folder) => vec![folder.into()],
            None => env::split_paths(&env::var_os("PATH").unwrap_or_default()).chain(debian()).collect(),
        };
        let whole = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
        folders.into_iter().find(whole).map(Self).ok_or_else(|| {
            let help = "`apt-get install postgresql` installs it, and POSTGRES_BIN=folder says where it is";
            Skipped(format!("no PostgreSQL server, which is initdb and postgres in one folder: {help}"))
        })
    }
}

/// Where Debian puts them, the latest version first.
fn debian() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

impl Server {
    fn start(programs: &Programs, settings: &[&str]) -> Self {
        let home = tempfile::Builder::new().prefix("benches-postgres-").tempdir().expect("there is room for a folder");
        let user = user();
        if let Some((uid, gid)) = user {
            chown(home.path(), Some(uid), Some(gid)).expect("root may give folders away");
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(home.path()).stdin(Stdio::null()).stdout(Stdio::null());
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let data = home.path().join("data");
        let mut initdb = command(&programs.0.join("initdb"));
        initdb.args(["--username=bench", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
        let output = initdb.arg(&data).output().expect("initdb starts");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));

        let log = File::create(home.path().join("log")).expect("there is room for a file");
        let mut shell = command(Path::new("sh"));
        shell.stderr(log);
        let mut args: Vec<OsString> = vec!["-D".into(), data.into(), "-k".into(), home.path().into()];
        for setting in ["port=5432", "listen_addresses="].iter().chain(settings) {
            args.push("-c".into());
            args.push((*setting).into());
        }
        let daemon = Daemon::start(shell, &programs.0.join("postgres"), args);
        let mut server = Self { daemon, home };
        server.wait_until_it_answers();
        server
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(self.home.path()).user("bench").dbname("postgres");
        config
    }

    fn wait_until_it_answers(&mut self) {
        let runtime = Builder::new_current_thread().enable_all().build().expect("the system gives a runtime");
        let started = Instant::now();
        while runtime.block_on(self.config().connect(NoTls)).is_err() {
            if self.daemon.has_ended() || started.elapsed() > LIMIT {
                let log = fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL does not answer: {log}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Who is to run the server, where it can't be whoever runs this: PostgreSQL refuses to be run by root.
fn user() -> Option<(u32, u32)> {
    if !fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = line.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}
