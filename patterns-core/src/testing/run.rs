//! One run of a scenario: set up, drive, settle, check.

use std::cell::{Cell, OnceCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinError, LocalSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::explore::Explorer;
use super::interruption::Plan;
use super::probe::{End, Probe, Probed};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::outcome::{Panic, catch_panics};
use crate::reaper::Reaper;

/// What a run that kept its invariants tells.
pub(super) struct Ran {
    pub(super) polls: usize,
    pub(super) interrupted: bool,
}

type Ended = Result<Result<End, Panic>, JoinError>;

/// Runs the scenario once on a runtime of its own.
pub(super) fn run<S, Fut>(
    explorer: &Explorer,
    plan: Option<Plan>,
    setup: &impl AsyncFn() -> S,
    scenario: &impl Fn(S) -> Fut,
    check: &impl AsyncFn(&S),
) -> Result<Ran, String>
where
    S: Clone,
    Fut: Future + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of the current thread");
    LocalSet::new().block_on(&runtime, async {
        // What the fixture starts for itself is not a leftover of the scenario.
        let state = timeout(explorer.patience, Context::root(Reaper::new()).scope(setup()))
            .await
            .map_err(|_| format!("the setup did not end within {:?}", explorer.patience))?;
        let tasks = Handle::current().metrics().num_alive_tasks();
        let ran = drive(explorer, plan, scenario(state.clone())).await?;
        if explorer.no_task_left {
            no_task_left(tasks, explorer.patience).await?;
        }
        let checked = catch_panics(Context::root(Reaper::new()).scope(check(&state)));
        match timeout(explorer.patience, checked).await {
            Ok(Ok(())) => Ok(ran),
            Ok(Err(panic)) => Err(within(&panic)),
            Err(_) => Err(format!("the check did not end within {:?}", explorer.patience)),
        }
    })
}

/// Drives the scenario to its end and waits for what it left behind.
async fn drive<F: Future + 'static>(explorer: &Explorer, plan: Option<Plan>, scenario: F) -> Result<Ran, String> {
    let patience = explorer.patience;
    let reaper = Reaper::new();
    let shared = Rc::new(Probed {
        token: CancelToken::new(),
        polls: Cell::new(0),
        interrupted: Cell::new(false),
        deadline: Cell::new(Instant::now() + patience),
        task: OnceCell::new(),
    });
    let context = Context::root(reaper.clone()).with_token(shared.token.clone());
    let probe = Probe::new(context.scope(scenario), plan, explorer.max_polls, patience, shared.clone());
    let mut task = tokio::task::spawn_local(catch_panics(probe));
    shared.task.set(task.abort_handle()).expect("a new cell");

    let ended = loop {
        let deadline = shared.deadline.get();
        tokio::select! {
            biased;
            ended = &mut task => break ended,
            // A cancellation moves the deadline on while this sleeps.
            () = sleep_until(deadline) => if deadline == shared.deadline.get() {
                task.abort();
                return Err(format!("the scenario did not end within {patience:?}"));
            }
        }
    };
    let ran = Ran { polls: shared.polls.get(), interrupted: shared.interrupted.get() };
    judge(ended, explorer, plan.filter(|_| ran.interrupted))?;
    if timeout(patience, reaper.drained()).await.is_err() {
        let mut message = format!("not settled after {patience:?}, still running:");
        for straggler in reaper.live() {
            let _ = write!(message, " {} (for {:?})", straggler.path, straggler.age);
        }
        return Err(message);
    }
    Ok(ran)
}

/// Whether the scenario ended as it may: by itself, or as it was made to.
fn judge(ended: Ended, explorer: &Explorer, plan: Option<Plan>) -> Result<(), String> {
    use super::Interruption::{Abort, Panic as Unwind};
    let interruption = plan.map(|plan| plan.interruption);
    match ended {
        Ok(Ok(End::Finished | End::Dropped)) => Ok(()),
        Ok(Ok(End::TooManyPolls)) => Err(format!(
            "the scenario wants more than {} polls: make it smaller, or raise `max_polls`",
            explorer.max_polls
        )),
        Ok(Err(panic)) if interruption == Some(Unwind) && panic.message().starts_with("explored: ") => Ok(()),
        Ok(Err(panic)) => Err(format!("the scenario {panic}")),
        Err(error) if error.is_cancelled() && interruption == Some(Abort) => Ok(()),
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Err(format!("the scenario {}", Panic::from_payload(payload))),
            Err(error) => Err(format!("the scenario's task ended: {error}")),
        },
    }
}

/// Waits until no more tasks are alive than before the scenario.
async fn no_task_left(before: usize, patience: Duration) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        let now = Handle::current().metrics().num_alive_tasks();
        if now <= before {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!("{} detached task(s) still running after {patience:?}", now - before));
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// A check's panic, as the reason of a failure.
fn within(panic: &Panic) -> String {
    match panic.place() {
        Some(place) => format!("{} (at {place})", panic.message()),
        None => panic.message().to_owned(),
    }
}
