use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::coop::{consume_budget, has_budget_remaining};

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
    // The first turn needs nothing of the context. From when it may have a place on, the guard is there to leave it.
    let mut waiting = Waiting::new(shared, n, priority);
    match poll_fn(|cx| Poll::Ready(turn(shared, &mut waiting.rank, n, priority, cx.waker()))).await {
        Turn::Go(slot) => return waiting.done(Ok(slot)),
        Turn::Fail(error) => return waiting.done(Err(error)),
        // Without budget the wait isn't polled now, but only later.
        Turn::Wait => waiting.told = has_budget_remaining(),
    }
    match interruptible(waiting).await {
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
    if matches!(turn, Turn::Wait)
        && shared.runtime.get().is_none()
        && let Ok(handle) = Handle::try_current()
    {
        let _ = shared.runtime.set(handle);
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
    /// This very task has just been told to wait: its next poll is part of the same one, and needn't ask again.
    told: bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, n: usize, priority: i32) -> Self {
        Self { shared, n, priority, rank: None, told: false }
    }

    /// It has a result, and so no place any more.
    fn done(&mut self, result: Result<Slot, AcquireError>) -> Result<Slot, AcquireError> {
        self.rank = None;
        result
    }
}

impl Future for Waiting<'_> {
    type Output = Result<Slot, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, n, priority, rank, told } = &mut *self;
        if std::mem::take(told) {
            return Poll::Pending;
        }
        match turn(shared, rank, *n, *priority, cx.waker()) {
            Turn::Wait => Poll::Pending,
            Turn::Go(slot) => Poll::Ready(self.done(Ok(slot))),
            Turn::Fail(error) => Poll::Ready(self.done(Err(error))),
        }
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
