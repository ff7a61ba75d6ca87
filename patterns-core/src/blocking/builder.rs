use std::borrow::Cow;
use std::num::NonZero;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::shared::Shared;
use super::state::State;
use super::{BlockingPool, BuildError};
use crate::context::Context;
use crate::semaphore::Semaphore;

/// 64 MB of entries, which nobody wants to wait for.
const MOST_PLACES: usize = 1 << 20;

/// Builds a [`BlockingPool`]. Made by [`BlockingPool::builder`].
///
/// # Defaults
///
/// - threads: as many as there are [cores for this process](available_parallelism), or 1 where that is unknown
/// - queue: 256 places
/// - name: `blocking`
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::{BlockingPool, BuildError};
///
/// # fn main() -> Result<(), BuildError> {
/// let files = BlockingPool::builder().threads(8).queue(1_000).name("files").build()?;
/// assert_eq!(files.status().free_places, 1_000);
/// assert_eq!(files.status().threads, 0); // they are started as jobs come
/// assert_eq!(BlockingPool::builder().threads(0).build().unwrap_err(), BuildError::ZeroThreads);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    threads: usize,
    queue: usize,
    name: Cow<'static, str>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let threads = available_parallelism().map_or(1, NonZero::get);
        Self { threads, queue: 256, name: "blocking".into() }
    }

    /// The most jobs that run at once, each on a thread of its own.
    ///
    /// For CPU work as many as there are cores, or fewer, so that the loop has one. For calls that sleep in the
    /// system as many as its other end bears.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many jobs may wait for a thread. Their memory, about 64 bytes each, is allocated by [`build`](Self::build).
    pub fn queue(mut self, places: usize) -> Self {
        self.queue = places;
        self
    }

    /// What [`status`](BlockingPool::status), the reaper and the threads call it. Threads are named `name-0`,
    /// `name-1`; Linux shows the first 15 bytes.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Builds the pool. It starts no thread yet.
    ///
    /// When the pool is dropped, the [reaper](Context::reaper) of the context in which this is called waits for
    /// its threads.
    ///
    /// # Errors
    ///
    /// - [`BuildError::ZeroThreads`]: no thread.
    /// - [`BuildError::ZeroQueue`]: no place.
    /// - [`BuildError::QueueTooLong`]: more than 1,048,576 places.
    /// - [`BuildError::ZeroByteInName`]: the name contains a zero byte.
    pub fn build(self) -> Result<BlockingPool, BuildError> {
        let Self { threads, queue, name } = self;
        if threads == 0 {
            return Err(BuildError::ZeroThreads);
        }
        if queue == 0 {
            return Err(BuildError::ZeroQueue);
        }
        if queue > MOST_PLACES {
            return Err(BuildError::QueueTooLong { asked: queue, most: MOST_PLACES });
        }
        if name.contains('\0') {
            return Err(BuildError::ZeroByteInName);
        }
        let (feed, taken) = crossbeam_channel::bounded(queue);
        let places = Semaphore::builder(queue).name(format!("places in {name}")).build();
        let context = Context::current();
        Ok(BlockingPool::new(Shared {
            path: context.path().join(name.clone()),
            reaper: context.reaper().clone(),
            name,
            max_threads: threads,
            places: places.unwrap_or_else(|_| Semaphore::new(queue)),
            state: Mutex::new(State::new(feed)),
            taken,
            ended: Notify::new(),
        }))
    }
}
