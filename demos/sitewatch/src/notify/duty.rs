use std::borrow::Cow;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, interruptible};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Notifier;

/// How long the attempts that are under way may take yet when another notifier takes over: as long as a webhook has in
/// all.
const LAST_ATTEMPT: Duration = Duration::from_secs(30);

/// A notifier that runs in a task of its own, until another [takes over](Self::replace) or it is
/// [stopped](Self::stop).
///
/// Of those that follow one another only one sends at a time, so none sends what another is just sending. Dropped, it
/// stops.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use sitewatch::notify::{Channel, Duty, EntryState, MemoryOutbox, Notice, NoticeKind, Notifier, Policy, SendError};
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// /// Takes everything, after so long.
/// struct Slow(Duration);
///
/// #[async_trait]
/// impl Channel for Slow {
///     async fn send(&self, _: &[Notice]) -> Result<(), SendError> {
///         tokio::time::sleep(self.0).await;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = Arc::new(MemoryOutbox::default());
/// let notifier = |seconds| {
///     let channel: Arc<dyn Channel> = Arc::new(Slow(Duration::from_secs(seconds)));
///     let policy = Policy { wait: Duration::ZERO, ..Policy::default() };
///     Notifier::new(outbox.clone(), BTreeMap::from([("ops".to_owned(), (channel, policy))]))
/// };
/// let at = jiff::Timestamp::now();
/// outbox.put("ops", Notice::new(NoticeKind::Recovered, "docs", "https://example.org/docs/", 12, at), at);
///
/// let mut duty = Duty::start(notifier(20));
/// tokio::time::sleep(Duration::from_secs(10)).await;
/// duty.replace(notifier(0));
/// assert_eq!(outbox.entries()[0].state, EntryState::Waiting, "the first one is still at it");
/// tokio::time::sleep(Duration::from_secs(15)).await;
/// assert_eq!(outbox.entries()[0].state, EntryState::Delivered);
/// assert_eq!(duty.notifier().status().channels["ops"].sent, 0, "by the first one");
///
/// let task = duty.stop("enough").ok_or("somebody else has stopped it")?;
/// task.await?;
/// assert!(duty.stop("enough").is_none(), "it was stopped before");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Duty {
    notifier: Notifier,
    stop: CancelToken,
    /// There until somebody awaits its end.
    task: Option<JoinHandle<()>>,
}

impl Duty {
    /// Runs a notifier from now on.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use = "dropped, it stops"]
    pub fn start(notifier: Notifier) -> Self {
        let mut duty = Self::idle(notifier);
        duty.begin(None);
        duty
    }

    /// Has another notifier take over, and does not wait for that: it takes up the outbox once this one has let go of
    /// it.
    ///
    /// This one is [closed](Notifier::close). What it is just sending has 30 seconds to come to an end; what has not by
    /// then is dropped, stays due, and is sent again by the other. Where it was [stopped](Self::stop), it stays so.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn replace(&mut self, notifier: Notifier) {
        if self.stop.is_cancelled() {
            return;
        }
        let before = std::mem::replace(self, Self::idle(notifier));
        self.begin(Some(before));
    }

    /// The notifier that runs, or is about to.
    #[must_use]
    pub fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// Asks it to stop, and gives its task, for whoever stops it first. It ends once what was taken is noted, for which
    /// the outbox has 10 seconds; what is being sent is dropped, and stays due.
    pub fn stop(&mut self, why: impl Into<Cow<'static, str>>) -> Option<JoinHandle<()>> {
        self.stop.cancel(why);
        self.task.take()
    }

    fn idle(notifier: Notifier) -> Self {
        Self { notifier, stop: CancelToken::new(), task: None }
    }

    fn begin(&mut self, before: Option<Self>) {
        // It outlives whoever called, and the deadline of that one.
        let context = Context::current().without_deadline().with_token(self.stop.clone()).named("notices");
        let notifier = self.notifier.clone();
        self.task = Some(tokio::spawn(context.scope(async move {
            if let Some(before) = before {
                before.let_go().await;
            }
            // It was closed or stopped, and nobody asks which.
            let _ended = notifier.run().await;
        })));
    }

    /// Takes up nothing more, and waits until it carries nothing any more. Asked to stop meanwhile, it does not wait for
    /// what is being sent.
    async fn let_go(mut self) {
        self.notifier.close();
        let Some(mut task) = self.task.take() else { return };
        let ended = interruptible(timeout(LAST_ATTEMPT, &mut task)).await;
        if !matches!(ended, Ok(Ok(_))) {
            self.stop.cancel("another takes over");
            // What was taken is noted yet, which has a limit of its own. A panic is told by the runtime.
            let _ended = task.await;
        }
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        self.stop.cancel("nobody keeps it");
    }
}
