use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

/// The load from which on nothing is written. Two workers on two cores leave no room for others.
const BUSY: f64 = 1.5;

/// Where and with what is measured, as it was before the first row.
pub(crate) struct Machine {
    pub(crate) description: String,
    /// Runnable processes, averaged over the last minute, where the system says so.
    load: Option<f64>,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg").split_whitespace().next().and_then(|load| load.parse().ok());
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".into());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let kilobytes = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|total| total.split_whitespace().next()?.parse::<f64>().ok());
        let memory = kilobytes.map_or(String::new(), |kilobytes| format!(", {:.0} GiB", kilobytes / 1024.0 / 1024.0));
        let release = read("/proc/sys/kernel/osrelease");
        let system = match release.trim().split(['.', '-']).collect::<Vec<_>>().as_slice() {
            [major, minor, ..] => format!("Linux {major}.{minor}"),
            _ => std::env::consts::OS.to_owned(),
        };
        let description =
            format!("{processor}, {cores} cores{memory}, {system}, {}, the system's allocator", std::env::consts::ARCH);
        Self { description, load }
    }

    /// Why numbers from here mean little now.
    pub(crate) fn busy(&self) -> Option<String> {
        let load = self.load.filter(|load| *load >= BUSY)?;
        Some(format!("the machine was busy, its load was {load} (quiet is below {BUSY})"))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)?;
        match self.load {
            Some(load) => write!(f, ", load {load}"),
            None => Ok(()),
        }
    }
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is a member below the root").to_owned()
}

/// The compiler, our commit, and what the lock files say of this crate's own dependencies and of the peers that are
/// programs.
pub(super) fn versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let said = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(root()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    if let Some(rustc) = said("rustc", &["--version"]) {
        versions.insert("rustc".to_owned(), rustc.trim_start_matches("rustc ").to_owned());
    }
    if let Some(commit) = said("git", &["rev-parse", "--short", "HEAD"]) {
        // Results that this run has written so far are no change of what is measured.
        let status = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!benches/results"];
        let changed = said("git", &status).is_none_or(|changed| !changed.is_empty());
        versions.insert("commit".to_owned(), if changed { commit + "-dirty" } else { commit });
    }
    let mut add = |lock: &str, package: &str| {
        for (name, version) in dependencies(&fs::read_to_string(root().join(lock)).unwrap_or_default(), package) {
            versions.entry(name).or_insert(version);
        }
    };
    add("Cargo.lock", "benches");
    add("benches/peers/Cargo.lock", "peers");
    versions
}

/// The dependencies of a package and their versions, as a lock file says.
fn dependencies(lock: &str, package: &str) -> Vec<(String, String)> {
    let only = |name: &str| {
        let version = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?.1;
        Some(version.split_once('"')?.0.to_owned())
    };
    let own = lock
        .split_once(&format!("name = \"{package}\"\n"))
        .and_then(|(_, own)| own.split_once("dependencies = [")?.1.split_once(']'));
    let dependency = |text: &str| match text.split_once(' ') {
        // Of what the lock file has several, it says which.
        Some((name, version)) => Some((name.to_owned(), version.to_owned())),
        None => Some((text.to_owned(), only(text)?)),
    };
    own.map_or("", |(names, _)| names).split('"').skip(1).step_by(2).filter_map(dependency).collect()
}
