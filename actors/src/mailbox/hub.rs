use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::AskError;
use super::ledger::{Entries, Ledger};
use super::meters::Meters;
use super::wake::Signal;
use super::work::Work;
use crate::dead_letters::{DeadReason, Loss};
use crate::supervision::{Life, StopReason};
use crate::system::{ActorConfig, End, Receipt, Shared};

/// What everybody around one actor shares, whatever the actor's type.
///
/// In this order: first what senders write at every message, last what the actor writes at every message, and
/// between them more than a cache line of what is hardly ever written. So neither takes the other's line away.
#[repr(C)]
pub(crate) struct Hub {
    pub(crate) ledger: Ledger,
    /// Wakes the actor for messages.
    pub(crate) signal: Signal,
    /// When the message that last woke the actor was sent, in nanoseconds of the actor's life.
    last_woken: AtomicU64,

    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) config: Arc<ActorConfig>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) meters: Arc<Meters>,
    born: Instant,
    /// Wakes the actor's supervisor when it is to stop, even while the actor takes no messages.
    pub(crate) control: AtomicWaker,
    pub(crate) life: Life,
    closing: Mutex<Option<Box<Closing>>>,
    /// The deadline for draining ended the actor while it still had something to do.
    cut_short: AtomicBool,
    vacated: AtomicBool,
    receipt: OnceLock<Box<Receipt>>,
    stopped: Notify,

    pub(crate) work: Work,
}

/// The actor is to take in nothing more, and to be done by the deadline.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) reason: StopReason,
    pub(crate) since: Instant,
    pub(crate) deadline: Instant,
    /// What had been handled by then.
    handled: u64,
}

/// A duration in nanoseconds, up to five centuries.
fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}

impl Hub {
    pub(crate) fn new(config: ActorConfig, shared: &Arc<Shared>) -> Self {
        let kin = shared.kin(config);
        Self {
            ledger: Ledger::default(),
            signal: Signal::default(),
            last_woken: AtomicU64::new(0),
            id: shared.next_id(),
            name: kin.meters.actor.clone(),
            config: kin.config,
            shared: shared.clone(),
            meters: kin.meters,
            born: Instant::now(),
            control: AtomicWaker::new(),
            life: Life::default(),
            closing: Mutex::new(None),
            cut_short: AtomicBool::new(false),
            vacated: AtomicBool::new(false),
            receipt: OnceLock::new(),
            stopped: Notify::new(),
            work: Work::default(),
        }
    }

    /// `now`, in nanoseconds of the actor's life.
    pub(crate) fn age(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.born)).min(u64::MAX - 1)
    }

    /// How long before `now` something happened, given in nanoseconds of the actor's life.
    pub(crate) fn since(&self, then: u64, now: Instant) -> Duration {
        Duration::from_nanos(self.age(now).saturating_sub(then))
    }

    /// How long a turn lasts, in nanoseconds.
    pub(super) fn turn_time(&self) -> u64 {
        nanos(self.config.mailbox.turn_time)
    }

    /// Wakes the actor for a message that was sent at `sent_at`.
    pub(super) fn poke(&self, sent_at: u64) {
        if self.signal.poke() {
            self.last_woken.store(sent_at, Ordering::Relaxed);
        }
    }

    /// At most how long the oldest queued message has waited, if there is one.
    ///
    /// It was sent after the last one that was popped, and after the actor had last slept.
    pub(crate) fn oldest_at_most(&self, now: Instant) -> Duration {
        self.since(self.work.popped().max(self.last_woken.load(Ordering::Relaxed)), now)
    }

    pub(crate) fn entries(&self) -> Entries {
        self.ledger.entries(&self.work)
    }

    /// Counts the end of an attempt to send that was given back.
    pub(super) fn refuse(&self) {
        self.meters.rejected.increment(1);
        if self.ledger.refuse() {
            self.control.wake();
        }
    }

    /// Counts an attempt to send that came too late.
    pub(super) fn late(&self) {
        self.meters.rejected.increment(1);
        self.ledger.late();
        self.shared.late();
    }

    /// Counts a message that was handled to its end. It must have been counted as running.
    pub(super) fn handled(&self) {
        self.meters.handled.increment(1);
        self.work.end_handled();
    }

    /// The one way for a message that was taken in to be lost. It must have been counted as running.
    pub(crate) fn lose(&self, loss: Loss) {
        self.shared.dead_letters.lose(&self.name, self.life.incarnation(), loss);
        self.work.end_dead();
    }

    /// Why an answer that `incarnation` owed will not come, if the actor is to blame.
    pub(crate) fn lost_since(&self, incarnation: u64) -> Option<AskError> {
        match self.life.crash_since(incarnation) {
            Some(panic) => Some(AskError::Crashed(panic)),
            None if self.life.is_over() => Some(AskError::Stopped(self.stop_reason())),
            None => None,
        }
    }

    /// Closes the mailbox's gate; if it is closed already, an earlier deadline still counts.
    pub(crate) fn begin_close(&self, reason: StopReason, deadline: Instant) {
        let mut closing = self.closing.lock();
        match &mut *closing {
            Some(closing) => closing.deadline = closing.deadline.min(deadline),
            None => {
                let handled = self.work.handled();
                *closing = Some(Box::new(Closing { reason, since: Instant::now(), deadline, handled }));
                self.ledger.close();
            }
        }
        drop(closing);
        self.control.wake();
    }

    pub(crate) fn closing(&self) -> Option<Closing> {
        if self.ledger.is_closed() { self.closing.lock().as_deref().cloned() } else { None }
    }

    /// Why the actor stopped or is stopping. To be asked only once the mailbox is closed.
    pub(crate) fn stop_reason(&self) -> StopReason {
        self.closing.lock().as_ref().map_or(StopReason::ByItself, |closing| closing.reason.clone())
    }

    /// Whether the actor is to stop and the time for that is over.
    pub(super) fn is_overdue(&self) -> bool {
        self.closing().is_some_and(|closing| closing.deadline <= Instant::now())
    }

    pub(crate) fn cut_short(&self) {
        self.cut_short.store(true, Ordering::Relaxed);
    }

    /// Why what is left in the mailbox is lost.
    fn reason_for_the_rest(&self) -> DeadReason {
        if self.cut_short.load(Ordering::Relaxed) {
            DeadReason::DrainTimeout
        } else {
            DeadReason::Stopped(self.stop_reason())
        }
    }

    /// What became of the actor's messages so far.
    pub(crate) fn receipt_now(&self) -> Receipt {
        let entries = self.entries();
        let mut receipt = Receipt::new(&*self.name);
        receipt.handled = entries.handled;
        receipt.rejected = entries.rejected + entries.late;
        receipt.dead = entries.dead;
        if let Some(closing) = &*self.closing.lock() {
            receipt.drained = entries.handled.saturating_sub(closing.handled);
            receipt.elapsed = closing.since.elapsed();
        }
        receipt
    }

    /// Closes the books, once; `bury_all` accounts for what is left.
    pub(super) fn vacate(&self, bury_all: impl FnOnce(&DeadReason)) {
        if self.vacated.swap(true, Ordering::AcqRel) {
            return;
        }
        bury_all(&self.reason_for_the_rest());
        self.work.rest();
        let mut receipt = self.receipt_now();
        if self.cut_short.load(Ordering::Relaxed) {
            receipt.end = End::CutShort;
        }
        self.shared.departed(self);
        let _ = self.receipt.set(Box::new(receipt));
        self.stopped.notify_waiters();
    }

    /// Waits until the actor is no more.
    pub(crate) async fn ended(&self) -> Receipt {
        loop {
            let mut stopped = pin!(self.stopped.notified());
            stopped.as_mut().enable();
            if let Some(receipt) = self.receipt.get() {
                return Receipt::clone(receipt);
            }
            stopped.await;
        }
    }
}
