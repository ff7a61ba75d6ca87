//! What the actor, the handles and the runs share.

mod clerk;
mod end;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use patterns_core::context::Context;
use patterns_core::outcome::catch_panic;
use patterns_core::reaper::Reaper;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::clock::{Now, WallClock, later};
use super::messages::{Action, Add, Entered};
use super::meters::Meters;
use super::run::Run;
use super::store::{Lease, ScheduleStore};
use super::timetable::{Begun, Effects, Refused, Timetable};
use super::{ScheduleError, ScheduleId, SchedulerConfig, SchedulerStatus, StartError};
use crate::quiet::drop_quietly;

/// How many runs that are due are begun at a time, so that thousands of them don't hold up the
/// other actors of the system.
const BATCH: usize = 128;

/// The longest sleep at a time: tokio documents a limit of 2.2 years, and deadlines here have none.
const LONGEST_SLEEP: Duration = Duration::from_secs(86_400 * 30);

/// The timetable outlives an incarnation of the actor, which only it changes and drives.
pub(super) struct Plane {
    pub(super) config: SchedulerConfig,
    pub(super) store: Option<Arc<dyn ScheduleStore>>,
    clock: Arc<dyn WallClock>,
    /// Names this life of this scheduler in the store.
    owner: String,
    /// Where jobs run.
    runtime: Handle,
    /// What jobs inherit: the scheduler's token, its path, its reaper.
    context: Context,
    pub(super) table: Mutex<Timetable>,
    meters: Meters,
    /// Something may be due earlier than it was.
    alarm: Notify,
}

impl Plane {
    pub(super) fn new(
        config: SchedulerConfig,
        clock: Arc<dyn WallClock>,
        store: Option<Arc<dyn ScheduleStore>>,
        system: String,
    ) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let context = Context::root(Reaper::new()).named(system).named(config.name.clone());
        let owner = format!("{}-{:016x}", config.name, rand::random::<u64>());
        let table = Mutex::new(Timetable::new(read(&*clock), &config));
        let meters = Meters::new(&config.name);
        Ok(Arc::new(Self { config, store, clock, owner, runtime, context, table, meters, alarm: Notify::new() }))
    }

    /// What both clocks read.
    pub(super) fn now(&self) -> Now {
        read(&*self.clock)
    }

    /// A sign of life.
    fn lease(&self) -> Lease {
        let until = later(self.now().wall, self.config.lease).unwrap_or(Timestamp::MAX);
        Lease { owner: self.owner.clone(), until }
    }

    /// Changes the timetable, and does outside of its lock what comes of that.
    pub(super) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Timetable, Now, &mut Effects) -> R) -> R {
        self.change_at(self.now(), change)
    }

    fn change_at<R>(self: &Arc<Self>, now: Now, change: impl FnOnce(&mut Timetable, Now, &mut Effects) -> R) -> R {
        let mut fx = Effects::default();
        let (result, runs, counted) = {
            let mut table = self.table.lock();
            let result = change(&mut table, now, &mut fx);
            table.post(&mut fx);
            let counted = std::mem::take(&mut table.untold);
            (result, self.take_on(std::mem::take(&mut fx.begun)), counted)
        };
        runs.into_iter().for_each(|run| drop(self.runtime.spawn(run.drive())));
        self.send_a_clerk();
        for (token, why) in fx.tokens {
            token.cancel(why);
        }
        fx.jobs.into_iter().for_each(drop_quietly);
        fx.over.iter().for_each(|fate| fate.over.notify_waiters());
        if let Some(step) = fx.step {
            tracing::info!(scheduler = &*self.config.name, "the wall clock was set, or we slept: off by {step:#}");
        }
        if fx.alarm {
            self.alarm.notify_one();
        }
        self.meters.tell(counted);
        result
    }

    /// Gives runs their contexts. With the timetable locked, so that nobody who waits for the reaper
    /// overlooks a run that has begun.
    fn take_on(self: &Arc<Self>, begun: Vec<Begun>) -> Vec<Run> {
        begun.into_iter().map(|begun| Run::new(self, &self.context, begun)).collect()
    }

    /// Enters a schedule.
    pub(super) fn add(self: &Arc<Self>, add: Add) -> Result<Entered, ScheduleError> {
        let Add { name, plan, job } = add;
        let token = self.context.token().child();
        let entered = self.change(|table, now, fx| table.add(&name, plan, Arc::clone(&job), token, now, fx));
        // Of a schedule that has ended already, this is the last.
        drop_quietly(job);
        match entered {
            Ok(added) => {
                let plane = Arc::clone(self);
                let undo = Box::new(move |id| {
                    plane.cancel(id, "nobody waited for it to be scheduled any more");
                });
                Ok(Entered { added, undo: Some(undo) })
            }
            Err(Refused::Closed) => Err(ScheduleError::Closed),
            Err(Refused::NameTaken) => Err(ScheduleError::NameTaken { name }),
        }
    }

    /// Begins whatever is due, now and from now on.
    ///
    /// Dropped at any await it leaves the timetable whole, and can be called again.
    pub(super) async fn drive(self: Arc<Self>) {
        loop {
            let now = self.now();
            let next = self.change_at(now, |table, now, fx| {
                table.fire(now, BATCH, fx);
                // Nobody else need be told what this is about to see for itself.
                fx.alarm = false;
                table.earliest(now, self.config.clock_poll)
            });
            match next {
                Some(next) if next <= now.instant => tokio::task::yield_now().await,
                Some(next) => {
                    let limit = now.instant + LONGEST_SLEEP;
                    tokio::select! {
                        () = sleep_until(next.min(limit)) => {}
                        () = self.alarm.notified() => {}
                    }
                }
                None => self.alarm.notified().await,
            }
        }
    }

    pub(super) fn control(self: &Arc<Self>, id: ScheduleId, action: Action) -> bool {
        self.change(|table, now, fx| match action {
            Action::Cancel => table.cancel(id, "its schedule was cancelled", now, fx),
            Action::Close => table.end(id, now, fx),
            Action::Pause => table.pause(id, now, fx),
            Action::Resume => table.resume(id, now, fx),
            Action::Trigger => table.trigger(id, now, fx),
        })
    }

    fn cancel(self: &Arc<Self>, id: ScheduleId, why: &'static str) -> bool {
        self.change(|table, now, fx| table.cancel(id, why, now, fx))
    }

    /// Cancels every schedule; how many there were.
    pub(super) fn cancel_all(self: &Arc<Self>) -> usize {
        let why = "all schedules were cancelled";
        self.change(|table, now, fx| table.ids().into_iter().filter(|id| table.cancel(*id, why, now, fx)).count())
    }

    pub(super) fn status(&self) -> SchedulerStatus {
        let now = self.now();
        self.table.lock().status(now, self.store.is_some())
    }
}

/// What both clocks read.
fn read(clock: &dyn WallClock) -> Now {
    let wall = catch_panic(|| clock.now()).unwrap_or_else(|panic| {
        tracing::error!(%panic, "the wall clock that was given failed, so the system's is read");
        Timestamp::now()
    });
    Now { instant: Instant::now(), wall }
}
