use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, RedisResult, cmd,
};
use async_trait::async_trait;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::RedisConnection;
use crate::connection_pool::managers::linger::{Driver, Linger};
use crate::connection_pool::{ConnectionManager, OnReturn};

/// Opens connections to a Redis server.
///
/// # Defaults
///
/// A command is answered within 30 s.
#[derive(Clone, Debug)]
pub struct RedisManager {
    info: ConnectionInfo,
    response_timeout: Duration,
}

impl RedisManager {
    /// A manager for the server at a URL, `redis://[user:password@]host[:port][/database]` or `unix:///path`, or of a
    /// [`ConnectionInfo`].
    ///
    /// # Errors
    ///
    /// The redis crate's, where it is not such a URL.
    pub fn new(info: impl IntoConnectionInfo) -> RedisResult<Self> {
        Ok(Self { info: info.into_connection_info()?, response_timeout: Duration::from_secs(30) })
    }

    /// How long a command may take. Default: 30 s; an earlier ambient deadline counts. A command that blocks at the
    /// server, as `BLPOP`, has to be answered in this time too.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    async fn open(&self) -> RedisResult<(MultiplexedConnection, Driver<()>)> {
        // The pool has limits of its own for this.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let settings = self.info.redis_settings();
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                let stream = Linger::new(stream);
                let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config).await?;
                Ok((connection, Driver::start(driver)))
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => {
                let stream = Linger::new(UnixStream::connect(path).await?);
                let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config).await?;
                Ok((connection, Driver::start(driver)))
            }
            _ => Err((ErrorKind::InvalidClientConfig, "only plain TCP and Unix sockets are supported").into()),
        }
    }
}

#[async_trait]
impl ConnectionManager for RedisManager {
    type Connection = RedisConnection;
    type Error = RedisError;

    async fn connect(&self) -> RedisResult<RedisConnection> {
        let (mut connection, driver) = self.open().await?;
        // A server that wants a password says so only when it is asked for something.
        cmd("PING").exec_async(&mut connection).await?;
        Ok(RedisConnection::new(connection, driver, self.response_timeout))
    }

    fn is_permanent(&self, error: &RedisError) -> bool {
        let refused = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
        let unknown_database = error.detail().is_some_and(|detail| detail.contains("DB index"));
        refused
            || unknown_database
            || matches!(
                error.kind(),
                ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported
            )
    }

    async fn check(&self, connection: &mut RedisConnection) -> RedisResult<()> {
        connection.check().await
    }

    async fn close(&self, connection: RedisConnection) {
        connection.close().await;
    }

    fn on_return(&self, connection: &mut RedisConnection) -> OnReturn {
        connection.on_return()
    }
}
