use super::super::DriverError;
use crate::connection_pool::sqlite::CallError;

/// What a call said.
pub(super) fn said(error: CallError<DriverError>) -> DriverError {
    match error {
        CallError::Failed(error) => error,
        CallError::Panicked(panic) => DriverError::Panicked(panic),
        other => DriverError::new(other),
    }
}

impl From<rusqlite::Error> for DriverError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error)
    }
}
