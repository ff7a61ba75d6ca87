//! Asking what belongs to a user: a store, an engine. It may hang, and it may panic.

use std::time::Duration;

use patterns_core::outcome::{Panic, catch_panics};
use tokio::time::timeout;

use crate::quiet::drop_quietly;

/// An error that says what became of the question.
pub(crate) trait AskedError {
    /// There was no answer within this time.
    fn timed_out(limit: Duration) -> Self;

    /// It panicked.
    fn panicked(panic: Panic) -> Self;
}

/// Gives it so much time, and keeps its panics from doing harm.
pub(crate) async fn within<T, E: AskedError>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let mut asked = Box::pin(catch_panics(asked));
    let answer = timeout(limit, &mut asked).await;
    drop_quietly(asked);
    match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(E::panicked(panic)),
        Err(_) => Err(E::timed_out(limit)),
    }
}
