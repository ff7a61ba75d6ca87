use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use patterns_core::context::Context;
use patterns_core::reaper::Reaper;
use tokio::runtime::Handle as RuntimeHandle;
use tokio::time::Instant;

use super::engine::Link;
use super::kin::{Families, Kin};
use super::{ActorConfig, ActorStatus, Audit, CurrentMessage, LaneStatus, Receipt};
use crate::dead_letters::DeadLetters;
use crate::mailbox::{Hub, WaitHistogram};
use crate::supervision::{ActorState, Escalations, StopReason};

/// What a system sees of an actor, whatever its type.
pub(crate) trait Managed: Send + Sync {
    fn hub(&self) -> &Hub;
    fn close(&self, reason: StopReason, deadline: Instant);
    fn vacate(&self, reason: StopReason);
    fn lanes(&self) -> Vec<LaneStatus>;
}

/// What all actors of one system share.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) dead_letters: DeadLetters,
    /// The runtime that the actors live on.
    pub(crate) runtime: RuntimeHandle,
    pub(crate) reaper: Reaper,
    /// What the contexts of all actors are made from.
    pub(crate) context: Context,
    pub(crate) link: Arc<Link>,
    families: Families,
    /// Messages to actors that took in nothing any more. Not in `registry`, as they may come to
    /// actors that have left it.
    late: AtomicU64,
    pub(crate) escalations: Escalations,
    registry: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    next: u64,
    /// In the order of their start.
    actors: BTreeMap<u64, Arc<dyn Managed>>,
    /// The books of those that are no more.
    past: Audit,
    /// The system is being shut down.
    closed: bool,
}

impl Shared {
    pub(super) fn new(name: Arc<str>, dead_letters: DeadLetters, runtime: RuntimeHandle, link: Arc<Link>) -> Arc<Self> {
        let reaper = Reaper::new();
        Arc::new(Self {
            context: Context::root(reaper.clone()).named(name.to_string()),
            name,
            dead_letters,
            runtime,
            reaper,
            link,
            families: Families::default(),
            late: AtomicU64::new(0),
            escalations: Escalations::default(),
            registry: Mutex::default(),
        })
    }

    /// Whether the caller is on the actors' own runtime, and so, as that has one thread only, on their thread.
    pub(crate) fn is_here(&self) -> bool {
        RuntimeHandle::try_current().is_ok_and(|here| here.id() == self.runtime.id())
    }

    /// What an actor that is to run like this shares with others.
    pub(crate) fn kin(&self, config: ActorConfig) -> Kin {
        self.families.join(config)
    }

    pub(crate) fn next_id(&self) -> u64 {
        let mut registry = self.registry.lock();
        registry.next += 1;
        registry.next
    }

    /// Enters an actor. `false` if the system is being shut down.
    pub(super) fn arrived(&self, actor: Arc<dyn Managed>) -> bool {
        let mut registry = self.registry.lock();
        if !registry.closed {
            registry.actors.insert(actor.hub().id, actor);
        }
        !registry.closed
    }

    /// An actor is no more.
    pub(crate) fn departed(&self, hub: &Hub) {
        let mut registry = self.registry.lock();
        let departed = registry.actors.remove(&hub.id);
        if departed.is_some() {
            registry.past.add(books(hub, 0));
        }
        let empty = registry.actors.is_empty();
        drop(registry);
        self.families.leave(&hub.meters);
        if empty {
            self.link.emptied();
        }
    }

    /// Counts a message to an actor that takes in nothing any more.
    pub(crate) fn late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.registry.lock().closed = true;
    }

    /// The live actors in the order of their start.
    pub(super) fn actors(&self) -> Vec<Arc<dyn Managed>> {
        self.registry.lock().actors.values().cloned().collect()
    }

    pub(super) fn audit(&self) -> Audit {
        let late = self.late.load(Ordering::Relaxed);
        let registry = self.registry.lock();
        let mut sum = registry.past.and_late(late);
        for actor in registry.actors.values() {
            sum.add(timely(&**actor));
        }
        sum
    }
}

/// The books of one actor, without what came too late.
fn books(hub: &Hub, outside: u64) -> Audit {
    let entries = hub.entries();
    Audit {
        sent: entries.sent,
        handled: entries.handled,
        rejected: entries.rejected,
        dead: entries.dead,
        in_flight: entries.running + outside,
    }
}

/// The books of one actor.
pub(super) fn audit(actor: &dyn Managed) -> Audit {
    timely(actor).and_late(actor.hub().entries().late)
}

fn timely(actor: &dyn Managed) -> Audit {
    let outside = actor.lanes().iter().map(|lane| (lane.depth + lane.waiting) as u64).sum();
    books(actor.hub(), outside)
}

pub(super) fn status(actor: &dyn Managed) -> ActorStatus {
    let hub = actor.hub();
    let lanes = actor.lanes();
    let entries = hub.entries();
    let now = Instant::now();
    let queued: usize = lanes.iter().map(|lane| lane.depth).sum();
    let state = match hub.life.state() {
        ActorState::Running | ActorState::Starting if hub.ledger.is_closed() => ActorState::Draining,
        state => state,
    };
    ActorStatus {
        name: hub.name.clone(),
        state,
        incarnation: hub.life.incarnation(),
        restarts: hub.life.restarts(),
        panics: hub.life.panics(),
        last_panic: hub.life.last_panic(),
        lanes,
        handled: entries.handled,
        rejected: entries.rejected + entries.late,
        dead: entries.dead,
        running: entries.running,
        oldest: (queued > 0).then(|| hub.oldest_at_most(now)),
        current: hub
            .work
            .current()
            .map(|(message_type, since)| CurrentMessage { message_type, age: hub.since(since, now) }),
        waits: hub.work.waits().map_or_else(WaitHistogram::default, |waits| waits.snapshot()),
    }
}

/// What `hub` can say now, of an actor that does not end.
pub(super) fn unresponsive(hub: &Hub) -> Receipt {
    Receipt { end: super::End::Unresponsive, ..hub.receipt_now() }
}
