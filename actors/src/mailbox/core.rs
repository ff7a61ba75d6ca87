use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock};

use actix::{Actor, Handler, Message};
use parking_lot::Mutex;
use patterns_core::context::interruptible;
use tokio::time::Instant;

use super::link::Link;
use super::parcel::{Envelope, Parcel};
use super::queue::LaneQueue;
use super::waiting::Waiting;
use super::{Hub, Lane, TellError};
use crate::dead_letters::DeadReason;
use crate::supervision::StopReason;
use crate::system::LaneStatus;

/// After so many interactive messages in a row, a waiting batch message gets its turn.
const STREAK: u32 = 8;

/// One actor's mailbox: three lanes and the [`Hub`] around them.
pub(crate) struct Core<A: Actor> {
    pub(crate) hub: Arc<Hub>,
    /// Made on first use: most actors never get a batch message, and some never get any.
    lanes: [OnceLock<Box<LaneQueue<Parcel<A>>>>; 3],
    /// What the last incarnation crashed over, if the next one is to handle it again: before anything else, so
    /// that what one sender sends is handled in its order.
    again: Mutex<Option<Parcel<A>>>,
}

/// Why a parcel came back at once.
pub(super) enum Refused<A: Actor> {
    Closed(Parcel<A>),
    Full(Parcel<A>),
}

impl<A: Actor> Core<A> {
    pub(crate) fn new(hub: Hub) -> Arc<Self> {
        Arc::new(Self { hub: Arc::new(hub), lanes: Default::default(), again: Mutex::new(None) })
    }

    pub(super) fn lane(&self, lane: Lane) -> &LaneQueue<Parcel<A>> {
        self.lanes[lane.index()]
            .get_or_init(|| Box::new(LaneQueue::new(self.hub.config.mailbox.of(lane), self.hub.meters.depth(lane))))
    }

    fn used_lanes(&self) -> impl Iterator<Item = &LaneQueue<Parcel<A>>> {
        self.lanes.iter().filter_map(OnceLock::get).map(|lane| &**lane)
    }

    pub(crate) fn lane_status(&self) -> Vec<LaneStatus> {
        let status = |lane: Lane| {
            let queue = self.lanes[lane.index()].get();
            let (depth, waiting) = queue.map_or((0, 0), |queue| (queue.len(), queue.waiting()));
            LaneStatus { lane, depth, capacity: self.hub.config.mailbox.of(lane), waiting }
        };
        Lane::ALL.into_iter().map(status).collect()
    }

    pub(super) fn queued(&self) -> u64 {
        self.used_lanes().map(|lane| lane.len() as u64).sum()
    }

    /// Whether a message waits for the actor.
    pub(crate) fn has_work(&self) -> bool {
        self.queued() > 0 || self.again.lock().is_some()
    }

    /// Whether nothing is in and nothing can come in any more.
    pub(crate) fn is_settled(&self) -> bool {
        let waiting = self.used_lanes().map(|lane| lane.waiting() as u64).sum();
        !self.has_work() && self.hub.ledger.is_settled(&self.hub.work, 0, waiting)
    }

    /// Takes nothing in from now on, and sends home who waits for room.
    pub(crate) fn close(&self, reason: StopReason, deadline: Instant) {
        self.hub.begin_close(reason, deadline);
        // Those that were never used too: somebody who has passed the gate may be about to use one.
        for lane in Lane::ALL {
            for _ in 0..self.lane(lane).close() {
                self.hub.refuse();
            }
        }
    }

    /// The next message to handle; `streak` counts the interactive ones in a row.
    pub(super) fn next(&self, streak: &mut u32) -> Option<Parcel<A>> {
        let [control, interactive, batch] = &self.lanes;
        let pop = |lane: &OnceLock<Box<LaneQueue<Parcel<A>>>>| lane.get().and_then(|lane| lane.pop());
        let parcel = pop(control).or_else(|| {
            let first = if *streak < STREAK { pop(interactive) } else { None };
            if first.is_some() {
                *streak += 1;
                return first;
            }
            *streak = 0;
            pop(batch).or_else(|| pop(interactive))
        })?;
        self.hub.work.pop(parcel.sent_at());
        Some(parcel)
    }

    /// Has `parcel` handled once more, by the next incarnation.
    pub(super) fn put_again(&self, parcel: Parcel<A>) {
        let before = self.again.lock().replace(parcel);
        debug_assert!(before.is_none(), "an incarnation crashes over one message only");
    }

    pub(super) fn take_again(&self) -> Option<Parcel<A>> {
        self.again.lock().take()
    }

    /// Lets in whoever waits although there is room. Returns whether there was anybody.
    pub(super) fn settle_lines(&self) -> bool {
        fence(Ordering::SeqCst);
        self.used_lanes().fold(false, |any, lane| lane.settle() | any)
    }

    /// Accounts for everything that is in as lost for `reason`, until nothing can come in any more.
    ///
    /// The mailbox must be closed, and nothing running.
    fn bury_all(&self, reason: &DeadReason) {
        loop {
            while let Some(parcel) = self.take_again().or_else(|| self.next(&mut 0)) {
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

    pub(crate) fn try_tell<E: Envelope<A, M>, M>(&self, lane: Lane, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        let envelope = E::seal(message, self.hub.age(Instant::now()));
        match self.offer(lane, Box::new(envelope)) {
            Ok(()) => Ok(()),
            Err(Refused::Closed(parcel)) => Err(self.stopped::<E, M>(parcel)),
            Err(Refused::Full(parcel)) => {
                self.hub.refuse();
                Err(TellError::Full { message: message_of::<A, E, M>(parcel), lane })
            }
        }
    }

    pub(crate) async fn tell<E: Envelope<A, M>, M>(&self, lane: Lane, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        let envelope = E::seal(message, self.hub.age(Instant::now()));
        let parcel = match self.offer(lane, Box::new(envelope)) {
            Ok(()) => return Ok(()),
            Err(Refused::Closed(parcel)) => return Err(self.stopped::<E, M>(parcel)),
            Err(Refused::Full(parcel)) => parcel,
        };
        let mut waiting = Waiting::new(self, lane, parcel);
        // An actor that handles nothing until this ends makes no room either.
        if let Some(link) = Link::here()
            && link.open(&self.hub).await.is_err()
            && let Some(parcel) = waiting.withdraw()
        {
            return Err(TellError::Full { message: message_of::<A, E, M>(parcel), lane });
        }
        match interruptible(waiting.room()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(parcel)) => Err(self.stopped::<E, M>(parcel)),
            Err(interrupt) => match waiting.withdraw() {
                Some(parcel) => Err(TellError::Interrupted { message: message_of::<A, E, M>(parcel), interrupt }),
                // It went in at the last moment.
                None => Ok(()),
            },
        }
    }

    fn stopped<E: Envelope<A, M>, M>(&self, parcel: Parcel<A>) -> TellError<M> {
        TellError::Stopped { message: message_of::<A, E, M>(parcel), reason: self.hub.stop_reason() }
    }
}

/// The sender knows what it sent.
fn message_of<A: Actor, E: Envelope<A, M>, M>(parcel: Parcel<A>) -> M {
    match parcel.into_any().downcast::<E>() {
        Ok(envelope) => envelope.open(),
        Err(_) => unreachable!("a parcel comes back to its own sender only"),
    }
}
