use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that appears whole or not at all.
///
/// What is written goes to a temporary file beside it, reaches the disk, and then takes the place of
/// the old file in one step: whoever reads the path sees the old report or the new one, also after a
/// crash, and a failure leaves the old one as it was. The new file has the permissions that any new
/// file would get. A symbolic link stays one, and its target is replaced. What is not a regular file,
/// such as a pipe or `/dev/null`, is written to directly.
///
/// # Comparison to `std::fs::write`
///
/// That empties the old file first, so a reader or a full disk may leave a part of a report, which
/// looks like a whole one in formats for people.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use sitewatch::report::Output;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("report.txt");
/// let output = Output::prepare(&path)?;
/// output.write(|file| file.write_all(b"first"))?;
/// let failed = output.write(|file| {
///     file.write_all(b"sec")?;
///     Err(std::io::Error::other("no more"))
/// });
/// assert_eq!(failed.unwrap_err().path(), path);
/// assert_eq!(std::fs::read(&path)?, b"first");
///
/// assert!(Output::prepare(&folder.path().join("no/such/folder/report.txt")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Output {
    /// As the user named it, for messages.
    named: PathBuf,
    /// Where it really is, symbolic links resolved.
    real: PathBuf,
    direct: bool,
}

/// The report could not be written to its file.
#[derive(Debug, thiserror::Error)]
#[error("can't write the report to {}: {source}", path.display())]
pub struct OutputError {
    path: PathBuf,
    source: io::Error,
}

impl OutputError {
    /// The file, as the user named it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Output {
    /// Makes sure that `path` can be written, without touching it: better before a check than after.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if `path` is a folder, or if its folder does not exist or takes no new files.
    pub fn prepare(path: &Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError { path: path.to_owned(), source };
        let real = resolve(path).map_err(failed)?;
        let output = match fs::metadata(&real) {
            Ok(old) if old.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(old) => Self { named: path.to_owned(), real, direct: !old.is_file() },
            Err(_) => Self { named: path.to_owned(), real, direct: false },
        };
        if !output.direct {
            output.temporary().map_err(failed)?;
        }
        Ok(output)
    }

    /// The file, as the user named it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.named
    }

    /// Replaces the file by what `fill` writes; with an error from anywhere, the old one stays.
    ///
    /// # Errors
    ///
    /// [`OutputError`] with what `fill` returned, or what went wrong on disk.
    pub fn write(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), OutputError> {
        self.try_write(fill).map_err(|source| OutputError { path: self.named.clone(), source })
    }

    // ANCHOR: write
    fn try_write(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.direct {
            return fill(&mut File::options().write(true).open(&self.real)?);
        }
        let mut file = self.temporary()?;
        fill(&mut file)?;
        file.as_file().sync_all()?;
        file.persist(&self.real).map_err(|error| error.error)?;
        sync_folder(folder_of(&self.real))
    }
    // ANCHOR_END: write

    /// Removed again when dropped.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sitewatch-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::fs::Permissions;
            use std::os::unix::fs::PermissionsExt;
            // Less the process's umask, as for any new file; a temporary file would be private.
            builder.permissions(Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder_of(&self.real))
    }
}

/// Follows symbolic links, of which the last may lead to a file that is yet to be made.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(next) => path = folder_of(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A rename is only lasting once the folder has reached the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
