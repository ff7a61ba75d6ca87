//! Something that happens: many may wait for it, and whoever comes late passes at once.
//!
//! # Why not a flag and a notification?
//!
//! A waiter that looks at a flag, is woken and looks again misses what happened in between: set and cleared
//! before it is polled, the flag says that there was nothing. Here, waiting is for the next `set`, not for a
//! state that lasts: whoever waits at that moment returns, whatever comes after.
//!
//! In the book: [event](../../../book/event.html).
mod error;
mod rounds;
mod waiting;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use self::rounds::Rounds;
use self::waiting::Waiting;
use crate::context::interruptible_as;
use crate::waiters::Wakes;

pub use self::error::WaitError;

/// Lets everybody who waits go when it is [set](Self::set), and everybody who comes later, until it is
/// [cleared](Self::clear).
///
/// A `set` reaches all who wait at that moment, even if a `clear` follows before they are polled. It may carry a
/// value, of which each gets a clone: the address that a server listens on, the reason for a shutdown. The
/// first value stays until the event is cleared, so all get the same.
///
/// Clones are the same event. It has a [name](Self::named), so that whoever waits in vain can say for what.
/// Nobody sets it by being dropped: whoever waits for an event whose owner may fail races it with that owner, or
/// gives it a deadline.
///
/// # Fairness
///
/// There is nothing to share out: all who wait are woken at once, the longest waiter first. One that is alive but not
/// polled is in nobody's way.
///
/// # Comparison to `tokio::sync::Notify`, `tokio::sync::watch` and Python's `asyncio.Event`
///
/// 1. `Notify::notify_waiters` is only for those who wait already; a late one waits for ever.
/// 2. `watch::Receiver::wait_for` looks at the latest value: it misses a `set` that was cleared before it looked.
/// 3. asyncio's is as this one is, but carries no value, and a wait that is cut short doesn't say for what it was.
///
/// # Examples
///
/// ```
/// use patterns_core::context::Context;
/// use patterns_core::event::Event;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let listening = Event::<u16>::named("listening");
/// let client = tokio::spawn({
///     let listening = listening.clone();
///     async move { listening.wait().await }
/// });
/// listening.set_with(8080).expect("nobody else sets it");
/// assert_eq!(client.await??, 8080);
/// assert_eq!(listening.wait().await?, 8080); // a late one passes at once
///
/// listening.clear();
/// let context = Context::current().with_deadline(Instant::now() + Duration::from_secs(3));
/// let error = context.scope(listening.wait()).await.unwrap_err();
/// assert_eq!(error.to_string(), "interrupted after 3s of waiting for listening");
/// # Ok(()) }
/// ```
pub struct Event<T = ()>(Arc<Shared<T>>);

struct Shared<T> {
    name: Cow<'static, str>,
    /// Whether the current round is filled, for those who only look. Written under the lock.
    is_set: AtomicBool,
    rounds: Mutex<Rounds<T>>,
}

impl<T> Event<T> {
    /// An event that is not set, and has no name of its own. Without a value: `let ready: Event = Event::new();`.
    #[must_use]
    pub fn new() -> Self {
        Self::named("an event")
    }

    /// An event that is not set. The name completes "waiting for ..": `"db ready"`.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Shared { name: name.into(), is_set: AtomicBool::new(false), rounds: Mutex::new(Rounds::new()) }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Sets the event to a value, of which everybody who waits, or comes until it is cleared, gets a clone.
    ///
    /// # Errors
    ///
    /// The value, where the event is set already: the one before stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::event::Event;
    ///
    /// let shutdown = Event::new();
    /// assert_eq!(shutdown.set_with("got SIGTERM"), Ok(()));
    /// assert_eq!(shutdown.set_with("out of memory"), Err("out of memory"));
    /// assert_eq!(shutdown.value(), Some("got SIGTERM"));
    /// ```
    pub fn set_with(&self, value: T) -> Result<(), T> {
        let mut wakes = Wakes::default();
        let mut rounds = self.0.rounds.lock();
        let result = rounds.fill(value, &mut wakes);
        self.0.is_set.store(true, Ordering::Release);
        drop(rounds);
        wakes.fire();
        result
    }

    /// Makes those who come from now on wait again. Returns whether the event was set.
    ///
    /// Those who waited when it was set still return.
    pub fn clear(&self) -> bool {
        let mut rounds = self.0.rounds.lock();
        let before = rounds.next();
        self.0.is_set.store(false, Ordering::Release);
        drop(rounds);
        // The value is dropped under no lock.
        before.is_some()
    }

    /// Whether it is set: one atomic load.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.is_set.load(Ordering::Acquire)
    }

    /// How many wait now. Those who were let go and not polled since don't.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.rounds.lock().waiting()
    }
}

impl<T: Clone> Event<T> {
    /// A clone of the value; `None` while the event is not set.
    #[must_use]
    pub fn value(&self) -> Option<T> {
        let round = {
            let rounds = self.0.rounds.lock();
            if !rounds.is_filled() {
                return None;
            }
            rounds.current()
        };
        round.get().cloned()
    }

    /// Waits until the event is set, and returns a clone of the value; at once where it is set.
    ///
    /// It counts from the first poll: a `set` after that is seen, even if it is cleared at once.
    ///
    /// # Errors
    ///
    /// - [`WaitError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed, and the event
    ///   was not set. (One that is set is seen all the same.) Under a [`timeout`](crate::cancel::timeout) that is due,
    ///   that one speaks.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe as long as the event stays set. However, a `set` that was cleared before this was polled again is
    /// lost with it: in a `select!` loop, keep the future and poll it by `&mut`.
    pub async fn wait(&self) -> Result<T, WaitError> {
        let round = self.0.rounds.lock().current();
        if let Some(value) = round.get() {
            // A task that finds everything set must still let others run.
            consume_budget().await;
            return Ok(value.clone());
        }
        let since = Instant::now();
        let waited = interruptible_as(self.0.name.clone(), Waiting::new(&self.0.rounds, &round)).await;
        match (round.get(), waited) {
            (Some(value), _) => Ok(value.clone()),
            (None, Err(interrupt)) => {
                Err(WaitError::Interrupted { event: self.0.name.clone(), waited: since.elapsed(), interrupt })
            }
            (None, Ok(())) => unreachable!("it waits until its round is filled"),
        }
    }
}

impl Event {
    /// Sets the event. Returns whether it was not set before.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::event::Event;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let ready = Event::named("db ready");
    /// let pulse = async {
    ///     assert!(ready.set());
    ///     assert!(!ready.set(), "it is set");
    ///     assert!(ready.clear());
    /// };
    /// let (waited, ()) = tokio::join!(ready.wait(), pulse);
    /// waited?; // it waited at that moment
    /// assert!(!ready.is_set());
    /// # Ok(()) }
    /// ```
    pub fn set(&self) -> bool {
        self.set_with(()).is_ok()
    }
}

impl<T> Clone for Event<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Event<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.0.name)
            .field("is_set", &self.is_set())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
