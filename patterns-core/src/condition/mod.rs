//! A value that one can wait for: to look at it and to act on it are one step.
//!
//! # What goes wrong with a lock and a notification?
//!
//! 1. *Who must be told?* A `notify` that is forgotten, or that wakes a consumer where a producer could go on, is a
//!    standstill: under load, and nowhere else. Here, to change the value is to tell everybody.
//! 2. *Is it still true?* Between being woken and acting, somebody else may have acted. Here the check and the
//!    action are one step, under one lock.
//! 3. *What if the one that was woken is cancelled?* With it goes a wake-up that was meant for somebody. Here
//!    a wake-up is for the one that gets it, and everybody gets one.
//! 4. *What if it awaits, and holds the lock?* Then nobody goes on. Here no guard leaves a closure, and
//!    closures don't await.
//!
//! [`Condition`] is that value; [`Buffer`] is the classic on top of it.
//!
//! In the book: [condition](../../../book/condition.html).
mod buffer;
mod error;
mod line;
mod waiter;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::coop::consume_budget;

use self::line::{Calls, Line};
use self::waiter::{State, Waiter};
use crate::context::{Interrupt, interruptible_as};

pub use self::buffer::Buffer;
pub use self::error::{GetError, PutError};

/// A value behind a lock, and a way to wait until it is as one needs it.
///
/// Whoever changes the value ([`with`](Self::with)) need not know who waits, nor for what: every change makes all
/// who wait look again. Whoever waits ([`wait_until`](Self::wait_until)) says what for and what to do then, and
/// both happen in one step. So no wake-up can be lost, under cancellation neither.
///
/// Clones are the same condition. All closures run under the lock: keep them short, and don't use the same
/// condition in one, which would deadlock. A closure that panics is its caller's panic and poisons nothing: the
/// value stays as the closure left it, and all who wait look at it.
///
/// # Fairness
///
/// Of those who could act, the one that came first does; a newcomer doesn't overtake one that was called and is on
/// its way. However, one that has been called and is not polled (a branch that lost in a `select!` loop and is
/// still alive) is waited for no longer than one round of the scheduler: it keeps its place, and keeps nobody from
/// going. What takes no waiting, [`with`](Self::with) and [`try_until`](Self::try_until), asks nobody.
///
/// # Cost
///
/// A change wakes all who wait, as only they know what for: with n of them, that is n polls. Where thousands wait
/// for one thing each, use a [`WorkQueue`](crate::queue::WorkQueue) or a [`Semaphore`](crate::semaphore::Semaphore),
/// which wake one.
///
/// # Comparison to `tokio::sync::watch`, `Notify` and Python's `asyncio.Condition`
///
/// 1. `watch::Receiver::wait_for` looks but can't act, and hands out a guard that blocks whoever sends.
/// 2. A `Mutex` and a `Notify` leave it to their user to notify, as often and as many as needed.
/// 3. asyncio's `notify` wakes one, which may be one that waits for something else; `notify_all` wakes all, and each
///    waits for the lock again.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::timeout;
/// use patterns_core::condition::Condition;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let account = Condition::new(0_u32);
/// let rent = tokio::spawn({
///     let account = account.clone();
///     async move { account.wait_until(|cents| *cents >= 500, |cents| *cents -= 500).await }
/// });
/// for _ in 0..6 {
///     tokio::time::sleep(Duration::from_secs(1)).await;
///     account.with(|cents| *cents += 100);
/// }
/// rent.await??;
/// assert_eq!(account.read(|cents| *cents), 100);
///
/// let in_vain = timeout(Duration::from_secs(1), account.wait_while(|cents| *cents < 500, |_| ()));
/// assert!(in_vain.await.is_err());
/// assert_eq!(account.waiting(), 0);
/// # Ok(()) }
/// ```
pub struct Condition<T>(Arc<Mutex<State<T>>>);

impl<T> Condition<T> {
    /// A condition that has this value, and for which nobody waits.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(State { value, line: Line::default() })))
    }

    /// Looks at the value. What only looks wakes nobody: don't change it through a `Cell` or the like.
    pub fn read<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.0.lock().value)
    }

    /// Changes the value, whatever it is, and makes all who wait look at it.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::condition::Condition;
    /// use patterns_core::outcome::catch_panic;
    ///
    /// let numbers = Condition::new(vec![1, 2]);
    /// assert_eq!(numbers.with(|numbers| numbers.pop()), Some(2));
    ///
    /// let panicked = catch_panic(|| numbers.with(|numbers| {
    ///     numbers.push(3);
    ///     assert!(numbers.is_empty(), "half done");
    /// }));
    /// assert!(panicked.is_err());
    /// assert_eq!(numbers.read(|numbers| numbers.clone()), [1, 3]);
    /// ```
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut calls = Calls::default();
        let mut state = self.0.lock();
        // They look once the lock is released.
        state.line.call_all(&mut calls);
        f(&mut state.value)
    }

    /// Waits until the value is such that `holds`, and then does `act` on it, in the same step.
    ///
    /// `holds` is asked at once, and after every change. It should decide by the value alone: nobody tells when
    /// anything else that it looks at changes. What `act` does is a change.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the ambient token was cancelled, and `act` was not done.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed, likewise.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: `act` was done and its result is returned, or it was not done. However, the place in line is lost.
    pub async fn wait_until<R>(
        &self,
        mut holds: impl FnMut(&T) -> bool,
        act: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Interrupt> {
        // A task that never has to wait must still let others run.
        consume_budget().await;
        let mut act = Some(act);
        let mut waiter = Waiter::new(&self.0);
        interruptible_as("a condition", poll_fn(|cx| waiter.turn(cx, &mut holds, &mut act))).await
    }

    /// [`wait_until`](Self::wait_until) `holds` no more.
    ///
    /// # Errors
    ///
    /// As for [`wait_until`](Self::wait_until).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`wait_until`](Self::wait_until) is.
    pub async fn wait_while<R>(
        &self,
        mut holds: impl FnMut(&T) -> bool,
        act: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Interrupt> {
        self.wait_until(|value| !holds(value), act).await
    }

    /// Does `act` at once if the value is such that `holds`, in one step; `None` if it is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::condition::Condition;
    ///
    /// let stock = Condition::new(1);
    /// let take = || stock.try_until(|left| *left > 0, |left| *left -= 1);
    /// assert_eq!(take(), Some(()));
    /// assert_eq!(take(), None);
    /// ```
    pub fn try_until<R>(&self, holds: impl FnOnce(&T) -> bool, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut calls = Calls::default();
        let mut state = self.0.lock();
        if !holds(&state.value) {
            return None;
        }
        state.line.call_all(&mut calls);
        Some(act(&mut state.value))
    }

    /// How many wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.lock().line.len()
    }
}

impl<T> Clone for Condition<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Condition<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
