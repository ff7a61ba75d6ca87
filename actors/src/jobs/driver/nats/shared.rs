use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::super::{DriverError, MemoryDriver};
use super::clock::LogClock;
use super::command::{Command, Item, Outcome};
use super::entry::EntryId;
use super::link::{Link, LogInfo, PATIENCE};
use super::machine::Machine;
use super::texts;
use super::writer::Submission;
use crate::scheduler::WallClock;

/// How long a command may be under way.
const ANSWER: Duration = Duration::from_secs(30);

/// What waits for the outcome of one command.
pub(super) type Waiter = oneshot::Sender<Result<Outcome, DriverError>>;

/// What a driver's tasks and its callers share.
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) clock: LogClock,
    pub(super) tables: MemoryDriver,
    pub(super) machine: Mutex<Machine>,
    /// When the stream of the log was made that the machine has applied.
    pub(super) created: Mutex<Option<Timestamp>>,
    /// The place of the last entry that was applied.
    pub(super) applied: watch::Sender<u64>,
    /// Up to which place it is known that there are entries.
    pub(super) target: watch::Sender<u64>,
    /// Asks to look whether the log is still the one that was applied.
    pub(super) doubt: Arc<Notify>,
    pub(super) waiting: Mutex<HashMap<EntryId, Vec<Waiter>>>,
    outbox: mpsc::Sender<Submission>,
    /// An entry of this driver was refused, as nobody knows who wrote it.
    pub(super) is_forgotten: AtomicBool,
    /// Why nothing goes on any more.
    pub(super) broken: Mutex<Option<DriverError>>,
}

impl Shared {
    pub(super) fn new(link: Link, doubt: Arc<Notify>, outbox: mpsc::Sender<Submission>) -> Self {
        let clock = LogClock::new();
        let tables = MemoryDriver::with_clock(clock.clone());
        Self {
            link,
            machine: Mutex::new(Machine::new(tables.clone(), clock.clone())),
            clock,
            tables,
            created: Mutex::default(),
            applied: watch::Sender::new(0),
            target: watch::Sender::new(0),
            doubt,
            waiting: Mutex::default(),
            outbox,
            is_forgotten: AtomicBool::new(false),
            broken: Mutex::default(),
        }
    }

    /// Writes a command into the log. What comes of it is known when it was applied here.
    pub(super) async fn submit(&self, command: Command) -> Result<Outcome, DriverError> {
        self.check()?;
        let mut text = serde_json::to_string(&Item::Do(command)).map_err(DriverError::new)?;
        if text.len() > self.link.entry {
            let kept = texts::keep_apart(&self.link, self.now(), &text).await?;
            text = serde_json::to_string(&Item::Kept(kept)).map_err(DriverError::new)?;
        }
        let (answer, answered) = oneshot::channel();
        let lost = || DriverError::new("the answer was lost, as the log had to be read anew: ask again");
        self.outbox.send(Submission { text, answer }).await.map_err(|_| lost())?;
        match timeout(ANSWER, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(lost()),
            Err(_) => Err(DriverError::TimedOut(ANSWER)),
        }
    }

    /// Returns when all that was acknowledged to anybody before the call has been applied here.
    pub(super) async fn up_to_date(&self) -> Result<(), DriverError> {
        self.check()?;
        let before = self.applied();
        let info = self.ask_log().await?;
        if info.state.last_seq < before {
            self.doubt.notify_one();
            return Err(DriverError::new("the log has lost what was in it: it is read anew"));
        }
        self.reach(info.state.last_seq);
        let mut applied = self.applied.subscribe();
        let reached = applied.wait_for(|applied| *applied >= info.state.last_seq);
        match timeout(PATIENCE, reached).await {
            Ok(_) => self.check(),
            Err(_) => Err(DriverError::TimedOut(PATIENCE)),
        }
    }

    /// There are entries up to this place.
    pub(super) fn reach(&self, seq: u64) {
        self.target.send_if_modified(|target| {
            let is_further = *target < seq;
            *target = seq.max(*target);
            is_further
        });
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The place of the last entry that was applied.
    pub(super) fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    fn check(&self) -> Result<(), DriverError> {
        self.broken.lock().clone().map_or(Ok(()), Err)
    }

    /// What its leader says of the log, and of the time.
    pub(super) async fn ask_log(&self) -> Result<LogInfo, DriverError> {
        let info = self.link.info().await?;
        if let Some(now) = info.ts {
            self.clock.hear(now);
        }
        Ok(info)
    }
}
