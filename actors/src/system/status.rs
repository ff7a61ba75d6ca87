use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::Panic;
use serde::{Serialize, Serializer};

use crate::Lane;
use crate::mailbox::WaitHistogram;
use crate::supervision::ActorState;

/// What one lane holds at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LaneStatus {
    /// Which lane.
    pub lane: Lane,
    /// How many messages are in.
    pub depth: usize,
    /// How many it holds at most.
    pub capacity: usize,
    /// How many senders wait for room.
    pub waiting: usize,
}

impl fmt::Display for LaneStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lane, depth, capacity, waiting } = self;
        write!(f, "{lane} {depth}/{capacity}")?;
        if *waiting > 0 { write!(f, " (+{waiting} waiting)") } else { Ok(()) }
    }
}

/// A message that an actor is busy with: its handler is running, or the actor waits for the handler's future before
/// it takes the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CurrentMessage {
    /// Its type, as [`std::any::type_name`] writes it.
    pub message_type: &'static str,
    /// For how long, at most: it is too long by the time of up to eight quick messages before it.
    #[serde(serialize_with = "patterns_core::settings::duration::serialize")]
    pub age: Duration,
}

/// What an actor is doing at this moment.
///
/// # Examples
///
/// ```
/// # use actors::prelude::*;
/// # struct Idle;
/// # impl Actor for Idle { type Context = Context<Self>; }
/// # #[derive(Message)]
/// # #[rtype(result = "()")]
/// # struct Note;
/// # impl Handler<Note> for Idle { type Result = (); fn handle(&mut self, _: Note, _: &mut Context<Self>) {} }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let idle = system.spawn(ActorConfig::named("idle"), || Idle);
/// idle.ask(Note).await?;
/// idle.try_tell(Note)?;
///
/// let status = idle.status();
/// assert!(status.to_string().starts_with("idle#1 running; control 0/64, interactive 1/256, batch 0/256"));
/// assert_eq!(serde_json::to_value(&status)?["lanes"][1]["depth"], 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ActorStatus {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub name: Arc<str>,
    /// What it is doing.
    pub state: ActorState,
    /// Which of its incarnations it is; 1 is the first, 0 means that it has not been built yet.
    pub incarnation: u64,
    /// How often it was built anew.
    pub restarts: u64,
    /// How often it panicked.
    pub panics: u64,
    /// The latest panic.
    #[serde(serialize_with = "as_text_if_any")]
    pub last_panic: Option<Panic>,
    /// Its lanes, the most urgent first.
    pub lanes: Vec<LaneStatus>,
    /// How many messages were handled.
    pub handled: u64,
    /// How many were given back to their senders.
    pub rejected: u64,
    /// How many were taken in and lost.
    pub dead: u64,
    /// How many are in their handlers, have their answers under way, or are to be handled once more after a panic.
    pub running: u64,
    /// At most how long the oldest queued message has waited; `None` if none is queued.
    ///
    /// It is exact for the first message after a pause, and otherwise the age of the message that
    /// was last taken out of the mailbox.
    #[serde(serialize_with = "patterns_core::settings::duration::serialize")]
    pub oldest: Option<Duration>,
    /// What it is busy with; `None` where it could take the next message.
    pub current: Option<CurrentMessage>,
    /// How long its messages waited in the mailbox.
    pub waits: WaitHistogram,
}

fn as_text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_text_if_any<T: fmt::Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

impl ActorStatus {
    /// How many messages are queued, in all lanes.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.lanes.iter().map(|lane| lane.depth).sum()
    }
}

/// On one line.
impl fmt::Display for ActorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, incarnation, handled, rejected, dead, running, .. } = self;
        write!(f, "{name}#{incarnation} {state}")?;
        for (n, lane) in self.lanes.iter().enumerate() {
            write!(f, "{} {lane}", if n == 0 { ";" } else { "," })?;
        }
        if let Some(oldest) = self.oldest {
            write!(f, ", oldest for {oldest:?}")?;
        }
        write!(f, "; {handled} handled, {rejected} rejected, {dead} dead, {running} running")?;
        if let Some(CurrentMessage { message_type, age }) = self.current {
            write!(f, "; busy with {message_type} for {age:?}")?;
        }
        if let Some(panic) = &self.last_panic {
            write!(f, "; {} panics, the last: it {panic}", self.panics)?;
        }
        write!(f, "; {}", self.waits)
    }
}

/// The books of a whole system: what was sent, and what became of it.
///
/// `sent = handled + rejected + dead + in flight` is what [`balances`](Self::balances) checks, with
/// `in_flight` counted in the mailboxes and handlers, not derived. A send that another thread is in the
/// middle of at this very instant can be missing from one side; on a quiet system, and on the
/// caller's own thread, it is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Audit {
    /// Attempts to send.
    pub sent: u64,
    /// Handled to the end.
    pub handled: u64,
    /// Given back to the sender.
    pub rejected: u64,
    /// Taken in and lost.
    pub dead: u64,
    /// Queued, waiting for room, being handled, or with the answer under way.
    pub in_flight: u64,
}

impl Audit {
    /// Whether every message is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.sent == self.handled + self.rejected + self.dead + self.in_flight
    }

    /// With so many that were sent too late, and given back.
    pub(crate) fn and_late(mut self, late: u64) -> Self {
        self.sent += late;
        self.rejected += late;
        self
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.handled += other.handled;
        self.rejected += other.rejected;
        self.dead += other.dead;
        self.in_flight += other.in_flight;
    }
}
