use std::pin::pin;
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use patterns_core::context::Context;
use patterns_core::outcome::{Panic, catch_panics};
use tokio::time::{Instant, MissedTickBehavior};

use super::{Failure, Interrupts};
use crate::progress::{Display, ProgressState};

/// How long a check that was asked to stop may take to say what it has.
const GRACE: Duration = Duration::from_secs(5);

/// Drives a check while showing its progress and passing on requests to stop.
///
/// The first request cancels `token`, which is the check's ambient one too; the check then has five
/// seconds. After them, or at the second request, it is dropped. A panic in it becomes an error.
///
/// # Cancel safety
///
/// Cancel safe if `check` is: dropping this drops it.
// ANCHOR: watch
pub(super) async fn watch<F: Future>(
    check: F,
    progress: &ProgressState,
    token: &CancelToken,
    mut display: Display,
    interrupts: &mut Interrupts,
) -> Result<F::Output, Failure> {
    let mut check = pin!(catch_panics(Context::current().with_token(token.clone()).scope(check)));
    let mut ticks = tokio::time::interval_at(Instant::now() + display.period(), display.period());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut limit: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            result = &mut check => {
                display.finish();
                return result.map_err(|panic| Failure::failed(&Panicked(panic)));
            }
            name = interrupts.next() => {
                if limit.is_some() {
                    display.finish();
                    return Err(Failure::interrupted("stopped at once, so there is no report"));
                }
                limit = Some(Instant::now() + GRACE);
                token.cancel_with(CancelCause::new(CancelKind::Shutdown, name));
                display.say(&format!("{name}: stopping; again to stop at once, without a report"));
            }
            () = until(limit) => {
                display.finish();
                let sentence = format!("the check did not stop within {} seconds, so there is no report", GRACE.as_secs());
                return Err(Failure::interrupted(sentence));
            }
            _ = ticks.tick() => display.draw(progress.snapshot()),
        }
    }
}
// ANCHOR_END: watch

async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => tokio::time::sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the check panicked, which is a mistake in sitewatch: {0}")]
struct Panicked(Panic);
