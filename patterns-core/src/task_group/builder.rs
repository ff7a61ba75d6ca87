use std::borrow::Cow;
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::count::Count;
use super::group::Group;
use super::ledger::Ledger;
use super::owner::Owner;
use super::policy::{Counts, FailFast, JoinPolicy, Settled};
use super::registry::Registry;
use super::shared::{Failing, Shared};
use crate::context::Context;
use crate::outcome::{BoxError, catch_panic, catch_panics, next_number};
use crate::reaper::Reaper;

const GRACE: Duration = Duration::from_secs(5);

/// Runs a body and the children that it spawns; ends when the last of them has ended.
///
/// No child outlives the group, whether it ends by a value, an error, a panic or a cancellation. The
/// first failure cancels the siblings ([`FailFast`]) or doesn't ([`CollectAll`](super::CollectAll)); the
/// result has *all* failures. Memory is flat over any number of children: of one that has
/// ended only its failure is kept, its value belongs to its [handle](super::TaskHandle).
/// The [module](super) says how a group stops and what counts as a failure.
///
/// However, a child must be `'static` and can only be stopped where it awaits. For a few futures that
/// borrow from one another's surroundings, join them inside of one task instead.
///
/// # Comparison to `tokio::task::JoinSet`
///
/// 1. Leaving it, by whatever way, waits for the children, destructors included; dropping a `JoinSet`
///    returns before they have run.
/// 2. Cancelling asks first, so that async cleanup runs; `abort` drops the child where it awaits.
/// 3. Children may differ in type, may spawn siblings, and needn't be reaped: an unreaped `JoinSet`
///    grows without bound.
/// 4. A panic or error of a child whose handle nobody awaits still reaches the caller.
///
/// # Defaults
///
/// Policy [`FailFast`], a grace of 5 seconds, no limit.
///
/// # Examples
///
/// ```
/// use patterns_core::task_group::{ErrorGroup, TaskGroup};
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn user(id: u32) -> Result<String, io::Error> {
///     if id == 1 { Ok("ada".into()) } else { Err(io::Error::other("no such user")) }
/// }
/// async fn posts(id: u32) -> Result<Vec<u32>, io::Error> {
///     Ok(vec![id * 10])
/// }
/// async fn profile(id: u32) -> Result<(String, Vec<u32>), ErrorGroup> {
///     TaskGroup::new("profile").run(async |group| {
///         let user = group.spawn("user", user(id));
///         let posts = group.spawn("posts", posts(id));
///         Ok((user.await?, posts.await?))
///     }).await
/// }
///
/// assert_eq!(profile(1).await.unwrap(), ("ada".into(), vec![10]));
/// assert_eq!(profile(2).await.unwrap_err().to_string(), "profile: user: no such user");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a group does nothing until it is run"]
pub struct TaskGroup<P = FailFast> {
    name: Cow<'static, str>,
    place: &'static Location<'static>,
    policy: P,
    grace: Duration,
    limit: usize,
}

impl TaskGroup {
    /// A group of this name, with the defaults.
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), place: Location::caller(), policy: FailFast, grace: GRACE, limit: usize::MAX }
    }
}

impl<P: JoinPolicy> TaskGroup<P> {
    /// How long a task that was asked to stop may go on before it is aborted.
    ///
    /// Zero aborts at once: no async cleanup then.
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// How many children may be live when [`spawn_bounded`](Group::spawn_bounded) starts another.
    /// [`spawn`](Group::spawn) doesn't wait, but its children take up places.
    ///
    /// # Panics
    ///
    /// If `limit` is zero.
    pub fn limit(self, limit: usize) -> Self {
        assert!(limit > 0, "a group with a limit of zero could never run a child");
        Self { limit, ..self }
    }

    /// What to do when a child ends, and what [`run`](Self::run) returns.
    pub fn policy<Q: JoinPolicy>(self, policy: Q) -> TaskGroup<Q> {
        let Self { name, place, grace, limit, .. } = self;
        TaskGroup { name, place, policy, grace, limit }
    }

    /// Runs `body`, waits for the last child, and returns what the policy makes of it.
    ///
    /// The body is a task of the group like any other, but may borrow: waits in it end when a
    /// sibling fails, after the grace it is dropped where it awaits, and a panic in it is caught,
    /// cancels the children under [`FailFast`], and is a leaf of the result with its text
    /// and place.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if this is dropped, the body is dropped where it awaits, and the children are asked to
    /// stop and handed over to the [enclosing](Context::reaper) group or root, which waits for them
    /// while grace and abort go on as usual. What fails from then on is logged. However,
    /// [forgetting](std::mem::forget) this leaves the children running.
    pub async fn run<F, R>(self, body: F) -> P::Output<R>
    where
        F: AsyncFnOnce(&Group) -> Result<R, BoxError>,
    {
        self.run_with(|group| async move { body(&group).await }).await
    }

    /// [`run`](Self::run) with a body that borrows nothing from the group. Where the body is generic code, its future
    /// can be spawned by this alone.
    pub(crate) async fn run_with<F, Fut, R>(self, body: F) -> P::Output<R>
    where
        F: FnOnce(Group) -> Fut,
        Fut: Future<Output = Result<R, BoxError>>,
    {
        let ambient = Context::current();
        let shared = self.start(&ambient);
        let mut owner = Owner::new(Arc::clone(&shared), ambient.reaper().clone());
        let group = Group::new(Arc::clone(&shared));
        // Unconstrained: a body that is busy may have used up the budget.
        let mut enforce = pin!(unconstrained(shared.enforce()));
        let mut enforced = false;

        let mut body = catch_panics(shared.context().scope(async move { body(group).await }));
        let mut end = tokio::select! {
            biased;
            end = &mut body => Some(end),
            () = &mut enforce => None,
        };
        if end.is_none() {
            enforced = true;
            // It may only be waiting for a child that has been aborted just now.
            end = tokio::select! {
                biased;
                end = &mut body => Some(end),
                () = shared.aborted() => None,
            };
        }
        let end = match end {
            Some(Ok(Ok(value))) => Ok(value),
            Some(Ok(Err(error))) => Err(Failing::Error(error)),
            Some(Err(panic)) => Err(Failing::Panicked(panic)),
            None => Err(Failing::Dropped { aborted: true }),
        };
        let mut value = end.map_err(|failing| shared.body_failed(failing)).ok();
        if let Err(panic) = catch_panic(|| drop(body)) {
            shared.body_failed(Failing::Panicked(panic));
            value = None;
        }

        {
            let mut ended = pin!(shared.ended());
            let waiting = enforced
                || tokio::select! {
                    biased;
                    () = &mut ended => false,
                    () = &mut enforce => true,
                };
            if waiting {
                ended.await;
            }
        }
        owner.ended();
        let (policy, settled) = shared.settle::<P, R>(value);
        JoinPolicy::finish::<R>(policy, settled)
    }

    fn start(self, ambient: &Context) -> Arc<Shared> {
        Arc::new_cyclic(|_shared| Shared {
            number: next_number(),
            context: ambient.for_group(self.name, Reaper::new()),
            runtime: Handle::current(),
            place: self.place,
            started: Instant::now(),
            grace: self.grace,
            limit: self.limit,
            sees_success: P::SEES_SUCCESS,
            count: Count::default(),
            registry: Registry::default(),
            ledger: Mutex::new(Ledger::new(self.policy)),
            asked_at: OnceLock::new(),
            asked: Notify::new(),
            stopped_itself: OnceLock::new(),
            #[cfg(feature = "inspect")]
            _registered: crate::inspect::group(_shared),
        })
    }
}

impl Shared {
    fn settle<P: JoinPolicy, R>(&self, value: Option<R>) -> (P, Settled<R>) {
        let own = self.stopped_itself.get().zip(self.token().cause());
        if own.is_some_and(|(own, cause)| own.is(cause)) {
            // Its own doing: neither a cut from outside nor a failure.
            self.ledger.lock().cut = None;
        }
        let errors = self.errors(value.is_none());
        let mut ledger = self.ledger.lock();
        let counts = ledger.counts;
        let ok = self.count.total() - counts.failed - counts.panicked - counts.cancelled;
        let settled = Settled {
            value,
            counts: Counts { ok, ..counts },
            errors,
            cut: ledger.cut.take(),
            stragglers: std::mem::take(&mut ledger.stragglers),
        };
        (ledger.take_policy(), settled)
    }
}
