use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{SystemClock, WallClock};
use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Interrupt, interruptible};
use patterns_core::task_group::TaskGroup;

use super::courier::Courier;
use super::gone::give_up_gone;
use super::{Channel, NotifierStatus, Outbox, Policy};

/// How long to wait before it begins afresh after a defect.
const AFRESH: Duration = Duration::from_secs(1);

/// Sends what is in an outbox by its channels: each notice at least once, unless it is [given up](Policy::attempts). A
/// clone is the same.
///
/// It sends nothing until it is [run](Self::run); [`Duty`](super::Duty) does that in a task. A notice for a channel that
/// it does not have stays in the outbox, unless it is told which channels there are [at all](Self::known).
///
/// # Defaults
///
/// The system's clock. The outbox is looked at every 60 seconds where nobody says that there is something new.
///
/// # Examples
///
/// ```
/// use actors::scheduler::{VirtualClock, WallClock};
/// use async_trait::async_trait;
/// use patterns_core::cancel::CancelToken;
/// use patterns_core::context::Context;
/// use sitewatch::notify::{Channel, EntryState, MemoryOutbox, Notice, NoticeKind, Notifier, Policy, SendError};
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// /// Takes what it is sent at the second attempt.
/// struct Moody;
///
/// #[async_trait]
/// impl Channel for Moody {
///     async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
///         use std::sync::atomic::{AtomicBool, Ordering};
///         static ASKED: AtomicBool = AtomicBool::new(false);
///         assert_eq!(notices.len(), 2, "they were gathered");
///         match ASKED.swap(true, Ordering::SeqCst) {
///             true => Ok(()),
///             false => Err(SendError::NotTaken { to: "moody".to_owned(), why: "not now".to_owned(), after: None }),
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let clock = Arc::new(VirtualClock::starting_at("2026-11-26T15:00:00Z".parse()?));
/// let outbox = Arc::new(MemoryOutbox::default());
/// let channels: BTreeMap<String, (Arc<dyn Channel>, Policy)> =
///     BTreeMap::from([("ops".to_owned(), (Arc::new(Moody) as Arc<dyn Channel>, Policy::default()))]);
/// let notifier = Notifier::new(outbox.clone(), channels).clock(clock.clone());
///
/// let stop = CancelToken::new();
/// let context = Context::current().with_token(stop.clone());
/// let running = tokio::spawn({
///     let notifier = notifier.clone();
///     context.scope(async move { notifier.run().await })
/// });
/// for site in ["docs", "blog"] {
///     let target = format!("https://example.org/{site}/");
///     outbox.put("ops", Notice::new(NoticeKind::Recovered, site, target, 12, clock.now()), clock.now());
///     notifier.wake();
/// }
/// tokio::time::sleep(Duration::from_secs(61)).await;
/// let status = notifier.status().channels["ops"].clone();
/// assert_eq!((status.sent, status.failed), (0, 1));
/// tokio::time::sleep(Duration::from_secs(30)).await;
/// assert!(outbox.entries().iter().all(|entry| entry.state == EntryState::Delivered));
///
/// stop.cancel("enough");
/// assert_eq!(running.await?.unwrap_err().cause().map(|cause| cause.message().to_owned()), Some("enough".to_owned()));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Notifier {
    outbox: Arc<dyn Outbox>,
    couriers: Arc<[Arc<Courier>]>,
    clock: Arc<dyn WallClock>,
    /// The channels that there are; what is for others is given up.
    known: Option<Arc<BTreeSet<String>>>,
    /// Cancelled when it is to take up nothing more.
    closing: CancelToken,
}

impl Notifier {
    /// A notifier of these channels, by name.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, channels: BTreeMap<String, (Arc<dyn Channel>, Policy)>) -> Self {
        let closing = CancelToken::new();
        let courier = |(name, (channel, policy))| Arc::new(Courier::new(name, channel, policy, closing.clone()));
        let couriers = channels.into_iter().map(courier).collect();
        Self { outbox, couriers, clock: Arc::new(SystemClock), known: None, closing }
    }

    /// Goes by this clock, instead of the system's. It is to be the one by which notices are put in.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn WallClock>) -> Self {
        self.clock = clock;
        self
    }

    /// Gives up what waits for any other channel than these and its own, as nobody will ever send it: once it is run, and
    /// every hour. A channel that comes back is not sent what was given up.
    #[must_use]
    pub fn known(mut self, channels: impl IntoIterator<Item = String>) -> Self {
        let own = self.couriers.iter().map(|courier| courier.name().to_owned());
        self.known = Some(Arc::new(own.chain(channels).collect()));
        self
    }

    /// Says that there may be something new in the outbox. It is looked at then, at once, or when what is being sent is
    /// done with.
    pub fn wake(&self) {
        for courier in &*self.couriers {
            courier.wake();
        }
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> NotifierStatus {
        let channels = self.couriers.iter().map(|courier| (courier.name().to_owned(), courier.status()));
        NotifierStatus { channels: channels.collect() }
    }

    /// Takes up nothing more from now on: what is just being sent is sent to its end and noted, and then
    /// [`run`](Self::run) ends. Pauses between attempts are not waited for.
    pub fn close(&self) {
        self.closing.cancel("it takes up nothing more");
    }

    /// Sends what is due and what comes, each channel for itself, until it is [closed](Self::close) or asked to stop.
    ///
    /// Asked to stop, it drops what is being sent, which is sent again next time; what was taken is noted as such first,
    /// for which the outbox has 10 seconds. Of two that run this, the second waits for each channel until the first has
    /// let go of it.
    ///
    /// # Errors
    ///
    /// Unless it was closed, it ends by nothing else:
    ///
    /// - [`Interrupt::Cancelled`]: the ambient token was cancelled.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: run it again. What was being sent is sent again.
    pub async fn run(&self) -> Result<(), Interrupt> {
        if self.couriers.is_empty() && self.known.is_none() {
            return interruptible(self.closing.cancelled()).await.map(drop);
        }
        loop {
            let Self { outbox, couriers, clock, known, closing } = self.clone();
            let group = TaskGroup::new("notices").run(async move |group| {
                for courier in &*couriers {
                    let carrying = Arc::clone(courier).run(Arc::clone(&outbox), Arc::clone(&clock));
                    group.spawn(courier.name().to_owned(), carrying);
                }
                if let Some(known) = known {
                    group.spawn("gone channels", give_up_gone(outbox, known, closing));
                }
                Ok(())
            });
            let ended = group.await;
            if self.closing.is_cancelled() {
                return Ok(());
            }
            // Asked to stop, it ends here.
            context::sleep(AFRESH).await?;
            if let Err(errors) = ended {
                tracing::error!(%errors, "a defect of sitewatch: notices begin afresh");
            }
        }
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("status", &self.status()).finish_non_exhaustive()
    }
}
