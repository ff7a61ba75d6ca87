use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use patterns_core::context::{self, Context, Interrupt, TaskPath};
use tokio::time::Instant;

use super::plane::{Loan, Plane, Taken, Ticket};
use super::{AcquireError, ConnectionManager, Pooled};

/// The future of [`ConnectionPool::acquire`](super::ConnectionPool::acquire).
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'p, M: ConnectionManager> {
    plane: &'p Arc<Plane<M>>,
    place: &'static Location<'static>,
    state: State,
}

enum State {
    Unpolled,
    Waiting { ticket: Ticket, since: Instant, path: TaskPath, limit: Pin<Box<dyn Future<Output = Limit> + Send>> },
    Done,
}

/// What ended a wait.
enum Limit {
    TimedOut,
    Interrupted(Interrupt),
}

impl<'p, M: ConnectionManager> Acquire<'p, M> {
    pub(super) fn new(plane: &'p Arc<Plane<M>>, place: &'static Location<'static>) -> Self {
        Self { plane, place, state: State::Unpolled }
    }

    fn pooled(&self, loan: Loan<M::Connection>) -> Pooled<M> {
        Pooled::new(Arc::clone(self.plane), loan)
    }

    fn begin(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Pooled<M>, AcquireError>> {
        let since = Instant::now();
        let path = current_path();
        let taken = self.plane.take_or_join(self.place, &path, since, cx.waker());
        self.state = State::Done;
        match taken {
            Err(error) => Poll::Ready(Err(error)),
            Ok(Taken::Now(loan)) => Poll::Ready(Ok(self.pooled(loan))),
            Ok(Taken::Later(ticket)) => {
                let timeout = self.plane.config.acquire_timeout;
                let limit = async move {
                    match context::sleep(timeout).await {
                        Ok(()) => Limit::TimedOut,
                        Err(interrupt) => Limit::Interrupted(interrupt),
                    }
                };
                self.state = State::Waiting { ticket, since, path, limit: Box::pin(limit) };
                Poll::Pending
            }
        }
    }
}

/// The names of the running task.
pub(super) fn current_path() -> TaskPath {
    Context::try_current().map(|context| context.path().clone()).unwrap_or_default()
}

impl<M: ConnectionManager> Future for Acquire<'_, M> {
    type Output = Result<Pooled<M>, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if matches!(this.state, State::Unpolled)
            && let Poll::Ready(done) = this.begin(cx)
        {
            return Poll::Ready(done);
        }
        let State::Waiting { ticket, since, path, limit } = &mut this.state else {
            panic!("polled after it had finished");
        };
        if let Poll::Ready(result) = this.plane.poll_ticket(ticket, this.place, path, cx.waker()) {
            this.state = State::Done;
            return Poll::Ready(result.map(|loan| this.pooled(loan)));
        }
        let limit = std::task::ready!(limit.as_mut().poll(cx));
        this.plane.leave(ticket);
        let report = this.plane.report(*since);
        this.state = State::Done;
        Poll::Ready(Err(match limit {
            Limit::TimedOut => AcquireError::TimedOut(report),
            Limit::Interrupted(Interrupt::Cancelled(cause)) => AcquireError::Cancelled(cause, report),
            Limit::Interrupted(_) => AcquireError::DeadlinePassed(report),
        }))
    }
}

impl<M: ConnectionManager> Drop for Acquire<'_, M> {
    fn drop(&mut self) {
        if let State::Waiting { ticket, .. } = &self.state {
            self.plane.leave(ticket);
        }
    }
}

impl<M: ConnectionManager> fmt::Debug for Acquire<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("place", &format_args!("{}", self.place))
            .field("waits", &matches!(self.state, State::Waiting { .. }))
            .finish_non_exhaustive()
    }
}
