use std::io;
use std::net::SocketAddr;

/// Why the page can't be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The settings name no address.
    #[error("no address to listen at")]
    NoAddress,
    /// The token is missing, or could be guessed.
    #[error("the token has {length} characters, and must have at least {shortest}")]
    ShortToken {
        /// How many characters it has.
        length: usize,
        /// How many it must have.
        shortest: usize,
    },
    /// An address can't be had.
    #[error("can't listen at {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}
