//! How often the parts are polled.
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::future::join_all;
use patterns_core::gather::{gather, gather_settled, map_concurrent};
use tokio::time::sleep;

use crate::support::ms;

/// Counts the polls of all that have the same counter.
struct Counted<F>(F, Rc<Cell<usize>>);

impl<F: Future + Unpin> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.set(self.1.get() + 1);
        Pin::new(&mut self.0).poll(cx)
    }
}

fn counted<F>(futures: impl IntoIterator<Item = F>) -> (Rc<Cell<usize>>, Vec<Counted<F>>) {
    let polls = Rc::new(Cell::new(0));
    let futures = futures.into_iter().map(|fut| Counted(fut, Rc::clone(&polls))).collect();
    (polls, futures)
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_polls_what_was_woken_and_nothing_else() {
    const PARTS: usize = 10;
    let sleeps = || counted((0..PARTS as u64).map(|n| Box::pin(sleep(ms(10 * n + 10)))));
    let (polls, parts) = sleeps();
    gather(parts).await;
    assert_eq!(polls.get(), 2 * PARTS, "once at first, and once when its time had come");

    let (polls, parts) = sleeps();
    join_all(parts).await;
    assert!(polls.get() > 4 * PARTS, "futures-util 0.3.34 polls all that are left: {}", polls.get());
}

const HANDLES: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn ten_thousand_finished_join_handles_are_polled_once_each() {
    let spawn = async || {
        let handles: Vec<_> = (0..HANDLES).map(|n| tokio::spawn(async move { n })).collect();
        sleep(ms(1)).await;
        assert!(handles.iter().all(tokio::task::JoinHandle::is_finished));
        counted(handles)
    };
    let (polls, handles) = spawn().await;
    let values = gather(handles).await;
    assert!(values.into_iter().map(Result::unwrap).eq(0..HANDLES));
    assert!(polls.get() <= HANDLES + HANDLES / 100, "{} polls", polls.get());

    let (polls, handles) = spawn().await;
    assert_eq!(join_all(handles).await.len(), HANDLES);
    assert!(polls.get() > 10 * HANDLES, "futures-util 0.3.34 is quadratic here, but: {} polls", polls.get());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_join_handles_that_finish_together_are_polled_twice_each() {
    let handles = (0..HANDLES).map(|n| {
        tokio::spawn(async move {
            sleep(ms(1)).await;
            n
        })
    });
    let (polls, handles) = counted(handles);
    assert_eq!(gather_settled(handles).await.len(), HANDLES);
    assert!(polls.get() <= 2 * HANDLES + HANDLES / 100, "{} polls", polls.get());
}

/// A flag that another task sets as soon as it is given a turn.
fn set_by_another_task() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    tokio::spawn(async move { set.store(true, Ordering::SeqCst) });
    flag
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_is_ready_at_once_lets_other_tasks_run() {
    let flag = &*set_by_another_task();
    let seen = gather((0..1_000).map(|_| async move { flag.load(Ordering::SeqCst) })).await;
    assert!(!seen[0], "nothing else runs before something has to wait");
    assert!(seen[999], "a thousand parts in one turn");

    let flag = &*set_by_another_task();
    let seen = map_concurrent(0..1_000, 2, |_| async move { flag.load(Ordering::SeqCst) }).await;
    assert!(!seen[0] && seen[999]);
}
