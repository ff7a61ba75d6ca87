use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program: the one that `SITEWATCH_PROGRAM` names, or else the one beside the test's own binary, built if only this
/// test was asked for.
///
/// # Errors
///
/// If the named one isn't there, or the other isn't and can't be built.
pub fn program() -> io::Result<PathBuf> {
    if let Some(named) = std::env::var_os("SITEWATCH_PROGRAM") {
        // It is started in other folders.
        let named = std::path::absolute(named)?;
        let missing = || io::Error::other(format!("SITEWATCH_PROGRAM: there is no file {}", named.display()));
        return if named.is_file() { Ok(named) } else { Err(missing()) };
    }
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("a test outside of a target"))?;
    let built = folder.join(format!("sitewatch{}", std::env::consts::EXE_SUFFIX));
    if !built.is_file() {
        let status = Command::new(env!("CARGO")).args(["build", "--package", "sitewatch"]).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("sitewatch can't be built: {status}")));
        }
    }
    Ok(built)
}

/// A command that runs it, with none of the settings that the environment of the test may have for it.
///
/// # Errors
///
/// As [`program`].
pub fn command() -> io::Result<Command> {
    let mut command = Command::new(program()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SITEWATCH_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}
