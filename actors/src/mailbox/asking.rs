use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Handler, Message};
use patterns_core::context::{Context, Interrupt};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::ask::{AskCell, Leave};
use super::core::{Core, Refused};
use super::link::{Link, Open};
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
        let open = match Link::here() {
            None => None,
            Some(link) => match link.open(&self.hub).await {
                Ok(open) => Some(open),
                Err(circle) => return Err(self.circular(circle)),
            },
        };
        let now = Instant::now();
        let sent_at = self.hub.age(now);
        let context = Context::try_current();
        let own = after(now, self.hub.config.ask_timeout);
        let deadline = context.as_ref().and_then(Context::deadline).map_or(own, |outer| outer.min(own));
        let cell = AskCell::new();
        let link = open.as_ref().map(Open::link);
        let parcel = Box::new(Ask { message, sent_at, deadline, context: context.clone(), link, cell: cell.clone() });
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
            let mut is_first = true;
            poll_fn(|cx| {
                let waker = std::mem::take(&mut is_first).then(|| cx.waker().clone());
                cell.poll_answer(cx, waker)
            })
            .await
        };
        let cancelled = async {
            match &context {
                Some(context) => context.token().cancelled().await,
                None => pending().await,
            }
        };
        let expired = async {
            // Most answers of an actor on this thread come before the thread looks at its timers: no timer for these.
            if self.hub.shared.is_here() {
                yield_now().await;
            }
            reactor(&self.hub.shared.runtime, || sleep_until(deadline)).await;
        };
        tokio::select! {
            biased;
            answer = answer => answer,
            cause = cancelled => {
                asker.leave(Leave::Gone);
                Err(AskError::Interrupted(Interrupt::Cancelled(cause)))
            }
            () = expired => {
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

    /// An attempt to ask whom nobody could answer, or who has stopped.
    fn circular(&self, path: Vec<Arc<str>>) -> AskError {
        if !self.hub.ledger.admit() {
            self.hub.late();
            return AskError::Stopped(self.hub.stop_reason());
        }
        self.hub.refuse();
        let error = AskError::Cycle { path };
        tracing::warn!(actor = &*self.hub.name, %error, "an ask was refused");
        error
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
