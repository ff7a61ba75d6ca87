//! Who looks after the service while it runs: whether the database is there and still ours, what was left, and what is
//! old.

use std::sync::Arc;
use std::time::Duration;

use actors::{Component, Readiness, Receipt};
use async_trait::async_trait;
use jiff::SignedDuration;
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until, timeout, timeout_at};

use super::core::Core;
use super::delivery::Delivery;
use super::view::EventKind;
use crate::store::{Ours, ServeLock, StoreError};

/// How often it is looked whether the database is there, while it is.
const CALM: Duration = Duration::from_secs(30);

/// The same while it isn't.
const WORRIED: Duration = Duration::from_secs(1);

/// How often what was left is gone on with.
const ROUND: Duration = Duration::from_secs(60);

/// How often what is old is forgotten.
const PRUNE: Duration = Duration::from_secs(3_600);

/// How long a queue may take to say whether its jobs are taken.
const PATIENCE: Duration = Duration::from_secs(3);

/// The keeper's task, as a part of the service.
pub(crate) struct Keeper {
    stop: CancelToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    pub(crate) fn start(keep: impl Future<Output = ()> + Send + 'static) -> Self {
        let stop = CancelToken::new();
        let context = Context::current().with_token(stop.clone()).named("keeper");
        let token = stop.clone();
        let task = tokio::spawn(context.scope(async move {
            tokio::select! {
                biased;
                _ = token.cancelled() => {}
                () = keep => {}
            }
        }));
        Self { stop, task: Mutex::new(Some(task)) }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.cancel("the service is gone");
    }
}

#[async_trait]
impl Component for Keeper {
    async fn ready(&self) -> Readiness {
        Readiness::Ready
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        self.stop.cancel("the service is being stopped");
        let task = self.task.lock().take();
        ended("keeper", task, deadline).await
    }
}

/// The receipt of a task that was asked to end; of none, where somebody else has awaited it.
pub(super) async fn ended(name: &str, task: Option<JoinHandle<()>>, deadline: Instant) -> Receipt {
    let receipt = Receipt::new(name);
    let Some(task) = task else { return receipt };
    if timeout_at(deadline, task).await.is_ok() { receipt } else { receipt.cut_short() }
}

/// Looks after the service, for ever.
pub(crate) async fn keep(core: Arc<Core>, delivery: Delivery, lock: ServeLock, lost: CancelToken) {
    let (mut lock, mut ours) = (Some(lock), Ours::default());
    let mut noticed = Instant::now();
    let (mut round, mut prune) = (Instant::now() + ROUND, Instant::now() + PRUNE);
    loop {
        let trouble = look(&core, &mut lock, &mut ours, &lost).await;
        let worried = !trouble.is_empty();
        // How long it has been away changes with each look.
        let was_worried = !std::mem::replace(&mut *core.trouble.lock(), trouble.clone()).is_empty();
        let changed = was_worried != worried;
        if changed {
            match trouble.first() {
                Some(why) => {
                    noticed = Instant::now();
                    tracing::warn!(why, "not ready");
                }
                None => tracing::info!(after = ?noticed.elapsed(), "ready again"),
            }
            core.bus.tell(EventKind::Readiness, None);
        }
        let now = Instant::now();
        if !worried && (now >= round || changed) {
            round = now + ROUND;
            go_round(&core).await;
        }
        if !worried && now >= prune {
            prune = now + PRUNE;
            forget(&core).await;
        }
        if !worried {
            look_at_queue(&core).await;
        }
        let next = Instant::now() + if worried { WORRIED } else { CALM };
        loop {
            tokio::select! {
                biased;
                () = sleep_until(next) => break,
                () = core.alarmed.notified(), if !worried => break,
                () = core.notified.notified() => delivery.wake(),
            }
        }
    }
}

/// What keeps the service from its work. Connections that may have been lost with the lock are remembered, as the server
/// may believe for long that they are there.
async fn look(core: &Core, lock: &mut Option<ServeLock>, ours: &mut Ours, lost: &CancelToken) -> Vec<String> {
    if let Err(error) = core.store.ping().await {
        return vec![error.to_string()];
    }
    let held = match lock.as_ref() {
        Some(lock) => lock.still_held().await,
        None => false,
    };
    if held {
        return Vec::new();
    }
    // It was tied to a connection, which is gone, or should be: the lock would stay with it in the pool.
    if let Some(before) = lock.take() {
        before.let_go(ours);
    }
    match core.store.lock_again(ours).await {
        Ok(again) => {
            *lock = Some(again);
            Vec::new()
        }
        Err(error @ StoreError::Taken { .. }) => {
            lost.cancel("another sitewatch serves from the database");
            vec![error.to_string()]
        }
        Err(error) => vec![error.to_string()],
    }
}

async fn go_round(core: &Core) {
    match core.go_on().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "checks that were left are gone on with"),
        Err(error) => tracing::warn!(%error, "what was left can't be found"),
    }
}

/// Finds out whether somebody takes what checks wait for. While there is no check the queue is left alone; and one that
/// is away is told of elsewhere.
async fn look_at_queue(core: &Core) {
    let Some(jobs) = &core.jobs else { return };
    let is_checking = core.all_sites().iter().any(|site| site.now().current.is_some());
    let stalled = match is_checking {
        true => match timeout(PATIENCE, jobs.stalled()).await {
            Ok(Ok(stalled)) => stalled,
            // It says nothing, so what is known of it is all there is.
            Ok(Err(_)) | Err(_) => return,
        },
        false => Vec::new(),
    };
    let is_stalled = !stalled.is_empty();
    let first = stalled.first().cloned();
    let was_stalled = !std::mem::replace(&mut *core.stalled.lock(), stalled).is_empty();
    if was_stalled != is_stalled {
        match first {
            Some(why) => tracing::warn!(why, "a check does not get on"),
            None => tracing::info!("checks get on again"),
        }
        core.bus.tell(EventKind::Readiness, None);
    }
}

async fn forget(core: &Core) {
    let retention = core.config.read().retention.clone();
    let before = |age: Duration| {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        core.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN)
    };
    match core.store.prune(before(retention.runs), before(retention.findings)).await {
        Ok((0, 0)) => {}
        Ok((runs, findings)) => tracing::info!(runs, findings, "what is old was forgotten"),
        Err(error) => tracing::warn!(%error, "what is old can't be forgotten"),
    }
}

/// For as long as a check runs, tells now and then that it has come further.
pub(super) async fn tell_progress(core: &Core, site: &str) -> std::convert::Infallible {
    let mut ticks = interval(Duration::from_millis(500));
    loop {
        ticks.tick().await;
        core.bus.tell(EventKind::Progress, Some(site));
    }
}
