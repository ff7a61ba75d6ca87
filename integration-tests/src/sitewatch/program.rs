use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program, beside the test's own binary; built if only this test was asked for.
///
/// # Errors
///
/// If it isn't there and can't be built.
pub fn program() -> io::Result<PathBuf> {
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
/// If it isn't there and can't be built.
pub fn command() -> io::Result<Command> {
    let mut command = Command::new(program()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SITEWATCH_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}
