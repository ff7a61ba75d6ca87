use std::future::poll_fn;
use std::task::{Poll, ready};

use actix::Actor;

use super::Lane;
use super::core::Core;
use super::parcel::Parcel;
use super::queue::{Ticket, Withdrawn};

/// A sender's place in line. Dropped before its message is in, it takes the message along.
pub(super) struct Waiting<'a, A: Actor> {
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
    pub(super) fn new(core: &'a Core<A>, lane: Lane, parcel: Parcel<A>) -> Self {
        Self { core, lane, state: Line::Outside(parcel) }
    }

    /// Waits until the message is in; gives it back if the mailbox is closed first.
    pub(super) async fn room(&mut self) -> Result<(), Parcel<A>> {
        poll_fn(|cx| {
            let queue = self.core.lane(self.lane);
            if let Line::Outside(_) = &self.state
                && let Line::Outside(parcel) = std::mem::replace(&mut self.state, Line::Done)
            {
                let sent_at = parcel.sent_at();
                match queue.park(parcel, cx.waker()) {
                    Err(parcel) => {
                        self.core.hub.refuse();
                        return Poll::Ready(Err(parcel));
                    }
                    Ok(ticket) => {
                        // Even if this one still waits, another may have gone in.
                        self.core.hub.poke(sent_at);
                        match ticket {
                            Some(ticket) => self.state = Line::In(ticket),
                            None => return Poll::Ready(Ok(())),
                        }
                    }
                }
            }
            let Line::In(ticket) = &self.state else { return Poll::Ready(Ok(())) };
            let result = ready!(queue.poll_parked(ticket, cx.waker()));
            self.state = Line::Done;
            Poll::Ready(result)
        })
        .await
    }

    /// Leaves the line. `None` if the message is in.
    pub(super) fn withdraw(&mut self) -> Option<Parcel<A>> {
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
