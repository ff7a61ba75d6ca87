use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;

use super::AcquireError;
use super::line::Rank;
use super::shared::Shared;
use super::state::{Slot, Turn};
use crate::context::interruptible;
use crate::coop;
use crate::waiters::Wakes;

/// Takes permits if that takes no waiting.
#[inline]
pub(super) fn try_acquire(shared: &Shared, n: usize, priority: i32) -> Result<Slot, AcquireError> {
    let mut state = shared.state.lock();
    match state.take_free(n) {
        Some(slot) => Ok(slot),
        None => state.try_take(n, priority),
    }
}

/// Waits for permits.
pub(super) async fn acquire(shared: &Arc<Shared>, n: usize, priority: i32) -> Result<Slot, AcquireError> {
    // A task that always finds a permit must still let others run.
    if coop::is_due() {
        consume_budget().await;
    }
    let mut rank = None;
    match poll_fn(|cx| Poll::Ready(turn(shared, &mut rank, n, priority, cx.waker()))).await {
        Turn::Go(slot) => return Ok(slot),
        Turn::Fail(error) => return Err(error),
        Turn::Wait => {}
    }
    match interruptible(Waiting { rank, registered: true, ..Waiting::new(shared, n, priority) }).await {
        Ok(done) => done,
        Err(interrupt) => Err(AcquireError::Interrupted(interrupt)),
    }
}

#[inline]
fn turn(shared: &Arc<Shared>, rank: &mut Option<Rank>, n: usize, priority: i32, waker: &Waker) -> Turn {
    let mut state = shared.state.lock();
    if rank.is_none()
        && let Some(slot) = state.take_free(n)
    {
        return Turn::Go(slot);
    }
    let mut wakes = Wakes::default();
    let turn = state.turn(rank, n, priority, waker, &mut wakes);
    shared.unlock(state, wakes);
    if matches!(turn, Turn::Wait) {
        shared.runtime.get_or_init(Handle::current);
    }
    turn
}

/// Waits for permits. Dropped, it leaves the line, or gives up the offer that it has.
pub(super) struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    n: usize,
    priority: i32,
    /// `None` before it first waits, and after it has finished.
    rank: Option<Rank>,
    /// It took its place during this very poll of the task, with this very waker.
    registered: bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, n: usize, priority: i32) -> Self {
        Self { shared, n, priority, rank: None, registered: false }
    }
}

impl Future for Waiting<'_> {
    type Output = Result<Slot, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, n, priority, rank, registered } = &mut *self;
        if std::mem::take(registered) {
            return Poll::Pending;
        }
        let done = match turn(shared, rank, *n, *priority, cx.waker()) {
            Turn::Wait => return Poll::Pending,
            Turn::Go(slot) => Ok(slot),
            Turn::Fail(error) => Err(error),
        };
        *rank = None;
        Poll::Ready(done)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.rank.is_some() {
            let rank = self.rank.take();
            drop(self.shared.locked(|state, wakes| state.leave(rank, wakes)));
        }
    }
}
