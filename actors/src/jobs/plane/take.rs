//! Taking jobs, as there is room for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::super::desk::{Phase, Want};
use super::super::driver::{Take, Taken};
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};

/// How long it waits, at first and at most, where others look at all the jobs that there are.
const CROWDED: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(500));

/// So many looks in vain may follow each other at once.
const FREE: u32 = 4;

/// The least time from one look in vain to the next after these, at first and at most.
const FLOOR: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

impl Plane {
    /// Takes jobs whenever there are some, and there is room for them.
    pub(super) async fn take_jobs(self: &Arc<Self>) {
        // Without queues the engine would wake for the ends of jobs.
        if self.workers.is_none() || self.queues.is_empty() {
            return;
        }
        let mut failures = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut crowded = Pauses::new(CROWDED.0, CROWDED.1);
        let mut floor = Floor::new();
        loop {
            // Who can't be sure of himself takes nothing, also if nobody was woken in time to say so.
            let want = self.change(|desk, now, chores| {
                desk.doubt(now, chores);
                desk.want()
            });
            let Some(want) = want else {
                if self.phase() == Phase::Closed {
                    return;
                }
                self.credit.notified().await;
                continue;
            };
            // What comes while the engine looks is not overlooked.
            let mark = self.mark();
            let asked = Instant::now();
            match self.ask(self.driver.take(&self.take(&want))).await {
                Err(error) => {
                    if error.is_final() {
                        self.change(|desk, _, chores| desk.not_taken(&want, chores));
                    }
                    tokio::select! {
                        () = sleep(failures.next()) => {}
                        () = self.closed() => return,
                    }
                }
                Ok(None) => self.be_gone(&want.owner),
                Ok(Some(Taken { jobs, next, .. })) => {
                    failures.reset();
                    let (got, most) = (jobs.len(), want.most);
                    self.deliver_all(&want, jobs);
                    if got > 0 {
                        crowded.reset();
                        floor.reset();
                    }
                    let soon = next.is_some_and(|next| next.is_zero());
                    if got < most && !(soon && got > 0) {
                        let pause = match next {
                            Some(_) if soon => crowded.next(),
                            Some(next) => next.min(self.config.poll),
                            None => self.config.poll,
                        };
                        self.rest(&want, mark, pause).await;
                        if got == 0 {
                            floor.keep(asked).await;
                        }
                    }
                }
            }
        }
    }

    fn take(&self, want: &Want) -> Take {
        Take {
            owner: want.owner.to_string(),
            serial: want.serial,
            queues: self.queues.clone(),
            most: want.most,
            suspect: want.suspect,
            ageing: self.config.ageing,
        }
    }

    /// Waits until there may be something to be taken.
    async fn rest(&self, want: &Want, mark: u64, pause: Duration) {
        // A suspect is only looked for when none is held any more; and a queue that closes need not wait.
        let credit = async {
            loop {
                self.credit.notified().await;
                let desk = self.desk.lock();
                if desk.phase != Phase::Open || (!want.suspect && !desk.has_suspect()) {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.woken(&self.queues, mark) => {}
            () = sleep(pause) => {}
            () = credit => {}
        }
    }
}

/// Keeps those who look in vain from doing it again at once, and again: whoever wakes them may do so for no reason.
pub(super) struct Floor {
    /// How many looks in a row were in vain, and soon after the one before.
    in_vain: u32,
    pauses: Pauses,
}

impl Floor {
    pub(super) fn new() -> Self {
        Self { in_vain: 0, pauses: Pauses::new(FLOOR.0, FLOOR.1) }
    }

    /// A look was not in vain.
    pub(super) fn reset(&mut self) {
        self.in_vain = 0;
        self.pauses.reset();
    }

    /// Waits until it is long enough since that look, which was in vain: longer each time in a row.
    pub(super) async fn keep(&mut self, looked: Instant) {
        if looked.elapsed() >= FLOOR.1 {
            self.reset();
        } else if self.in_vain < FREE {
            self.in_vain += 1;
        } else {
            sleep_until(looked + self.pauses.next()).await;
        }
    }
}

/// Pauses that grow.
pub(in crate::jobs) struct Pauses {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pauses {
    pub(in crate::jobs) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The next one, less a random part, so that many who failed together don't come back together.
    pub(in crate::jobs) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause.mul_f64(rand::random_range(0.5..=1.0))
    }

    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}
