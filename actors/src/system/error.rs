use std::io;

use thiserror::Error;

/// Why a system could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The operating system gave no thread for the actors.
    #[error("could not start the actors' thread")]
    Thread(#[source] io::Error),
    /// The actors' runtime could not be set up.
    #[error("could not set up the actors' runtime")]
    Runtime(#[source] io::Error),
}
