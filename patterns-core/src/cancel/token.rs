use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::sync::{AtomicBool, Mutex, Notify, OnceLock};
use super::{CancelCause, CancelKind};

/// Asks work to stop: once cancelled it stays cancelled, and so does everything derived from it.
///
/// Clones are the same token; [`child`](Self::child) makes one that is cancelled with its parent
/// but can be cancelled alone. Checking is one atomic load. The first cause wins.
///
/// Cancelling does not end anything by force: whoever does the work looks
/// ([`is_cancelled`](Self::is_cancelled)), waits ([`cancelled`](Self::cancelled)), or awaits
/// something of this workspace that obeys the ambient token (see [`context`](crate::context)).
///
/// # Comparison to `tokio_util::sync::CancellationToken`
///
/// 1. It carries a [cause](CancelCause): kind, message, place and the path of the task that asked.
/// 2. `is_cancelled` takes no lock, so a busy loop may call it at every step.
/// 3. It can be the ambient token of a [`Context`](crate::context::Context), so that waits obey it
///    without being told.
///
/// # Invariants
///
/// 1. `flag` is set after `cause`, so whoever sees the flag finds a cause; and whoever has called `cancel` sees the flag.
/// 2. A child is registered under its parent's lock, and `cancel` sets the flag before it takes that
///    lock: a child born during a cancellation is either in the list or sees the flag.
/// 3. Locks are taken parent before child, never the other way round.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::CancelToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let parent = CancelToken::new();
/// let child = parent.child();
/// let other = parent.child();
///
/// other.cancel("not needed any more");
/// assert!(!parent.is_cancelled() && !child.is_cancelled());
///
/// parent.cancel("shutting down");
/// assert_eq!(child.cancelled().await.message(), "shutting down");
/// assert_eq!(other.cancelled().await.message(), "not needed any more");
/// # }
/// ```
#[derive(Clone)]
pub struct CancelToken(Arc<Node>);

struct Node {
    flag: AtomicBool,
    cause: OnceLock<CancelCause>,
    waiters: Notify,
    children: Mutex<Children>,
    /// Strong, so that a token in the middle that nobody holds still passes a cancellation on.
    parent: Option<(Arc<Node>, usize)>,
}

/// Children by slot, so that a child's end frees its slot in constant time.
#[derive(Default)]
struct Children {
    slots: Vec<Option<Weak<Node>>>,
    free: Vec<usize>,
}

impl Node {
    fn new(parent: Option<(Arc<Node>, usize)>) -> Self {
        Self {
            flag: AtomicBool::new(false),
            cause: OnceLock::new(),
            waiters: Notify::new(),
            children: Mutex::default(),
            parent,
        }
    }

    fn cancel(&self, cause: CancelCause) -> bool {
        let (first, children) = self.cancel_alone(cause.clone());
        // Not by recursion: the chain may be longer than the stack.
        let mut below = VecDeque::from(children);
        while let Some(child) = below.pop_front() {
            if let Some(child) = child.upgrade() {
                below.extend(child.cancel_alone(cause.clone()).1);
            }
        }
        first
    }

    /// Whether this was the first, and the children, which are to be cancelled too.
    fn cancel_alone(&self, cause: CancelCause) -> (bool, Vec<Weak<Self>>) {
        let first = self.cause.set(cause).is_ok();
        // Also by one that comes second, before the first has got here: whoever has cancelled sees it cancelled.
        self.flag.store(true, Ordering::Release);
        if !first {
            return (false, Vec::new());
        }
        let children = std::mem::take(&mut *self.children.lock());
        self.waiters.notify_waiters();
        (true, children.slots.into_iter().flatten().collect())
    }

    /// A child has gone.
    fn forget(&self, slot: usize) {
        let mut children = self.children.lock();
        // After a cancellation the list is gone, and the slot with it.
        if let Some(entry) = children.slots.get_mut(slot)
            && entry.take().is_some()
        {
            children.free.push(slot);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        // Not by recursion: the chain of parents that only their child has kept may be longer than the stack.
        while let Some((parent, slot)) = next {
            parent.forget(slot);
            next = Arc::into_inner(parent).and_then(|mut parent| parent.parent.take());
        }
    }
}

impl CancelToken {
    /// A token of its own, under nobody.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Node::new(None)))
    }

    /// A token that is cancelled with this one, and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let mut children = self.0.children.lock();
        if let Some(cause) = self.cause() {
            drop(children);
            let child = Self::new();
            child.0.cancel(cause.clone());
            return child;
        }
        let slot = children.free.pop().unwrap_or_else(|| {
            children.slots.push(None);
            children.slots.len() - 1
        });
        let child = Arc::new(Node::new(Some((Arc::clone(&self.0), slot))));
        children.slots[slot] = Some(Arc::downgrade(&child));
        Self(child)
    }

    /// Asks for cancellation, with a message of kind [`CancelKind::Requested`].
    ///
    /// Returns whether this call was the first; later causes are ignored.
    #[track_caller]
    pub fn cancel(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> bool {
        self.cancel_with(CancelCause::new(CancelKind::Requested, message))
    }

    /// Asks for cancellation with this cause. Returns whether this call was the first.
    pub fn cancel_with(&self, cause: CancelCause) -> bool {
        self.0.cancel(cause)
    }

    /// Whether cancellation was asked for: one atomic load.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.flag.load(Ordering::Acquire)
    }

    /// The cause, once cancelled.
    #[must_use]
    pub fn cause(&self) -> Option<&CancelCause> {
        if self.is_cancelled() { self.0.cause.get() } else { None }
    }

    /// Whether nobody else has a part in this token, and it is not cancelled. A parent has: it knows its children.
    pub(crate) fn is_pristine(&mut self) -> bool {
        Arc::get_mut(&mut self.0).is_some_and(|node| !node.flag.load(Ordering::Acquire))
    }

    /// Waits until cancellation is asked for; returns at once if it was.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn cancelled(&self) -> CancelCause {
        loop {
            let mut waiter = pin!(self.0.waiters.notified());
            // Registered before the check: a cancellation in between is not missed.
            waiter.as_mut().enable();
            if let Some(cause) = self.cause() {
                return cause.clone();
            }
            waiter.await;
        }
    }

    /// Cancels this token when the guard is dropped, unless [disarmed](DropGuard::disarm).
    pub fn drop_guard(self) -> DropGuard {
        DropGuard(Some(self))
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cause", &self.cause()).finish()
    }
}

/// Cancels a token when dropped. Made by [`CancelToken::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping the guard at once cancels the token at once"]
pub struct DropGuard(Option<CancelToken>);

impl DropGuard {
    /// Gives the token back, uncancelled.
    #[must_use]
    pub fn disarm(mut self) -> CancelToken {
        match self.0.take() {
            Some(token) => token,
            None => unreachable!("only `disarm` takes it, and it consumes the guard"),
        }
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = self.0.take() {
            token.cancel_with(CancelCause::new(CancelKind::ScopeDropped, "its guard was dropped"));
        }
    }
}
