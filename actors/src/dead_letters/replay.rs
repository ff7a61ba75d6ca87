use std::sync::Arc;

use actix::{Actor, Context, Handler, Message};

use super::{DeadLetter, DeadLetters, LetterFilter};
use crate::Handle;

/// What became of letters that were to be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what could not be sent"]
pub struct Replayed {
    /// How many are in the actor's mailbox now. Their letters are no longer kept.
    pub sent: usize,
    /// How many are still here, with their messages, as the lane was full or the actor has stopped.
    pub left: usize,
    /// How many have no message to send: the handler had consumed it, or somebody took it out.
    pub empty: usize,
}

impl DeadLetters {
    /// Sends the messages of those letters that `filter` means, oldest first, as if they were
    /// [told](Handle::try_tell) anew.
    ///
    /// It ends with the first that the mailbox does not take, so their order is kept, and nothing is lost: what was not
    /// sent is still a letter; call this again later. A message that an asker wanted an answer to is sent too, but
    /// there is nobody to answer. Counts of the dead stay: what is sent is a new message, and may die again.
    ///
    /// However, the ring keeps the latest letters only: who waits too long with this may find some pushed out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::prelude::*;
    /// # struct Clerk;
    /// # impl Actor for Clerk { type Context = Context<Self>; }
    /// # #[derive(Message)]
    /// # #[rtype(result = "()")]
    /// # struct Order(u8);
    /// # impl Handler<Order> for Clerk {
    /// #     type Result = ();
    /// #     fn handle(&mut self, Order(n): Order, ctx: &mut Context<Self>) { if n == 0 { ctx.terminate() } }
    /// # }
    /// use actors::dead_letters::LetterFilter;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let clerk = system.spawn(ActorConfig::named("clerk"), || Clerk);
    /// for n in 0..4 {
    ///     clerk.tell(Order(n)).await?;
    /// }
    /// // The first order has the clerk leave; three are left behind.
    /// clerk.stopped().await;
    ///
    /// let other = system.spawn(ActorConfig::named("other").capacity(Lane::Interactive, 2), || Clerk);
    /// let replayed = system.dead_letters().replay::<Clerk, Order>(&other, &LetterFilter::new().actor("clerk"));
    /// assert_eq!((replayed.sent, replayed.left), (2, 1));
    /// assert_eq!(system.dead_letters().recent().len(), 1, "what did not fit is still there");
    /// # Ok(()) }
    /// ```
    pub fn replay<A, M>(&self, to: &Handle<A>, filter: &LetterFilter) -> Replayed
    where
        A: Actor<Context = Context<A>> + Handler<M>,
        M: Message + Send + 'static,
    {
        let mut replayed = Replayed::default();
        let mut sent: Vec<Arc<DeadLetter>> = Vec::new();
        let mut is_open = true;
        for letter in self.find(filter).into_iter().filter(|letter| letter.is_of::<M>()) {
            if !is_open && letter.has_message() {
                replayed.left += 1;
                continue;
            }
            let Some(message) = letter.take::<M>() else {
                replayed.empty += 1;
                continue;
            };
            match to.try_tell(message) {
                Ok(()) => sent.push(letter),
                Err(error) => {
                    letter.put_back(error.into_message());
                    replayed.left += 1;
                    is_open = false;
                }
            }
        }
        replayed.sent = sent.len();
        self.forget(&sent);
        replayed
    }
}
