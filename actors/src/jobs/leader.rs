use std::fmt;
use std::sync::Arc;

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use patterns_core::context::{Context, Interrupt, interruptible};
use tokio::sync::watch;

use super::plane::Plane;

/// Whether this process leads, of all whose queues are on the same engine and [would](super::JobQueueBuilder::leads).
///
/// There is one leader at a time, with terms that are numbered upwards. When it is gone, or silent for a lease, another
/// one is elected. A leader that was stopped for that long, or that can't reach the engine, ends its term itself before
/// there is another, as far as its clock runs.
///
/// # Examples
///
/// ```
/// # use actors::jobs::JobQueue;
/// # use actors::jobs::driver::MemoryDriver;
/// # use actors::System;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let queue = JobQueue::builder(MemoryDriver::new()).leads(true).start(&system).await?;
/// let term = queue.leader().elected().await?;
/// assert_eq!((term.number(), term.token().is_cancelled()), (1, false));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Leader {
    terms: watch::Receiver<Option<Term>>,
    /// The terms end with the queue, and who waits for one is told.
    plane: Arc<Plane>,
}

impl Leader {
    pub(super) fn new(plane: &Arc<Plane>) -> Self {
        Self { terms: plane.term.subscribe(), plane: Arc::clone(plane) }
    }

    /// The term in which this process leads; `None` if it does not, or can't be sure of it.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        // Who was stopped for long, and asks before all that is due was done, is not told that he leads.
        self.plane.look_at_clock();
        self.terms.borrow().clone()
    }

    /// Waits until this process leads.
    ///
    /// # Errors
    ///
    /// [`Interrupt`]: the ambient token was cancelled, or the ambient deadline passed; or the queue was closed, which
    /// cancels, too: it leads no more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn elected(&self) -> Result<Term, Interrupt> {
        let mut terms = self.terms.clone();
        let elected = async {
            tokio::select! {
                biased;
                term = terms.wait_for(Option::is_some) => term.ok().and_then(|term| term.clone()),
                () = self.plane.closing() => None,
            }
        };
        let closed = || Interrupt::Cancelled(CancelCause::new(CancelKind::Shutdown, "the queue of jobs was closed"));
        interruptible(elected).await?.ok_or_else(closed)
    }

    /// Runs `f` in each term in which this process leads, one after the other, under a token that is cancelled with
    /// the [term's](Term::token), and with the ambient one, which ends no term. `f` is awaited until it returns, so it has
    /// to heed that.
    ///
    /// # Errors
    ///
    /// As for [`elected`](Self::elected): it goes on until then.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops what `f` made.
    pub async fn lead<F: Future<Output = ()>>(&self, mut f: impl FnMut(Term) -> F) -> Result<(), Interrupt> {
        loop {
            let term = self.elected().await?;
            let ambient = Context::current();
            let over = term.token().clone();
            // It ends with the term, and with whoever runs it.
            let token = over.child();
            let led = ambient.with_token(token.clone()).scope(f(term));
            let mut led = std::pin::pin!(led);
            tokio::select! {
                biased;
                () = &mut led => {}
                cause = ambient.token().cancelled() => {
                    token.cancel_with(cause);
                    led.await;
                }
            }
            // It may have returned early: the same term does not come again.
            interruptible(over.cancelled()).await?;
        }
    }
}

impl fmt::Debug for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader").field("term", &self.term()).finish_non_exhaustive()
    }
}

/// A term in which this process leads.
#[derive(Clone, Debug)]
pub struct Term {
    number: u64,
    token: CancelToken,
}

impl Term {
    pub(super) fn new(number: u64, token: CancelToken) -> Self {
        Self { number, token }
    }

    pub(super) fn end(self) {
        self.token.cancel("the term of this leader is over");
    }

    /// Greater than that of every leader before, wherever it was. Who is given it can refuse those who have an older one.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Cancelled when the term is over.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        &self.token
    }
}
