use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::Mutex;

/// Whether a database was written to, by what the system says of its files: which costs next to nothing, other than
/// asking the database, for which a connection is used and threads are woken.
#[derive(Debug)]
pub(super) struct Trace {
    /// The database and its log; none where the system can't be gone by.
    files: Option<[PathBuf; 2]>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    files: [Option<(SystemTime, u64)>; 2],
    /// Whether the database was asked again after it was seen to be written to.
    settled: bool,
}

impl Trace {
    pub(super) fn of(database: &Path) -> Self {
        // Elsewhere a file that is open may look as it did until it is closed.
        let database = if cfg!(unix) { fs::canonicalize(database).ok() } else { None };
        let files = database.map(|database| {
            let mut log = OsString::from(&database);
            log.push("-wal");
            [database, log.into()]
        });
        Self { files, seen: Mutex::default() }
    }

    /// Whether there may be something that the database was not asked for yet. It is asked once more after the last time
    /// that it was written to: the system may give two times that are close together as one.
    pub(super) fn may_be_new(&self) -> bool {
        let Some(files) = &self.files else { return true };
        let now = files.each_ref().map(|file| {
            let found = fs::metadata(file).ok()?;
            Some((found.modified().ok()?, found.len()))
        });
        let mut seen = self.seen.lock();
        let is_new = seen.files != now || now[0].is_none();
        let again = !std::mem::replace(&mut seen.settled, !is_new);
        seen.files = now;
        is_new || again
    }

    /// The database could not be asked.
    pub(super) fn unsettle(&self) {
        self.seen.lock().settled = false;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_to_is_asked_twice_and_then_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let (database, log) = (folder.path().join("jobs.db"), folder.path().join("jobs.db-wal"));
        fs::write(&database, "a").unwrap();
        let trace = Trace::of(&database);
        let looks = || [(); 4].map(|()| trace.may_be_new());
        assert_eq!(looks(), [true, true, false, false]);
        fs::write(&log, "a").unwrap();
        assert_eq!(looks(), [true, true, false, false]);
        // As long, at another time.
        let later = SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&log).unwrap().set_modified(later).unwrap();
        assert_eq!(looks(), [true, true, false, false]);
        trace.unsettle();
        assert_eq!(looks(), [true, false, false, false]);
        fs::remove_file(&log).unwrap();
        assert_eq!(looks(), [true, true, false, false]);
        fs::remove_file(&database).unwrap();
        assert_eq!(looks(), [true; 4]);
    }

    #[test]
    fn what_can_not_be_seen_is_always_asked() {
        let trace = Trace::of(Path::new("/nowhere/jobs.db"));
        assert!(trace.may_be_new() && trace.may_be_new() && trace.may_be_new());
    }
}
