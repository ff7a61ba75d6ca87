//! Looking for the ends of jobs that somebody waits for.

use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::interruptible;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::super::desk::{Ending, Errand, Phase};
use super::super::driver::{BATCH, DriverError, JobDriver};
use super::super::{JobId, JobsError};
use super::take::{Floor, Pauses};
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};

/// Of many ends in a row not each has everybody look again.
const BREATH: Duration = Duration::from_millis(1);

impl Plane {
    /// How a job ended, when it has.
    pub(in crate::jobs) async fn ended(self: &Arc<Self>, job: JobId) -> Result<Arc<Ending>, JobsError> {
        let (to, ended) = oneshot::channel();
        if self.desk.lock().wait_for(job, to) {
            self.send(Errand::Looks);
        } else {
            self.curious.notify_one();
        }
        match interruptible(ended).await {
            Ok(Ok(ending)) => Ok(ending),
            Ok(Err(_)) => Err(JobsError::Closed),
            Err(interrupt) => Err(JobsError::Interrupted(interrupt)),
        }
    }

    /// Only one does, until nobody waits any more.
    pub(super) async fn look_for_ends(self: Arc<Self>) {
        let mut failures = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut floor = Floor::new();
        let (mut all, mut mark) = (true, self.mark());
        loop {
            let looked = Instant::now();
            let jobs = self.desk.lock().awaited(all);
            let Some(jobs) = jobs else { return };
            match self.look_at_all(&jobs).await {
                Ok(found) => {
                    failures.reset();
                    if found {
                        floor.reset();
                    }
                }
                Err(_) => {
                    sleep(failures.next()).await;
                    all = true;
                    continue;
                }
            }
            all = tokio::select! {
                () = self.woken(&[], mark) => true,
                () = sleep(self.config.poll) => true,
                () = self.curious.notified() => false,
                () = self.closed() => return,
            };
            if all {
                sleep(BREATH).await;
                floor.keep(looked).await;
                mark = self.mark();
            }
        }
    }

    /// Whether one of them is over.
    async fn look_at_all(self: &Arc<Self>, jobs: &[JobId]) -> Result<bool, DriverError> {
        let mut found = false;
        for jobs in jobs.chunks(BATCH) {
            let records = self.ask(self.driver.look(jobs)).await?;
            self.change(|desk, _, chores| {
                for (job, record) in jobs.iter().zip(records) {
                    found |= desk.looked_at(*job, record, chores);
                }
            });
        }
        Ok(found)
    }

    /// Has the engine do something, once, for somebody who waits for that.
    pub(in crate::jobs) async fn control<'a, T, F>(
        &'a self,
        ask: impl FnOnce(&'a dyn JobDriver) -> F,
    ) -> Result<T, JobsError>
    where
        F: Future<Output = Result<T, DriverError>> + 'a,
    {
        self.check_open()?;
        let asked = self.ask(ask(&*self.driver));
        interruptible(asked).await.map_err(JobsError::Interrupted)?.map_err(JobsError::Driver)
    }

    /// Whether the engine may still be asked.
    pub(in crate::jobs) fn check_open(&self) -> Result<(), JobsError> {
        if self.phase() == Phase::Closed { Err(JobsError::Closed) } else { Ok(()) }
    }
}
