//! Those who do something beside all else.

use std::sync::Arc;

use patterns_core::outcome::catch_panics;
use tokio::time::sleep;

use super::super::desk::Errand;
use super::take::Pauses;
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};

impl Errand {
    fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Puts => "put",
            Self::Looks => "look",
        }
    }

    /// Whether a drain waits for it. Who looks for others goes home when nobody waits for anything.
    fn is_awaited(self) -> bool {
        self != Self::Looks
    }
}

impl Plane {
    /// Sends somebody, where the desk has said that nobody is at it.
    pub(super) fn send(self: &Arc<Self>, errand: Errand) {
        let context = self.context.named(errand.name());
        let tracked = errand.is_awaited().then(|| context.reaper().track(context.path().clone()));
        let at_work = AtWork { plane: Arc::clone(self), errand, is_over: false };
        drop(self.runtime.spawn(context.scope(async move {
            let _tracked = tracked;
            at_work.run().await;
        })));
    }
}

/// Somebody on his errand. If he is dropped, as his runtime ends, the desk knows that nobody is at it.
struct AtWork {
    plane: Arc<Plane>,
    errand: Errand,
    is_over: bool,
}

impl AtWork {
    /// Goes on after a panic: what he does calls foreign code, like a subscriber of `tracing`.
    async fn run(mut self) {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let plane = Arc::clone(&self.plane);
            let done = match self.errand {
                Errand::Answers => catch_panics(plane.write_answers()).await,
                Errand::Puts => catch_panics(plane.put_parcels()).await,
                Errand::Looks => catch_panics(plane.look_for_ends()).await,
            };
            let Err(panic) = done else { break };
            let (queue, errand) = (&*self.plane.config.name, self.errand.name());
            tracing::error!(queue, errand, %panic, "it has panicked, and begins again");
            sleep(pauses.next()).await;
        }
        self.is_over = true;
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if !self.is_over {
            self.plane.desk.lock().died(self.errand);
            self.plane.settled.notify_waiters();
        }
    }
}
