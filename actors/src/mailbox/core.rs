use std::future::poll_fn;
use std::sync::Arc;

use actix::{Actor, Handler, Message};
use patterns_core::context::{Context, interruptible};
use tokio::time::Instant;

use super::ask::{AskCell, Leave};
use super::parcel::{Ask, Parcel, Tell};
use super::queue::{LaneQueue, Ticket, Withdrawn};
use super::{AskError, Hub, Lane, TellError};
use crate::dead_letters::DeadReason;
use crate::supervision::StopReason;
use crate::system::{after, reactor};

/// After so many interactive messages in a row, a waiting batch message gets its turn.
const STREAK: u32 = 8;

/// One actor's mailbox: three lanes and the [`Hub`] around them.
pub(crate) struct Core<A: Actor> {
    pub(crate) hub: Arc<Hub>,
    lanes: [LaneQueue<Parcel<A>>; 3],
}

/// Why a parcel came back at once.
enum Refused<A: Actor> {
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

    fn offer(&self, lane: Lane, parcel: Parcel<A>) -> Result<(), Refused<A>> {
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

    pub(crate) async fn ask<M>(&self, lane: Lane, message: M, wait: bool) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message<Result: Send> + Send + 'static,
    {
        let now = Instant::now();
        let sent_at = self.hub.age(now);
        let context = Context::try_current();
        let own = after(now, self.hub.config.ask_timeout);
        let deadline = context.as_ref().and_then(Context::deadline).map_or(own, |outer| outer.min(own));
        let cell = AskCell::new();
        let parcel =
            Box::new(Ask { message, sent_at, deadline, context: context.clone(), cell: cell.clone() });
        let line = match self.offer(lane, parcel) {
            Ok(()) => None,
            Err(Refused::Closed(_)) => return Err(AskError::Stopped(self.hub.stop_reason())),
            Err(Refused::Full(_)) if !wait => {
                self.hub.refuse();
                return Err(AskError::Rejected { lane });
            }
            Err(Refused::Full(parcel)) => Some(parcel),
        };
        let asker = Asker { cell: &cell };
        // Declared after the asker: a sender that is dropped leaves the line before it leaves the cell.
        let mut waiting = line.map(|parcel| Waiting::new(self, lane, parcel));
        let answer = async {
            if let Some(waiting) = &mut waiting
                && waiting.room().await.is_err()
            {
                return Err(AskError::Stopped(self.hub.stop_reason()));
            }
            poll_fn(|cx| cell.poll_answer(cx)).await
        };
        let cancelled = async {
            match &context {
                Some(context) => context.token().cancelled().await,
                None => std::future::pending().await,
            }
        };
        let sleep = reactor(&self.hub.shared.runtime, || tokio::time::sleep_until(deadline));
        tokio::select! {
            biased;
            answer = answer => answer,
            cause = cancelled => {
                asker.leave(Leave::Gone);
                Err(AskError::Interrupted(patterns_core::context::Interrupt::Cancelled(cause)))
            }
            () = sleep => {
                asker.leave(Leave::Expired);
                let now = Instant::now();
                let in_handler = cell.started();
                Err(AskError::TimedOut {
                    queued_for: in_handler
                        .map_or_else(|| self.hub.since(sent_at, now), |at| std::time::Duration::from_nanos(at.saturating_sub(sent_at))),
                    running_for: in_handler.map(|at| self.hub.since(at, now)),
                })
            }
        }
    }
}

/// The asker's hold on its cell: letting go without an answer says so.
struct Asker<'a, R> {
    cell: &'a AskCell<R>,
}

impl<R> Asker<'_, R> {
    fn leave(&self, why: Leave) {
        self.cell.leave(why);
    }
}

impl<R> Drop for Asker<'_, R> {
    fn drop(&mut self) {
        self.cell.leave(Leave::Gone);
    }
}

/// A sender's place in line. Dropped before its message is in, it takes the message along.
struct Waiting<'a, A: Actor> {
    core: &'a Core<A>,
    lane: Lane,
    state: Line<A>,
}

enum Line<A: Actor> {
    /// Not in line yet: that takes a waker, so it happens in the first poll.
    Outside(Parcel<A>),
    In(Ticket),
    Done,
}

impl<'a, A: Actor> Waiting<'a, A> {
    fn new(core: &'a Core<A>, lane: Lane, parcel: Parcel<A>) -> Self {
        Self { core, lane, state: Line::Outside(parcel) }
    }

    /// Waits until the message is in; gives it back if the mailbox is closed first.
    async fn room(&mut self) -> Result<(), Parcel<A>> {
        poll_fn(|cx| {
            let queue = self.core.lane(self.lane);
            if let Line::Outside(_) = &self.state
                && let Line::Outside(parcel) = std::mem::replace(&mut self.state, Line::Done)
            {
                let sent_at = parcel.sent_at();
                match queue.park(parcel, cx.waker()) {
                    Err(parcel) => {
                        self.core.hub.refuse();
                        return std::task::Poll::Ready(Err(parcel));
                    }
                    Ok(ticket) => {
                        // Even if this one still waits, another may have gone in.
                        self.core.hub.poke(sent_at);
                        match ticket {
                            Some(ticket) => self.state = Line::In(ticket),
                            None => return std::task::Poll::Ready(Ok(())),
                        }
                    }
                }
            }
            let Line::In(ticket) = &self.state else { return std::task::Poll::Ready(Ok(())) };
            let result = std::task::ready!(queue.poll_parked(ticket, cx.waker()));
            self.state = Line::Done;
            std::task::Poll::Ready(result)
        })
        .await
    }

    /// Leaves the line. `None` if the message is in.
    fn withdraw(&mut self) -> Option<Parcel<A>> {
        let parcel = match std::mem::replace(&mut self.state, Line::Done) {
            Line::Outside(parcel) => parcel,
            Line::In(ticket) => match self.core.lane(self.lane).withdraw(&ticket) {
                Withdrawn::Left(parcel) => parcel,
                // Counted when it was sent home.
                Withdrawn::SentHome(parcel) => return Some(parcel),
                Withdrawn::In => return None,
            },
            Line::Done => return None,
        };
        self.core.hub.refuse();
        Some(parcel)
    }
}

impl<A: Actor> Drop for Waiting<'_, A> {
    fn drop(&mut self) {
        drop(self.withdraw());
    }
}

/// The sender knows what it sent.
fn message_of<A: Actor, T: 'static>(parcel: Parcel<A>) -> T {
    match parcel.into_any().downcast() {
        Ok(message) => *message,
        Err(_) => unreachable!("a parcel comes back to its own sender only"),
    }
}
