use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{SystemClock, WallClock};
use patterns_core::context::{self, Interrupt, interruptible};
use patterns_core::task_group::TaskGroup;

use super::courier::Courier;
use super::{Channel, NotifierStatus, Outbox, Policy};

/// How long to wait before it begins afresh after a defect.
const AFRESH: Duration = Duration::from_secs(1);

/// Sends what is in an outbox by its channels: each notice at least once, unless it is [given up](Policy::attempts). A
/// clone is the same.
///
/// It sends nothing until it is [run](Self::run). A notice for a channel that it does not have stays in the outbox.
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
}

impl Notifier {
    /// A notifier of these channels, by name.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, channels: BTreeMap<String, (Arc<dyn Channel>, Policy)>) -> Self {
        let couriers = channels.into_iter();
        let couriers = couriers.map(|(name, (channel, policy))| Arc::new(Courier::new(name, channel, policy)));
        Self { outbox, couriers: couriers.collect(), clock: Arc::new(SystemClock) }
    }

    /// Goes by this clock, instead of the system's. It is to be the one by which notices are put in.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn WallClock>) -> Self {
        self.clock = clock;
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

    /// Sends what is due and what comes, each channel for itself, until it is asked to stop.
    ///
    /// What is being sent then is dropped, and sent again next time; what was taken is noted as such first, for which
    /// the outbox has 10 seconds. Of two that run this, the second waits for each channel until the first has let go of
    /// it.
    ///
    /// # Errors
    ///
    /// It ends by nothing else:
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
    pub async fn run(&self) -> Result<Infallible, Interrupt> {
        if self.couriers.is_empty() {
            return interruptible(std::future::pending()).await;
        }
        loop {
            let Self { outbox, couriers, clock } = self.clone();
            let group = TaskGroup::new("notices").run(async move |group| {
                for courier in &*couriers {
                    let carrying = Arc::clone(courier).run(Arc::clone(&outbox), Arc::clone(&clock));
                    group.spawn(courier.name().to_owned(), carrying);
                }
                Ok(())
            });
            let ended = group.await;
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
