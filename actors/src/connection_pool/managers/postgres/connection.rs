use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Error, NoTls, SimpleQueryMessage};

use super::cancel::cancelling;
use super::dial::{Dialer, Peer};
use super::transaction::Options;
use super::wire::{Status, Wire};
use super::{PostgresError, Session, TransactionError};
use crate::connection_pool::managers::linger::{Driver, Linger};

/// An open connection to PostgreSQL, and the task that drives it.
///
/// Made by a [`PostgresManager`](super::PostgresManager); see the [module](super). Queries are made by the methods of
/// [`Session`].
pub struct PostgresConnection {
    session: Session,
    driver: Driver<Result<(), Error>>,
}

/// What undoes what a user can have set for the session, but keeps prepared statements.
const CLEAN: &str = "close all; set session authorization default; reset all; unlisten *; \
    select pg_advisory_unlock_all(); discard temp; discard sequences";

impl PostgresConnection {
    /// Connects to the first server that answers as it should.
    pub(super) async fn open(dialer: &Arc<Dialer>, init: &str, limit: Duration) -> Result<Self, PostgresError> {
        let mut last = PostgresError::NoHost;
        for peer in dialer.peers().await? {
            match Self::open_one(dialer, peer, init, limit).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_one(dialer: &Arc<Dialer>, peer: Peer, init: &str, limit: Duration) -> Result<Self, PostgresError> {
        let stream = dialer.dial(&peer).await?;
        let status = Arc::new(Status::default());
        let wire = Wire::new(Linger::new(stream), Arc::clone(&status));
        let mut config = dialer.config.clone();
        // It is secure already if it is to be.
        config.ssl_mode(SslMode::Disable);
        let (client, mut connection) = config.connect_raw(wire, NoTls).await.map_err(PostgresError::Failed)?;
        let driver = Driver::start(async move {
            while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message? {
                    tracing::debug!(severity = notice.severity(), "{}", notice.message());
                }
            }
            Ok::<(), Error>(())
        });
        let prepared = prepare(&client, dialer, init).await;
        let session = Session::new(client, status, Arc::clone(dialer), peer, limit);
        let connection = Self { session, driver };
        match prepared {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.close().await;
                Err(error)
            }
        }
    }

    /// Calls `f` in a transaction, which is committed if `f` returns `Ok`, and rolled back on anything else: an
    /// error, a panic, an interruption, a drop.
    ///
    /// `f` gets the [`Session`], on which everything is part of the transaction. It is at the server's default
    /// isolation; for more see [`build_transaction`](crate::ConnectionPool::build_transaction).
    ///
    /// # Errors
    ///
    /// - [`TransactionError::Failed`]: `f` said so.
    /// - [`TransactionError::Begin`], [`TransactionError::Commit`]: the server refused, or is lost, or the ambient
    ///   token or deadline ended the wait for it.
    /// - [`TransactionError::Aborted`]: `f` returned `Ok`, but the transaction had failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `f` is: dropped before the commit has begun, what was done is rolled back, before the next use
    /// of the connection. Dropped while it commits, it is committed or not.
    pub async fn transaction<T, E, F>(&mut self, f: F) -> Result<T, TransactionError<E>>
    where
        F: AsyncFnOnce(&Session) -> Result<T, E>,
    {
        let open = self.session.begin(&Options::default()).await.map_err(TransactionError::Begin)?;
        let result = f(&self.session).await;
        open.end(result).await
    }

    /// Whether it works, and nothing was left open on it: that is seen to.
    pub(super) async fn check(&self, clean: bool) -> Result<(), PostgresError> {
        self.session.tidy().await?;
        if clean {
            self.session.batch_execute(CLEAN).await?;
        }
        Ok(())
    }

    /// Whether it is of no use any more: the server can't be reached by it, or takes no writes.
    pub(super) fn is_over(&self) -> bool {
        self.driver.is_over() || self.session.care().is_astray()
    }

    /// Takes leave, and waits until the server has closed the connection.
    pub(super) async fn close(self) {
        let Self { session, driver } = self;
        let cancel = (session.care().is_abandoned() && !driver.is_over()).then(|| session.cancel());
        // The driver takes leave when it has nobody to work for, and all has been answered.
        drop(session);
        cancelling(cancel.as_ref(), driver.over()).await;
    }
}

/// Makes a connection as the configuration wants it.
async fn prepare(client: &Client, dialer: &Dialer, init: &str) -> Result<(), PostgresError> {
    let attrs = dialer.config.get_target_session_attrs();
    if attrs != TargetSessionAttrs::Any {
        let shown = client.simple_query("show transaction_read_only").await.map_err(PostgresError::Failed)?;
        let read_only = shown.iter().any(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
            _ => false,
        });
        match attrs {
            TargetSessionAttrs::ReadWrite if read_only => return Err(PostgresError::WrongServer("read only")),
            TargetSessionAttrs::ReadOnly if !read_only => return Err(PostgresError::WrongServer("for writing")),
            _ => {}
        }
    }
    if !init.is_empty() {
        client.batch_execute(init).await.map_err(PostgresError::Failed)?;
    }
    Ok(())
}

impl Deref for PostgresConnection {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresConnection").field(&self.session).finish()
    }
}
