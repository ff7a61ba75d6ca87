use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use patterns_core::outcome::catch_panic;
use rustc_hash::FxHashSet;
use serde::Serialize;

use super::{DeadKind, DeadLetter, DeadLetterConfig, LetterFilter, Loss};
use crate::mailbox::count_dead;

/// Is shown every dead letter. Register one with [`DeadLetters::subscribe`].
///
/// It is called wherever the loss is noticed, mostly on the actors' own thread: take note and return.
/// A panic in it is caught.
pub trait DeadLetterSink: Send + Sync + 'static {
    /// Takes note of `letter`.
    fn dead_letter(&self, letter: &Arc<DeadLetter>);
}

impl<F: Fn(&Arc<DeadLetter>) + Send + Sync + 'static> DeadLetterSink for F {
    fn dead_letter(&self, letter: &Arc<DeadLetter>) {
        self(letter);
    }
}

/// How many messages were lost, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeadCounts {
    /// The actor panicked over them.
    pub panicked: u64,
    /// They were retried, and crashed as many incarnations as they may.
    pub poison: u64,
    /// Asks whose deadline passed in the queue.
    pub expired: u64,
    /// Asks whose caller had gone.
    pub abandoned: u64,
    /// The actor stopped first.
    pub stopped: u64,
    /// The time for draining was over.
    pub drain_timeout: u64,
}

impl DeadCounts {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.panicked + self.poison + self.expired + self.abandoned + self.stopped + self.drain_timeout
    }
}

/// The dead letters of one [`System`](crate::System). Clones are the same.
///
/// # Examples
///
/// ```
/// # use actors::prelude::*;
/// # struct Clerk;
/// # impl Actor for Clerk { type Context = Context<Self>; }
/// # #[derive(Message, Debug, PartialEq)]
/// # #[rtype(result = "()")]
/// # struct Order(u8);
/// # impl Handler<Order> for Clerk {
/// #     type Result = ();
/// #     fn handle(&mut self, _: Order, ctx: &mut Context<Self>) { ctx.terminate(); }
/// # }
/// use actors::DeadReason;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// // A clerk who leaves after the first order.
/// let clerk = system.spawn(ActorConfig::named("clerk"), || Clerk);
/// clerk.tell(Order(1)).await?;
/// clerk.tell(Order(2)).await?;
/// clerk.stopped().await;
///
/// let letters = system.dead_letters().recent();
/// assert!(matches!(letters[0].reason(), DeadReason::Stopped(_)));
/// assert_eq!(letters[0].take::<Order>(), Some(Order(2)));
/// assert_eq!(letters[0].take::<Order>(), None, "a letter is taken once");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DeadLetters(Arc<Inner>);

struct Inner {
    capacity: usize,
    ring: Mutex<VecDeque<Arc<DeadLetter>>>,
    counts: [AtomicU64; DeadKind::COUNT],
    sinks: Mutex<Vec<Arc<dyn DeadLetterSink>>>,
}

impl DeadLetters {
    pub(crate) fn new(config: &DeadLetterConfig) -> Self {
        Self(Arc::new(Inner {
            capacity: config.capacity,
            ring: Mutex::default(),
            counts: Default::default(),
            sinks: Mutex::default(),
        }))
    }

    /// The letters that are kept, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Arc<DeadLetter>> {
        self.0.ring.lock().iter().cloned().collect()
    }

    /// Those of the letters kept that `filter` means, oldest first.
    #[must_use]
    pub fn find(&self, filter: &LetterFilter) -> Vec<Arc<DeadLetter>> {
        self.0.ring.lock().iter().filter(|letter| filter.matches(letter)).cloned().collect()
    }

    /// Keeps these no longer. Whoever calls this has them, so that none is dropped under the lock.
    pub(super) fn forget(&self, letters: &[Arc<DeadLetter>]) {
        let letters: FxHashSet<_> = letters.iter().map(Arc::as_ptr).collect();
        if !letters.is_empty() {
            self.0.ring.lock().retain(|letter| !letters.contains(&Arc::as_ptr(letter)));
        }
    }

    /// Empties the ring into the caller's hands, oldest first. Counts stay.
    #[must_use]
    pub fn drain(&self) -> Vec<Arc<DeadLetter>> {
        std::mem::take(&mut *self.0.ring.lock()).into()
    }

    /// How many were lost since the system started, by reason.
    #[must_use]
    pub fn counts(&self) -> DeadCounts {
        let count = |kind: DeadKind| self.0.counts[kind.index()].load(Ordering::Relaxed);
        DeadCounts {
            panicked: count(DeadKind::Panicked),
            poison: count(DeadKind::Poison),
            expired: count(DeadKind::Expired),
            abandoned: count(DeadKind::Abandoned),
            stopped: count(DeadKind::Stopped),
            drain_timeout: count(DeadKind::DrainTimeout),
        }
    }

    /// Shows `sink` every letter from now on.
    pub fn subscribe(&self, sink: impl DeadLetterSink) {
        self.0.sinks.lock().push(Arc::new(sink));
    }

    /// The one way for a message to be lost.
    pub(crate) fn lose(&self, actor: &Arc<str>, incarnation: u64, loss: Loss) {
        let kind = loss.reason.kind();
        self.0.counts[kind.index()].fetch_add(1, Ordering::Relaxed);
        count_dead(actor, kind);
        let Loss { message_type, reason, .. } = &loss;
        tracing::debug!(actor = &**actor, incarnation, message_type, %reason, "dead letter");
        let letter = Arc::new(DeadLetter::new(actor.clone(), incarnation, loss));
        let sinks = self.0.sinks.lock().clone();
        for sink in sinks {
            if let Err(panic) = catch_panic(|| sink.dead_letter(&letter)) {
                tracing::error!(%panic, "a sink of dead letters failed");
            }
        }
        let evicted = {
            let mut ring = self.0.ring.lock();
            ring.push_back(letter);
            if ring.len() > self.0.capacity { ring.pop_front() } else { None }
        };
        if let Err(panic) = catch_panic(|| drop(evicted)) {
            tracing::error!(%panic, "the destructor of a dead letter's message failed");
        }
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
