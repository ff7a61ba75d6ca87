//! A machine whose clock is set.

use std::fs;
use std::path::{Path, PathBuf};

use actors::scheduler::WallClock;
use jiff::{SignedDuration, Timestamp};

/// The system's clock, and so many seconds more as a file says: whoever writes the file sets the clock of all processes
/// that have it. Without a file it is the system's.
#[derive(Clone, Debug)]
pub(crate) struct FileClock(PathBuf);

impl FileClock {
    /// The one of this folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("clock"))
    }
}

impl WallClock for FileClock {
    fn now(&self) -> Timestamp {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        Timestamp::now() + SignedDuration::from_secs(text.trim().parse().unwrap_or(0))
    }
}
