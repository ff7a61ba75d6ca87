use std::sync::Arc;

use actix::{Actor, Handler, Message};
use patterns_core::context::interruptible;
use tokio::time::Instant;

use super::parcel::{Parcel, Tell};
use super::queue::LaneQueue;
use super::waiting::Waiting;
use super::{Hub, Lane, TellError};
use crate::dead_letters::DeadReason;
use crate::supervision::StopReason;

/// After so many interactive messages in a row, a waiting batch message gets its turn.
const STREAK: u32 = 8;

/// One actor's mailbox: three lanes and the [`Hub`] around them.
pub(crate) struct Core<A: Actor> {
    pub(crate) hub: Arc<Hub>,
    lanes: [LaneQueue<Parcel<A>>; 3],
}

/// Why a parcel came back at once.
pub(super) enum Refused<A: Actor> {
    Closed(Parcel<A>),
    Full(Parcel<A>),
}

impl<A: Actor> Core<A> {
    pub(crate) fn new(hub: Hub) -> Arc<Self> {
        let lanes = Lane::ALL.map(|lane| LaneQueue::new(hub.config.mailbox.of(lane)));
        Arc::new(Self { hub: Arc::new(hub), lanes })
    }

    pub(crate) fn lane(&self, lane: Lane) -> &LaneQueue<Parcel<A>> {
        &self.lanes[lane.index()]
    }

    /// How many messages are in, and how many senders wait for room.
    pub(crate) fn depth(&self) -> (u64, u64) {
        let sum = |count: fn(&LaneQueue<Parcel<A>>) -> usize| self.lanes.iter().map(|lane| count(lane) as u64).sum();
        (sum(LaneQueue::len), sum(LaneQueue::waiting))
    }

    /// Whether nothing is in and nothing can come in any more.
    pub(crate) fn is_settled(&self) -> bool {
        let (queued, waiting) = self.depth();
        queued == 0 && self.hub.ledger.is_settled(queued, waiting)
    }

    /// Takes nothing in from now on, and sends home who waits for room.
    pub(crate) fn close(&self, reason: StopReason, deadline: Instant) {
        self.hub.begin_close(reason, deadline);
        for lane in &self.lanes {
            for _ in 0..lane.close() {
                self.hub.refuse();
            }
        }
    }

    /// The next message to handle; `streak` counts the interactive ones in a row.
    pub(super) fn next(&self, streak: &mut u32) -> Option<Parcel<A>> {
        let [control, interactive, batch] = &self.lanes;
        let parcel = control.pop().or_else(|| {
            let first = if *streak < STREAK { interactive.pop() } else { None };
            if first.is_some() {
                *streak += 1;
                return first;
            }
            *streak = 0;
            batch.pop().or_else(|| interactive.pop())
        })?;
        self.hub.popped(parcel.sent_at());
        Some(parcel)
    }

    /// Lets in whoever waits although there is room. Returns whether there was anybody.
    pub(super) fn settle_lines(&self) -> bool {
        self.lanes.iter().fold(false, |any, lane| lane.settle() | any)
    }

    /// Accounts for everything that is in as lost for `reason`, until nothing can come in any more.
    ///
    /// The mailbox must be closed, and nothing running.
    fn bury_all(&self, reason: &DeadReason) {
        loop {
            while let Some(parcel) = self.next(&mut 0) {
                parcel.bury(&self.hub, reason.clone());
            }
            if self.is_settled() {
                return;
            }
            // Some thread is between passing the gate and pushing: a few instructions.
            std::thread::yield_now();
        }
    }

    /// Ends the mailbox: nothing comes in, and what is in is lost. It may be called from any thread,
    /// once nobody handles its messages any more.
    pub(crate) fn vacate(&self, reason: StopReason) {
        self.close(reason, Instant::now());
        self.hub.life.end();
        self.hub.vacate(|reason| self.bury_all(reason));
    }

    /// Puts `parcel` in if there is room now. One that comes back full is still to be accounted for.
    pub(super) fn offer(&self, lane: Lane, parcel: Parcel<A>) -> Result<(), Refused<A>> {
        if !self.hub.ledger.admit() {
            self.hub.late();
            return Err(Refused::Closed(parcel));
        }
        let sent_at = parcel.sent_at();
        self.lane(lane).push(parcel).map_err(Refused::Full)?;
        self.hub.poke(sent_at);
        Ok(())
    }

    pub(crate) fn try_tell<M>(&self, lane: Lane, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        let sent_at = self.hub.age(Instant::now());
        match self.offer(lane, Box::new(Tell { message, sent_at })) {
            Ok(()) => Ok(()),
            Err(Refused::Closed(parcel)) => Err(self.stopped(parcel)),
            Err(Refused::Full(parcel)) => {
                self.hub.refuse();
                Err(TellError::Full { message: message_of::<A, Tell<M>>(parcel).message, lane })
            }
        }
    }

    pub(crate) async fn tell<M>(&self, lane: Lane, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        let sent_at = self.hub.age(Instant::now());
        let parcel = match self.offer(lane, Box::new(Tell { message, sent_at })) {
            Ok(()) => return Ok(()),
            Err(Refused::Closed(parcel)) => return Err(self.stopped(parcel)),
            Err(Refused::Full(parcel)) => parcel,
        };
        let mut waiting = Waiting::new(self, lane, parcel);
        match interruptible(waiting.room()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(parcel)) => Err(self.stopped(parcel)),
            Err(interrupt) => match waiting.withdraw() {
                Some(parcel) => {
                    Err(TellError::Interrupted { message: message_of::<A, Tell<M>>(parcel).message, interrupt })
                }
                // It went in at the last moment.
                None => Ok(()),
            },
        }
    }

    fn stopped<M>(&self, parcel: Parcel<A>) -> TellError<M>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        TellError::Stopped { message: message_of::<A, Tell<M>>(parcel).message, reason: self.hub.stop_reason() }
    }
}

/// The sender knows what it sent.
fn message_of<A: Actor, T: 'static>(parcel: Parcel<A>) -> T {
    match parcel.into_any().downcast() {
        Ok(message) => *message,
        Err(_) => unreachable!("a parcel comes back to its own sender only"),
    }
}
