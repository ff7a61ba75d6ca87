use std::io;

use thiserror::Error;

/// Why there is no TCP connection, or why one is not good any more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TcpError {
    /// It could not be made.
    #[error("cannot connect to {address}")]
    Connect {
        /// The address as it was given.
        address: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The other side has closed it.
    #[error("closed by the other side")]
    Closed,
    /// Something has come in that nobody has read: an answer that somebody did not wait for.
    #[error("there is something on it that nobody has read")]
    Unread,
    /// It is broken.
    #[error("broken")]
    Broken(#[source] io::Error),
}

impl TcpError {
    /// Whether it was the address that can't be connected to, today or tomorrow.
    #[must_use]
    pub fn is_bad_address(&self) -> bool {
        matches!(self, Self::Connect { source, .. } if source.kind() == io::ErrorKind::InvalidInput)
    }
}
