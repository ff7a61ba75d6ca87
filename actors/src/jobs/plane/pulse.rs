//! Signs of life, and what is learned by giving them.

use std::sync::Arc;

use tokio::time::{Instant, sleep, sleep_until};

use super::super::desk::{Heard, Phase};
use super::super::driver::{Eviction, Leadership, Owner};
use super::Plane;

impl Plane {
    /// Enters us as an owner, again with each life, and gives signs of life. Gives up those who give none.
    pub(super) async fn give_signs(self: &Arc<Self>) {
        let period = self.config.lease / 3;
        loop {
            if self.phase() == Phase::Closed {
                return;
            }
            let (owner, entered) = self.desk.lock().owner();
            let sent = Instant::now();
            let next = if !entered {
                if self.enter(&owner, sent).await { sent } else { sent + period / 2 }
            } else {
                match self.ask_within(period.min(self.config.driver_timeout), self.driver.beat(&owner)).await {
                    Ok(Some(beat)) => {
                        let heard = self.change(|desk, now, chores| desk.beaten(&owner, beat, sent, now, chores));
                        self.heed(&owner, heard).await;
                        sent + period
                    }
                    Ok(None) => {
                        self.be_gone(&owner);
                        sent
                    }
                    Err(_) => sent + period / 2,
                }
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.pulse.notified() => {}
            }
        }
    }

    /// Whether the engine knows us now.
    async fn enter(self: &Arc<Self>, name: &str, sent: Instant) -> bool {
        if self.phase() != Phase::Open {
            return false;
        }
        let (instance, poison) = (self.config.instance.clone(), self.config.poison);
        let owner = Owner { owner: name.to_owned(), instance, poison };
        let entered = self.ask(self.driver.enter(&owner)).await.is_ok();
        if entered {
            self.change(|desk, _, chores| desk.entered(name, sent, chores));
        }
        entered
    }

    /// Does what is to be done about what was heard.
    async fn heed(self: &Arc<Self>, owner: &str, heard: Heard) {
        let Heard { silent, mut vacant, mut term } = heard;
        for (other, beat) in silent {
            match self.ask(self.driver.evict(&other, beat)).await {
                Ok(Eviction::Gone { handed_back, poisoned }) if handed_back + poisoned > 0 => {
                    let queue = &*self.config.name;
                    tracing::warn!(
                        queue,
                        owner = &*other,
                        handed_back,
                        poisoned,
                        "gave no sign of life, and was given up"
                    );
                }
                Ok(_) | Err(_) => {}
            }
            vacant = true;
        }
        let is_open = self.phase() == Phase::Open;
        if !is_open && let Some(term) = term.take() {
            // Somebody else is to lead before all that we have is over.
            let _ = self.ask(self.driver.resign(&Leadership { term, owner: owner.to_owned() })).await;
        }
        if self.leads && vacant && term.is_none() && is_open {
            let leader = self.ask(self.driver.campaign(owner)).await.ok().flatten();
            term = leader.filter(|leader| leader.owner == owner).map(|leader| leader.term);
        }
        self.lead(term);
    }

    /// Has what we have stop when no sign of life was answered for so long that others may do it.
    pub(super) async fn doubt(self: &Arc<Self>) {
        loop {
            let at = self.desk.lock().doubts_at();
            match at {
                Some(at) => sleep_until(at).await,
                None => sleep(self.config.lease / 3).await,
            }
            if self.phase() == Phase::Closed {
                return;
            }
            self.change(|desk, now, chores| desk.doubt(now, chores));
        }
    }
}
