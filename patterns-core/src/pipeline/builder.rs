use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;

use super::belt::{Input, Intake, belt};
use super::report::Monitor;
use super::stage::{feed, work};
use crate::outcome::BoxError;
use crate::task_group::{Group, TaskGroup};

/// Room between two stages, if not said otherwise.
pub(super) const BUFFER: usize = 1;

/// Starts everything up to some stage, with so much room behind it.
pub(super) type Start<T> = Box<dyn FnOnce(&Group, usize) -> Intake<T> + Send>;

/// Items on their way through stages that work at the same time, each with its own parallelism.
///
/// A stage takes an item only when it can work on it, and passes it on only when there is room: backpressure
/// reaches from the sink to the source. However long the source is, at most the sum of all parallelisms and
/// [buffers](Self::buffer), and one item in the sink, are inside. (A stage of [`through`](Self::through)
/// has what its stream keeps.)
///
/// The first item that fails, or panics, stops all stages: the workers are asked to stop, their cleanup is waited
/// for, and [`PipelineError`](super::PipelineError) says which stage, which item and why. So does a cancelled
/// context. A sink with [`commit_to`](Self::commit_to) leaves all of its output or none of it.
///
/// Nothing runs before the end of the chain is awaited. Each worker is a child of one
/// [`TaskGroup`], so that they run in parallel and none outlives the pipeline; dropped, the group's rules hold.
///
/// # Comparison to `futures_util::StreamExt::buffered`
///
/// 1. Work in flight goes on while the consumer is busy, on all of the runtime's threads.
/// 2. An error stops what is in flight by asking, not by dropping it, and says where it happened.
/// 3. A panic is an error of its item.
///
/// # Defaults
///
/// Room for one item between two stages, a grace of 5 seconds.
///
/// # Examples
///
/// ```
/// use patterns_core::pipeline::{Pipeline, PipelineError};
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// async fn fetch(page: u32) -> std::io::Result<String> {
///     sleep(Duration::from_secs(1)).await;
///     Ok(format!("page {page}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), PipelineError> {
/// let start = Instant::now();
/// let lengths = Pipeline::from_items("import", 1..=100)
///     .stage("fetch", 10, fetch)
///     .stage("measure", 1, async |text: String| Ok::<_, std::io::Error>(text.len()))
///     .collect()
///     .await?;
/// assert_eq!((lengths[0], lengths[99]), (6, 8));
/// assert_eq!(start.elapsed(), Duration::from_secs(10));
///
/// let failed = Pipeline::from_items("import", ["1", "2", "three"])
///     .stage("parse", 2, async |text: &'static str| text.parse::<u32>())
///     .collect()
///     .await
///     .unwrap_err();
/// assert_eq!(failed.to_string(), "import: parse: item 2: invalid digit found in string");
/// let item = failed.first().unwrap();
/// assert_eq!((item.stage(), item.item()), ("parse", 2));
/// # Ok(()) }
/// ```
#[must_use = "a pipeline does nothing until its end is awaited"]
pub struct Pipeline<T> {
    pub(super) group: TaskGroup,
    pub(super) start: Start<T>,
    pub(super) buffer: usize,
    pub(super) monitor: Monitor,
    /// Where it was made.
    pub(super) place: &'static Location<'static>,
}

impl<T: Send + 'static> Pipeline<T> {
    /// Adds a stage that works on `parallel` items at a time and passes the results on in the order of the items.
    ///
    /// A result that is ready too early waits with its worker, so one slow item holds up at most `parallel - 1` others.
    /// Where the order doesn't matter, [`unordered_stage`](Self::unordered_stage).
    ///
    /// `step` obeys the ambient context. An error that it returns because the pipeline was stopped
    /// is no failure of its item.
    ///
    /// # Panics
    ///
    /// If `parallel` is zero.
    #[track_caller]
    pub fn stage<U, E, F, Fut>(self, name: impl Into<Cow<'static, str>>, parallel: usize, step: F) -> Pipeline<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        self.workers(name.into(), parallel, parallel > 1, step)
    }

    /// Adds a stage that works on `parallel` items at a time and passes each result on as soon as it is there.
    ///
    /// # Panics
    ///
    /// If `parallel` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::pipeline::{Pipeline, PipelineError};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), PipelineError> {
    /// let fastest_first = Pipeline::from_items("race", [3, 1, 2])
    ///     .unordered_stage("sleep", 3, async |secs: u64| {
    ///         tokio::time::sleep(Duration::from_secs(secs)).await;
    ///         Ok::<_, std::io::Error>(secs)
    ///     })
    ///     .collect()
    ///     .await?;
    /// assert_eq!(fastest_first, [1, 2, 3]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn unordered_stage<U, E, F, Fut>(
        self,
        name: impl Into<Cow<'static, str>>,
        parallel: usize,
        step: F,
    ) -> Pipeline<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        self.workers(name.into(), parallel, false, step)
    }

    #[track_caller]
    fn workers<U, E, F, Fut>(self, name: Cow<'static, str>, parallel: usize, ordered: bool, step: F) -> Pipeline<U>
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        assert!(parallel > 0, "a stage that works on no item at a time would never work on any");
        let Self { group, start, buffer, monitor, place } = self;
        let stage = monitor.add(name, Location::caller());
        let start: Start<U> = Box::new(move |group, room| {
            let input = Arc::new(Input::new(start(group, buffer), ordered));
            let step = Arc::new(step);
            let (outlet, intake) = belt(room, parallel);
            for _ in 0..parallel {
                let worker = work(Arc::clone(&step), Arc::clone(&input), outlet.clone(), Arc::clone(&stage));
                group.spawn(stage.name().clone(), worker);
            }
            intake
        });
        Pipeline { group, start, buffer: BUFFER, monitor, place }
    }

    /// Adds a stage that is a stream made of the stream of items: for whatever is not one item after the other, such as
    /// [batches](crate::stream::FlowExt::batch), a decoder, a filter.
    ///
    /// It runs in a task of its own and keeps the order. The stream's first error stops the pipeline. If it
    /// ends before its items do, the stages before it stop too, and that is no failure: `take(10)` is how a pipeline
    /// ends early. The items that it makes are numbered anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use patterns_core::pipeline::{Pipeline, PipelineError};
    /// use patterns_core::stream::FlowExt;
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), PipelineError> {
    /// let batches = Pipeline::from_items("import", 0..)
    ///     .through("odd", |items| items.filter(|n| std::future::ready(n % 2 == 1)).map(Ok::<_, Infallible>))
    ///     .through("batch", |items| items.batch(2, Duration::from_secs(1)).map(Ok::<_, Infallible>))
    ///     .through("first", |items| items.take(3).map(Ok::<_, Infallible>))
    ///     .collect()
    ///     .await?;
    /// assert_eq!(batches, [[1, 3], [5, 7], [9, 11]]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn through<U, E, S, F>(self, name: impl Into<Cow<'static, str>>, transform: F) -> Pipeline<U>
    where
        F: FnOnce(Intake<T>) -> S + Send + 'static,
        S: Stream<Item = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        let Self { group, start, buffer, monitor, place } = self;
        let stage = monitor.add(name.into(), Location::caller());
        let start: Start<U> = Box::new(move |group, room| {
            let items = start(group, buffer).counted_by(Arc::clone(&stage));
            let (outlet, intake) = belt(room, 1);
            let name = stage.name().clone();
            group.spawn(name, async move { feed(transform(items), outlet, stage, false).await });
            intake
        });
        Pipeline { group, start, buffer: BUFFER, monitor, place }
    }

    /// How many items may wait between the last stage so far and the next one, or the sink.
    ///
    /// # Panics
    ///
    /// If `items` is zero.
    pub fn buffer(mut self, items: usize) -> Self {
        assert!(items > 0, "stages without any room between them could pass nothing on");
        self.buffer = items;
        self
    }

    /// How long workers that were asked to stop may go on before they are aborted.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.group = self.group.grace(grace);
        self
    }

    /// A look into the pipeline from outside while it runs; also at stages that are added later.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }
}

impl<T> fmt::Debug for Pipeline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("group", &self.group).field("monitor", &self.monitor).finish_non_exhaustive()
    }
}
