use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::TcpError;
use crate::connection_pool::{ConnectionManager, OnReturn};

/// Opens TCP connections to an address.
///
/// A connection is checked by a look at what has come in, which is nothing where all is well: that finds one that the
/// other side has closed, not one whose other side has silently vanished. Closing ends our side, and waits for
/// the end of the other's, for as long as the pool's `close_timeout`.
///
/// # Defaults
///
/// Nagle's algorithm is off.
#[derive(Clone, Debug)]
pub struct TcpManager {
    address: String,
    nodelay: bool,
}

impl TcpManager {
    /// A manager for connections to `address`: a host name or IP address and a port, `"example.org:7"`. Of several
    /// IP addresses of a name the first that answers is taken.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), nodelay: true }
    }

    /// Whether small packets are sent at once, instead of being collected by Nagle's algorithm. Default: they are.
    #[must_use]
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }
}

/// Whether the connection is open and there is nothing on it.
fn look(stream: &TcpStream) -> Result<(), TcpError> {
    match stream.try_read(&mut [0]) {
        Ok(0) => Err(TcpError::Closed),
        Ok(_) => Err(TcpError::Unread),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(TcpError::Broken(error)),
    }
}

#[async_trait]
impl ConnectionManager for TcpManager {
    type Connection = TcpStream;
    type Error = TcpError;

    async fn connect(&self) -> Result<TcpStream, TcpError> {
        let failed = |source| TcpError::Connect { address: self.address.clone(), source };
        let stream = TcpStream::connect(&self.address).await.map_err(failed)?;
        stream.set_nodelay(self.nodelay).map_err(failed)?;
        Ok(stream)
    }

    fn is_permanent(&self, error: &TcpError) -> bool {
        error.is_bad_address()
    }

    async fn check(&self, stream: &mut TcpStream) -> Result<(), TcpError> {
        // The runtime sees first what has happened on the socket.
        tokio::task::yield_now().await;
        look(stream)
    }

    async fn close(&self, mut stream: TcpStream) {
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }

    fn on_return(&self, stream: &mut TcpStream) -> OnReturn {
        if look(stream).is_ok() { OnReturn::Reuse } else { OnReturn::Discard }
    }
}
