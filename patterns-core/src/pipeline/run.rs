use std::sync::Arc;

use super::belt::{Intake, stop_if_told};
use super::error::PipelineError;
use super::report::{SINK, Stage};
use super::{Pipeline, PipelineReport};
use crate::context::{Interrupt, interruptible};
use crate::exit_stack::{TransactionError, Transactional, transaction};
use crate::outcome::{BoxError, catch_panics};

impl<T: Send + 'static> Pipeline<T> {
    /// Runs the pipeline and calls `sink` for each item, one after the other; returns when all are done and
    /// every worker has ended.
    ///
    /// `sink` runs in the caller's task and may borrow. Its error or panic stops the pipeline like that of any
    /// stage.
    ///
    /// # Errors
    ///
    /// [`PipelineError`]: an item failed or panicked, or the pipeline was cancelled, or its deadline
    /// passed. It holds the report too.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: items on their way are dropped. The workers are asked to stop and handed over to the
    /// enclosing group or root, which waits for them; a [`monitor`](Self::monitor) tells how far it got.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::pipeline::{Pipeline, PipelineError};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), PipelineError> {
    /// let mut total = 0;
    /// let report = Pipeline::from_items("sum", ["1", "2", "3"])
    ///     .stage("parse", 2, async |text: &'static str| text.parse::<u32>())
    ///     .for_each(async |number| {
    ///         total += number;
    ///         Ok::<_, std::io::Error>(())
    ///     })
    ///     .await?;
    /// assert_eq!(total, 6);
    /// assert_eq!((report.entered(), report.delivered()), (3, 3));
    /// # Ok(()) }
    /// ```
    pub async fn for_each<E, F>(self, mut sink: F) -> Result<PipelineReport, PipelineError>
    where
        F: AsyncFnMut(T) -> Result<(), E>,
        E: Into<BoxError>,
    {
        let sink = &mut sink;
        self.run(move |mut items, stage| async move {
            while let Some((number, item)) = next(&mut items).await? {
                let inside = stage.enter(number);
                match catch_panics(async { sink(item).await }).await {
                    Ok(Ok(())) => inside.emit(),
                    Ok(Err(error)) => return Err(inside.fail(error.into())),
                    Err(panic) => return Err(inside.fail(panic.into())),
                }
            }
            Ok(())
        })
        .await
    }

    /// Runs the workers, and `body` with what comes out of the last stage.
    async fn run<F, Fut>(self, body: F) -> Result<PipelineReport, PipelineError>
    where
        F: FnOnce(Intake<T>, Arc<Stage>) -> Fut,
        Fut: Future<Output = Result<(), BoxError>>,
    {
        let Self { group, start, buffer, monitor, place } = self;
        let stage = monitor.add(SINK.into(), place);
        let ran = group.run_with(|group| body(start(&group, buffer), stage)).await;
        let report = monitor.report();
        match ran {
            Ok(()) => Ok(report),
            Err(errors) => Err(PipelineError::new(errors, report)),
        }
    }

    /// Runs the pipeline and returns what comes out of it, in memory.
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, as [`for_each`](Self::for_each): what came out is dropped too.
    pub async fn collect(self) -> Result<Vec<T>, PipelineError> {
        let mut all = Vec::new();
        let collected = &mut all;
        // Not by `for_each`: a task that lends to an async closure can't be spawned.
        self.run(move |mut items, stage| async move {
            while let Some((number, item)) = next(&mut items).await? {
                let inside = stage.enter(number);
                collected.push(item);
                inside.emit();
            }
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// Runs the pipeline into something that is committed or rolled back as a whole: `write` is called for each
    /// item, `tx` is committed if all went well, and rolled back after an error, a panic, a cancellation or a
    /// drop. So there is never half an output.
    ///
    /// Commit and rollback are those of [`transaction`]: on a task of their own, with a limit.
    ///
    /// # Errors
    ///
    /// - [`TransactionError::Work`]: a [`PipelineError`], and everything is rolled back.
    /// - [`TransactionError::Rollback`]: a [`PipelineError`], and then the rollback failed.
    /// - [`TransactionError::Commit`]: all items were written, but the commit failed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped before all items were written it is rolled back, dropped after that the commit goes on.
    /// The ambient [`Reaper`](crate::reaper::Reaper) waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::exit_stack::Transactional;
    /// use patterns_core::pipeline::{Pipeline, PipelineError};
    /// use std::convert::Infallible;
    /// use std::sync::{Arc, Mutex};
    ///
    /// /// A file that is written beside its place and renamed at the end, say.
    /// struct Output { written: String, place: Arc<Mutex<Option<String>>> }
    ///
    /// impl Transactional for Output {
    ///     type Error = Infallible;
    ///
    ///     async fn commit(&mut self) -> Result<(), Infallible> {
    ///         *self.place.lock().unwrap() = Some(std::mem::take(&mut self.written));
    ///         Ok(())
    ///     }
    ///
    ///     async fn rollback(&mut self) -> Result<(), Infallible> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let place = Arc::new(Mutex::new(None));
    /// let output = || Output { written: String::new(), place: place.clone() };
    /// let double = |numbers: [&'static str; 3]| {
    ///     Pipeline::from_items("double", numbers)
    ///         .stage("parse", 2, async |text: &'static str| text.parse::<u32>())
    ///         .commit_to(output(), async |output: &mut Output, number| {
    ///             output.written.push_str(&(2 * number).to_string());
    ///             Ok::<_, Infallible>(())
    ///         })
    /// };
    /// let failed = double(["1", "2", "three"]).await.unwrap_err();
    /// assert!(failed.work().unwrap().is::<PipelineError>());
    /// assert_eq!(*place.lock().unwrap(), None);
    ///
    /// let report = double(["1", "2", "3"]).await.unwrap();
    /// assert_eq!(report.delivered(), 3);
    /// assert_eq!(place.lock().unwrap().as_deref(), Some("246"));
    /// # }
    /// ```
    pub async fn commit_to<X, E, F>(self, tx: X, mut write: F) -> Result<PipelineReport, TransactionError>
    where
        X: Transactional,
        F: AsyncFnMut(&mut X, T) -> Result<(), E>,
        E: Into<BoxError>,
    {
        transaction(tx, async |tx| Ok(self.for_each(async |item| write(tx, item).await).await?)).await
    }
}

/// The next item that comes out of the last stage, and its number.
async fn next<T>(items: &mut Intake<T>) -> Result<Option<(u64, T)>, Interrupt> {
    stop_if_told()?;
    interruptible(items.pull()).await
}
