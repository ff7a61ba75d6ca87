//! Who waits for what its owner let go of.
//!
//! In the book: [shield](../../../book/shield.html).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::context::{Context, TaskPath};

/// Tracks tasks that outlive whoever started them, so that nothing is ever detached.
///
/// Nothing is kept of what has ended, so a reaper may live as long as the program. A dropped
/// [`TaskGroup`](crate::task_group::TaskGroup) hands its children over, a
/// [`shield`](crate::cancel::shield) its commit section, an [`ExitStack`](crate::exit_stack::ExitStack)
/// its cleanups. They go to the reaper of the [`Context`]: the enclosing group's, else the one that
/// [`run`](Self::run) set up, else a process-wide one. A program that shuts down waits for
/// [`drained`](Self::drained).
///
/// However, it only waits and names: it never cancels or aborts what it tracks. Whatever is handed
/// over brings its own limit (a group's grace, a shield's limit).
///
/// # Comparison to `tokio_util::task::TaskTracker`
///
/// 1. It names what it still waits for, with its age ([`live`](Self::live)).
/// 2. It is found through the [`Context`], so that a type deep down can hand over its cleanup when
///    it is dropped, without a parameter.
/// 3. It is never closed: [`drained`](Self::drained) returns whenever nothing is left.
///
/// # Examples
///
/// ```
/// use patterns_core::reaper::Reaper;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let reaper = Reaper::new();
/// reaper.spawn("flush", tokio::time::sleep(Duration::from_secs(1)));
/// assert_eq!(reaper.live()[0].path.to_string(), "flush");
/// reaper.drained().await;
/// assert!(reaper.live().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct Reaper(Arc<Inner>);

struct Inner {
    /// By number, so that the report is in the order of adoption.
    live: Mutex<(u64, BTreeMap<u64, Entry>)>,
    idle: Notify,
}

struct Entry {
    path: TaskPath,
    since: Instant,
}

/// A task that a [`Reaper`] still waits for.
#[derive(Clone, Debug)]
pub struct Straggler {
    /// The names that it runs under.
    pub path: TaskPath,
    /// How long ago it was handed over.
    pub age: Duration,
}

impl Reaper {
    /// A reaper with nothing to wait for.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { live: Mutex::default(), idle: Notify::new() }))
    }

    /// The process-wide one, which takes what nobody else does.
    #[must_use]
    pub fn global() -> Self {
        static GLOBAL: LazyLock<Reaper> = LazyLock::new(Reaper::new);
        GLOBAL.clone()
    }

    /// Runs `fut` with this reaper as the root of whatever it starts, then waits for what was
    /// handed over, however long that takes: what a `main` is wrapped in.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `fut` is; what was handed over goes on, and [`drained`](Self::drained) still
    /// waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::context::Context;
    /// use patterns_core::reaper::Reaper;
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let start = Instant::now();
    /// let value = Reaper::new().run(async {
    ///     Context::current().reaper().spawn("flush", sleep(Duration::from_secs(1)));
    ///     7
    /// }).await;
    /// assert_eq!((value, start.elapsed()), (7, Duration::from_secs(1)));
    /// # }
    /// ```
    pub async fn run<F: Future>(&self, fut: F) -> F::Output {
        let value = Context::current().with_reaper(self.clone()).scope(fut).await;
        self.drained().await;
        value
    }

    /// Starts `fut` as a task of its own under the name of the current task and `name`.
    ///
    /// It runs outside of the current deadline and token, as it must be able to clean up.
    /// Its own leftovers come to this reaper too. Dropping the returned handle changes nothing.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, fut: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.adopt(&Handle::current(), Context::current().path().join(name), fut)
    }

    /// [`spawn`](Self::spawn) for destructors, which may run outside of the runtime.
    pub(crate) fn adopt<F>(&self, runtime: &Handle, path: TaskPath, fut: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let tracked = self.track(path.clone());
        let fut = Context::root(self.clone()).with_path(path).scope(fut);
        runtime.spawn(async move {
            // Named first, so dropped first where this is never polled: `fut` counts until it is gone.
            let fut = fut;
            let _tracked = tracked;
            fut.await
        })
    }

    /// Counts something as handed over until the guard is dropped: for what is no task of its own, such
    /// as a step of one.
    #[must_use]
    pub fn track(&self, path: TaskPath) -> Tracked {
        let mut live = self.0.live.lock();
        let number = live.0;
        live.0 += 1;
        live.1.insert(number, Entry { path, since: Instant::now() });
        Tracked { reaper: self.clone(), number }
    }

    /// Runs `f` if nothing is left, while nothing can be handed over.
    pub(crate) fn if_drained(&self, f: impl FnOnce() -> bool) -> bool {
        let live = self.0.live.lock();
        live.1.is_empty() && f()
    }

    /// What it waits for, oldest first.
    #[must_use]
    pub fn live(&self) -> Vec<Straggler> {
        let now = Instant::now();
        let live = self.0.live.lock();
        live.1
            .values()
            .map(|entry| Straggler { path: entry.path.clone(), age: now.saturating_duration_since(entry.since) })
            .collect()
    }

    /// Waits until nothing that was handed over is left.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    /// Limit it with [`timeout`](crate::cancel::timeout) and then name the
    /// [stragglers](Self::live).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        loop {
            let mut idle = pin!(self.0.idle.notified());
            idle.as_mut().enable();
            if self.0.live.lock().1.is_empty() {
                return;
            }
            idle.await;
        }
    }
}

impl Default for Reaper {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Reaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaper").field("live", &self.live()).finish()
    }
}

/// Something that a [`Reaper`] counts until this is dropped.
#[derive(Debug)]
pub struct Tracked {
    reaper: Reaper,
    number: u64,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let mut live = self.reaper.0.live.lock();
        let entry = live.1.remove(&self.number);
        let idle = live.1.is_empty();
        // Wakers, and the last reference to a path, may run foreign code.
        drop(live);
        drop(entry);
        if idle {
            self.reaper.0.idle.notify_waiters();
        }
    }
}
