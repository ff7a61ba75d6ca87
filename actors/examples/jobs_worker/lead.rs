//! A schedule that fires into the queue, in the process that leads.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::{Job, JobQueue, PutError};
use actors::scheduler::store::ScheduleStore;
use actors::scheduler::{CatchUp, Firing, OnInterrupted, Overlap};
use actors::{Scheduler, System};
use patterns_core::cancel::CancelToken;
use patterns_core::outcome::BoxError;
use patterns_core::shutdown::Shutdown;
use tokio::time::{Instant, sleep};

use crate::fenced::Fenced;
use crate::kinds::Fired;

/// The schedule's name.
const SCHEDULE: &str = "beat";

/// How often it is looked at who leads, and whether there is to be a schedule.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a leader may take to put what is due, before it is gone.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Fires while this process leads.
pub(crate) struct Lead {
    pub(crate) queue: JobQueue,
    /// Where the schedule is kept: by the same engine as the jobs, if that can.
    pub(crate) store: Arc<dyn ScheduleStore>,
    /// There is a schedule while the file `period` is in it, which has the period in milliseconds.
    pub(crate) folder: PathBuf,
    pub(crate) lease: Duration,
}

impl Lead {
    /// Fires whenever it leads, until it is asked to stop; then nothing is left half done.
    pub(crate) async fn run(&self, system: &System, stop: &Shutdown) -> Result<(), Box<dyn Error>> {
        while !stop.is_requested() {
            let term = self.queue.leader().term();
            if let (Some(term), Some(period)) = (term, period(&self.folder)) {
                self.reign(term.token().clone(), period, system, stop).await?;
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                _ = stop.requested() => {}
            }
        }
        Ok(())
    }

    /// One term.
    async fn reign(
        &self,
        lost: CancelToken,
        period: Duration,
        system: &System,
        stop: &Shutdown,
    ) -> Result<(), Box<dyn Error>> {
        let store = Fenced { store: Arc::clone(&self.store), lost: lost.clone() };
        let lease = self.lease.max(Duration::from_secs(1));
        let builder = Scheduler::builder().lease(lease).overlap_limit(10_000).history(1_000);
        let scheduler = builder.store(store).start(system)?;
        // No instant is left out, however long there was no leader. One whose run was cut off is put again, which the
        // id makes harmless.
        let all = CatchUp::All { within: Duration::from_secs(86_400), at_most: 10_000 };
        let beat = scheduler.every(SCHEDULE, period).overlap(Overlap::Allow).catch_up(all);
        let beat = beat.on_interrupted(OnInterrupted::RunAgain).durable();
        let (queue, token) = (self.queue.clone(), lost.clone());
        let registered = beat.run(move || fire(queue.clone(), token.clone())).await;
        if registered.is_ok() {
            tokio::select! {
                _ = lost.cancelled() => {}
                _ = stop.requested() => {}
                () = called_off(&self.folder) => {}
            }
        }
        // Who does not lead any more has nothing to say, so there is nothing to wait for.
        let patience = if lost.is_cancelled() { Duration::ZERO } else { LAST_WORDS };
        drop(scheduler.drain(Instant::now() + patience).await);
        Ok(())
    }
}

/// Puts the job of an instant, whatever fails, as long as the term lasts. If that ends before, nobody hears of this
/// run's failure: the store takes no word of who was deposed, and the next leader finds the run cut off.
async fn fire(queue: JobQueue, lost: CancelToken) -> Result<(), BoxError> {
    let firing = Firing::current().ok_or("this is no run")?;
    let entry = Fired { instant: firing.instant.to_string() }.entry().of_firing(&firing);
    loop {
        // The same sign that the store goes by: where this run fails for it, the store has not heard of that.
        if lost.is_cancelled() {
            return Err("the lead was lost".into());
        }
        match queue.put::<Fired>(entry.clone()).await {
            Ok(_) => return Ok(()),
            Err(error @ PutError::Closed) => return Err(error.into()),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

fn period(folder: &Path) -> Option<Duration> {
    let text = fs::read_to_string(folder.join("period")).ok()?;
    text.trim().parse().ok().map(Duration::from_millis)
}

async fn called_off(folder: &Path) {
    while period(folder).is_some() {
        sleep(PAUSE).await;
    }
}
