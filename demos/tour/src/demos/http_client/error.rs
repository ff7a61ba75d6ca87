//! Why a request has not got what it was for.
use std::io;

use reqwest::StatusCode;

// ANCHOR: error
/// Why a request has not got what it was for.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("no answer")]
    Exchange(#[from] reqwest::Error),
    #[error("cut after {have} of {whole} bytes")]
    Cut { have: u64, whole: u64, source: Option<reqwest::Error> },
    #[error("the answer is not the rest, or does not say how long it is")]
    NotTheRest,
    #[error("the file can't be written")]
    File(#[from] io::Error),
}

impl ApiError {
    /// Whether another attempt may go better.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => status.is_server_error(),
            Self::Exchange(_) | Self::Cut { .. } => true,
            Self::NotTheRest | Self::File(_) => false,
        }
    }
}
// ANCHOR_END: error
