//! `AsyncMock`: what each call does, what is remembered of it, and what each assertion says when it fails.
use std::cell::Cell;
use std::rc::Rc;

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::outcome::{catch_panic, catch_panics};
use patterns_core::retry::Retry;
use patterns_core::testing::{AsyncMock, MockStatus, Reply, explore_cancellation, wait_idle};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{ms, polled, secs};

/// Nothing is in flight, and every call ended in one of the ways there are.
fn assert_settled<Args, Out>(mock: &AsyncMock<Args, Out>) {
    let status = mock.status();
    assert_eq!(status.in_flight, 0, "{status:?}");
    assert_eq!(status.called, status.finished + status.cancelled + status.panicked, "{status:?}");
}

/// What a failed assertion says.
fn said(assertion: impl FnOnce()) -> String {
    catch_panic(assertion).expect_err("the assertion fails").message().to_owned()
}

#[tokio::test(start_paused = true)]
async fn results_come_in_sequence_and_then_the_default() {
    let mock = AsyncMock::new("next").results([1, 2]).returns(3).always(9);
    for expected in [1, 2, 3, 9, 9] {
        assert_eq!(mock.call(()).await, expected);
    }
    mock.assert_script_done();
    mock.assert_called_times(5);
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_a_result_like_any_other() {
    let mock = AsyncMock::new("fetch").results([Err("reset"), Ok(7)]).always(Err("down"));
    assert_eq!(mock.call("/a").await, Err("reset"));
    assert_eq!(mock.call("/a").await, Ok(7));
    assert_eq!(mock.call("/a").await, Err("down"));
}

#[tokio::test(start_paused = true)]
async fn results_are_computed_from_the_arguments() {
    let scripted = Reply::with(|(a, b): &(u32, u32)| a * b);
    let mock = AsyncMock::new("add").then(scripted).returns_with(|(a, b): &(u32, u32)| a + b);
    assert_eq!(mock.call((3, 4)).await, 12, "scripted");
    assert_eq!(mock.call((3, 4)).await, 7);
    assert_eq!(mock.call((5, 6)).await, 11);
    assert_eq!(mock.calls(), [(3, 4), (3, 4), (5, 6)]);
}

#[tokio::test(start_paused = true)]
async fn arguments_need_not_be_cloned_to_be_compared() {
    #[derive(Debug, PartialEq)]
    struct Order {
        item: &'static str,
    }
    let mock = AsyncMock::new("place").returns_with(|order: &Order| order.item.len());
    assert_eq!(mock.call(Order { item: "tea" }).await, 3);
    mock.assert_called_once_with(&Order { item: "tea" });
}

#[tokio::test(start_paused = true)]
async fn a_reply_takes_its_time_and_the_latency_on_top_of_it() {
    let began = Instant::now();
    let mock = AsyncMock::new("slow").then(Reply::value(1).after(secs(5))).always(2).latency(ms(250));
    assert_eq!(mock.call(()).await, 1);
    assert_eq!(began.elapsed(), ms(5_250));
    assert_eq!(mock.call(()).await, 2);
    assert_eq!(began.elapsed(), ms(5_500));
    assert_eq!(mock.times(), [began, began + ms(5_250)]);
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_are_in_flight_at_once() {
    let began = Instant::now();
    let mock = AsyncMock::new("fetch").always(()).latency(secs(1));
    let tasks: Vec<_> = (0..5).map(|n| tokio::spawn(mock.call(n))).collect();
    wait_idle().await;
    assert_eq!(mock.in_flight(), 5);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(began.elapsed(), secs(1));
    assert_eq!(mock.calls(), [0, 1, 2, 3, 4]);
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn a_pending_call_hangs_until_it_is_dropped_and_counts_as_cancelled() {
    let mock = AsyncMock::<(), ()>::new("hangs").otherwise(Reply::pending);
    let call = tokio::spawn(mock.call(()));
    assert!(timeout(secs(86_400), mock.call(())).await.is_err());
    assert_eq!((mock.in_flight(), mock.cancelled()), (1, 1));

    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!((mock.in_flight(), mock.cancelled()), (0, 2));
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn a_reply_may_wait_for_what_the_test_decides_on() {
    let (open, opened) = oneshot::channel();
    let mock = AsyncMock::new("gate").then(Reply::future(async move { opened.await.unwrap_or(0) }));
    let call = tokio::spawn(mock.call(()));
    sleep(secs(60)).await;
    assert_eq!(mock.in_flight(), 1);
    open.send(7).unwrap();
    assert_eq!(call.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_callers_with_its_text_and_is_counted() {
    let mock = AsyncMock::<u32, u32>::new("broken")
        .then(Reply::panic("out of paper").after(secs(1)))
        .then(Reply::with(|n| panic!("can't print {n}")))
        .then(Reply::future(async { panic!("on fire") }))
        .otherwise(|| panic!("no reply can be made"));
    for expected in ["out of paper", "can't print 2", "on fire", "no reply can be made"] {
        let call = mock.call(u32::try_from(mock.call_count()).unwrap() + 1);
        let panic = catch_panics(call).await.unwrap_err();
        assert_eq!(panic.message(), expected);
        assert!(panic.place().is_some(), "{panic}");
    }
    assert_eq!((mock.status().panicked, mock.status().unexpected), (4, 0));
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_call_names_the_mock_and_the_call_and_is_remembered() {
    let mock = AsyncMock::new("fetch").results(["a", "b"]);
    assert_eq!(mock.call(1).await, "a");
    assert_eq!(mock.call(2).await, "b");
    mock.assert_script_done();
    // Its panic ends in a task that nobody joins.
    tokio::spawn(mock.call(3));
    wait_idle().await;
    assert_eq!(said(|| mock.assert_script_done()), "mock `fetch` was called once without a reply for it");
    assert_eq!(mock.status().unexpected, 1);

    let panic = catch_panics(mock.call(4)).await.unwrap_err();
    let expected = "unexpected call 4 of mock `fetch`: 2 replies were scripted, and it has no default";
    assert_eq!(panic.message(), expected);

    // It may still be told what to do.
    mock.enqueue(Reply::value("c"));
    assert_eq!(mock.call(5).await, "c");
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_nobody_polls_is_no_call() {
    let mock = AsyncMock::new("lazy").returns(1);
    drop(mock.call(()));
    mock.assert_not_called();
    assert_eq!(mock.status(), MockStatus::default());
    let later = mock.call(());
    mock.assert_not_called();
    assert_eq!(later.await, 1);
    mock.assert_called_once();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_has_spent_its_reply() {
    let mock = AsyncMock::new("next").then(Reply::value(1).after(secs(1))).returns(2);
    assert!(polled(1, mock.call(())).await.is_none());
    assert_eq!(mock.call(()).await, 2);
    assert_eq!(mock.cancelled(), 1);
    assert_settled(&mock);
}

#[tokio::test(start_paused = true)]
async fn clones_are_the_same_mock() {
    let mock = AsyncMock::new("shared").results([1, 2, 3]);
    let clone = mock.clone();
    assert_eq!((mock.call("a").await, clone.call("b").await, mock.call("c").await), (1, 2, 3));
    assert_eq!(clone.calls(), ["a", "b", "c"]);
    assert_eq!(format!("{clone:?}"), format!("{mock:?}"));
}

#[tokio::test(start_paused = true)]
async fn each_failed_assertion_says_what_was_and_what_should_have_been() {
    let mock = AsyncMock::new("save").always(());
    assert_eq!(said(|| mock.assert_called_once()), "mock `save` was called 0 times, not once");
    assert_eq!(said(|| mock.assert_called_with(&1)), "mock `save` was not called, and should have been with 1");
    assert_eq!(said(|| mock.assert_any_call(&1)), "no call of mock `save` was with 1, but with []");

    mock.call(1).await;
    mock.call(2).await;
    assert_eq!(said(|| mock.assert_not_called()), "mock `save` was called 2 times, not 0 times");
    assert_eq!(said(|| mock.assert_called_times(1)), "mock `save` was called 2 times, not once");
    assert_eq!(said(|| mock.assert_called_with(&1)), "the last call of mock `save` was with 2, not 1");
    assert_eq!(said(|| mock.assert_called_once_with(&2)), "mock `save` was called 2 times, not once");
    assert_eq!(said(|| mock.assert_any_call(&3)), "no call of mock `save` was with 3, but with [1, 2]");
    mock.assert_called_with(&2);
    mock.assert_any_call(&1);

    mock.enqueue(Reply::value(()));
    assert_eq!(said(|| mock.assert_script_done()), "mock `save` was not asked for 1 of its 1 replies");
}

#[tokio::test(start_paused = true)]
async fn a_failed_assertion_is_at_the_place_of_the_caller() {
    let mock = AsyncMock::<(), ()>::new("save");
    let failed = catch_panic(|| mock.assert_called_once()).unwrap_err();
    let place = failed.place().unwrap();
    assert!(place.contains("mock.rs:") && !place.contains("src"), "{place}");
}

#[tokio::test(start_paused = true)]
async fn a_test_can_wait_for_a_call_and_is_interruptible() {
    let mock = AsyncMock::new("beat").always(());
    let beats = mock.clone();
    tokio::spawn(async move {
        for _ in 0..3 {
            sleep(secs(10)).await;
            beats.call(()).await;
        }
    });
    let began = Instant::now();
    mock.called(2).await.unwrap();
    assert_eq!(began.elapsed(), secs(20));
    mock.called(1).await.unwrap();
    assert_eq!(began.elapsed(), secs(20));

    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let waits = tokio::spawn(context.scope(async move { mock.called(100).await }));
    sleep(secs(60)).await;
    token.cancel("enough");
    assert_eq!(waits.await.unwrap().unwrap_err().cause().unwrap().message(), "enough");
}

#[tokio::test(start_paused = true)]
async fn what_retries_is_seen_to_retry_and_when() {
    let began = Instant::now();
    let mock = AsyncMock::new("fetch").results([Err("busy"), Err("busy"), Ok("page")]);
    let retry = Retry::fixed(secs(2)).max_attempts(5);
    assert_eq!(retry.run(|| mock.call(())).await.unwrap(), "page");
    assert_eq!(mock.times(), [began, began + secs(2), began + secs(4)]);
    mock.assert_script_done();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_send_can_be_mocked_too() {
    let total = Rc::new(Cell::new(0));
    let mock = AsyncMock::<Rc<Cell<u32>>, Rc<Cell<u32>>>::new("local").returns_with(Rc::clone);
    mock.call(Rc::clone(&total)).await.set(7);
    assert_eq!(total.get(), 7);
    assert_eq!(mock.calls()[0].get(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_each_result_is_given_once_and_every_call_counted() {
    let mock = AsyncMock::new("ticket").results(0..800_u32);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let mock = mock.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                for call in 0..100 {
                    got.push(mock.call((task, call)).await);
                }
                got
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        let got = task.await.unwrap();
        assert!(got.is_sorted(), "{got:?}");
        all.extend(got);
    }
    all.sort_unstable();
    assert_eq!(all, (0..800).collect::<Vec<_>>());
    mock.assert_script_done();
    assert_eq!(mock.status().finished, 800);
    assert_settled(&mock);
}

#[test]
fn interrupted_at_any_poll_every_call_is_accounted_for() {
    let explored = explore_cancellation(
        async || {
            AsyncMock::new("step")
                .then(Reply::value(1).after(secs(1)))
                .then(Reply::future(async {
                    sleep(secs(1)).await;
                    2
                }))
                .then(Reply::pending())
                .always(4)
                .latency(ms(1))
        },
        async |mock: AsyncMock<u32, u32>| {
            for number in 0..2 {
                mock.call(number).await;
            }
            let _ = timeout(secs(10), mock.call(2)).await;
            mock.call(3).await;
        },
        async |mock: &AsyncMock<u32, u32>| {
            assert_settled(mock);
            // Whatever happened, the next call gets the next reply.
            let called = mock.call_count();
            let next = timeout(secs(10), mock.call(9)).await;
            assert_eq!(next.ok(), [Some(1), Some(2), None, Some(4), Some(4)][called]);
            assert_settled(mock);
        },
    );
    assert_eq!(explored.unreached, 0);
}
