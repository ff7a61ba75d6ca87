//! Meeting points: nobody goes on before all are there.
//!
//! In the book: [barrier](../../../book/barrier.html).
mod error;
mod meeting;
mod passed;

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::task::coop::consume_budget;

use self::meeting::{Core, Meeting};
use crate::context::interruptible_as;
use crate::waiters::{Place, Wakes};

pub use self::error::BarrierError;
pub use self::passed::{Passed, Status};

/// Holds parties until a given number of them is there; then lets exactly these go, and begins anew.
///
/// Each such *generation* has one leader, the party that came last. A party that is dropped or interrupted while
/// it waits leaves the barrier, and the others wait for another in its place. If none will come, somebody must say
/// so: [`break_with`](Self::break_with) tells all who wait, and all who come. Clones are the same barrier.
///
/// For an action that must be over before anybody goes on, let the parties meet twice: the leader acts in between.
///
/// # Fairness
///
/// A party that has arrived counts, polled or not; one that is alive but not polled holds up nobody. All of a
/// generation are woken at once, and one that comes back early belongs to the next.
///
/// # Comparison to `tokio::sync::Barrier` and Python's `asyncio.Barrier`
///
/// 1. A dropped wait of tokio's stays counted: a generation is let go without it, and a later one hangs.
/// 2. tokio's can't be broken: a party that fails leaves the others waiting for ever.
/// 3. asyncio's `abort` and `reset` say nothing of why; here the reason reaches everybody.
///
/// # Examples
///
/// ```
/// use patterns_core::barrier::{Barrier, BarrierError};
/// use std::sync::Mutex;
/// use tokio::join;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let (barrier, parts, total) = (Barrier::new(3), Mutex::new(Vec::new()), Mutex::new(0_u32));
/// let party = async |part: u32| {
///     parts.lock().unwrap().push(part);
///     if barrier.wait().await?.is_leader() {
///         *total.lock().unwrap() = parts.lock().unwrap().iter().sum();
///     }
///     barrier.wait().await?;
///     Ok::<_, BarrierError>(*total.lock().unwrap())
/// };
/// let (a, b, c) = join!(party(1), party(20), party(300));
/// assert_eq!((a?, b?, c?), (321, 321, 321));
///
/// barrier.break_with("a worker failed");
/// let error = barrier.wait().await.unwrap_err();
/// assert_eq!(error.to_string(), "the barrier is broken: a worker failed");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Barrier(Arc<Mutex<Core>>);

impl Barrier {
    /// A barrier for this many parties, where nobody is yet. One party alone never waits.
    ///
    /// # Panics
    ///
    /// Where `parties` is zero.
    #[must_use]
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs at least 1 party");
        Self(Arc::new(Mutex::new(Core::new(parties))))
    }

    /// Waits until all parties are there.
    ///
    /// # Errors
    ///
    /// - [`BarrierError::Broken`]: the barrier is broken, or was while this waited.
    /// - [`BarrierError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed, and the party
    ///   has left. (One that was let go just before that gets to know of it instead.)
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped, the party leaves, but one that had been let go just then has passed with the others
    /// and doesn't know. In a `select!` loop, keep the future and poll it by `&mut`.
    pub async fn wait(&self) -> Result<Passed, BarrierError> {
        // A task that always comes last must still let others run.
        consume_budget().await;
        let mut party = Party { core: &self.0, meeting: None, place: None };
        let waited = interruptible_as("the other parties of a barrier", poll_fn(|cx| party.turn(cx))).await;
        match waited {
            Ok(result) => result,
            Err(interrupt) => party.leave().unwrap_or(Err(BarrierError::Interrupted(interrupt))),
        }
    }

    /// Breaks the barrier: those who wait, and those who come until it is [reset](Self::reset), get
    /// [`BarrierError::Broken`] with this reason.
    ///
    /// Returns whether this did it; a barrier that is broken stays so for its first reason.
    pub fn break_with(&self, reason: impl Into<Cow<'static, str>>) -> bool {
        let (reason, mut wakes) = (reason.into(), Wakes::default());
        let broken = self.0.lock().break_with(reason, &mut wakes);
        wakes.fire();
        broken
    }

    /// Mends a broken barrier. Returns whether it was broken; does nothing where it was not.
    ///
    /// Those who waited when it was broken still get to know that.
    pub fn reset(&self) -> bool {
        self.0.lock().reset()
    }

    /// Who is there.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.lock().status()
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Barrier").field(&self.status()).finish()
    }
}

/// One that waits. Leaves when it is dropped.
struct Party<'a> {
    core: &'a Mutex<Core>,
    /// Where it is counted, from its first poll until it knows the end.
    meeting: Option<Arc<Meeting>>,
    place: Place,
}

impl Party<'_> {
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Passed, BarrierError>> {
        let mut wakes = Wakes::default();
        let turn = self.core.lock().turn(&mut self.meeting, &mut self.place, cx.waker(), &mut wakes);
        wakes.fire();
        if turn.is_ready() {
            self.meeting = None;
        }
        turn
    }

    /// Leaves, if it is counted and its meeting has not ended; says how that ended otherwise.
    fn leave(&mut self) -> Option<Result<Passed, BarrierError>> {
        let meeting = self.meeting.take()?;
        self.core.lock().leave(&meeting, self.place)
    }
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        let _ = self.leave();
    }
}
