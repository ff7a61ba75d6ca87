use std::time::Duration;

use super::interruption::{Interruption, Moment, Plan};
use super::run::{Ran, run};

/// Runs `scenario` once undisturbed and then once for every [way](Interruption) to interrupt it at
/// every one of its polls: instead of the poll (something has just woken it), and right after it (it
/// waits); after each run, when everything has settled, `check` must hold.
///
/// - `setup` makes fresh state for each run. What it starts for itself is not waited for.
/// - `scenario` gets a clone of the state (a handle, a tuple of handles, an `Arc`). It is one future,
///   polled as a task of its own; it may start others. It may use `?` to obey a cancellation, as its
///   result is not looked at. A panic of its own is a failure.
/// - `check` gets the state, and panics where an invariant is broken: `assert!` as in any test. It
///   runs after the scenario's [`Reaper`](crate::reaper::Reaper) is drained, and may itself await
///   (acquire all permits, say).
///
/// Each run has a current-thread runtime and a paused clock of its own, so that hours cost nothing.
/// Everything is bounded: a scenario that doesn't end after a cancellation, a leftover that never
/// finishes, a check that hangs are failures and say so. This is [`Explorer::new`] with its defaults.
///
/// # Limits
///
/// Interrupted are the polls of the scenario's own future: those of tasks that it spawns are not
/// counted, they only see what the interruption does to their owner. A panic is thrown from the
/// outermost future. A scenario should do the same polls on each run; where it doesn't (`select!`
/// without `biased` starts at a random branch), [`Exploration::unreached`] counts what was missed.
/// What blocks the thread, or spins without ever letting time pass, is a hang.
///
/// A scenario that captures variables is a closure that returns a future, `move |state| async move { .. }`: an `async`
/// closure that captures can be called only once.
///
/// # Comparison to `shuttle` and `loom`
///
/// They permute the schedules of threads and need their own versions of every primitive. This keeps
/// one schedule and permutes where the work is cut off, on stock tokio.
///
/// # Panics
///
/// - Where a run breaks an invariant. The message names kind and poll:
///   `after Drop at poll 3 of 7: <the check's message>`, or
///   `after Drop while waiting after poll 3 of 7: ..` where it happened before anything had woken it.
/// - Inside of a tokio runtime: call it from a plain `#[test]`.
///
/// # Examples
///
/// A counter that forgets its count when it is interrupted between two awaits:
///
/// ```
/// use patterns_core::outcome::catch_panic;
/// use patterns_core::testing::explore_cancellation;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
/// use tokio::task::yield_now;
///
/// # fn main() {
/// let forgetful = || explore_cancellation(
///     async || Arc::new(AtomicI32::new(0)),
///     async |inside: Arc<AtomicI32>| {
///         inside.fetch_add(1, SeqCst);
///         yield_now().await;
///         inside.fetch_sub(1, SeqCst);
///     },
///     async |inside| assert_eq!(inside.load(SeqCst), 0, "left inside"),
/// );
/// let found = catch_panic(forgetful).unwrap_err();
/// assert!(found.message().starts_with("after Drop while waiting after poll 1 of 2: "));
/// assert!(found.message().contains("left inside"));
///
/// struct Inside(Arc<AtomicI32>);
/// impl Drop for Inside {
///     fn drop(&mut self) {
///         self.0.fetch_sub(1, SeqCst);
///     }
/// }
/// let explored = explore_cancellation(
///     async || Arc::new(AtomicI32::new(0)),
///     async |inside: Arc<AtomicI32>| {
///         inside.fetch_add(1, SeqCst);
///         let _guard = Inside(inside);
///         yield_now().await;
///     },
///     async |inside| assert_eq!(inside.load(SeqCst), 0, "left inside"),
/// );
/// // One undisturbed, four kinds at each of two polls, and three of them while waiting after the first.
/// assert_eq!((explored.polls, explored.runs), (2, 1 + 4 * 2 + 3));
/// # }
/// ```
#[track_caller]
pub fn explore_cancellation<S, Fut>(
    setup: impl AsyncFn() -> S,
    scenario: impl Fn(S) -> Fut,
    check: impl AsyncFn(&S),
) -> Exploration
where
    S: Clone,
    Fut: Future + 'static,
{
    Explorer::new().run(setup, scenario, check)
}

/// What an exploration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exploration {
    /// Polls of the undisturbed scenario.
    pub polls: usize,
    /// Runs in all, the undisturbed one included.
    pub runs: usize,
    /// Runs that ended before their interruption, as the scenario took fewer polls this time.
    pub unreached: usize,
}

/// [`explore_cancellation`] with its settings in the open.
///
/// # Defaults
///
/// All [kinds](Interruption::ALL), at most 1,000 polls, one hour of virtual time per wait, and
/// detached tasks not looked for.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::{Explorer, Interruption};
/// use std::time::Duration;
///
/// # fn main() {
/// let explored = Explorer::new()
///     .kinds([Interruption::Drop])
///     .max_polls(10)
///     .run(
///         async || (),
///         async |()| tokio::time::sleep(Duration::from_secs(60)).await,
///         async |()| {},
///     );
/// assert_eq!((explored.polls, explored.runs), (2, 4));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "an explorer does nothing until `run`"]
pub struct Explorer {
    pub(super) kinds: Vec<Interruption>,
    pub(super) max_polls: usize,
    pub(super) patience: Duration,
    pub(super) no_task_left: bool,
}

impl Explorer {
    /// One with the defaults.
    pub fn new() -> Self {
        Self {
            kinds: Interruption::ALL.to_vec(),
            max_polls: 1_000,
            patience: Duration::from_secs(3600),
            no_task_left: false,
        }
    }

    /// Only these kinds, in this order.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Interruption>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Refuses a scenario that wants more polls than this, in any run.
    ///
    /// The number of runs is up to seven times that of polls, so the work grows with its square.
    pub fn max_polls(mut self, polls: usize) -> Self {
        self.max_polls = polls;
        self
    }

    /// How much virtual time the scenario, the time from a cancellation to its end, what it leaves
    /// behind, and the check may each take.
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Also fails where more tasks are alive in the end than were after the setup: something was
    /// spawned that nobody waits for.
    ///
    /// Tasks of a `LocalSet` are not seen.
    pub fn no_task_left(mut self) -> Self {
        self.no_task_left = true;
        self
    }

    /// Explores; see [`explore_cancellation`] for the parts.
    ///
    /// # Panics
    ///
    /// As [`explore_cancellation`] does.
    #[track_caller]
    pub fn run<S, Fut>(
        &self,
        setup: impl AsyncFn() -> S,
        scenario: impl Fn(S) -> Fut,
        check: impl AsyncFn(&S),
    ) -> Exploration
    where
        S: Clone,
        Fut: Future + 'static,
    {
        assert!(
            tokio::runtime::Handle::try_current().is_err(),
            "an exploration builds its own runtimes: call it from a plain `#[test]`"
        );
        let run = |plan| run(self, plan, &setup, &scenario, &check);
        let polls = match run(None) {
            Ok(Ran { polls, .. }) => polls,
            Err(problem) => panic!("undisturbed: {problem}"),
        };
        let mut explored = Exploration { polls, runs: 1, unreached: 0 };
        for plan in self.plans(polls) {
            explored.runs += 1;
            match run(Some(plan)) {
                Ok(ran) if ran.interrupted => {}
                Ok(_) => explored.unreached += 1,
                Err(problem) => panic!("after {plan} of {polls}: {problem}"),
            }
        }
        explored
    }

    fn plans(&self, polls: usize) -> impl Iterator<Item = Plan> {
        self.kinds.iter().flat_map(move |&interruption| {
            (1..=polls).flat_map(move |poll| {
                let moments = interruption.moments().iter().copied();
                // The last poll ends the scenario, so nothing waits after it.
                moments
                    .map(move |moment| Plan { interruption, moment, poll })
                    .filter(move |plan| plan.moment == Moment::Woken || poll < polls)
            })
        })
    }
}

impl Default for Explorer {
    fn default() -> Self {
        Self::new()
    }
}
