use std::fmt;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// What bytes come from and go to.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Any stream.
pub type BoxStream = Box<dyn Stream>;

impl fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// Makes streams secure: what a [`PostgresManager`](super::PostgresManager) needs for TLS, of which there is none here.
///
/// # Examples
///
/// With tokio-rustls, whose `connector` is set up as for any other use:
///
/// ```text
/// #[async_trait]
/// impl Tls for Rustls {
///     async fn handshake(&self, stream: BoxStream, host: &str) -> io::Result<BoxStream> {
///         let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
///         Ok(Box::new(self.connector.connect(name, stream).await?))
///     }
/// }
/// ```
#[async_trait]
pub trait Tls: Send + Sync + 'static {
    /// Does the handshake on a stream on which the server expects it, and finds out that it is `host`'s.
    async fn handshake(&self, stream: BoxStream, host: &str) -> io::Result<BoxStream>;
}
