use std::io;

use patterns_core::cancel::{CancelKind, CancelToken};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::gather::gather_settled;
use patterns_core::outcome::Outcome;
use tokio::time::{Instant, sleep};

use crate::support::{Log, secs};

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the work was stopped")]
    Stopped(#[from] Interrupt),
    #[error("{0}")]
    Page(&'static str),
}

#[tokio::test(start_paused = true)]
async fn one_failure_and_one_panic_leave_the_others_running() {
    let (log, start) = (Log::default(), Instant::now());
    let outcomes = gather_settled((1..=4_u64).map(|n| {
        let log = log.clone();
        async move {
            sleep(secs(n)).await;
            match n {
                1 => return Err(io::Error::other("not found")),
                2 => panic!("no such header: {n}"),
                _ => log.add(n.to_string()),
            }
            Ok(n)
        }
    }))
    .await;
    assert_eq!((start.elapsed(), log.all()), (secs(4), vec!["3".to_owned(), "4".to_owned()]));
    let Outcome::Err(error) = &outcomes[0] else { panic!("an error") };
    assert_eq!(error.to_string(), "not found");
    let Outcome::Panicked(panic) = &outcomes[1] else { panic!("a panic") };
    assert_eq!(panic.message(), "no such header: 2");
    assert!(panic.place().unwrap().contains("settled.rs"));
    assert_eq!(outcomes.into_iter().filter_map(Outcome::ok).collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn who_stopped_because_it_was_asked_to_was_cancelled_and_who_failed_has_failed() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.child());
    let settled = gather_settled((0..4).map(|n| async move {
        match n {
            0 => context::sleep(secs(60)).await?,
            1 => {
                let _ = context::sleep(secs(60)).await;
                return Err(Failed::Page("rollback failed"));
            }
            2 => sleep(secs(9)).await,
            _ => return Err(Failed::Page("no such page")),
        }
        Ok(n)
    }));
    let cancel = async {
        sleep(secs(1)).await;
        token.cancel("ctrl-c");
    };
    let (outcomes, ()) = tokio::join!(context.scope(settled), cancel);
    let Outcome::Cancelled(cause) = &outcomes[0] else { panic!("cancelled") };
    assert_eq!((cause.kind(), cause.message()), (CancelKind::Requested, "ctrl-c"));
    let told = |at: usize| match &outcomes[at] {
        Outcome::Ok(n) => n.to_string(),
        Outcome::Err(error) => error.to_string(),
        outcome => format!("{outcome:?}"),
    };
    assert_eq!(told(1), "rollback failed", "while it cleaned up");
    assert_eq!(told(2), "2", "it didn't listen, and finished");
    assert_eq!(told(3), "no such page", "before anything was cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_the_ambient_deadline_cut_was_cancelled_by_it() {
    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(2));
    let outcomes = context.scope(gather_settled([1, 60].map(|n| context::sleep(secs(n))))).await;
    assert!(outcomes[0].is_ok());
    let Outcome::Cancelled(cause) = &outcomes[1] else { panic!("cancelled") };
    assert_eq!((cause.kind(), start.elapsed()), (CancelKind::Deadline, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_of_something_else_is_an_error() {
    let token = CancelToken::new();
    token.cancel("a service said so");
    let foreign = Context::current().with_token(token);
    let outcomes = gather_settled([foreign.scope(context::sleep(secs(60)))]).await;
    let Outcome::Err(interrupt) = &outcomes[0] else { panic!("nobody cancelled us") };
    assert_eq!(interrupt.cause().unwrap().message(), "a service said so");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_parts_destructor_is_its_outcome() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let outcomes = gather_settled([true, false].map(|bad| async move {
        let _bad = bad.then(|| Bad);
        Ok::<_, io::Error>(7)
    }))
    .await;
    assert!(outcomes[0].is_panicked());
    assert!(matches!(outcomes[1], Outcome::Ok(7)));
}
