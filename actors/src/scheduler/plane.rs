//! What the actor, the handles and the runs share.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::Context;
use patterns_core::reaper::Reaper;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::job::drop_quietly;
use super::messages::{Action, Add, Entered};
use super::run::Run;
use super::timetable::{Begun, Cut, Refused, Timetable};
use super::{DrainReceipt, ScheduleError, ScheduleId, SchedulerConfig, StartError};

/// How many schedules that are due are taken at a time, so that thousands of them don't hold up the
/// other actors of the system.
const BATCH: usize = 128;

/// The longest sleep at a time: tokio documents a limit of 2.2 years, and deadlines here have none.
const LONGEST_SLEEP: Duration = Duration::from_secs(86_400 * 30);

/// The timetable outlives an incarnation of the actor, which only it changes and drives.
pub(super) struct Plane {
    pub(super) config: SchedulerConfig,
    /// Where jobs run.
    runtime: Handle,
    /// What jobs inherit: the scheduler's token, its path, its reaper.
    context: Context,
    pub(super) table: Mutex<Timetable>,
    /// Something may be due earlier than it was.
    alarm: Notify,
}

impl Plane {
    pub(super) fn new(config: SchedulerConfig, system: String) -> Result<Arc<Self>, StartError> {
        config.validate()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let context = Context::root(Reaper::new()).named(system).named(config.name.clone());
        Ok(Arc::new(Self { config, runtime, context, table: Mutex::default(), alarm: Notify::new() }))
    }

    /// Enters a schedule.
    pub(super) fn add(self: &Arc<Self>, add: Add) -> Result<Entered, ScheduleError> {
        let Add { name, plan, job } = add;
        let token = self.context.token().child();
        let entered = self.table.lock().add(&name, &plan, Arc::clone(&job), token);
        let added = match entered {
            Ok(added) => added,
            Err(refused) => {
                drop_quietly(job);
                return Err(match refused {
                    Refused::Closed => ScheduleError::Closed,
                    Refused::NameTaken => ScheduleError::NameTaken { name },
                });
            }
        };
        self.alarm.notify_one();
        let plane = Arc::clone(self);
        let undo = Box::new(move |id| {
            plane.cancel(id, "nobody waited for it to be scheduled any more");
        });
        Ok(Entered { added, undo: Some(undo) })
    }

    /// Begins whatever is due, now and from now on.
    ///
    /// Dropped at any await it leaves the timetable whole, and can be called again.
    pub(super) async fn drive(self: Arc<Self>) {
        loop {
            let now = Instant::now();
            let (begun, next) = {
                let mut table = self.table.lock();
                let begun = self.take_on(table.fire(now, BATCH));
                (begun, table.earliest())
            };
            begun.into_iter().for_each(|run| drop(self.runtime.spawn(run.drive())));
            match next {
                Some(next) if next <= now => tokio::task::yield_now().await,
                Some(next) => {
                    let limit = now + LONGEST_SLEEP;
                    tokio::select! {
                        () = sleep_until(next.min(limit)) => {}
                        () = self.alarm.notified() => {}
                    }
                }
                None => self.alarm.notified().await,
            }
        }
    }

    /// Gives runs their contexts. With the timetable locked, so that nobody who waits for the reaper
    /// overlooks a run that has begun.
    fn take_on(self: &Arc<Self>, begun: impl IntoIterator<Item = Begun>) -> Vec<Run> {
        begun.into_iter().map(|begun| Run::new(self, &self.context, begun)).collect()
    }

    pub(super) fn control(self: &Arc<Self>, id: ScheduleId, action: Action) -> bool {
        match action {
            Action::Cancel => self.cancel(id, "its schedule was cancelled"),
            Action::Close => self.cut(|table, now, cut| table.end(id, now, cut), ""),
            Action::Pause => self.table.lock().pause(id),
            Action::Resume => {
                let resumed = self.table.lock().resume(id, Instant::now());
                self.alarm.notify_one();
                resumed
            }
            Action::Trigger => {
                let begun = {
                    let mut table = self.table.lock();
                    self.take_on(table.trigger(id, Instant::now()))
                };
                let started = !begun.is_empty();
                begun.into_iter().for_each(|run| drop(self.runtime.spawn(run.drive())));
                started
            }
        }
    }

    fn cancel(&self, id: ScheduleId, why: &'static str) -> bool {
        self.cut(|table, now, cut| table.cancel(id, now, cut), why)
    }

    /// Cancels every schedule; how many there were.
    pub(super) fn cancel_all(&self) -> usize {
        let all = |table: &mut Timetable, now, cut: &mut Cut| {
            table.ids().into_iter().filter(|id| table.cancel(*id, now, cut)).count()
        };
        self.cut(all, "all schedules were cancelled")
    }

    /// Takes no more schedules, and begins no more runs.
    pub(super) fn close(&self) {
        self.cut(Timetable::close, "");
    }

    fn cut<R>(&self, change: impl FnOnce(&mut Timetable, Instant, &mut Cut) -> R, why: &'static str) -> R {
        let mut cut = Cut::default();
        let result = change(&mut self.table.lock(), Instant::now(), &mut cut);
        for token in cut.tokens {
            token.cancel(why);
        }
        cut.jobs.into_iter().for_each(drop_quietly);
        cut.over.iter().for_each(|fate| fate.over.notify_waiters());
        result
    }

    /// Whether nothing runs, and nothing is left of what ran.
    pub(super) fn is_idle(&self) -> bool {
        self.context.reaper().live().is_empty()
    }

    /// Waits until nothing is left of what ran.
    pub(super) async fn idle(&self) {
        self.context.reaper().drained().await;
    }

    /// Asks everything that runs to stop, now and for ever.
    pub(super) fn stop(&self, why: &'static str) {
        self.context.token().cancel_with(CancelCause::new(CancelKind::Shutdown, why));
    }

    /// Finishes what runs, cancels the rest in time, and is over by the deadline.
    pub(super) async fn drain(&self, deadline: Instant) -> DrainReceipt {
        let start = Instant::now();
        self.close();
        let grace = self.config.grace;
        let last_call = deadline.checked_sub(grace).unwrap_or(start);
        if timeout_at(last_call, self.idle()).await.is_err() {
            self.stop("the scheduler was drained");
            // Runs are dropped when their grace is over; twice that only if they block.
            let limit = crate::system::after(Instant::now(), grace.saturating_mul(2));
            let _ = timeout_at(limit, self.idle()).await;
        }
        DrainReceipt {
            took: start.elapsed(),
            counts: self.table.lock().counts(),
            stragglers: self.context.reaper().live(),
        }
    }
}
