//! Asking a server to cancel what it is at.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{CancelToken, NoTls};

use super::PostgresError;
use super::dial::{Dialer, Peer};
use crate::connection_pool::managers::linger::Linger;

/// After so long without an answer the server is asked once more: it ignores a request that reaches it before it has
/// read the query.
const AGAIN: Duration = Duration::from_millis(200);

/// The means to cancel what a server is at for one connection.
pub(super) struct Cancel {
    pub(super) token: CancelToken,
    pub(super) dialer: Arc<Dialer>,
    pub(super) peer: Peer,
}

impl Cancel {
    /// Asks, and waits until the server has taken note: a request that is still on its way when something else is
    /// asked would hit that.
    async fn ask(&self) -> Result<(), PostgresError> {
        let stream = Linger::new(self.dialer.dial(&self.peer).await?);
        self.token.cancel_query_raw(stream, NoTls).await.map_err(PostgresError::Failed)
    }
}

/// Waits for `end`, and asks the server to cancel what it is at until then, if there is something to be cancelled.
pub(super) async fn cancelling<T>(cancel: Option<&Cancel>, end: impl Future<Output = T>) -> T {
    let Some(cancel) = cancel else { return end.await };
    let mut end = pin!(end);
    loop {
        if let Err(error) = cancel.ask().await {
            tracing::debug!(%error, "a query can't be cancelled, and is waited for");
        }
        if let Ok(ended) = timeout(AGAIN, &mut end).await {
            return ended;
        }
    }
}
