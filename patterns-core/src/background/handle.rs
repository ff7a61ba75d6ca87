use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use super::shared::{Ledger, Shared};
use super::{Builder, Status};
use crate::cancel::CancelToken;
use crate::context::{Context, TaskPath};
use crate::outcome::next_number;
use crate::reaper::Reaper;
use crate::semaphore::Semaphore;

/// Runs tasks that nobody awaits, and loses none of them: never more than the limit, every failure goes to a
/// sink, and a shutdown waits for the last.
///
/// For what a request leaves to be done after its answer (an audit record, a mail, a cache to be filled), and for
/// loops that run as long as the program does. The [module](super) says what a task inherits and how it stops.
/// Clones are the same background.
///
/// However, nobody gets the tasks' values; for those use a [`TaskGroup`](crate::task_group::TaskGroup). And what
/// is in flight is lost with the process: where it must survive a crash, write it down first.
///
/// # Dropping
///
/// When the last handle is dropped, the tasks are asked to stop and handed over to the group or root
/// [`Reaper`](crate::reaper::Reaper) that the background was made under, which waits for their cleanup; after
/// the [grace](Builder::grace) they are aborted. So a task that holds a handle keeps all of it open: give it a
/// way to end, or shut down.
///
/// # Comparison to `tokio_util::task::TaskTracker`
///
/// 1. It is bounded, and a waiter that is not polled keeps no place from others.
/// 2. Errors and panics are reported. There a panic in a task whose handle was dropped is gone.
/// 3. [`shutdown`](Self::shutdown) asks, waits, aborts and names; there it only waits.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::background::Background;
/// use patterns_core::context::{self, Interrupt};
/// use std::io;
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let background = Background::new("audit");
/// for n in 1..=3 {
///     // Returns as soon as there is a place, and not when it is written.
///     background.spawn(format!("write-{n}"), async move {
///         sleep(Duration::from_millis(100)).await;
///         if n == 2 { Err(io::Error::other("disk is full")) } else { Ok(()) }
///     }).await.unwrap();
/// }
/// background.spawn("mirror", context::sleep(Duration::from_secs(3600))).await.unwrap();
/// assert_eq!(background.status().live, 4);
/// sleep(Duration::from_secs(1)).await;
///
/// let receipt = background.shutdown(Duration::from_secs(5)).await;
/// let status = receipt.status;
/// assert_eq!((status.spawned, status.ok, status.failed, status.cancelled), (4, 2, 1, 1));
/// assert!(receipt.stragglers.is_empty());
/// assert!(background.try_spawn("late", async { Ok::<_, Interrupt>(()) }).unwrap_err().is_closed());
/// # }
/// ```
#[derive(Clone)]
pub struct Background(Arc<Owner>);

/// What the handles own. Tasks hold only what is shared, so that the last handle can be seen to go.
pub(super) struct Owner {
    pub(super) shared: Arc<Shared>,
    /// Waits for what is left when the last handle is dropped.
    pub(super) adopter: Reaper,
    pub(super) path: TaskPath,
    pub(super) grace: Duration,
}

impl Background {
    /// One with the defaults. Its name is for logs, and for whoever waits for what it leaves.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self::from_builder(Self::builder(name))
    }

    /// Builds one of this name.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> Builder {
        Builder::new(name.into())
    }

    /// The limit must not be zero.
    pub(super) fn from_builder(builder: Builder) -> Self {
        let Builder { name, limit, grace, sink } = builder;
        let ambient = Context::current();
        let places = Semaphore::builder(limit).name(name.clone()).build().expect("its defaults are in order");
        let path = ambient.path().join(name.clone());
        let shared = Shared {
            name,
            number: next_number(),
            places,
            closing: CancelToken::new(),
            token: CancelToken::new(),
            forced: CancelToken::new(),
            reaper: Reaper::new(),
            runtime: Handle::current(),
            sink,
            ledger: Mutex::new(Ledger::new(limit)),
        };
        Self(Arc::new(Owner { shared: Arc::new(shared), adopter: ambient.reaper().clone(), path, grace }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// What became of everything so far.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared().ledger.lock().status
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background")
            .field("name", &self.shared().name)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
