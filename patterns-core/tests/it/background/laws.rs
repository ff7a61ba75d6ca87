//! Random tasks, limits and shutdowns: what was spawned is somewhere, at any time.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use patterns_core::background::{Background, Receipt};
use patterns_core::context;
use patterns_core::task_group::BoxError;
use proptest::prelude::*;
use tokio::time::{sleep, timeout};

use crate::support::ms;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Works,
    Fails,
    Panics,
    /// Works until it is asked to stop, then cleans up.
    Listens,
    /// Neither ends nor listens.
    Deaf,
}

#[derive(Clone, Copy, Debug)]
struct Task {
    /// Milliseconds after the one before.
    after: u64,
    takes: u64,
    kind: Kind,
    /// Waits so long for a place; does not wait at all.
    patience: Option<u64>,
    /// Is asked to stop alone, as soon as it is spawned.
    alone: bool,
}

#[derive(Default)]
struct Seen {
    /// Futures that exist.
    live: AtomicU64,
    began: AtomicU64,
    failures: AtomicU64,
}

struct Guard(Arc<Seen>);

impl Guard {
    fn new(seen: &Arc<Seen>) -> Self {
        seen.live.fetch_add(1, SeqCst);
        Self(Arc::clone(seen))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, SeqCst);
    }
}

impl Task {
    async fn run(self, guard: Guard) -> Result<(), BoxError> {
        guard.0.began.fetch_add(1, SeqCst);
        match self.kind {
            Kind::Works => sleep(ms(self.takes)).await,
            Kind::Fails => {
                sleep(ms(self.takes)).await;
                return Err("failed".into());
            }
            Kind::Panics => {
                sleep(ms(self.takes)).await;
                // Not `panic!`: the hook would print a report for each.
                std::panic::resume_unwind(Box::new("panicked"));
            }
            Kind::Listens => {
                let interrupt = context::sleep(ms(1_000_000)).await;
                sleep(ms(self.takes)).await;
                interrupt?;
            }
            Kind::Deaf => sleep(ms(1_000_000)).await,
        }
        Ok(())
    }
}

fn task() -> impl Strategy<Value = Task> {
    let kind = prop_oneof![
        4 => Just(Kind::Works),
        2 => Just(Kind::Fails),
        1 => Just(Kind::Panics),
        2 => Just(Kind::Listens),
        1 => Just(Kind::Deaf),
    ];
    let after = prop_oneof![Just(0), 0..40_u64];
    (after, 0..60_u64, kind, prop::option::of(1..50_u64), prop::bool::weighted(0.1))
        .prop_map(|(after, takes, kind, patience, alone)| Task { after, takes, kind, patience, alone })
}

async fn run(limit: usize, tasks: Vec<Task>, grace: u64) -> Result<(), TestCaseError> {
    let seen = Arc::new(Seen::default());
    let sink = Arc::clone(&seen);
    let background = Background::builder("b").limit(limit).on_error(move |_| {
        sink.failures.fetch_add(1, SeqCst);
    });
    let background = background.build().unwrap();
    let mut accepted = 0;
    for task in tasks {
        sleep(ms(task.after)).await;
        let fut = task.run(Guard::new(&seen));
        let spawned = match task.patience {
            None => background.try_spawn("t", fut).ok(),
            Some(patience) => timeout(ms(patience), background.spawn("t", fut)).await.ok().and_then(Result::ok),
        };
        if let Some(token) = spawned {
            accepted += 1;
            if task.alone {
                token.cancel("not needed");
            }
        }
        let status = background.status();
        prop_assert_eq!(status.accounted_for(), status.spawned, "{:?}", status);
        prop_assert_eq!(status.spawned, accepted);
        prop_assert!(status.live <= limit, "{:?}", status);
        prop_assert!(seen.live.load(SeqCst) <= status.live as u64, "a future outlives its place");
        prop_assert_eq!(status.failed + status.panicked, seen.failures.load(SeqCst));
    }
    let Receipt { status, stragglers, .. } = background.shutdown(ms(grace)).await;
    prop_assert_eq!(status.ok + status.failed + status.panicked + status.cancelled, accepted, "{:?}", status);
    prop_assert_eq!((status.spawned, status.live), (accepted, 0));
    prop_assert_eq!(status.failed + status.panicked, seen.failures.load(SeqCst));
    prop_assert!(stragglers.len() as u64 <= status.cancelled);
    prop_assert_eq!(seen.live.load(SeqCst), 0);
    // What ended in another way than by never beginning has begun.
    prop_assert!(status.ok + status.failed + status.panicked <= seen.began.load(SeqCst));
    prop_assert!(seen.began.load(SeqCst) <= accepted);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_was_spawned_is_somewhere_at_any_time(
        limit in 1..6_usize,
        tasks in prop::collection::vec(task(), 0..40),
        grace in 0..80_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(limit, tasks, grace))?;
    }
}
