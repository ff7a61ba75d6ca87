//! Whether there can be a SQLite database where one is to be.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use actors::connection_pool::sqlite::SqliteError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::task::spawn_blocking;

use super::{LOCKED, StoreError};
use crate::causes::innermost;

/// Looks at the place before a database is opened there. SQLite says the same of a folder that is missing, which nobody
/// but a person can help, and of a disk that is away for a moment.
///
/// It is never opened but by SQLite: closing a file gives up the locks on it of the whole process, also SQLite's.
pub(crate) async fn look(path: &Path) -> Result<(), StoreError> {
    let path = path.to_owned();
    // Cut off by the end of the runtime, nobody is told anything any more.
    spawn_blocking(move || look_at(&path)).await.unwrap_or(Ok(()))
}

fn look_at(path: &Path) -> Result<(), StoreError> {
    let name = path.display().to_string();
    let refused = |why: String| StoreError::Refused { name: name.clone(), why };
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(refused(SqliteError::InMemory.to_string()));
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(refused("it is a folder, not a file".to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return can_hold_files(&name, folder_of(path)),
        Err(error) => return Err(of(&name, "it can't be looked at", &error)),
    }
    let mut log = OsString::from(path);
    log.push("-wal");
    // Where it is in use its log is there already.
    if !Path::new(&log).exists() {
        can_hold_files(&name, folder_of(path))?;
    }
    match read(path) {
        Err(error) if is_lasting(&error) => Err(refused(innermost(&error))),
        // Whoever uses it waits for others, and says what else there is to say.
        _ => Ok(()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// SQLite has files beside the database while that is in use.
fn can_hold_files(name: &str, folder: &Path) -> Result<(), StoreError> {
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::Refused { name: name.to_owned(), why: format!("there is no folder {shown}") });
        }
        Err(error) => return Err(of(name, &format!("the folder {shown} can't be looked at"), &error)),
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(of(name, &format!("the folder {shown} can't be written"), &error)),
    }
}

/// Reads its head, which says whether it is a database.
fn read(path: &Path) -> rusqlite::Result<()> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(LOCKED)?;
    db.query_row("pragma schema_version", [], |_| Ok(()))
}

fn is_lasting(error: &rusqlite::Error) -> bool {
    let lasting = [ErrorCode::CannotOpen, ErrorCode::NotADatabase, ErrorCode::PermissionDenied, ErrorCode::ReadOnly];
    error.sqlite_error_code().is_some_and(|code| lasting.contains(&code))
}

/// What the system means: what somebody has to change, or what may pass by itself.
pub(super) fn of(name: &str, what: &str, error: &io::Error) -> StoreError {
    let (name, why) = (name.to_owned(), format!("{what}: {}", error.kind()));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { name, why },
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput => StoreError::Refused { name, why },
        _ => StoreError::Away { name, why },
    }
}
