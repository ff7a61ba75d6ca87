use std::pin::{Pin, pin};
use std::task::{Context as Polling, Poll, ready};
use std::time::Duration;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::cancel::Elapsed;
use crate::context::{self, Context, far_future_or};

/// Drives a future for at most so long, and makes that the ambient deadline in it: what
/// [`timeout`](crate::cancel::timeout) does, for calls that mostly end in their first poll.
///
/// The limit is visible inside from the first poll on. However, it counts from when somebody there first looks at it
/// or, if nobody does, from when the future first has to wait; so a call that does neither costs no look at
/// the clock, no timer and no context.
pub(super) struct Limited<'a, F> {
    fut: Pin<&'a mut F>,
    limit: Duration,
    /// `None` before the first poll has ended.
    armed: Option<Armed>,
}

struct Armed {
    context: Context,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
    /// An enclosing deadline comes first: whoever set it has the first word, if it is still there.
    yields: bool,
}

impl<'a, F: Future> Limited<'a, F> {
    pub(super) fn new(limit: Duration, fut: Pin<&'a mut F>) -> Self {
        Self { fut, limit, armed: None }
    }
}

impl<F: Future> Future for Limited<'_, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Polling<'_>) -> Poll<Self::Output> {
        let Self { fut, limit, armed } = self.get_mut();
        let polled = match armed {
            None => {
                let (polled, since) = context::under(*limit, || fut.as_mut().poll(cx));
                if polled.is_pending() {
                    *armed = Some(Armed::new(*limit, since));
                }
                polled
            }
            Some(armed) => armed.context.sync_scope(|| fut.as_mut().poll(cx)),
        };
        if let Poll::Ready(value) = polled {
            return Poll::Ready(Ok(value));
        }
        let Some(Armed { deadline, timer, yields, .. }) = armed else { return Poll::Pending };
        // Unconstrained: the future may have used up the budget, at every poll perhaps.
        ready!(pin!(unconstrained(timer.as_mut())).poll(cx));
        if std::mem::take(yields) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Err(Elapsed::new(*limit, *deadline)))
    }
}

impl Armed {
    fn new(limit: Duration, since: Option<Instant>) -> Self {
        let deadline = far_future_or(since.unwrap_or_else(Instant::now).checked_add(limit));
        let outer = Context::current();
        let yields = outer.deadline().is_some_and(|outer| outer <= deadline);
        Self { context: outer.with_deadline(deadline), deadline, timer: Box::pin(sleep_until(deadline)), yields }
    }
}
