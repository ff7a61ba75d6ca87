use std::future::poll_fn;
use std::time::Duration;

use actix::{Actor, Handler, Message};
use patterns_core::context::{Context, Interrupt};
use tokio::time::Instant;

use super::ask::{AskCell, Leave};
use super::core::{Core, Refused};
use super::parcel::Ask;
use super::waiting::Waiting;
use super::{AskError, Lane};
use crate::system::{after, reactor};

impl<A: Actor> Core<A> {
    /// Sends and waits for the answer; `wait` says whether to wait for room too.
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
        let parcel = Box::new(Ask { message, sent_at, deadline, context: context.clone(), cell: cell.clone() });
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
                Err(AskError::Interrupted(Interrupt::Cancelled(cause)))
            }
            () = sleep => {
                asker.leave(Leave::Expired);
                let now = Instant::now();
                let in_handler = cell.started();
                Err(AskError::TimedOut {
                    queued_for: in_handler
                        .map_or_else(|| self.hub.since(sent_at, now), |at| Duration::from_nanos(at.saturating_sub(sent_at))),
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
