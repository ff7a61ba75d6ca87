use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::context::Context;
use crate::outcome::catch_panics;

/// Hands a producer that was told to stop over to the reaper, which waits for its end, for `grace` at most.
pub(super) fn wind_down(producer: BoxFuture<'static, ()>, grace: Duration, context: &Context, runtime: Option<Handle>) {
    let Some(runtime) = Handle::try_current().ok().or(runtime) else {
        tracing::error!(path = %context.path(), "the rest of a generator never ran: no runtime is left to run it");
        return;
    };
    let path = context.path().clone();
    let log = path.clone();
    adopter(context).adopt(&runtime, path, async move {
        match tokio::time::timeout(grace, catch_panics(producer)).await {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => tracing::error!(path = %log, %panic, "a generator panicked while it was stopped"),
            Err(_) => tracing::warn!(path = %log, ?grace, "dropped a generator that did not stop when asked"),
        }
    });
}

/// Whose reaper takes what is dropped here: the dropper's, who is still there, rather than the maker's.
pub(super) fn adopter(made_in: &Context) -> crate::reaper::Reaper {
    Context::try_current().as_ref().unwrap_or(made_in).reaper().clone()
}
