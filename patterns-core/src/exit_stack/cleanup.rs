//! The cleanups themselves, and the task that runs them.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::error::{BoxError, CleanupError, CleanupErrors, CleanupFailure};
use super::exit::Exit;
use crate::cancel::timeout;
use crate::context::Context;
use crate::outcome::catch_panics;
use crate::reaper::Reaper;

type Run = Box<dyn FnOnce(Exit) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

struct Cleanup {
    name: Cow<'static, str>,
    run: Run,
}

/// Cleanups that have not run yet, the next one last.
#[derive(Default)]
pub(super) struct Cleanups(Vec<Cleanup>);

impl Cleanups {
    pub(super) fn push<F, Fut>(&mut self, name: Cow<'static, str>, cleanup: F)
    where
        F: FnOnce(Exit) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        // Called within the future: a panic of `cleanup` itself is then caught with the others.
        let run: Run = Box::new(move |exit| Box::pin(async move { cleanup(exit).await }));
        self.0.push(Cleanup { name, run });
    }

    pub(super) fn names(&self) -> impl DoubleEndedIterator<Item = &Cow<'static, str>> {
        self.0.iter().map(|cleanup| &cleanup.name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Cleanups {
    fn drop(&mut self) {
        for cleanup in self.0.iter().rev() {
            tracing::error!(cleanup = %cleanup.name, "a cleanup never ran: no runtime is left to run it");
        }
    }
}

/// Errors on their way to whoever waits; logged if nobody takes them.
#[derive(Default)]
pub(super) struct Report(Vec<CleanupError>);

impl Report {
    pub(super) fn take(mut self) -> Result<(), CleanupErrors> {
        CleanupErrors::check(std::mem::take(&mut self.0))
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        for error in &self.0 {
            tracing::error!(cleanup = error.name(), error = %error.failure(), "a cleanup failed");
        }
    }
}

/// Starts the task that first waits for the `leftovers` of the work and then runs the cleanups.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub(super) fn start(
    mut cleanups: Cleanups,
    exit: Exit,
    limit: Duration,
    leftovers: Option<Reaper>,
) -> oneshot::Receiver<Report> {
    let reaper = Context::current().reaper().clone();
    let (sender, receiver) = oneshot::channel();
    reaper.clone().spawn("exit_stack", async move {
        let context = Context::current();
        let mut report = Report::default();
        if let Some(leftovers) = &leftovers {
            wait_for(leftovers, limit, &mut report).await;
        }
        while let Some(Cleanup { name, run }) = cleanups.0.pop() {
            let context = context.named(name.clone());
            // So that a shutdown can name the one that it waits for.
            let _tracked = reaper.track(context.path().clone());
            // In the named context, so that the limit is the ambient deadline of the cleanup.
            let ended = context.scope(timeout(limit, catch_panics(run(exit.clone()))));
            // Caught here too: at its limit it is dropped, and its destructor may panic.
            let failure = match catch_panics(ended).await {
                Ok(Ok(Ok(Ok(())))) => continue,
                Ok(Ok(Ok(Err(error)))) => CleanupFailure::Failed(error),
                Ok(Ok(Err(panic))) | Err(panic) => CleanupFailure::Panicked(panic),
                Ok(Err(_)) => CleanupFailure::TimedOut(limit),
            };
            report.0.push(CleanupError::new(name, failure));
        }
        // Not sent: nobody waits any more, and the report logs itself.
        let _ = sender.send(report);
        if let Some(leftovers) = leftovers {
            leftovers.drained().await;
        }
    });
    receiver
}

/// Waits for what the work let go of, as it may still use what the cleanups are about to release.
async fn wait_for(leftovers: &Reaper, limit: Duration, report: &mut Report) {
    if timeout(limit, leftovers.drained()).await.is_err() {
        for straggler in leftovers.live() {
            let name = straggler.path.to_string();
            report.0.push(CleanupError::of_straggler(name, CleanupFailure::TimedOut(limit)));
        }
    }
}
