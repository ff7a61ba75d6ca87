use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, interruptible};

use super::board::Board;
use super::events::Subscription;
use super::messages::ShutDown;
use super::{
    Cause, CoordinatorActor, CoordinatorBuilder, CoordinatorStatus, Phase, ReadyError, ShutdownReport, sequence,
};
use crate::{Handle, Lane, System};

/// Knows whether the program is ready, and shuts it down in order. Clones are the same coordinator.
///
/// See the [module](super) for the whole picture.
#[derive(Clone)]
pub struct Coordinator {
    pub(super) system: System,
    pub(super) board: Arc<Board>,
    pub(super) actor: Handle<CoordinatorActor>,
}

impl Coordinator {
    /// Sets a coordinator up: its components and how they depend on each other.
    pub fn builder() -> CoordinatorBuilder {
        CoordinatorBuilder::default()
    }

    /// Where the program is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.board.phase()
    }

    /// What is known of the program and its components at this moment.
    #[must_use]
    pub fn status(&self) -> CoordinatorStatus {
        self.board.status()
    }

    /// The events of the program: those that are kept, then those to come.
    #[must_use]
    pub fn events(&self) -> Subscription {
        self.events_since(0)
    }

    /// The events of the program from number `seq` on; those of them that are not kept any more are
    /// reported as [lagged](super::Update::Lagged).
    #[must_use]
    pub fn events_since(&self, seq: u64) -> Subscription {
        Subscription::new(self.board.events.clone(), seq)
    }

    /// Waits until every component is ready; returns at once if they are.
    ///
    /// However, a component may never be: this waits for as long as the ambient deadline and token let it.
    ///
    /// # Errors
    ///
    /// - [`ReadyError::Failed`]: an actor has failed for good.
    /// - [`ReadyError::ShuttingDown`]: the program is being shut down.
    /// - [`ReadyError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_ready(&self) -> Result<(), ReadyError> {
        let wait = self.board.wait_for(|board| match board.phase() {
            Phase::Ready => Some(Ok(())),
            Phase::Draining | Phase::Stopped => Some(Err(ReadyError::ShuttingDown)),
            Phase::Degraded if !board.status().escalations.is_empty() => {
                Some(Err(ReadyError::Failed { reasons: board.status().reasons() }))
            }
            Phase::Starting | Phase::Degraded => None,
        });
        match interruptible(wait).await {
            Ok(ready) => ready,
            Err(interrupt) => Err(ReadyError::Interrupted { interrupt, reasons: self.status().reasons() }),
        }
    }

    /// Shuts the components down, those first that nobody comes after, and waits for it.
    ///
    /// Components that no other one left depends on are stopped together; each such phase has a deadline,
    /// and all of them have one. A component that does not obey its deadline is left behind after a
    /// second of grace, and its receipt says so. Called twice, the first cause counts, and both
    /// callers get the report.
    ///
    /// The [`System`] goes on; see [`run_until`](Self::run_until). This is not interrupted by the ambient
    /// token or deadline.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the shutdown goes on, and [`wait_shutdown`](Self::wait_shutdown) has the report.
    pub async fn shutdown(&self, cause: Cause) -> ShutdownReport {
        let control = self.actor.lane(Lane::Control);
        let told = undisturbed(control.ask(ShutDown { cause: cause.clone() })).await;
        if told.is_err() && self.board.report().is_none() {
            // The actor is gone, or can't answer. The components must be stopped all the same.
            self.board.begin_shutdown(cause);
            undisturbed(sequence::shut_down(&self.board)).await;
        }
        self.wait_shutdown().await
    }

    /// Gives a shutdown that is under way no more time: what has not stopped is left behind.
    ///
    /// For the second Ctrl-C:
    ///
    /// ```no_run
    /// # use actors::coordinator::Coordinator;
    /// use patterns_core::shutdown::Shutdown;
    ///
    /// # async fn f(coordinator: Coordinator) -> std::io::Result<()> {
    /// let shutdown = Shutdown::on_signals()?;
    /// let no_more_time = async {
    ///     shutdown.forced().await;
    ///     coordinator.force();
    ///     std::future::pending().await
    /// };
    /// let report = tokio::select! {
    ///     report = coordinator.run_until(shutdown.requested()) => report,
    ///     report = no_more_time => report,
    /// };
    /// # drop(report); Ok(()) }
    /// ```
    pub fn force(&self) {
        self.board.forced.cancel("the shutdown was forced");
    }

    /// Waits until the components have been shut down, without asking for it.
    ///
    /// A shutdown that has begun is finished also if the [`System`] is shut down in the middle of it: by whoever waits.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_shutdown(&self) -> ShutdownReport {
        let rest = async {
            let _ = self.actor.stopped().await;
            self.board.wait_for(Board::shutdown_since).await;
            undisturbed(sequence::shut_down(&self.board)).await;
            std::future::pending::<ShutdownReport>().await
        };
        tokio::select! {
            biased;
            report = self.board.wait_for(Board::report) => report,
            report = rest => report,
        }
    }

    /// Runs the program until `signal` comes, or somebody else shuts it down; then shuts down the
    /// components, and then the [`System`] with whatever actors are left, in what is left of the
    /// `shutdown_timeout` or at least a second; if it is [forced](Self::force), in no time, and then there are no
    /// receipts of actors that had stopped before that.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe once `signal` has come: the components go on shutting down, but the system does
    /// not; call [`System::shutdown`].
    pub async fn run_until<C: Into<Cause>>(&self, signal: impl Future<Output = C>) -> ShutdownReport {
        let mut report = tokio::select! {
            biased;
            report = self.wait_shutdown() => report,
            cause = signal => self.shutdown(cause.into()).await,
        };
        let limit = self.board.plan.config.shutdown_timeout.saturating_sub(report.elapsed);
        let receipt = tokio::select! {
            biased;
            _ = self.board.forced.cancelled() => self.system.shutdown(Duration::ZERO).await,
            receipt = self.system.shutdown(limit.max(Duration::from_secs(1))) => receipt,
        };
        report.actors = receipt.actors;
        report.elapsed += receipt.elapsed;
        report
    }
}

/// Not in the caller's context: it is often cancelled just when a shutdown is called for.
async fn undisturbed<F: Future>(fut: F) -> F::Output {
    Context::current().without_deadline().with_token(CancelToken::new()).scope(fut).await
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator").field("status", &format_args!("{}", self.status())).finish_non_exhaustive()
    }
}
