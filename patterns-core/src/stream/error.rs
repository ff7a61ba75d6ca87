use std::time::Duration;

use crate::context::Interrupt;
use crate::outcome::BoxError;

/// An item was not taken, as the producer is to stop: the consumer went away or closed the generator, or
/// the context that the generator was made in was cancelled or is past its deadline.
///
/// What a producer does with it is usually `?`, after its cleanup: an error whose chain of
/// [sources](std::error::Error::source) holds this is no failure of a producer that was asked to stop.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use patterns_core::cancel::CancelKind;
/// use patterns_core::outcome::BoxError;
/// use patterns_core::stream::generator;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mut numbers = generator(async |mut yielder| {
///     yielder.emit(1).await?;
///     let stopped = yielder.emit(2).await.unwrap_err();
///     assert_eq!(stopped.interrupt().cause().unwrap().kind(), CancelKind::Requested);
///     Err::<(), BoxError>(stopped.into())
/// });
/// assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
/// assert!(numbers.close().await.is_ok());
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("the item was not taken")]
pub struct Stopped(#[source] Interrupt);

impl Stopped {
    pub(super) fn new(interrupt: Interrupt) -> Self {
        Self(interrupt)
    }

    /// Why the producer is to stop.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.0
    }
}

/// A generator that did not close well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// The producer failed, other than by being told to stop.
    #[error("the generator failed while it was closed: {0}")]
    Failed(#[source] BoxError),
    /// The grace was over, and the producer was dropped where it awaited.
    #[error("the generator did not stop within {0:?} and was dropped")]
    Elapsed(Duration),
}

impl CloseError {
    /// Whether the grace was over.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }
}
