//! Transactions: committed on ok, and rolled back on everything else.
use std::convert::Infallible;
use std::sync::Arc;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{Transaction, TransactionError, Transactional, transaction};
use patterns_core::outcome::catch_panics;
use patterns_core::reaper::Reaper;
use patterns_core::testing::explore_cancellation;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Ledger, SECOND};

#[tokio::test(start_paused = true)]
async fn a_transaction_commits_on_ok_only() {
    let ledger = Ledger::default();
    let two = transaction(ledger.clone(), async |tx| {
        tx.write("a");
        tx.write("b");
        Ok(tx.pending.len())
    });
    assert_eq!(two.await.unwrap(), 2);
    assert_eq!(*ledger.saved.lock(), ["a", "b"]);
    assert_eq!(ledger.log.joined(), "commit begins, committed");

    let ledger = Ledger::default();
    let error = transaction(ledger.clone(), async |tx| {
        tx.write("a");
        Ok("x".parse::<u8>()?)
    });
    let error = error.await.unwrap_err();
    assert!(matches!(&error, TransactionError::Work(work) if work.is::<std::num::ParseIntError>()));
    assert_eq!(ledger.log.joined(), "rolled back");

    let ledger = Ledger::default();
    let panicked = catch_panics(transaction(ledger.clone(), async |tx| {
        tx.write("a");
        if true {
            panic!("out of ink")
        }
        Ok(())
    }));
    assert_eq!(panicked.await.unwrap_err().message(), "out of ink");
    assert_eq!(ledger.log.joined(), "rolled back");

    let ledger = Ledger::default();
    let cancelled = timeout(
        SECOND,
        transaction(ledger.clone(), async |tx| {
            tx.write("a");
            context::sleep(5 * SECOND).await?;
            Ok(())
        }),
    );
    let reaper = Reaper::new();
    reaper.run(cancelled).await.unwrap_err();
    assert_eq!(ledger.log.joined(), "rolled back");
    assert!(ledger.saved.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_followed_by_a_rollback() {
    let ledger = Ledger { commit_fails: true, ..Ledger::default() };
    let error = transaction(ledger.clone(), async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "not committed: commit: constraint violated");
    assert!(matches!(error, TransactionError::Commit { rollback: None, .. }));
    assert_eq!(ledger.log.joined(), "commit begins, rolled back");

    let ledger = Ledger { commit_takes: 60 * SECOND, ..Ledger::default() };
    let error = Transaction::new(ledger.clone()).limit(5 * SECOND).run(async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "not committed: commit: not finished within 5s");
    assert_eq!(ledger.log.joined(), "commit begins, rolled back");

    let ledger = Ledger { commit_fails: true, rollback_fails: true, ..Ledger::default() };
    let error = transaction(ledger, async |_| Ok(())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "not committed: commit: constraint violated; and not rolled back: rollback: connection lost"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_keeps_the_work_s_error() {
    let ledger = Ledger { rollback_fails: true, ..Ledger::default() };
    let error = transaction(ledger, async |_| Ok("x".parse::<u8>()?)).await.unwrap_err();
    assert_eq!(error.to_string(), "the work failed, and so did the rollback: connection lost");
    assert!(error.work().unwrap().is::<std::num::ParseIntError>());
    assert!(std::error::Error::source(&error).unwrap().is::<std::num::ParseIntError>());
}

#[tokio::test(start_paused = true)]
async fn a_straggler_of_the_work_does_not_make_a_commit_look_failed() {
    let ledger = Ledger::default();
    let reaper = Reaper::new();
    let never = Arc::new(Notify::new());
    let work = transaction(ledger.clone(), async |_| {
        let never = never.clone();
        Context::current().reaper().spawn("endless", async move { never.notified().await });
        Ok(())
    });
    Context::current().with_reaper(reaper.clone()).scope(work).await.unwrap();
    assert_eq!(ledger.log.joined(), "commit begins, committed");
    assert_eq!(reaper.live().len(), 1);
}

#[test]
fn after_every_interruption_a_transaction_is_either_committed_or_rolled_back_exactly_once() {
    let explored = explore_cancellation(
        async || Ledger { commit_takes: SECOND, ..Ledger::default() },
        async |ledger: Ledger| {
            transaction(ledger, async |tx| {
                tx.log.add("begun");
                tx.write("a");
                context::sleep(SECOND).await?;
                tx.write("b");
                context::sleep(SECOND).await?;
                Ok(())
            })
            .await
        },
        async |ledger| {
            let saved = ledger.saved.lock().clone();
            match ledger.log.joined().as_str() {
                "begun, commit begins, committed" => assert_eq!(saved, ["a", "b"]),
                "" | "begun, rolled back" => assert!(saved.is_empty()),
                other => panic!("{other}"),
            }
        },
    );
    assert_eq!(explored.polls, 4);
}

#[tokio::test(start_paused = true)]
async fn work_that_succeeds_despite_a_cancellation_is_committed() {
    let ledger = Ledger::default();
    let token = CancelToken::new();
    let work = transaction(ledger.clone(), async |tx| {
        context::sleep(SECOND).await.unwrap_err();
        tx.write("a");
        Ok(())
    });
    token.cancel("too late");
    Context::current().with_token(token).scope(work).await.unwrap();
    assert_eq!(*ledger.saved.lock(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_transaction_lets_go_of_may_be_called_commit() {
    struct Tx;
    impl Transactional for Tx {
        type Error = Infallible;
        async fn commit(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
        async fn rollback(&mut self) -> Result<(), Infallible> {
            unreachable!("it is committed")
        }
    }
    let left = async |_: &mut Tx| {
        drop(Context::current().reaper().spawn("commit", sleep(SECOND * 60)));
        Ok(7)
    };
    assert_eq!(Transaction::new(Tx).limit(SECOND).run(left).await.unwrap(), 7);
}
