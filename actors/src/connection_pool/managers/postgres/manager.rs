use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_postgres::Config;

use super::dial::Dialer;
use super::{PostgresConnection, PostgresError, Tls};
use crate::connection_pool::{ConnectionManager, OnReturn};

/// Opens connections to a PostgreSQL server.
///
/// # Defaults
///
/// A query is answered within 30 s; no TLS, no statements to begin with, and what a user sets for the session is left as
/// it is.
#[derive(Clone, Debug)]
pub struct PostgresManager {
    pub(super) dialer: Arc<Dialer>,
    pub(super) query_timeout: Duration,
    init: String,
    clean: bool,
}

impl PostgresManager {
    /// A manager for the server at a URL, `postgres://user:password@host:port/database`, or at what a text of keys and
    /// values says, `host=localhost user=app`; see [`Config`].
    ///
    /// # Errors
    ///
    /// [`PostgresError::Failed`]: it is neither.
    pub fn new(server: &str) -> Result<Self, PostgresError> {
        Ok(Self::from_config(server.parse::<Config>().map_err(PostgresError::Failed)?))
    }

    /// A manager for the server of a configuration.
    #[must_use]
    pub fn from_config(config: Config) -> Self {
        let dialer = Arc::new(Dialer { config, tls: None });
        Self { dialer, query_timeout: Duration::from_secs(30), init: String::new(), clean: false }
    }

    /// How streams are made secure, where the configuration's `sslmode` doesn't forbid it. Default: they are not.
    #[must_use]
    pub fn tls(mut self, tls: impl Tls) -> Self {
        let config = self.dialer.config.clone();
        self.dialer = Arc::new(Dialer { config, tls: Some(Arc::new(tls)) });
        self
    }

    /// How long the server may take to answer a query. Default: 30 s; an earlier ambient deadline counts. One that takes
    /// longer is cancelled. That also finds a server that has silently vanished.
    #[must_use]
    pub fn query_timeout(mut self, timeout: Duration) -> Self {
        self.query_timeout = timeout;
        self
    }

    /// Statements that each connection runs when it is opened.
    #[must_use]
    pub fn init(mut self, statements: impl Into<String>) -> Self {
        self.init = statements.into();
        self
    }

    /// Whether what a user can set for the session is undone when the connection comes back: settings, advisory locks,
    /// cursors, temporary tables; also what [`init`](Self::init) has set. That is a way to the server and back before
    /// the next user gets it. Default: it is not.
    #[must_use]
    pub fn clean(mut self, clean: bool) -> Self {
        self.clean = clean;
        self
    }
}

#[async_trait]
impl ConnectionManager for PostgresManager {
    type Connection = PostgresConnection;
    type Error = PostgresError;

    async fn connect(&self) -> Result<PostgresConnection, PostgresError> {
        PostgresConnection::open(&self.dialer, &self.init, self.query_timeout).await
    }

    fn is_permanent(&self, error: &PostgresError) -> bool {
        error.is_permanent()
    }

    async fn check(&self, connection: &mut PostgresConnection) -> Result<(), PostgresError> {
        connection.check(self.clean).await
    }

    async fn close(&self, connection: PostgresConnection) {
        connection.close().await;
    }

    fn on_return(&self, connection: &mut PostgresConnection) -> OnReturn {
        if connection.is_over() {
            OnReturn::Discard
        } else if self.clean || !connection.is_tidy() {
            OnReturn::Check
        } else {
            OnReturn::Reuse
        }
    }
}
