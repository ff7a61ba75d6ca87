//! What a worker writes down: a file for each life of a process, a line for each thing that it did.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use actors::jobs::{JobId, Run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Names a delivery among all that were ever begun: that of this number in this life of this process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) life: String,
    pub(crate) number: u64,
}

/// A line. The times are those of this machine's own clock, whatever the clock of the engine is set to.
#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

/// Appended to by one process, and read by others when that is gone.
pub(crate) struct Ledger {
    /// The file's name, too.
    pub(crate) life: String,
    file: File,
}

impl Ledger {
    pub(crate) fn open(folder: &Path, instance: &str) -> io::Result<Self> {
        let life = format!("{instance}.{}", std::process::id());
        let file = folder.join(format!("{life}.ledger"));
        let file = OpenOptions::new().create(true).append(true).open(file)?;
        Ok(Self { life, file })
    }

    /// Something that is about no job.
    pub(crate) fn note(&self, what: &str) -> io::Result<()> {
        self.write(&Line { at: Timestamp::now(), what, job: None, number: None })
    }

    /// Something that became of a delivery.
    pub(crate) fn note_of(&self, what: &str, run: &Run, number: u64) -> io::Result<()> {
        self.write(&Line { at: Timestamp::now(), what, job: Some(run.id()), number: Some(number) })
    }

    /// Not synced: it is processes that are killed here, and not the machine.
    fn write(&self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        // In one piece, so that of a process that is killed only the last line can be torn.
        (&self.file).write_all(&text)
    }
}
