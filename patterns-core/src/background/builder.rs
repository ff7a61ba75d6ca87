use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::shared::Sink;
use super::{Background, BuildError};
use crate::outcome::TaskFailed;

const LIMIT: usize = 1_024;
const GRACE: Duration = Duration::from_secs(5);

/// Builds a [`Background`]. Made by [`Background::builder`].
///
/// # Defaults
///
/// - limit: 1,024 tasks
/// - grace after a drop: 5 seconds
/// - errors and panics: logged by `tracing`, at error level
///
/// # Examples
///
/// ```
/// use patterns_core::background::{Background, BuildError};
/// use std::io;
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let failures = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&failures);
/// let background = Background::builder("audit")
///     .limit(8)
///     .on_error(move |failed| sink.lock().unwrap().push(failed.to_string()))
///     .build()?;
/// background.spawn("write", async { Err::<(), _>(io::Error::other("disk is full")) }).await.unwrap();
/// background.drain().await?;
/// assert_eq!(*failures.lock().unwrap(), ["write: disk is full"]);
///
/// assert_eq!(Background::builder("audit").limit(0).build().unwrap_err(), BuildError::ZeroLimit);
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    pub(super) name: Cow<'static, str>,
    pub(super) limit: usize,
    pub(super) grace: Duration,
    pub(super) sink: Sink,
}

impl Builder {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        let log = |failed: &TaskFailed| {
            let (place, ran_for) = (failed.place(), failed.ran_for());
            tracing::error!(%place, ?ran_for, error = %failed, "a background task failed");
        };
        Self { name, limit: LIMIT, grace: GRACE, sink: Box::new(log) }
    }

    /// How many tasks may be live at once, loops included.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How long tasks may go on that were asked to stop because the last handle was dropped. Zero aborts at
    /// once: no async cleanup then. A [`shutdown`](Background::shutdown) brings its own.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Takes every error and every panic, of tasks and of rounds. What was only cancelled is no error.
    ///
    /// Called under no lock, by the task that failed, before that counts as ended: when
    /// [`drain`](Background::drain) or [`shutdown`](Background::shutdown) returns, every failure has been
    /// through here. It holds up nobody else, but keep it short. A panic in it is logged and goes no further.
    pub fn on_error(mut self, sink: impl Fn(&TaskFailed) + Send + Sync + 'static) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// Builds the background, which runs its tasks on the current runtime.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroLimit`]: the limit is zero.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn build(self) -> Result<Background, BuildError> {
        if self.limit == 0 {
            return Err(BuildError::ZeroLimit);
        }
        Ok(Background::from_builder(self))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
