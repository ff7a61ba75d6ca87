use std::sync::Arc;

use metrics::{
    Counter, Gauge, Histogram, IntoF64, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

use super::Lane;
use crate::dead_letters::DeadKind;

const HANDLED: &str = "actors_messages_handled_total";
const REJECTED: &str = "actors_messages_rejected_total";
const DEAD: &str = "actors_messages_dead_total";
const PANICS: &str = "actors_panics_total";
const RESTARTS: &str = "actors_restarts_total";
const DEPTH: &str = "actors_queue_depth";
const WAIT: &str = "actors_queue_wait_seconds";

/// What is shown of all actors of one name. Without a recorder each of these is empty, and costs a branch.
pub(crate) struct Meters {
    pub(crate) actor: Arc<str>,
    pub(crate) handled: Counter,
    pub(crate) rejected: Counter,
    pub(crate) panics: Counter,
    pub(crate) restarts: Counter,
    pub(crate) wait: Histogram,
    /// By lane.
    depth: [Gauge; 3],
}

impl Meters {
    pub(crate) fn new(actor: Arc<str>) -> Self {
        Self {
            handled: counter!(HANDLED, "actor" => actor.clone()),
            rejected: counter!(REJECTED, "actor" => actor.clone()),
            panics: counter!(PANICS, "actor" => actor.clone()),
            restarts: counter!(RESTARTS, "actor" => actor.clone()),
            wait: histogram!(WAIT, "actor" => actor.clone()),
            depth: Lane::ALL.map(|lane| gauge!(DEPTH, "actor" => actor.clone(), "lane" => lane.as_str())),
            actor,
        }
    }

    pub(super) fn depth(&self, lane: Lane) -> Gauge {
        self.depth[lane.index()].clone()
    }
}

/// A wait, which is made seconds of only where somebody records it.
pub(super) struct Nanos(pub(super) u64);

impl IntoF64 for Nanos {
    fn into_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// Counts a dead letter. Registered only then, as most actors never have one.
pub(crate) fn count_dead(actor: &Arc<str>, kind: DeadKind) {
    counter!(DEAD, "actor" => actor.clone(), "reason" => kind.as_str()).increment(1);
}

/// Tells the recorder what the names mean.
pub(crate) fn describe() {
    describe_counter!(HANDLED, Unit::Count, "messages that an actor handled to the end");
    describe_counter!(REJECTED, Unit::Count, "messages that were given back to their senders");
    describe_counter!(DEAD, Unit::Count, "messages that were taken in and lost, by reason");
    describe_counter!(PANICS, Unit::Count, "panics of actors");
    describe_counter!(RESTARTS, Unit::Count, "actors that were built anew after a panic");
    describe_gauge!(DEPTH, Unit::Count, "messages in mailboxes, by lane");
    describe_histogram!(WAIT, Unit::Seconds, "time from sending a message until it was taken out of its mailbox");
}
