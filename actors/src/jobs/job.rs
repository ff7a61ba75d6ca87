use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

use super::{Entry, Failure, Retries, Run};

/// Work that outlives the process that asked for it.
///
/// It is done *at least once*: whoever dies with it is followed by another. So it must bear being run again, or commit
/// what it does together with its end, by [`Run::effects`] and [`Run::then`].
///
/// Its fields are kept as JSON. Code that finds an older form of them decides with serde what to make of it; what can't be
/// read has failed, and is tried again like everything that fails.
///
/// # Examples
///
/// ```
/// use actors::jobs::{Failure, Job, Run};
/// use async_trait::async_trait;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Double(u32);
///
/// #[async_trait]
/// impl Job for Double {
///     const KIND: &'static str = "double";
///     type Output = u32;
///     type State = ();
///
///     async fn run(self, _: &(), run: &mut Run) -> Result<u32, Failure> {
///         assert!(run.attempt() >= 1);
///         self.0.checked_mul(2).ok_or_else(|| Failure::terminate("it would overflow"))
///     }
/// }
/// assert_eq!((Double::KIND, Double::QUEUE), ("double", "default"));
/// ```
#[async_trait]
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is called in the store, for ever: its code is found by it. Not the type's name, which people change.
    const KIND: &'static str;

    /// The queue that it goes to unless its [entry](Entry::queue) says another.
    const QUEUE: &'static str = "default";

    /// How long one attempt may take. Then it is asked to stop, a grace later it is dropped, and it has failed.
    const TIMEOUT: Duration = Duration::from_secs(300);

    /// What comes of it, kept as JSON, at most 1 MiB.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// What its code works with: connections, clients, settings. Given to
    /// [`handle`](super::JobQueueBuilder::handle) in the processes that do it.
    type State: Send + Sync + 'static;

    /// Does it. `run` tells which attempt this is, and takes what is to be committed with the end.
    ///
    /// It runs under a token that is cancelled when it should [stop](Run::stopping).
    ///
    /// # Errors
    ///
    /// [`Failure`] says whether it is to be tried again. An error that `?` converts is.
    async fn run(self, state: &Self::State, run: &mut Run) -> Result<Self::Output, Failure>;

    /// How failures are tried again.
    #[must_use]
    fn retries() -> Retries {
        Retries::default()
    }

    /// This job as one that is to be put, for more than its defaults.
    fn entry(&self) -> Entry<Self>
    where
        Self: Sized,
    {
        Entry::from(self)
    }
}
