//! Following the log: what each driver does all the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::sleep;

use super::super::DriverError;
use super::super::memory::Dump;
use super::command::{Command, Item};
use super::copies;
use super::entry::Heard;
use super::link::{LogInfo, closed, is_gone};
use super::machine::{Applied, is_fresh};
use super::shared::Shared;
use super::state::State;
use super::texts::{self, Place};

/// How long an entry that the server has acknowledged may be under way by the feed, before it is asked for.
const FEED: Duration = Duration::from_millis(5);

/// How long it is until it is tried again to read the log.
const AGAIN: Duration = Duration::from_millis(100);

/// How often it is looked for entries that are not there yet: a follower of the server that has them may be a little
/// behind.
const LOOKS: u32 = 40;

const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// What a text counts that an entry brings, in bytes of the log: those that nobody has any more are only deleted with a
/// copy, so it has to come to one.
const TEXT: u64 = 16 << 10;

impl Shared {
    /// Applies what the server says, until it can't be gone on.
    pub(super) async fn follow(self: Arc<Self>, mut feed: Subscriber) {
        let mut target = self.target.subscribe();
        let mut is_troubled = false;
        loop {
            let is_behind = *target.borrow_and_update() > self.applied();
            let done = tokio::select! {
                biased;
                // Before what is heard: that may go on from another log.
                () = self.doubt.notified() => self.catch_up(true).await,
                heard = feed.next() => match heard {
                    Some(message) => self.hear(message).await,
                    None => return self.give_up(closed()),
                },
                _ = target.changed(), if !is_behind => Ok(()),
                () = sleep(FEED), if is_behind => self.catch_up(false).await,
            };
            match done {
                Ok(()) => is_troubled = false,
                Err(error) if error.is_final() => return self.give_up(error),
                Err(error) => {
                    match std::mem::replace(&mut is_troubled, true) {
                        false => tracing::warn!(%error, "the jobs' log could not be read, and it is tried again"),
                        true => tracing::debug!(%error, "the jobs' log could still not be read"),
                    }
                    if is_gone(&error)
                        && let Err(error) = self.begin_anew().await
                    {
                        return self.give_up(error);
                    }
                    sleep(AGAIN).await;
                    // What was heard meanwhile is read with the rest.
                    while let Some(heard) = feed.next().now_or_never() {
                        if heard.is_none() {
                            return self.give_up(closed());
                        }
                    }
                    self.doubt.notify_one();
                }
            }
        }
    }

    /// Makes the streams that the server has lost. An error is one that stays.
    async fn begin_anew(&self) -> Result<(), DriverError> {
        match self.link.make_streams().await {
            Ok(()) => tracing::error!("the server has lost all jobs: their streams are made anew"),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => tracing::debug!(%error, "the streams could not be made anew"),
        }
        Ok(())
    }

    /// Nothing goes on any more: everything fails from now on, for this reason.
    fn give_up(&self, error: DriverError) {
        tracing::error!(%error, "the jobs' log can't be followed any more");
        let ended = match error {
            // It is not what we were asked for that can't be kept.
            DriverError::Refused(why) => DriverError::Ended(why),
            error => error,
        };
        *self.broken.lock() = Some(ended);
        self.waiting.lock().clear();
    }

    async fn hear(&self, message: Message) -> Result<(), DriverError> {
        let heard = Heard::new(message)?;
        let applied = self.applied();
        if heard.seq == applied + 1 {
            return self.take_in(heard).await;
        }
        if heard.seq > applied {
            self.reach(heard.seq);
            // It may have gone on from an earlier end.
            return self.catch_up(true).await;
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
        // In this order: whatever is in a copy has been in the log.
        let copied = if doubt { copies::latest_seq(&self.link).await? } else { None };
        let info = self.ask_log().await?;
        let known = *self.created.lock();
        let is_other = known != Some(info.created);
        let is_shorter = info.state.last_seq < before || info.state.first_seq > before + 1;
        let is_lost = copied.is_some_and(|seq| seq > info.state.last_seq);
        if is_other || is_shorter || is_lost || (doubt && !self.is_same(&info).await?) {
            self.read_copy(&info).await?;
        }
        *self.created.lock() = Some(info.created);
        self.reach(info.state.last_seq);
        let mut looks = 0;
        while self.applied() < info.state.last_seq {
            let entries = self.link.entries(self.applied() + 1).await?;
            if entries.is_empty() {
                looks += 1;
                if looks > LOOKS {
                    return Err(DriverError::new("the server that was asked has not got all of the log yet"));
                }
                sleep(BETWEEN_LOOKS).await;
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
        if applied < info.state.first_seq {
            // It was deleted, and there is nothing before the next one.
            return Ok(applied + 1 == info.state.first_seq);
        }
        let known = self.machine.lock().entry_at(applied);
        let Some(known) = known else { return Ok(true) };
        for look in 0..=LOOKS {
            if look > 0 {
                sleep(BETWEEN_LOOKS).await;
            }
            if let Some(first) = self.link.entries(applied).await?.first() {
                return Ok(first.seq == applied && first.id == known);
            }
        }
        Ok(false)
    }

    /// Begins anew, from the latest copy.
    async fn read_copy(&self, info: &LogInfo) -> Result<(), DriverError> {
        let (state, dump) = copies::read(&self.link).await?.unwrap_or_else(|| (State::default(), Dump::default()));
        let seq = state.applied;
        if info.state.first_seq > seq + 1 {
            let first = info.state.first_seq;
            let why =
                format!("the jobs' log begins at {first}, and the latest copy ends at {seq}, expected {}", first - 1);
            return Err(DriverError::refused(why));
        }
        let mut last = info.state.last_seq;
        if last < seq {
            // The copy may be of what came since.
            last = self.ask_log().await?.state.last_seq;
        }
        if last < seq {
            // The server has lost its end, which it had not synced. So that nothing gets the place of what is in the
            // copy:
            tracing::error!(seq, last, "the server has lost the end of the jobs' log");
            self.link.log.purge().sequence(seq + 1).await.map_err(DriverError::new)?;
        }
        // First, so that nobody takes what is older for up to date.
        self.applied.send_replace(seq);
        self.machine.lock().restore(state, dump);
        // Nobody will hear what became of these: they may be in the copy, or have been lost.
        self.waiting.lock().clear();
        self.target.send_replace(last.max(seq));
        Ok(())
    }

    /// Applies the next entry.
    async fn take_in(&self, heard: Heard) -> Result<(), DriverError> {
        let commands = match heard.id {
            Some(_) => self.commands(&heard).await?,
            None => Vec::new(),
        };
        let texts = commands.iter().flatten().flat_map(Command::texts).filter(|text| Place::parse(text).is_some());
        let bytes = heard.body().len() as u64 + TEXT * texts.count() as u64;
        let applied = {
            let mut machine = self.machine.lock();
            if machine.state.applied + 1 != heard.seq {
                return Ok(());
            }
            machine.apply(heard.seq, heard.at, heard.id, bytes, commands)
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

    /// The commands of an entry. `None` for what came too late, or can't be read: it counts for nothing, for everybody.
    async fn commands(&self, heard: &Heard) -> Result<Vec<Option<Command>>, DriverError> {
        let Ok(items) = serde_json::from_slice::<Vec<Item>>(heard.body()) else {
            tracing::warn!(seq = heard.seq, "an entry of the jobs' log can't be read, and counts for nothing");
            return Ok(Vec::new());
        };
        let at = { self.machine.lock().state.reads(heard.at) };
        let mut commands = Vec::with_capacity(items.len());
        for item in items {
            commands.push(match item {
                Item::Do(command) => Some(command),
                Item::Kept(text) => self.kept_command(text, at).await?,
            });
        }
        Ok(commands)
    }

    async fn kept_command(&self, mut text: String, at: Timestamp) -> Result<Option<Command>, DriverError> {
        if !Place::parse(&text).is_some_and(|place| is_fresh(place, at)) {
            return Ok(None);
        }
        if !texts::read(&self.link, vec![&mut text]).await?.is_empty() {
            // Others may have it, so it can't be gone on without it.
            return Err(DriverError::new("a command of the jobs' log is not there any more"));
        }
        match serde_json::from_str(&text) {
            Ok(Item::Do(command)) => Ok(Some(command)),
            Ok(Item::Kept(_)) | Err(_) => Ok(None),
        }
    }
}
