use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken, Elapsed, move_on_after, timeout, timeout_at};
use patterns_core::context::{self, Context, interruptible};
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, secs};

#[tokio::test(start_paused = true)]
async fn cancelling_a_parent_cancels_what_came_of_it_and_not_the_reverse() {
    let parent = CancelToken::new();
    let (child, grandchild) = (parent.child(), parent.child().child());
    child.cancel("alone");
    assert!(!parent.is_cancelled() && !grandchild.is_cancelled());
    parent.cancel("all");
    assert_eq!(grandchild.cause().unwrap().message(), "all");
    assert_eq!(child.cause().unwrap().message(), "alone", "the first cause stays");
    assert!(!parent.cancel("again"));
    assert_eq!(parent.child().cause().unwrap().message(), "all", "one that is born late is born cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_cause_says_who_and_where() {
    let token = CancelToken::new();
    let line = line!() + 1;
    Context::current().named("admin").scope(async { token.cancel("told to") }).await;
    let cause = token.cancelled().await;
    assert_eq!((cause.kind(), cause.message()), (CancelKind::Requested, "told to"));
    assert_eq!((cause.place().file(), cause.place().line()), (file!(), line));
    assert_eq!(cause.to_string(), "cancelled: requested: told to (by admin)");
}

#[tokio::test(start_paused = true)]
async fn every_waiter_wakes_and_late_ones_pass_at_once() {
    let token = CancelToken::new();
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let token = token.clone();
            tokio::spawn(async move { token.cancelled().await })
        })
        .collect();
    tokio::task::yield_now().await;
    token.cancel("go");
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().message(), "go");
    }
    assert_eq!(token.cancelled().await.message(), "go");
}

#[test]
fn a_child_born_during_a_cancellation_is_never_missed() {
    for _ in 0..500 {
        let parent = CancelToken::new();
        let born = std::thread::scope(|scope| {
            let births = scope.spawn(|| (0..20).map(|_| parent.child()).collect::<Vec<_>>());
            parent.cancel("now");
            births.join().unwrap()
        });
        assert!(born.iter().all(CancelToken::is_cancelled));
    }
}

#[tokio::test(start_paused = true)]
async fn a_drop_guard_cancels_unless_disarmed() {
    let token = CancelToken::new();
    drop(token.clone().drop_guard().disarm());
    assert!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    assert_eq!(token.cause().unwrap().kind(), CancelKind::ScopeDropped);
}

#[tokio::test(start_paused = true)]
async fn the_inner_of_two_limits_is_told_from_the_outer() {
    let inner = timeout(secs(2), timeout(secs(1), sleep(secs(9))));
    let elapsed: Elapsed = inner.await.unwrap().unwrap_err();
    assert_eq!(elapsed.limit(), secs(1));

    let start = Instant::now();
    let outer = timeout(secs(1), timeout(secs(2), sleep(secs(9))));
    let elapsed: Elapsed = outer.await.unwrap_err();
    assert_eq!((elapsed.limit(), elapsed.deadline()), (secs(1), start + secs(1)));
    assert_eq!(elapsed.to_string(), "not finished within 1s");
}

#[tokio::test(start_paused = true)]
async fn of_two_equal_deadlines_the_outer_one_speaks() {
    let both = timeout(secs(1), timeout(secs(1), sleep(secs(9))));
    assert!(both.await.is_err());
    let deadline = Instant::now() + secs(1);
    assert!(timeout_at(deadline, timeout_at(deadline, sleep(secs(9)))).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_in_sequence_share_one_deadline() {
    let call = || async {
        let left = context::remaining().unwrap();
        context::sleep(ms(400)).await.map(|()| left)
    };
    let result = timeout(secs(1), async { (call().await, call().await, call().await) }).await;
    assert!(result.is_err(), "the third call doesn't get a second of its own");
    let result = timeout(secs(1), async { (call().await.unwrap(), call().await.unwrap()) }).await;
    assert_eq!(result.unwrap(), (secs(1), ms(600)));
}

#[tokio::test(start_paused = true)]
async fn a_limit_may_have_a_default() {
    assert_eq!(move_on_after(secs(1), async { 7 }).await.unwrap_or(0), 7);
    assert_eq!(move_on_after(secs(1), std::future::pending::<u8>()).await.unwrap_or(0), 0);
}

#[tokio::test(start_paused = true)]
async fn a_ready_value_beats_a_passed_limit() {
    assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
    assert_eq!(timeout(Duration::MAX, async { 7 }).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_the_work_is_dropped_where_it_awaits() {
    let log = Log::default();
    let guard = log.on_drop("dropped");
    let work = async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    };
    assert!(timeout(secs(1), work).await.is_err());
    assert!(log.has("dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_after_a_cancelled_wait_runs_as_ordinary_code() {
    let (token, cleaned) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
    let context = Context::current().with_token(token.child());
    let flag = Arc::clone(&cleaned);
    let task = tokio::spawn(context.scope(async move {
        let interrupt = interruptible(std::future::pending::<()>()).await.unwrap_err();
        sleep(secs(1)).await;
        flag.store(true, Ordering::SeqCst);
        interrupt
    }));
    tokio::task::yield_now().await;
    token.cancel_with(CancelCause::new(CancelKind::Shutdown, "SIGTERM"));
    assert_eq!(task.await.unwrap().cause().unwrap().kind(), CancelKind::Shutdown);
    assert!(cleaned.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_children_longer_than_the_stack_is_cancelled_and_dropped() {
    let root = CancelToken::new();
    let mut last = root.clone();
    for _ in 0..1_000_000 {
        last = last.child();
    }
    root.cancel("all of it");
    assert!(last.is_cancelled());
    drop(root);
    drop(last);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_kept_also_where_an_earlier_deadline_is_only_announced_or_has_passed() {
    let start = Instant::now();
    let announced = Context::current().with_deadline(start + secs(1));
    let elapsed = announced.scope(timeout(secs(30), std::future::pending::<()>())).await.unwrap_err();
    assert_eq!((elapsed.limit(), start.elapsed()), (secs(30), secs(30)));
    // As in a cleanup after the deadline.
    let elapsed = announced.scope(timeout(secs(5), std::future::pending::<()>())).await.unwrap_err();
    assert_eq!((elapsed.limit(), start.elapsed()), (secs(5), secs(35)));
}
