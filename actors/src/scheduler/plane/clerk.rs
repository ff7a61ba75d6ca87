//! Who takes letters to the store: a task that is there as long as there are any.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::Context;
use patterns_core::reaper::Tracked;
use patterns_core::retry::Exponential;
use tokio::time::{Instant, sleep};

use super::super::store::{Lease, Recovered, Registered, Registration, ScheduleStore, StoreError, Verdict};
use super::super::timetable::{self, Batch};
use super::Plane;
use crate::asked::within;

/// From the first failure of the store to asking it again; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a store's method gives.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

struct Clerk {
    plane: Arc<Plane>,
    context: Context,
    /// What is under way. What has been dealt with is taken out.
    batch: Batch,
    /// He was not sent home, but dropped with his runtime.
    at_work: bool,
    /// Dropped last, so that who waits for the reaper finds everything written.
    _tracked: Tracked,
}

impl Plane {
    /// Sends a clerk if there is something to be written and none is at it.
    pub(super) fn send_a_clerk(self: &Arc<Self>) {
        let Some(store) = self.store.clone() else { return };
        let clerk = {
            let mut table = self.table.lock();
            if !table.outbox.hire() {
                return;
            }
            let context = self.context.named("store");
            let tracked = context.reaper().track(context.path().clone());
            let (plane, batch) = (Arc::clone(self), Batch::default());
            Clerk { plane, context, batch, at_work: true, _tracked: tracked }
        };
        let context = clerk.context.clone();
        drop(self.runtime.spawn(context.scope(clerk.work(store))));
    }

    /// Registers a schedule, as a task of the scheduler: whoever asked may be gone by then.
    pub(in super::super) async fn register(
        self: &Arc<Self>,
        registration: Registration,
    ) -> Option<Result<Registered, StoreError>> {
        let ask = |store: Arc<dyn ScheduleStore>| async move { store.register(&registration).await };
        self.ask_once("register", ask).await
    }

    /// Has the store forget a schedule.
    pub(in super::super) async fn forget(self: &Arc<Self>, name: String) -> Option<Result<bool, StoreError>> {
        let ask = |store: Arc<dyn ScheduleStore>| async move { store.forget(&name).await };
        self.ask_once("forget", ask).await
    }

    /// Asks the store once, in a task of the scheduler's. `None` if there is no store, or no runtime any more.
    async fn ask_once<T, F>(
        self: &Arc<Self>,
        what: &'static str,
        ask: impl FnOnce(Arc<dyn ScheduleStore>) -> F,
    ) -> Option<Result<T, StoreError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let asked = ask(self.store.clone()?);
        let context = self.context.named(what);
        let tracked = context.reaper().track(context.path().clone());
        let limit = self.config.store_timeout;
        let task = self.runtime.spawn(context.scope(async move {
            let _tracked = tracked;
            within(limit, asked).await
        }));
        task.await.ok()
    }
}

impl Clerk {
    async fn work(mut self, store: Arc<dyn ScheduleStore>) {
        loop {
            let batch = self.plane.table.lock().outbox.take();
            match batch {
                Some(batch) => self.batch = batch,
                None => {
                    self.at_work = false;
                    return;
                }
            }
            if self.write(&*store).await.is_none() {
                return;
            }
        }
    }

    /// Deals with a batch. `None` if the store failed and there is no time to ask it again.
    async fn write(&mut self, store: &dyn ScheduleStore) -> Option<()> {
        if !self.batch.passed.is_empty() {
            let passed = &self.batch.passed;
            // The clock is read for each attempt: another scheduler may have gone on in between.
            self.insist(|_| {
                let now = self.plane.now().wall;
                Box::pin(async move { store.pass(now, passed).await })
            })
            .await?;
            self.batch.passed.clear();
        }
        if !self.batch.finished.is_empty() {
            let finished = &self.batch.finished;
            self.insist(|lease| Box::pin(async move { store.finish(&lease, finished).await })).await?;
            self.batch.finished.clear();
        }
        if !self.batch.claims.is_empty() {
            let claims: Vec<_> = self.batch.claims.iter().map(|(_, claim)| claim.clone()).collect();
            let claims = &claims;
            let ask = |lease: Lease| -> Answer<'_, Vec<Verdict>> {
                Box::pin(async move { counted(store.claim(&lease, claims).await, claims.len()) })
            };
            let verdicts = self.insist(ask).await?;
            let claims = std::mem::take(&mut self.batch.claims);
            self.plane.change(|table, now, fx| {
                for ((id, claim), verdict) in claims.into_iter().zip(verdicts) {
                    table.answered(id, claim.instant, verdict, now, fx);
                }
            });
        }
        if std::mem::take(&mut self.batch.renew) {
            let schedules = self.plane.table.lock().durable();
            for schedules in schedules.chunks(timetable::BATCH) {
                let ask = |lease: Lease| -> Answer<'_, Vec<Recovered>> {
                    let now = self.plane.now().wall;
                    Box::pin(async move { counted(store.recover(&lease, now, schedules).await, schedules.len()) })
                };
                let recovered = self.insist(ask).await?;
                self.plane.change(|table, now, fx| {
                    for (schedule, recovered) in schedules.iter().zip(recovered) {
                        table.recovered(schedule, recovered, now, fx);
                    }
                });
            }
        }
        Some(())
    }

    /// Asks the store until it answers; `None` if it has not when the scheduler is stopped.
    async fn insist<'a, T>(&'a self, ask: impl Fn(Lease) -> Answer<'a, T>) -> Option<T> {
        let token = self.context.token();
        let config = &self.plane.config;
        for pause in Exponential::new(FIRST_PAUSE) {
            let hurry = async {
                token.cancelled().await;
                sleep(config.grace).await;
            };
            let answer = tokio::select! {
                biased;
                answer = within(config.store_timeout, ask(self.plane.lease())) => answer,
                () = hurry => Err(StoreError::TimedOut(config.grace)),
            };
            match answer {
                Ok(answer) => {
                    self.plane.table.lock().outbox.answered();
                    return Some(answer);
                }
                Err(error) => {
                    tracing::warn!(scheduler = &*config.name, %error, "durable schedules wait for their store");
                    self.plane.table.lock().outbox.failed(error, Instant::now());
                }
            }
            tokio::select! {
                biased;
                _ = token.cancelled() => return None,
                () = sleep(pause.min(LONGEST_PAUSE)) => {}
            }
        }
        None
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        if !self.at_work {
            return;
        }
        let Batch { claims, finished, .. } = std::mem::take(&mut self.batch);
        let lost = finished.len();
        self.plane.change(|table, now, fx| {
            let waiting = table.outbox.give_up(lost);
            for (id, claim) in claims.into_iter().chain(waiting) {
                table.uncommitted(id, claim.instant, now, fx);
            }
        });
    }
}

/// An answer with an item for each question.
fn counted<T>(answer: Result<Vec<T>, StoreError>, asked: usize) -> Result<Vec<T>, StoreError> {
    answer.and_then(|items| match items.len() {
        n if n == asked => Ok(items),
        n => Err(StoreError::new(format!("it gave {n} answers to {asked} questions"))),
    })
}
