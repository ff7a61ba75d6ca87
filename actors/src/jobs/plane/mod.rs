//! What the actor, the handles and the deliveries share.

mod clerk;
mod deliver;
mod end;
mod errand;
mod house;
mod look;
mod pulse;
mod put;
mod take;
mod watcher;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::Context;
use patterns_core::outcome::{catch_panic, catch_panics};
use patterns_core::reaper::Reaper;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep};

pub(super) use deliver::dead_as_expired;
pub(super) use take::Pauses;

use super::desk::{Chores, Desk, Errand, Key, Phase, Rules};
use super::driver::{Answer, DriverError, End, JobDriver};
use super::handler::Handlers;
use super::meters::Meters;
use super::rate::Lines;
use super::{AnswerError, JobQueueConfig, JobQueueStatus, StartError, Term};
use crate::WorkerPool;
use crate::asked::within;

/// From the first failure of the engine to asking it again; doubles with each.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two attempts.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The desk outlives an incarnation of the actor.
pub(super) struct Plane {
    pub(super) config: JobQueueConfig,
    pub(super) driver: Arc<dyn JobDriver>,
    handlers: Handlers,
    /// The queues that it takes from.
    queues: Vec<String>,
    /// Whether it would lead.
    leads: bool,
    /// Where jobs run; `None` if there is nothing that could.
    workers: Option<Workers>,
    runtime: Handle,
    /// What jobs inherit: the queue's token, its path, its reaper.
    context: Context,
    desk: Mutex<Desk>,
    meters: Meters,
    /// The term in which we lead.
    pub(super) term: watch::Sender<Option<Term>>,
    /// There may be room for another job.
    credit: Notify,
    /// A sign of life is due.
    pulse: Notify,
    /// There is something new to be known of the others, or of who leads.
    watch: Notify,
    /// Who waits for the end of what is held may look.
    settled: Notify,
    /// There is somebody new who waits for the end of a job.
    curious: Notify,
    /// The engine knows that we are gone.
    left: AtomicBool,
    /// Those who wait for turns of shared rates.
    pub(super) lines: Lines,
}

/// Where jobs run.
pub(super) struct Workers {
    pub(super) pool: WorkerPool,
    /// They do nothing else, and end with the queue.
    pub(super) is_own: bool,
}

/// What a queue is made of.
pub(super) struct Parts {
    pub(super) config: JobQueueConfig,
    pub(super) driver: Arc<dyn JobDriver>,
    pub(super) handlers: Handlers,
    pub(super) queues: Vec<String>,
    pub(super) leads: bool,
    pub(super) workers: Option<Workers>,
}

impl Plane {
    pub(super) fn new(parts: Parts, system: String) -> Result<Arc<Self>, StartError> {
        let Parts { config, driver, handlers, queues, leads, workers } = parts;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let context = Context::root(Reaper::new()).named(system).named(config.name.clone());
        let rules = Rules { concurrency: config.concurrency, lease: config.lease, grace: config.grace };
        let desk = Mutex::new(Desk::new(rules, new_owner(&config.name)));
        let meters = Meters::new(&config.name);
        let plane = Self {
            config,
            driver,
            handlers,
            queues,
            leads,
            workers,
            runtime,
            context,
            desk,
            meters,
            term: watch::Sender::new(None),
            credit: Notify::new(),
            pulse: Notify::new(),
            watch: Notify::new(),
            settled: Notify::new(),
            curious: Notify::new(),
            left: AtomicBool::new(false),
            lines: Lines::default(),
        };
        Ok(Arc::new(plane))
    }

    /// Whether there is anything for which it must be an owner.
    pub(super) fn is_owner(&self) -> bool {
        self.workers.is_some() || self.leads
    }

    /// Does what a queue does by itself, from now on until it is closed.
    ///
    /// Dropped at any await it leaves the desk whole, and can be called again.
    pub(super) async fn drive(self: Arc<Self>) {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        // A panic of foreign code, like a subscriber of `tracing`, must not cost the queue its life.
        while let Err(panic) = catch_panics(self.live()).await {
            tracing::error!(queue = &*self.config.name, %panic, "its own loops have panicked, and begin again");
            sleep(pauses.next()).await;
        }
    }

    async fn live(self: &Arc<Self>) {
        if self.is_owner() {
            tokio::join!(self.take_jobs(), self.give_signs(), self.watch_others(), self.doubt(), self.keep_house());
        }
    }

    /// Changes the desk, and does outside of its lock what comes of that.
    pub(super) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Desk, Instant, &mut Chores) -> R) -> R {
        let mut chores = Chores::default();
        let (result, to_answer, counts) = {
            let mut desk = self.desk.lock();
            let result = change(&mut desk, Instant::now(), &mut chores);
            (result, desk.letters.hire_for_answers(), desk.counts())
        };
        if to_answer {
            self.send(Errand::Answers);
        }
        if chores.credit {
            self.credit.notify_one();
        }
        if chores.pulse {
            self.pulse.notify_one();
        }
        if chores.watch {
            self.watch.notify_one();
        }
        if chores.settled {
            self.settled.notify_waiters();
        }
        if chores.term {
            self.see_term();
        }
        chores.do_all();
        self.meters.tell(counts);
        result
    }

    /// Asks the engine once.
    pub(super) async fn ask<T>(&self, asked: impl Future<Output = Result<T, DriverError>>) -> Result<T, DriverError> {
        self.ask_within(self.config.driver_timeout, asked).await
    }

    async fn ask_within<T>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        let answer = within(limit, asked).await;
        match &answer {
            Ok(_) => self.desk.lock().reached(),
            // It was reached, and says no.
            Err(DriverError::Refused(_)) => self.desk.lock().reached(),
            Err(error) => {
                let is_first = self.desk.lock().failed(error.clone(), Instant::now());
                // What comes of it is seen, too: who waits for how long, and what it stops.
                match is_first {
                    true => tracing::warn!(queue = &*self.config.name, %error, "the jobs' engine failed"),
                    false => tracing::debug!(queue = &*self.config.name, %error, "the jobs' engine failed again"),
                }
            }
        }
        answer
    }

    /// What is waited from; if the engine can't tell, from anything.
    fn mark(&self) -> u64 {
        catch_panic(|| self.driver.mark()).unwrap_or_else(|panic| {
            tracing::error!(queue = &*self.config.name, %panic, "the jobs' engine can't tell of new jobs");
            0
        })
    }

    /// Waits until the engine says that something may have happened.
    async fn woken(&self, queues: &[String], mark: u64) {
        if let Err(panic) = catch_panics(self.driver.woken(queues, mark)).await {
            tracing::error!(queue = &*self.config.name, %panic, "the jobs' engine can't tell of new jobs");
            std::future::pending::<()>().await;
        }
    }

    /// We were given up, and begin anew.
    fn be_gone(self: &Arc<Self>, owner: &str) {
        let next = new_owner(&self.config.name);
        if self.change(|desk, _, chores| desk.gone(owner, next, chores)) {
            tracing::warn!(queue = &*self.config.name, owner, "given up by others, who do our jobs now");
        }
    }

    /// Tells whether we lead, and in which term. The desk is asked here, so that the last to come tells what holds last.
    fn see_term(&self) {
        let mut old = None;
        self.term.send_if_modified(|now| {
            let term = self.desk.lock().term();
            if now.as_ref().map(Term::number) == term {
                return false;
            }
            let next = term.map(|number| Term::new(number, self.context.token().child()));
            old = std::mem::replace(now, next);
            true
        });
        // It wakes those who lead, who may look at the term.
        old.into_iter().for_each(Term::end);
    }

    /// Sees whether it is time to be unsure, for who can't wait until somebody has been woken who does.
    pub(super) fn look_at_clock(self: &Arc<Self>) {
        self.change(|desk, now, chores| desk.doubt(now, chores));
    }

    pub(super) fn settle(self: &Arc<Self>, answer: Answer, reply: Option<oneshot::Sender<Result<(), AnswerError>>>) {
        self.change(|desk, _, chores| desk.settle(answer, reply, chores));
    }

    pub(super) fn failure(&self, key: Key, error: String, after: Option<Duration>) -> End {
        self.desk.lock().failure(key, error, after)
    }

    pub(super) fn phase(&self) -> Phase {
        self.desk.lock().phase
    }

    pub(super) fn status(&self) -> JobQueueStatus {
        self.desk.lock().status(Instant::now())
    }
}

/// A name that no other life has.
fn new_owner(name: &str) -> Arc<str> {
    format!("{name}-{:016x}", rand::random::<u64>()).into()
}
