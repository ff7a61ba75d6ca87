use super::policy::{Counts, Ended, Flow, JoinPolicy, Settled};
use crate::cancel::CancelKind;
use crate::outcome::{ErrorGroup, TaskFailed};

/// The first success of a child cancels its siblings; failures leave them running.
///
/// For several ways to the same result, say mirrors. The run returns the body's value, however many children
/// failed; or all errors, if none succeeded. Values belong to the handles, so it is the body that returns the
/// winner's: [`winner`](super::winner) awaits it, and [`first_ok`](super::first_ok) is the whole group in one call.
///
/// Every child counts, so one that only keeps the others company must not be spawned into this group. The body is
/// asked to stop as well: after the first success it should await handles and nothing else. A body that fails
/// cancels the children, as nobody is left to return a value. The losers' failures are logged at debug level.
///
/// # Comparison to [`race_ok`](crate::gather::race_ok)
///
/// 1. Children run in parallel.
/// 2. Losers are asked to stop and awaited, so that their async cleanup runs; there they are dropped.
///
/// # Examples
///
/// ```
/// use patterns_core::context;
/// use patterns_core::task_group::{FirstOk, TaskGroup, first_ok, winner};
/// use std::io;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn fetch(mirror: &'static str) -> Result<String, io::Error> {
///     let secs = match mirror { "near" => 1, "far" => 3, _ => 60 };
///     context::sleep(Duration::from_secs(secs)).await.map_err(io::Error::other)?;
///     if mirror == "near" { Err(io::Error::other("refused")) } else { Ok(format!("page from {mirror}")) }
/// }
///
/// let start = Instant::now();
/// let page = TaskGroup::new("mirrors").policy(FirstOk).run(async |group| {
///     winner(["near", "far", "slow"].map(|mirror| group.spawn(mirror, fetch(mirror)))).await
/// }).await;
/// assert_eq!(page.unwrap(), "page from far");
/// assert_eq!(start.elapsed(), Duration::from_secs(3)); // "slow" was asked to stop
///
/// let errors = first_ok("mirrors", ["near"].map(|mirror| (mirror, fetch(mirror)))).await.unwrap_err();
/// assert_eq!(errors.to_string(), "mirrors: near: refused");
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstOk;

impl JoinPolicy for FirstOk {
    type Output<R> = Result<R, ErrorGroup>;
    const SEES_SUCCESS: bool = true;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if task.failure().is_none() || gives_up(task) { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, settled: Settled<R>) -> Result<R, ErrorGroup> {
        enough(1, settled)
    }
}

/// The k-th success of a child cancels its siblings; failures leave them running.
///
/// The run returns the body's value if k children succeeded, however many failed; or all errors. The body gets
/// the values of the first k by [`winners`](super::winners). Otherwise as [`FirstOk`], which is a quorum of one.
///
/// The policy itself doesn't give up early where too many failed: as long as the body or a child runs, it
/// may still spawn. [`winners`](super::winners) knows how many handles it has, and fails as soon as k of them
/// can't succeed any more; a body that passes this on cancels what is left.
///
/// # Examples
///
/// ```
/// use patterns_core::context;
/// use patterns_core::task_group::{BoxError, Quorum, TaskGroup, winners};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn write(replica: u64, up: bool) -> Result<u64, BoxError> {
///     context::sleep(Duration::from_secs(replica)).await?;
///     if up { Ok(replica) } else { Err("no space left".into()) }
/// }
/// let store = |up: [bool; 3]| TaskGroup::new("store").policy(Quorum::new(2)).run(async move |group| {
///     let replicas = [1, 2, 60].into_iter().zip(up);
///     winners(2, replicas.map(|(replica, up)| group.spawn(format!("replica-{replica}"), write(replica, up)))).await
/// });
///
/// let start = Instant::now();
/// assert_eq!(store([true, true, true]).await.unwrap(), [1, 2]);
/// assert_eq!(start.elapsed(), Duration::from_secs(2)); // the slowest was not needed
///
/// // Two of three fail: the third is not waited for.
/// let errors = store([false, false, true]).await.unwrap_err();
/// assert_eq!(errors.to_string(), "store: 2 failures: replica-1: no space left; replica-2: no space left");
/// assert_eq!(start.elapsed(), Duration::from_secs(4));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quorum {
    needed: usize,
    ok: usize,
}

impl Quorum {
    /// A quorum of `k` successes.
    ///
    /// # Panics
    ///
    /// If `k` is zero: it would be reached before anything had run.
    #[must_use]
    #[track_caller]
    pub const fn new(k: usize) -> Self {
        assert!(k > 0, "a quorum of zero is reached before anything has run");
        Self { needed: k, ok: 0 }
    }
}

impl JoinPolicy for Quorum {
    type Output<R> = Result<R, ErrorGroup>;
    const SEES_SUCCESS: bool = true;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if task.failure().is_none() {
            self.ok += 1;
        }
        if self.ok >= self.needed || gives_up(task) { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, settled: Settled<R>) -> Result<R, ErrorGroup> {
        enough(self.needed, settled)
    }
}

/// Up to n failures of children are tolerated; one more cancels the siblings.
///
/// For work that is worth something without a few of its parts. The run returns the body's value beside the
/// errors that were tolerated; or all errors, if there were more than n, the body failed, or the group was cut
/// short from outside. An error and a panic are failures, a cancellation is none. With n = 0 it stops where
/// [`FailFast`](super::FailFast) does.
///
/// However, a child that passes the failure of a sibling on with `?` has failed as well, and is counted.
///
/// # Examples
///
/// ```
/// use patterns_core::task_group::{ErrorBudget, TaskGroup};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let import = |rows: &'static [&'static str]| TaskGroup::new("import").policy(ErrorBudget::new(1)).run(
///     async move |group| {
///         for row in rows {
///             group.spawn(*row, async move { row.parse::<u8>() });
///         }
///         Ok(rows.len())
///     },
/// );
///
/// let done = import(&["1", "two", "3"]).await.unwrap();
/// assert_eq!((done.value, done.counts.ok), (3, 2));
/// assert_eq!(done.errors.unwrap().to_string(), "import: two: invalid digit found in string");
///
/// let errors = import(&["1", "two", "three"]).await.unwrap_err();
/// assert_eq!(errors.leaves().count(), 2);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorBudget {
    allowed: usize,
    failed: usize,
}

impl ErrorBudget {
    /// Tolerates `n` failures.
    #[must_use]
    pub const fn new(n: usize) -> Self {
        Self { allowed: n, failed: 0 }
    }

    fn is_exceeded(self) -> bool {
        self.failed > self.allowed
    }
}

/// What a run under [`ErrorBudget`] returns: the body's value, and what failed beside it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tolerated<R> {
    /// What the body returned.
    pub value: R,
    /// The failures that were tolerated, if there were any.
    pub errors: Option<ErrorGroup>,
    /// How the children ended.
    pub counts: Counts,
}

impl JoinPolicy for ErrorBudget {
    type Output<R> = Result<Tolerated<R>, ErrorGroup>;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if task.has_failed() && !task.is_body() {
            self.failed += 1;
        }
        if self.is_exceeded() || gives_up(task) { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, settled: Settled<R>) -> Result<Tolerated<R>, ErrorGroup> {
        let Settled { value, counts, errors, cut, .. } = settled;
        match value {
            Some(value) if !self.is_exceeded() && cut.is_none() => Ok(Tolerated { value, errors, counts }),
            _ => Err(errors.expect("too many failures, the body's, or a cut")),
        }
    }
}

/// What has finished by the ambient deadline counts; the rest is cancelled then, and that is no error.
///
/// For answers that are useful in part, say a search over many shards. Failures leave the siblings running. The
/// run returns what [`CollectAll`](super::CollectAll) does, but as if nobody had been cut short by the deadline:
/// `counts.cancelled` says how many were, and `cut` that it was the deadline. Any other cut is an error as ever.
///
/// The body must itself be done when the deadline comes: waits in it fail then, unless they are for handles. A
/// body that fails cancels the children.
///
/// For many items, so many at a time, [`map_concurrent`](crate::gather::map_concurrent) under such a deadline is simpler.
///
/// However, [`timeout`](crate::cancel::timeout) drops what it limits at the deadline, and a dropped group
/// returns nothing at all. So set a deadline that nobody else enforces, as in the example; under an enclosing
/// timeout, one that is earlier by the time that the cleanup may take.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::CancelKind;
/// use patterns_core::context::{self, Context, Interrupt};
/// use patterns_core::gather::gather;
/// use patterns_core::task_group::{TaskGroup, UntilDeadline};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let start = Instant::now();
/// let search = TaskGroup::new("search").policy(UntilDeadline).run(async |group| {
///     let shards = [1, 60, 2].map(|secs| group.spawn(format!("shard-{secs}"), async move {
///         context::sleep(Duration::from_secs(secs)).await?;
///         Ok::<_, Interrupt>(secs)
///     }));
///     Ok(gather(shards).await.into_iter().flatten().collect::<Vec<_>>())
/// });
/// let found = Context::current().with_deadline(start + Duration::from_secs(3)).scope(search).await;
///
/// assert_eq!(start.elapsed(), Duration::from_secs(3));
/// assert_eq!((found.counts.ok, found.counts.cancelled), (2, 1));
/// assert_eq!(found.cut.as_ref().unwrap().kind(), CancelKind::Deadline);
/// assert_eq!(found.into_result().unwrap(), [1, 2]);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct UntilDeadline;

impl JoinPolicy for UntilDeadline {
    type Output<R> = Settled<R>;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if gives_up(task) { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, mut settled: Settled<R>) -> Settled<R> {
        let is_late = settled.cut.as_ref().is_some_and(|cut| cut.kind() == CancelKind::Deadline);
        // Without a value there is nothing to show for it, and the cut is the reason.
        if is_late && settled.value.is_some() {
            let late = |leaf: &TaskFailed| leaf.cause().is_some_and(|cause| cause.kind() == CancelKind::Deadline);
            settled.errors = settled.errors.and_then(|errors| errors.split(late).1);
        }
        settled
    }
}

/// Whether the body has failed, so that nobody is left to make a value of what the children return.
fn gives_up(task: &Ended<'_>) -> bool {
    task.is_body() && task.has_failed()
}

/// The body's value, if so many children succeeded.
fn enough<R>(needed: usize, settled: Settled<R>) -> Result<R, ErrorGroup> {
    let Settled { value, counts, errors, .. } = settled;
    match value {
        Some(value) if counts.ok >= needed as u64 => {
            if let Some(errors) = errors {
                tracing::debug!(%errors, "failures beside enough successes");
            }
            Ok(value)
        }
        _ => Err(errors.unwrap_or_else(|| too_few(needed, counts.ok))),
    }
}

/// Nothing failed, and yet it was not enough.
fn too_few(needed: usize, ok: u64) -> ErrorGroup {
    let error = format!("successes needed: {needed}, got: {ok}");
    ErrorGroup::from_errors("quorum", [error]).expect("one error")
}
