//! Attempts that fail or panic.
use std::cell::Cell;
use std::error::Error;
use std::future::Ready;
use std::io;

use patterns_core::hedge::{AttemptFailure, Hedge};
use tokio::time::{Instant, sleep};

use crate::support::ms;

#[tokio::test(start_paused = true)]
async fn the_error_has_every_attempt_in_the_order_in_which_they_failed() {
    let (hedge, start) = (Hedge::after(ms(50)), Instant::now());
    let call = hedge.run(|number| async move {
        sleep(ms(if number == 1 { 80 } else { 10 })).await;
        Err::<(), _>(io::Error::other(format!("replica {number} is down")))
    });
    let error = call.await.unwrap_err();
    let log: Vec<_> = error.attempts().iter().map(|a| (a.number, a.started - start, a.elapsed)).collect();
    assert_eq!(log, [(2, ms(50), ms(10)), (1, ms(0), ms(80))]);
    let texts: Vec<_> = error.errors().map(ToString::to_string).collect();
    assert_eq!(texts, ["replica 2 is down", "replica 1 is down"]);
    assert_eq!(error.to_string(), "all 2 attempts failed");
    assert_eq!(error.source().unwrap().to_string(), "replica 1 is down");
    assert_eq!(error.into_inner().unwrap().to_string(), "replica 1 is down");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_hedged() {
    let (hedge, calls, start) = (Hedge::after(ms(50)), Cell::new(0), Instant::now());
    let call = hedge.run(|_| {
        calls.set(calls.get() + 1);
        async {
            sleep(ms(10)).await;
            Err::<(), _>("not found")
        }
    });
    let error = call.await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.into_inner()), ("the only attempt failed", Some("not found")));
    assert_eq!((calls.get(), start.elapsed()), (1, ms(10)));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_leaves_the_other_its_chance() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move {
        sleep(ms(100)).await;
        if number == 1 { Err("down") } else { Ok(number) }
    });
    assert_eq!(call.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_attempt_that_failed() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move {
        sleep(ms(60)).await;
        assert!(number != 1, "replica 1 is broken");
        Ok::<_, io::Error>(number)
    });
    assert_eq!(call.await.unwrap(), 2);

    let call = hedge.run(|number| async move {
        assert!(number != 1, "replica 1 is broken");
        Ok::<_, io::Error>(())
    });
    let error = call.await.unwrap_err();
    let [attempt] = error.attempts() else { panic!("{error:?}") };
    let AttemptFailure::Panicked(panic) = &attempt.failure else { panic!("{error:?}") };
    assert_eq!(panic.message(), "replica 1 is broken");
    assert!(panic.place().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_operation_itself_is_one_too() {
    let hedge = Hedge::after(ms(50));
    let error = hedge.run(|_| -> Ready<Result<(), io::Error>> { panic!("no replica") }).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string().split(" (at ").next(), Some("panicked: no replica"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_borrowing_attempt_goes_through() {
    let call = tokio::spawn(async {
        Hedge::after(ms(50)).run_borrowing(async |_| -> Result<(), io::Error> { panic!("broken") }).await
    });
    assert!(call.await.unwrap_err().is_panic());
}
