use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::rounds::{boxed, rounds};
use super::task::Ticket;
use super::{Background, SpawnError};
use crate::cancel::CancelToken;
use crate::outcome::BoxError;
use crate::semaphore::{AcquireError, OwnedPermit};

impl Background {
    /// Waits for a free place and starts `fut` as a task named `name`; gives the token that asks this task
    /// alone to stop. Ignoring the token changes nothing.
    ///
    /// The task runs under the path of names of the caller, but neither its deadline nor its token. Those who
    /// wait for a place get one in the order in which they came, and one that is there is taken at once, also by
    /// a caller that was cancelled.
    ///
    /// A task that spawns into its own background holds a place while it waits for another; if all do, none
    /// gets one. Use [`try_spawn`](Self::try_spawn) there.
    ///
    /// A task that can't fail is wrapped: `async { work().await; Ok::<_, Infallible>(()) }`.
    ///
    /// # Errors
    ///
    /// - [`SpawnError::Closed`]: the background was closed, before or while waiting.
    /// - [`SpawnError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed while
    ///   waiting.
    ///
    /// All of them give `fut` back.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: `fut` is dropped with it, without having run. Use [`try_spawn`](Self::try_spawn), or let
    /// the ambient token interrupt it, which gives `fut` back.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::background::Background;
    /// use patterns_core::cancel::CancelToken;
    /// use patterns_core::context::Context;
    /// use std::io;
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let background = Background::builder("mail").limit(1).build().unwrap();
    /// let send = || async {
    ///     sleep(Duration::from_secs(2)).await;
    ///     Ok::<_, io::Error>(())
    /// };
    /// let start = Instant::now();
    /// background.spawn("first", send()).await.unwrap();
    /// assert_eq!(start.elapsed(), Duration::ZERO);
    /// background.spawn("second", send()).await.unwrap();
    /// assert_eq!(start.elapsed(), Duration::from_secs(2)); // when the first had ended
    ///
    /// let token = CancelToken::new();
    /// token.cancel("the client is gone");
    /// let third = Context::current().with_token(token).scope(background.spawn("third", send())).await;
    /// let unsent = third.unwrap_err();
    /// assert!(unsent.is_interrupted());
    /// unsent.into_inner().await.unwrap(); // it is ours again
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<T, E, F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        fut: F,
    ) -> impl Future<Output = Result<CancelToken, SpawnError<F>>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: 'static,
        E: Into<BoxError> + 'static,
    {
        let (name, place) = (name.into(), Location::caller());
        async move {
            match self.shared().places.acquire_owned().await {
                Ok(permit) => self.start(permit, name, place, fut),
                Err(AcquireError::Closed) => Err(SpawnError::Closed(fut)),
                Err(AcquireError::Interrupted(interrupt)) => Err(SpawnError::Interrupted(fut, interrupt)),
                Err(AcquireError::NoPermits | AcquireError::ExceedsLimit { .. }) => Err(SpawnError::Full(fut)),
            }
        }
    }

    /// [`spawn`](Self::spawn) where a place is free and nobody waits for it.
    ///
    /// # Errors
    ///
    /// - [`SpawnError::Full`]: all places are taken, or others wait for one.
    /// - [`SpawnError::Closed`]: the background was closed.
    ///
    /// Both give `fut` back.
    #[track_caller]
    pub fn try_spawn<T, E, F>(&self, name: impl Into<Cow<'static, str>>, fut: F) -> Result<CancelToken, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: 'static,
        E: Into<BoxError> + 'static,
    {
        match self.place() {
            Some(Ok(permit)) => self.start(permit, name.into(), Location::caller(), fut),
            Some(Err(_)) => Err(SpawnError::Closed(fut)),
            None => Err(SpawnError::Full(fut)),
        }
    }

    /// Runs a round of `op` now and at every multiple of `period` from now; gives the token that asks this loop
    /// alone to stop.
    ///
    /// Rounds don't drift: however long they take, they begin on the grid. One that takes longer than the period
    /// makes the loop skip what it missed; rounds never overlap. A round that fails or panics goes to the sink,
    /// and the loop goes on. The loop is one task: it takes up a place until it ends.
    ///
    /// Asked to stop between two rounds, it ends well, and a round that is running may finish. A round that
    /// awaits [interruptibly](crate::context::interruptible) is cut short by its token, not by
    /// [`close`](Self::close), and returns an error after its cleanup; then the loop was cancelled.
    ///
    /// # Errors
    ///
    /// - [`SpawnError::Full`]: all places are taken, or others wait for one.
    /// - [`SpawnError::Closed`]: the background was closed.
    ///
    /// Both give `op` back.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::background::Background;
    /// use std::io;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let background = Background::builder("cache").on_error(|_| {}).build().unwrap();
    /// let rounds = Arc::new(AtomicU32::new(0));
    /// let counter = Arc::clone(&rounds);
    /// let refresh = background.every(Duration::from_secs(60), "refresh", move || {
    ///     let round = counter.fetch_add(1, Ordering::Relaxed);
    ///     async move { if round == 1 { Err(io::Error::other("not reachable")) } else { Ok(()) } }
    /// }).unwrap();
    ///
    /// sleep(Duration::from_secs(150)).await;
    /// assert_eq!(rounds.load(Ordering::Relaxed), 3); // at 0, 60 and 120 s, although the second failed
    /// refresh.cancel("not needed any more");
    /// background.drain().await.unwrap();
    /// let status = background.status();
    /// assert_eq!((status.ok, status.failed_rounds), (1, 1));
    /// # }
    /// ```
    #[track_caller]
    pub fn every<T, E, Fut, O>(
        &self,
        period: Duration,
        name: impl Into<Cow<'static, str>>,
        op: O,
    ) -> Result<CancelToken, SpawnError<O>>
    where
        O: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: 'static,
        E: Into<BoxError> + 'static,
    {
        assert!(!period.is_zero(), "rounds at a period of zero would leave no time for anything else");
        let ticket = match self.place() {
            Some(Ok(permit)) => Ticket::new(self.shared(), permit, name.into(), Location::caller()),
            Some(Err(_)) => None,
            None => return Err(SpawnError::Full(op)),
        };
        let Some(ticket) = ticket else { return Err(SpawnError::Closed(op)) };
        let rounds = rounds(Arc::clone(ticket.task()), period, op);
        Ok(ticket.start(rounds))
    }

    /// A free place; `None` if there is none, an error if there will be none.
    fn place(&self) -> Option<Result<OwnedPermit, AcquireError>> {
        match self.shared().places.request(1).try_acquire_owned() {
            Err(AcquireError::NoPermits | AcquireError::ExceedsLimit { .. }) => None,
            done => Some(done),
        }
    }

    fn start<T, E, F>(
        &self,
        permit: OwnedPermit,
        name: Cow<'static, str>,
        place: &'static Location<'static>,
        fut: F,
    ) -> Result<CancelToken, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: 'static,
        E: Into<BoxError> + 'static,
    {
        match Ticket::new(self.shared(), permit, name, place) {
            Some(ticket) => Ok(ticket.start(boxed(fut))),
            None => Err(SpawnError::Closed(fut)),
        }
    }
}
