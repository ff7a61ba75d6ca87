use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::Subscriber;
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::super::memory::Dump;
use super::super::{DriverError, MemoryDriver};
use super::command::{Command, Item, Outcome};
use super::copies;
use super::entry::{EntryId, Heard};
use super::link::{Link, LogInfo, PATIENCE};
use super::machine::{Applied, LogClock, Machine, State};
use super::texts;
use super::writer::Submission;

/// How long an entry that the server has acknowledged may be under way by the feed, before it is asked for.
const FEED: Duration = Duration::from_millis(5);

/// How long it is until it is tried again to read the log.
const AGAIN: Duration = Duration::from_millis(100);

/// How long a command may be under way.
const ANSWER: Duration = Duration::from_secs(30);

/// What waits for the outcome of one command.
pub(super) type Waiter = oneshot::Sender<Result<Outcome, DriverError>>;

/// What a driver's tasks and its callers share.
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) clock: LogClock,
    pub(super) tables: MemoryDriver,
    machine: Mutex<Machine>,
    /// When the stream of the log was made that the machine has applied.
    created: Mutex<Option<jiff::Timestamp>>,
    /// The place of the last entry that was applied.
    applied: watch::Sender<u64>,
    /// Up to which place it is known that there are entries.
    target: watch::Sender<u64>,
    /// Asks to look whether the log is still the one that was applied.
    pub(super) doubt: Arc<Notify>,
    pub(super) waiting: Mutex<HashMap<EntryId, Vec<Waiter>>>,
    outbox: mpsc::Sender<Submission>,
    /// An entry of this driver was refused, as nobody knows who wrote it.
    pub(super) is_forgotten: AtomicBool,
    /// Why nothing goes on any more.
    broken: Mutex<Option<DriverError>>,
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
        let lost = || DriverError::new("the answer was lost: the log went on without this program, which has caught up since");
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

    pub(super) fn now(&self) -> jiff::Timestamp {
        crate::scheduler::WallClock::now(&self.clock)
    }

    fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    fn check(&self) -> Result<(), DriverError> {
        self.broken.lock().clone().map_or(Ok(()), Err)
    }

    async fn ask_log(&self) -> Result<LogInfo, DriverError> {
        let info = self.link.info().await?;
        if let Some(now) = info.ts {
            self.clock.hear(now);
        }
        Ok(info)
    }

    /// Applies what the server says, until it can't be gone on.
    pub(super) async fn follow(self: Arc<Self>, mut feed: Subscriber) {
        let mut target = self.target.subscribe();
        loop {
            let is_behind = *target.borrow_and_update() > self.applied();
            let done = tokio::select! {
                biased;
                heard = feed.next() => match heard {
                    Some(message) => self.hear(message).await,
                    None => Err(DriverError::refused("the connection to the server was closed")),
                },
                () = self.doubt.notified() => self.catch_up(true).await,
                _ = target.changed(), if !is_behind => Ok(()),
                () = sleep(FEED), if is_behind => self.catch_up(false).await,
            };
            match done {
                Ok(()) => {}
                Err(error) if error.is_final() => {
                    tracing::error!(%error, "the jobs' log can't be followed any more");
                    *self.broken.lock() = Some(error);
                    self.waiting.lock().clear();
                    self.applied.send_modify(|_| {});
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "the jobs' log could not be read, and it is tried again");
                    sleep(AGAIN).await;
                    self.doubt.notify_one();
                }
            }
        }
    }

    async fn hear(&self, message: async_nats::Message) -> Result<(), DriverError> {
        let heard = Heard::new(message)?;
        let applied = self.applied();
        if heard.seq == applied + 1 {
            return self.take_in(heard).await;
        }
        if heard.seq > applied {
            self.reach(heard.seq);
            return self.catch_up(false).await;
        }
        // It was read before it was heard. If it was another, the server has lost its end and goes on from there.
        let known = self.machine.lock().entry_at(heard.seq);
        match known {
            Some(known) if known != heard.id => self.catch_up(true).await,
            _ => Ok(()),
        }
    }

    /// Reads what is missing; with `doubt`, whether the log is still the one that was applied.
    pub(super) async fn catch_up(&self, doubt: bool) -> Result<(), DriverError> {
        let before = self.applied();
        let info = self.ask_log().await?;
        let is_other = self.created.lock().is_some_and(|created| created != info.created);
        let is_shorter = info.state.last_seq < before || info.state.first_seq > before + 1;
        if is_other || is_shorter || before == 0 || (doubt && !self.is_same(&info).await?) {
            self.read_copy(&info).await?;
        }
        *self.created.lock() = Some(info.created);
        self.reach(info.state.last_seq);
        while self.applied() < info.state.last_seq {
            let entries = self.link.entries(self.applied() + 1).await?;
            if entries.is_empty() {
                return Err(DriverError::new("the server that was asked has not got all of the log yet"));
            }
            for heard in entries {
                if heard.seq > self.applied() + 1 {
                    // Its beginning was deleted meanwhile, as there is a copy.
                    return self.read_copy(&self.ask_log().await?).await;
                }
                self.take_in(heard).await?;
            }
        }
        Ok(())
    }

    /// Whether the last entry that was applied is where it was.
    async fn is_same(&self, info: &LogInfo) -> Result<bool, DriverError> {
        let applied = self.applied();
        let known = self.machine.lock().entry_at(applied);
        if applied < info.state.first_seq {
            // It was deleted, and there is nothing before the next one.
            return Ok(applied + 1 == info.state.first_seq);
        }
        let entries = self.link.entries(applied).await?;
        Ok(known.is_none_or(|known| entries.iter().any(|entry| entry.seq == applied && entry.id == known)))
    }

    /// Begins anew, from the latest copy.
    async fn read_copy(&self, info: &LogInfo) -> Result<(), DriverError> {
        let (state, dump) = copies::read(&self.link).await?.unwrap_or_else(|| (State::default(), Dump::default()));
        let seq = state.applied;
        if info.state.first_seq > seq + 1 {
            let first = info.state.first_seq;
            let why = format!("the jobs' log begins at {first}, and the latest copy ends at {seq}, expected {}", first - 1);
            return Err(DriverError::refused(why));
        }
        if info.state.last_seq < seq {
            // The server has lost its end, which it had not synced. So that nothing gets the place of what is in the copy:
            tracing::error!(seq, last = info.state.last_seq, "the server has lost the end of the jobs' log");
            self.link.log.purge().sequence(seq + 1).await.map_err(DriverError::new)?;
        }
        self.machine.lock().restore(state, dump);
        // Nobody will hear what became of these: they may be in the copy, or have been lost.
        self.waiting.lock().clear();
        self.applied.send_replace(seq);
        Ok(())
    }

    /// Applies the next entry.
    async fn take_in(&self, heard: Heard) -> Result<(), DriverError> {
        let commands = match heard.id {
            Some(_) => self.commands(&heard).await?,
            None => Vec::new(),
        };
        let items = (heard.body().len() as u64, commands);
        let applied = {
            let mut machine = self.machine.lock();
            if machine.state.applied + 1 != heard.seq {
                return Ok(());
            }
            machine.apply(heard.seq, heard.at, heard.id, items)
        };
        self.applied.send_replace(heard.seq);
        let waiters = heard.id.and_then(|id| self.waiting.lock().remove(&id)).unwrap_or_default();
        match applied {
            Applied::Done(outcomes) => {
                for (waiter, outcome) in waiters.into_iter().zip(outcomes) {
                    // Whoever asked may have gone.
                    let _ = waiter.send(outcome);
                }
            }
            Applied::Refused if waiters.is_empty() => {}
            Applied::Refused => {
                self.is_forgotten.store(true, Ordering::Release);
                for waiter in waiters {
                    let _ = waiter.send(Err(DriverError::new("it came too late, and nothing was done: ask again")));
                }
            }
        }
        Ok(())
    }

    async fn commands(&self, heard: &Heard) -> Result<Vec<Command>, DriverError> {
        let Ok(items) = serde_json::from_slice::<Vec<Item>>(heard.body()) else {
            tracing::warn!(seq = heard.seq, "an entry of the jobs' log can't be read, and counts for nothing");
            return Ok(Vec::new());
        };
        let mut commands = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Do(command) => commands.push(command),
                Item::Kept(mut text) => {
                    texts::read(&self.link, vec![&mut text]).await?;
                    match serde_json::from_str(&text) {
                        Ok(Item::Do(command)) => commands.push(command),
                        _ => return Err(DriverError::new("a command of the jobs' log can't be read")),
                    }
                }
            }
        }
        Ok(commands)
    }

    /// Makes copies of the tables when the log has become long.
    pub(super) async fn copy_now_and_then(self: Arc<Self>) {
        let by = rand::random();
        let mut applied = self.applied.subscribe();
        loop {
            let is_long = { self.machine.lock().wants_copy() };
            if is_long && let Err(error) = self.copy(by).await {
                tracing::warn!(%error, "the jobs' tables could not be copied, and it is tried again");
                sleep(PATIENCE).await;
            }
            if applied.changed().await.is_err() {
                return;
            }
        }
    }

    async fn copy(&self, by: u64) -> Result<(), DriverError> {
        if !matches!(self.submit(Command::Claim { by }).await?, Outcome::Is(true)) {
            return Ok(());
        }
        let dump = { self.machine.lock().dump() };
        if let Some(bytes) = copies::write(&self.link, dump).await? {
            self.submit(Command::Copied { by, bytes }).await?;
        }
        Ok(())
    }
}
