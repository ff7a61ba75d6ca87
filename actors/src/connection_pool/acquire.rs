use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use patterns_core::context::{Context, Interrupt, interruptible};
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, sleep_until};

use super::plane::{Conn, Taken, Ticket, Tie};
use super::{AcquireError, ConnectionManager, Pooled};
use crate::system::after;

/// The future of [`ConnectionPool::acquire`](super::ConnectionPool::acquire).
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<'p, M: ConnectionManager> {
    tie: &'p Arc<Tie<M>>,
    place: &'static Location<'static>,
    state: State,
}

enum State {
    Unpolled,
    Waiting(Wait),
    Done,
}

struct Wait {
    ticket: Ticket,
    since: Instant,
    who: Option<Context>,
    /// `None` at first: few waits last for so long that one is missed.
    limit: Option<Pin<Box<dyn Future<Output = Limit> + Send>>>,
}

/// What ended a wait.
enum Limit {
    TimedOut,
    Interrupted(Interrupt),
}

thread_local! {
    static OPERATIONS: Cell<u8> = const { Cell::new(0) };
}

/// Whether it is this checkout's turn to take from its task's budget: one of sixteen does, as looking at that each
/// time would cost as much as a lock. So a task that never has to wait still lets others run.
#[inline]
fn is_due() -> bool {
    let nth = OPERATIONS.get().wrapping_add(1);
    OPERATIONS.set(nth);
    nth.is_multiple_of(16)
}

impl<'p, M: ConnectionManager> Acquire<'p, M> {
    pub(super) fn new(tie: &'p Arc<Tie<M>>, place: &'static Location<'static>) -> Self {
        Self { tie, place, state: State::Unpolled }
    }

    #[inline]
    fn pooled(&self, conn: Conn<M::Connection>) -> Pooled<M> {
        Pooled::new(Arc::clone(self.tie), conn)
    }

    #[inline]
    fn begin(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Pooled<M>, AcquireError>> {
        if is_due() {
            ready!(poll_proceed(cx)).made_progress();
        }
        let mut who = Context::try_current();
        // Whoever has a context may have a deadline, or be cancelled at any moment.
        let limited = who.is_some() || !self.tie.plane.is_patient();
        self.state = State::Done;
        match self.tie.plane.take_or_join(self.place, &mut who, limited, cx.waker()) {
            Ok(Taken::Now(conn)) => Poll::Ready(Ok(self.pooled(conn))),
            Ok(Taken::Later(ticket)) => {
                self.state = State::Waiting(Wait { ticket, since: Instant::now(), who, limit: None });
                if limited { self.poll_limit(cx) } else { Poll::Pending }
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn go_on(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Pooled<M>, AcquireError>> {
        let State::Waiting(Wait { ticket, since, who, .. }) = &mut self.state else {
            panic!("polled after it had finished");
        };
        match self.tie.plane.poll_ticket(ticket, self.place, who, *since, cx.waker()) {
            Poll::Ready(result) => {
                self.state = State::Done;
                Poll::Ready(result.map(|conn| self.pooled(conn)))
            }
            Poll::Pending => self.poll_limit(cx),
        }
    }

    fn poll_limit(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Pooled<M>, AcquireError>> {
        let plane = &self.tie.plane;
        let State::Waiting(Wait { ticket, since, limit, .. }) = &mut self.state else { return Poll::Pending };
        let end = after(*since, plane.config.acquire_timeout);
        let limit = limit.get_or_insert_with(|| {
            Box::pin(async move {
                match interruptible(sleep_until(end)).await {
                    Ok(()) => Limit::TimedOut,
                    Err(interrupt) => Limit::Interrupted(interrupt),
                }
            })
        });
        let limit = ready!(limit.as_mut().poll(cx));
        plane.leave(ticket);
        let report = plane.report(*since);
        self.state = State::Done;
        Poll::Ready(Err(match limit {
            Limit::TimedOut => AcquireError::TimedOut(report),
            Limit::Interrupted(Interrupt::Cancelled(cause)) => AcquireError::Cancelled(cause, report),
            Limit::Interrupted(_) => AcquireError::DeadlinePassed(report),
        }))
    }
}

impl<M: ConnectionManager> Future for Acquire<'_, M> {
    type Output = Result<Pooled<M>, AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if matches!(self.state, State::Unpolled) { self.begin(cx) } else { self.go_on(cx) }
    }
}

impl<M: ConnectionManager> Drop for Acquire<'_, M> {
    #[inline]
    fn drop(&mut self) {
        if let State::Waiting(Wait { ticket, .. }) = &self.state {
            self.tie.plane.leave(ticket);
        }
    }
}

impl<M: ConnectionManager> fmt::Debug for Acquire<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("place", &format_args!("{}", self.place))
            .field("waits", &matches!(self.state, State::Waiting(_)))
            .finish_non_exhaustive()
    }
}
