//! What has to be done about a connection before somebody else uses it.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio_postgres::Error;

use super::error::{is_of_a_standby, is_serialization_failure};

#[derive(Debug, Default)]
pub(super) struct Care {
    /// Nobody waits any more for a query that the server may still be at.
    abandoned: AtomicBool,
    /// There may be answers that nobody has read.
    unsure: AtomicBool,
    /// A transaction was left open that nobody will commit.
    rollback_due: AtomicBool,
    /// The server refused something in the transaction.
    refused: AtomicBool,
    /// It did so because of others, and might not the next time.
    serialization: AtomicBool,
    /// The server takes no writes, and may never again: another does, after a failover.
    astray: AtomicBool,
}

impl Care {
    pub(super) fn is_due(&self) -> bool {
        self.is_abandoned() || self.unsure.load(SeqCst) || self.is_rollback_due()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(SeqCst)
    }

    pub(super) fn is_rollback_due(&self) -> bool {
        self.rollback_due.load(SeqCst)
    }

    /// Whether the status of the transaction may be another than the server last said.
    pub(super) fn is_status_unsure(&self) -> bool {
        self.is_due() || self.refused.load(SeqCst)
    }

    pub(super) fn met_serialization_failure(&self) -> bool {
        self.serialization.load(SeqCst)
    }

    /// Whether the server is not the one that is to be written to.
    pub(super) fn is_astray(&self) -> bool {
        self.astray.load(SeqCst)
    }

    pub(super) fn unsure(&self) {
        self.unsure.store(true, SeqCst);
    }

    pub(super) fn rollback_is_due(&self) {
        self.rollback_due.store(true, SeqCst);
    }

    /// A transaction begins.
    pub(super) fn begun(&self) {
        self.refused.store(false, SeqCst);
        self.serialization.store(false, SeqCst);
    }

    /// All is as it was when the connection was opened.
    pub(super) fn done(&self) {
        for flag in [&self.abandoned, &self.unsure, &self.rollback_due, &self.refused] {
            flag.store(false, SeqCst);
        }
    }

    pub(super) fn failed(&self, error: &Error) {
        match error.code() {
            Some(code) => {
                self.refused.store(true, SeqCst);
                if is_serialization_failure(code) {
                    self.serialization.store(true, SeqCst);
                }
                if is_of_a_standby(code) {
                    self.astray.store(true, SeqCst);
                }
            }
            // Not the server's error, so there may be more from the server.
            None => self.unsure(),
        }
    }

    /// To be held while the server is asked something.
    pub(super) fn asking(&self) -> Asking<'_> {
        Asking { care: self, answered: false }
    }
}

/// That somebody waits for an answer. Dropped before it has come, nobody does.
pub(super) struct Asking<'a> {
    care: &'a Care,
    answered: bool,
}

impl Asking<'_> {
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.care.abandoned.store(true, SeqCst);
        }
    }
}
