//! A default instead of an error; a cancellation is not an error.
//!
//! # Why not `unwrap_or`?
//!
//! `fetch().await.unwrap_or(default)` answers a cancellation with the default as well, so whoever asked the work
//! to stop is not obeyed: it goes on with a value that nobody wanted. And nobody ever hears of the error. Here
//!
//! 1. an error that says that the work was cancelled is passed on, so that `?` goes on unwinding;
//! 2. any other error is logged and shown to a [hook](Fallback::on_fallback) before it is swallowed.
//!
//! A passed limit is an error like any other, the enclosing deadline's too: what is left to do may use the default.
//!
//! In the book: [fallback](../../../book/fallback.html).
mod as_error;
mod policy;
mod recover;
mod substitute;

use std::error::Error;

use crate::context::{self, Context};
use crate::outcome::cancellation;

pub use as_error::{AsError, Boxed, Plain};
pub use policy::Fallback;
pub use recover::{NoFallback, Recover, Recovery};
pub use substitute::{Substitute, Value, With, WithAsync};

/// Awaits `fut`; where it fails, returns `default` instead, unless it failed because it was cancelled.
///
/// The error is logged as a warning. [`Fallback`] does the same with a default that is made of the error, and
/// tells a hook.
///
/// # Comparison to Python's `except Exception: return default`
///
/// There, too, a cancellation passes, as it is no `Exception`. Here it travels as an error, and is told from others
/// by two things: the ambient token is cancelled, and the error's chain of sources holds an
/// [`Interrupt`](crate::context::Interrupt) or a [`CancelCause`](crate::cancel::CancelCause).
///
/// # Errors
///
/// `fut`'s own, where it says that the work was cancelled.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::{CancelToken, timeout};
/// use patterns_core::context::{self, Context};
/// use patterns_core::fallback::fallback;
/// use patterns_core::outcome::BoxError;
/// use std::time::Duration;
///
/// async fn rate(limit: Duration) -> Result<f64, BoxError> {
///     timeout(limit, async {
///         context::sleep(Duration::from_secs(1)).await?;
///         Ok("1.25".parse()?)
///     })
///     .await?
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// assert_eq!(fallback(rate(Duration::from_secs(9)), 1.0).await.unwrap(), 1.25);
/// assert_eq!(fallback(rate(Duration::from_millis(9)), 1.0).await.unwrap(), 1.0); // too slow
///
/// let token = CancelToken::new();
/// token.cancel("shutting down");
/// let cancelled = Context::current().with_token(token);
/// let error = cancelled.scope(fallback(rate(Duration::from_secs(9)), 1.0)).await.unwrap_err();
/// assert_eq!(error.to_string(), "cancelled: requested: shutting down");
/// # }
/// ```
pub async fn fallback<T, E, M, Fut>(fut: Fut, default: T) -> Result<T, E>
where
    Fut: Future<Output = Result<T, E>>,
    E: AsError<M>,
{
    match fut.await {
        Err(error) if !must_pass(error.as_error()) => {
            log(error.as_error());
            Ok(default)
        }
        done => done,
    }
}

/// Whether an error only says that the work was asked to stop.
fn must_pass(error: &(dyn Error + 'static)) -> bool {
    // A deadline that has passed is no reason to pass the error on, so it is not asked for.
    context::is_cancelled() && cancellation(error, Context::current().token().cause(), None).is_some()
}

fn log(error: &(dyn Error + 'static)) {
    tracing::warn!(%error, "failed, and a default was used instead");
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::NoFallback {}
    impl<K, M> Sealed for super::Fallback<K, M> {}
    impl<T> Sealed for super::Value<T> {}
    impl<F> Sealed for super::With<F> {}
    impl<F> Sealed for super::WithAsync<F> {}
}
