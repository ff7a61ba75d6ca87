use std::path::PathBuf;

use actors::connection_pool::AcquireError;
use patterns_core::context::Interrupt;

use crate::causes::innermost;

/// Why a database can't be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It can't be reached, or does not answer, or others hold it up. That can pass, and whoever can wait tries again.
    #[error("cannot use the database {name}: {why}")]
    Away {
        /// Its file or its server.
        name: String,
        /// What it, or the system, says.
        why: String,
    },
    /// There is no room left where it is kept.
    #[error("cannot use the database {name}: no space left: {why}")]
    Full {
        /// Its file or its server.
        name: String,
        /// What it says.
        why: String,
    },
    /// It refuses, and will again.
    #[error("cannot use the database {name}: {why}")]
    Refused {
        /// Its file or its server.
        name: String,
        /// What it says.
        why: String,
    },
    /// A database of another program, or of a later version of this.
    #[error("cannot use the database {name}: it is not one of sitewatch's, or of a later version (schema {version})")]
    Foreign {
        /// Its file or its server.
        name: String,
        /// The version of its schema.
        version: i64,
    },
    /// Another sitewatch serves from it.
    #[error("the database {name} is served by another sitewatch already")]
    Taken {
        /// Its file or its server.
        name: String,
    },
    /// It is to be read only, and there is none.
    #[error("there is no database {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// We were asked to stop.
    #[error("the database was not waited for: {0}")]
    Interrupted(Interrupt),
}

impl StoreError {
    /// What it means that there is no connection to be had.
    pub(super) fn unavailable(name: &str, error: &AcquireError) -> Self {
        let (name, why) = (name.to_owned(), innermost(error));
        match error {
            AcquireError::Closed => Self::Refused { name, why },
            AcquireError::ConnectFailed(report) if report.last_failure.as_ref().is_some_and(|last| last.permanent) => {
                Self::Refused { name, why }
            }
            _ => Self::Away { name, why },
        }
    }

    /// Whether it may work later, with nothing done about it here.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Full { .. })
    }

    /// Whether there is no room left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Whether it is only that we were asked to stop.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}
