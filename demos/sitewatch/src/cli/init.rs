//! `sitewatch init`.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Console, Exit, Failure};

/// The settings to begin with.
const STARTER: &str = include_str!("starter.toml");

/// The arguments of `sitewatch init`.
#[derive(Args, Clone, Debug)]
pub struct InitArgs {
    /// The file to write, whose name ends in .toml
    #[arg(value_name = "FILE", default_value = "sitewatch.toml")]
    pub file: PathBuf,
}

/// Writes settings to begin with, with a comment on every key, to a file that is not there yet.
///
/// They are valid as they are, and watch an example.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::{Console, Exit, InitArgs, Sink, init};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let (stdout, stderr) = (Sink::new(std::io::sink()), Sink::new(std::io::sink()));
/// # let console = Console { stdout, stderr, color: false, bar: false, vars: Vec::new() };
/// let args = InitArgs { file: folder.path().join("sitewatch.toml") };
/// assert_eq!(init(&args, &console), Exit::Clean);
/// assert_eq!(init(&args, &console), Exit::Usage, "it is not written over");
/// # Ok(()) }
/// ```
pub fn init(args: &InitArgs, console: &Console) -> Exit {
    let path = &args.file;
    let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if !is_toml {
        return console.fail(&Failure::usage(&InitError::Format(path.clone())));
    }
    match write(path) {
        Ok(()) => {
            let name = path.display();
            console.notice(format_args!("{name} is written: name your sites in it, then run"));
            console.notice(format_args!("  sitewatch serve --config {name}"));
            Exit::Clean
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            console.fail(&Failure::usage(&InitError::Exists(path.clone())))
        }
        Err(source) => console.fail(&Failure::failed(&InitError::Unwritable { path: path.clone(), source })),
    }
}

fn write(path: &Path) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(STARTER.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would be in the way of the next attempt.
        let _ = std::fs::remove_file(path);
    }
    written
}

#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{} is there already: name another file", .0.display())]
    Exists(PathBuf),
    #[error("{} would hold TOML: expected a name that ends in .toml", .0.display())]
    Format(PathBuf),
    #[error("can't write {}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}
