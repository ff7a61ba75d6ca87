//! Signs of life, and what is learned by giving them.

use std::sync::Arc;

use tokio::time::{Instant, sleep, sleep_until};

use super::super::desk::Phase;
use super::super::driver::{DriverError, Owner};
use super::take::Pauses;
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};
use crate::system::after;

impl Plane {
    /// Enters us as an owner, again with each life, and gives signs of life: nothing else that takes long.
    pub(super) async fn give_signs(self: &Arc<Self>) {
        let period = self.config.lease / 3;
        // One that hangs is given up in time for the next two, of which each may hang as long.
        let patience = self.config.driver_timeout.min(period / 3 * 2);
        // Who is given up again and again does not come again at once.
        let mut lives = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        while self.phase() != Phase::Closed {
            let (owner, entered) = self.desk.lock().owner();
            let sent = Instant::now();
            let next = if entered {
                match self.ask_within(patience, self.driver.beat(&owner)).await {
                    Ok(Some(beat)) => {
                        lives.reset();
                        self.change(|desk, now, chores| desk.beaten(&owner, beat, sent, now, chores));
                        after(sent, period)
                    }
                    Ok(None) => {
                        self.be_gone(&owner);
                        sent
                    }
                    Err(_) => after(sent, period / 2),
                }
            } else {
                if !self.desk.lock().is_first_life() {
                    tokio::select! {
                        () = sleep(lives.next()) => {}
                        () = self.closed() => return,
                    }
                }
                if self.enter().await { Instant::now() } else { after(Instant::now(), period / 2) }
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.pulse.notified() => {}
            }
        }
    }

    /// Whether the engine knows us since now.
    async fn enter(self: &Arc<Self>) -> bool {
        let (name, is_first) = {
            let mut desk = self.desk.lock();
            let Some(name) = desk.enter() else { return false };
            (name, desk.is_first_life())
        };
        let entering = Entering { plane: self, owner: &name };
        let sent = Instant::now();
        let entered = self.tell_of_us(&name, is_first).await.is_ok();
        if entered {
            self.change(|desk, now, chores| desk.entered(&name, sent, now, chores));
        }
        drop(entering);
        if self.phase() == Phase::Closed {
            // We have left before we came, and nobody would ever see us again.
            let _ = self.leave(&name).await;
        }
        entered
    }

    async fn tell_of_us(&self, name: &str, is_first: bool) -> Result<bool, DriverError> {
        let mut instance = self.config.instance.clone();
        if !is_first && instance.is_some() {
            // A later life of the instance, which may be the reason for which we were given up, is not given up for us.
            let owners = self.ask(self.driver.owners()).await?;
            if owners.all.iter().any(|seen| seen.instance == instance && seen.owner != name) {
                let queue = &*self.config.name;
                tracing::warn!(
                    queue,
                    owner = name,
                    instance,
                    "another process has our instance, so we go on without it"
                );
                instance = None;
            }
        }
        let owner = Owner { owner: name.to_owned(), instance, poison: self.config.poison };
        self.ask(self.driver.enter(&owner)).await
    }

    /// Has what we have stop when no sign of life was answered for so long that others may do it.
    pub(super) async fn doubt(self: &Arc<Self>) {
        let period = self.config.lease / 3;
        loop {
            let at = self.desk.lock().doubts_at();
            // What is heard meanwhile is sure for longer than that, though it was sent a while before.
            let at = at.unwrap_or_else(|| after(Instant::now(), period / 2));
            tokio::select! {
                () = sleep_until(at) => {}
                () = self.closed() => return,
            }
            self.change(|desk, now, chores| desk.doubt(now, chores));
        }
    }
}

/// The engine is being told of us, until this is dropped.
struct Entering<'a> {
    plane: &'a Arc<Plane>,
    owner: &'a str,
}

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        self.plane.change(|desk, _, chores| desk.not_entering(self.owner, chores));
    }
}
