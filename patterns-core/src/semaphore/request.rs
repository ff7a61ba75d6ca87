use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;

use super::line::Rank;
use super::shared::Shared;
use super::state::{Slot, Turn};
use super::{AcquireError, OwnedPermit, Permit, Semaphore};
use crate::context::interruptible;
use crate::coop;
use crate::waiters::Wakes;

/// A wish for permits, to be [acquired](Self::acquire). Made by [`Semaphore::request`].
///
/// # Defaults
///
/// - priority: 0
///
/// # Examples
///
/// ```
/// use patterns_core::semaphore::{AcquireError, Semaphore};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), AcquireError> {
/// let memory = Semaphore::new(100);
/// let large = memory.request(60).priority(1).acquire().await?;
/// assert_eq!(large.n(), 60);
/// assert!(memory.request(60).try_acquire().unwrap_err().is_no_permits());
/// assert!(memory.request(101).try_acquire().unwrap_err().is_exceeds_limit());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a request does nothing until it is acquired"]
pub struct Request<'a> {
    semaphore: &'a Semaphore,
    n: usize,
    priority: i32,
}

impl<'a> Request<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, n: usize) -> Self {
        Self { semaphore, n, priority: 0 }
    }

    /// Goes before all that wait with a lower priority, and after those with the same.
    ///
    /// Nothing ages: as long as higher ones keep coming, lower ones wait. Offers that were made stand.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Waits for the permits, all at once.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::ExceedsLimit`]: more than the limit, at the call or since it was lowered.
    /// - [`AcquireError::Closed`]: the semaphore was closed, before or while waiting.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire(self) -> Result<Permit<'a>, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = acquire(shared, self.n, self.priority).await?;
        Ok(Permit::new(shared, slot, self.n))
    }

    /// [`acquire`](Self::acquire) for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire_owned(self) -> Result<OwnedPermit, AcquireError> {
        let shared = Arc::clone(&self.semaphore.shared);
        let slot = acquire(&shared, self.n, self.priority).await?;
        Ok(OwnedPermit::new(shared, slot, self.n))
    }

    /// Takes the permits if that takes no waiting: enough are free, and nobody of the same priority or a
    /// higher one is in line.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NoPermits`]: it would have to wait.
    /// - [`AcquireError::ExceedsLimit`]: more than the limit.
    /// - [`AcquireError::Closed`]: the semaphore was closed.
    pub fn try_acquire(self) -> Result<Permit<'a>, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = try_acquire(shared, self.n, self.priority)?;
        Ok(Permit::new(shared, slot, self.n))
    }

    /// [`try_acquire`](Self::try_acquire) for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self) -> Result<OwnedPermit, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = try_acquire(shared, self.n, self.priority)?;
        Ok(OwnedPermit::new(Arc::clone(shared), slot, self.n))
    }
}

#[inline]
fn try_acquire(shared: &Shared, n: usize, priority: i32) -> Result<Slot, AcquireError> {
    let mut state = shared.state.lock();
    match state.take_free(n) {
        Some(slot) => Ok(slot),
        None => state.try_take(n, priority),
    }
}

async fn acquire(shared: &Arc<Shared>, n: usize, priority: i32) -> Result<Slot, AcquireError> {
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
    match interruptible(Waiting { shared, n, priority, rank, registered: true }).await {
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
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    n: usize,
    priority: i32,
    /// `None` before it first waits, and after it has finished.
    rank: Option<Rank>,
    /// It took its place during this very poll of the task, with this very waker.
    registered: bool,
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
