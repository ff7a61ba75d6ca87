use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{
    BoxError, CleanupFailure, DEFAULT_LIMIT, Exit, ExitError, ExitStack, Transaction, TransactionError, Transactional,
    managed, transaction,
};
use patterns_core::outcome::catch_panics;
use patterns_core::reaper::Reaper;
use patterns_core::testing::{Explorer, explore_cancellation};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::Logged;

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in order.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    fn joined(&self) -> String {
        self.lines().join(", ")
    }

    /// A cleanup with an await in it, that notes its begin and its end.
    fn cleanup(&self, stack: &ExitStack, name: &'static str) {
        let log = self.clone();
        stack.push(name, async move || {
            log.add(format!("{name} begins"));
            sleep(SECOND).await;
            log.add(format!("{name} ends"));
            Ok(())
        });
    }

    fn exit(&self, stack: &ExitStack) {
        let log = self.clone();
        stack.push_with("exit", async move |exit: Exit| {
            log.add(exit.to_string());
            Ok(())
        });
    }
}

#[tokio::test(start_paused = true)]
async fn cleanups_run_last_in_first_out_one_after_the_other() {
    let log = Log::default();
    let value = ExitStack::new()
        .run(async |stack| {
            log.cleanup(stack, "a");
            log.cleanup(stack, "b");
            log.add("work");
            Ok(7)
        })
        .await;
    assert_eq!(value.unwrap(), 7);
    assert_eq!(log.joined(), "work, b begins, b ends, a begins, a ends");
}

#[tokio::test(start_paused = true)]
async fn every_failing_cleanup_is_reported_and_keeps_no_other_from_running() {
    let log = Log::default();
    let stack = ExitStack::new().limit(5 * SECOND);
    log.cleanup(&stack, "last");
    stack.push("fails", async || Err("reset by peer".into()));
    stack.push("panics", async || panic!("no such lock"));
    stack.push("panics before its first await", || -> std::future::Ready<Result<(), BoxError>> { panic!("early") });
    stack.push("hangs", async || std::future::pending().await);
    log.cleanup(&stack, "first");

    let begun = Instant::now();
    let errors = stack.close().await.unwrap_err();
    assert_eq!(log.joined(), "first begins, first ends, last begins, last ends");
    assert_eq!(begun.elapsed(), 7 * SECOND);
    let names: Vec<_> = errors.iter().map(|error| error.name()).collect();
    assert_eq!(names, ["hangs", "panics before its first await", "panics", "fails"]);
    let failures: Vec<_> = errors.iter().map(|error| error.failure()).collect();
    assert!(matches!(failures[0], CleanupFailure::TimedOut(limit) if *limit == 5 * SECOND));
    assert!(matches!(failures[1], CleanupFailure::Panicked(panic) if panic.message() == "early"));
    assert!(matches!(failures[2], CleanupFailure::Panicked(panic) if panic.place().is_some()));
    assert!(matches!(failures[3], CleanupFailure::Failed(error) if error.to_string() == "reset by peer"));
    let told = errors.to_string();
    assert!(told.starts_with("4 cleanups failed: hangs: not finished within 5s; panics"), "{told}");
    assert!(told.ends_with("; fails: reset by peer"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_work_s_error_stays_the_source_when_cleanups_fail_too() {
    let error = ExitStack::new()
        .run(async |stack| {
            stack.push("db", async || Err("connection lost".into()));
            Ok("x".parse::<u8>()?)
        })
        .await
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::num::ParseIntError>());
    assert!(error.work().unwrap().is::<std::num::ParseIntError>());
    assert_eq!(error.cleanup().unwrap().len(), 1);
    assert_eq!(error.to_string(), "the work failed, and then 1 cleanup failed: db: connection lost");

    let error = ExitStack::new().run(async |_| Ok("x".parse::<u8>()?)).await.unwrap_err();
    assert!(matches!(&error, ExitError::Work(work) if work.is::<std::num::ParseIntError>()));
    assert_eq!(error.to_string(), "invalid digit found in string");

    let error = ExitStack::new()
        .run(async |stack| {
            stack.push("db", async || Err("connection lost".into()));
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: db: connection lost");
    assert!(error.work().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_is_told_how_the_work_ended() {
    let told = async |work: fn() -> Result<(), BoxError>| {
        let log = Log::default();
        let stack = ExitStack::new();
        log.exit(&stack);
        let _ = catch_panics(stack.run(async |_| work())).await;
        log.joined()
    };
    assert_eq!(told(|| Ok(())).await, "ok");
    assert_eq!(told(|| Err("disk full".into())).await, "failed: disk full");
    let panicked = told(|| panic!("disk on fire")).await;
    assert!(panicked.starts_with("panicked: disk on fire (at "), "{panicked}");

    let token = CancelToken::new();
    token.cancel("enough");
    let cancelled = Context::current().with_token(token).scope(told(|| Err("disk full".into()))).await;
    assert_eq!(cancelled, "cancelled: requested: enough");

    let log = Log::default();
    let stack = ExitStack::new();
    log.exit(&stack);
    Reaper::new().run(async { drop(stack) }).await;
    assert_eq!(log.joined(), "dropped");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_work_goes_on_after_the_cleanups_with_its_text_and_place() {
    let log = Log::default();
    let panic = catch_panics(ExitStack::new().run(async |stack| {
        log.cleanup(stack, "a");
        if true {
            panic!("disk on fire")
        }
        Ok(())
    }))
    .await
    .unwrap_err();
    assert_eq!(log.joined(), "a begins, a ends");
    assert_eq!(panic.message(), "disk on fire");
    assert!(panic.place().unwrap().contains("tests/it/exit_stack.rs"), "{panic}");
}

#[tokio::test(start_paused = true)]
async fn cleanups_obey_a_limit_of_their_own_and_not_the_work_s_token_and_deadline() {
    let token = CancelToken::new();
    let log = Log::default();
    let work = ExitStack::new().run(async |stack| {
        let log = log.clone();
        stack.push("slow", async move || {
            assert!(!context::is_cancelled());
            assert_eq!(context::remaining(), Some(DEFAULT_LIMIT));
            context::sleep(20 * SECOND).await?;
            log.add("cleaned up");
            Ok(())
        });
        context::sleep(60 * SECOND).await?;
        Ok(())
    });
    let scoped = Context::current().with_token(token.clone()).with_deadline(Instant::now() + 5 * SECOND);
    let cancelled = tokio::spawn(async move {
        sleep(2 * SECOND).await;
        token.cancel("enough");
    });
    let error = scoped.scope(work).await.unwrap_err();
    assert_eq!(error.to_string(), "cancelled: requested: enough");
    assert_eq!(log.joined(), "cleaned up");
    cancelled.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_reaper_waits_for_the_cleanups_of_a_dropped_stack_and_names_the_one_that_runs() {
    let log = Log::default();
    let reaper = Reaper::new();
    let stuck = ExitStack::new().run(async |stack| {
        log.cleanup(stack, "a");
        log.cleanup(stack, "b");
        std::future::pending::<Result<(), _>>().await
    });
    let context = Context::current().with_reaper(reaper.clone()).named("import");
    context.scope(timeout(SECOND, stuck)).await.unwrap_err();

    sleep(SECOND / 2).await;
    assert_eq!(log.joined(), "b begins");
    let live: Vec<_> = reaper.live().iter().map(|straggler| straggler.path.to_string()).collect();
    assert_eq!(live, ["import/exit_stack", "import/exit_stack/b"]);
    reaper.drained().await;
    assert_eq!(log.joined(), "b begins, b ends, a begins, a ends");
}

#[tokio::test(start_paused = true)]
async fn aborting_the_task_that_closes_does_not_cut_a_cleanup_short() {
    let log = Log::default();
    let stack = ExitStack::new();
    log.cleanup(&stack, "a");
    let reaper = Reaper::new();
    let task = tokio::spawn(Context::current().with_reaper(reaper.clone()).scope(stack.close()));
    sleep(SECOND / 2).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.joined(), "a begins");
    reaper.drained().await;
    assert_eq!(log.joined(), "a begins, a ends");
}

#[test]
fn a_stack_dropped_outside_of_a_runtime_cleans_up_on_the_one_that_it_was_made_on() {
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let stack = runtime.block_on(async { ExitStack::new() });
    log.cleanup(&stack, "a");
    drop(stack);
    assert_eq!(log.joined(), "");
    runtime.block_on(async { sleep(2 * SECOND).await });
    assert_eq!(log.joined(), "a begins, a ends");
}

#[tokio::test(start_paused = true)]
async fn the_cleanups_wait_for_what_the_work_let_go_of() {
    let log = Log::default();
    let work = {
        let log = log.clone();
        async move |outer: &ExitStack| {
            log.cleanup(outer, "pool");
            let inner = ExitStack::new();
            log.cleanup(&inner, "session");
            let task = log.clone();
            Context::current().reaper().spawn("flush", async move {
                sleep(3 * SECOND).await;
                task.add("flushed");
            });
            Ok(())
        }
    };
    ExitStack::new().run(work).await.unwrap();
    assert_eq!(log.joined(), "session begins, session ends, flushed, pool begins, pool ends");
}

#[tokio::test(start_paused = true)]
async fn work_that_leaves_something_endless_behind_is_told_so_after_the_limit() {
    let log = Log::default();
    let reaper = Reaper::new();
    let never = Arc::new(Notify::new());
    let work =
        Context::current().with_reaper(reaper.clone()).scope(ExitStack::new().limit(5 * SECOND).run(async |stack| {
            log.cleanup(stack, "pool");
            let never = never.clone();
            Context::current().reaper().spawn("endless", async move { never.notified().await });
            Ok(())
        }));
    let error = work.await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: endless: not finished within 5s");
    assert_eq!(log.joined(), "pool begins, pool ends");
    // It is not detached even then.
    assert_eq!(reaper.live()[0].path.to_string(), "exit_stack");
    never.notify_one();
    reaper.drained().await;
}

#[tokio::test(start_paused = true)]
async fn futures_of_this_module_can_be_spawned() {
    let log = Log::default();
    let tx = Ledger::default();
    let task = tokio::spawn(async move {
        ExitStack::new()
            .run(async |stack| {
                log.cleanup(stack, "a");
                let mut name =
                    stack.enter(managed(async { Ok::<_, BoxError>(String::new()) }, async |_| Ok(()))).await?;
                yield_now().await;
                name.push('x');
                transaction(tx, async |tx| {
                    yield_now().await;
                    tx.write("x");
                    Ok(())
                })
                .await?;
                Ok(name.len())
            })
            .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 1);
}

#[test]
fn after_every_interruption_each_pushed_cleanup_ran_exactly_once_in_lifo_order() {
    let explored = explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            ExitStack::new()
                .run(async |stack| {
                    for name in ["a", "b", "c"] {
                        log.add(format!("push {name}"));
                        log.cleanup(stack, name);
                        context::sleep(SECOND).await?;
                    }
                    Ok(())
                })
                .await
        },
        async |log| {
            let lines = log.lines();
            let pushed: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("push ")).collect();
            let expected: Vec<_> = pushed
                .iter()
                .map(|name| format!("push {name}"))
                .chain(pushed.iter().rev().flat_map(|name| [format!("{name} begins"), format!("{name} ends")]))
                .collect();
            assert_eq!(lines, expected);
        },
    );
    // One poll to begin, one after each sleep, the last of which begins to unwind, and one for its end.
    assert_eq!(explored.polls, 5);
    assert_eq!(explored.unreached, 0);
}

#[test]
fn after_every_interruption_an_inner_stack_is_done_before_the_outer_one() {
    explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            ExitStack::new()
                .run(async |outer| {
                    log.cleanup(outer, "outer");
                    let work = ExitStack::new().run(async |inner| {
                        log.add("begun");
                        log.cleanup(inner, "inner");
                        context::sleep(SECOND).await?;
                        Ok(())
                    });
                    work.await?;
                    context::sleep(SECOND).await?;
                    Ok(())
                })
                .await
        },
        async |log| {
            let begun = "begun, inner begins, inner ends, outer begins, outer ends";
            assert!(log.lines().is_empty() || log.joined() == begun, "{}", log.joined());
        },
    );
}

#[test]
fn after_every_interruption_a_stack_that_is_closed_by_hand_has_cleaned_up() {
    Explorer::new().no_task_left().run(
        async || Log::default(),
        async |log: Log| {
            let stack = ExitStack::new();
            log.add("push");
            log.cleanup(&stack, "a");
            yield_now().await;
            let _ = stack.close().await;
            yield_now().await;
        },
        async |log| assert!(log.lines().is_empty() || log.joined() == "push, a begins, a ends"),
    );
}

/// Counts what is open, and forbids to use what is not.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<i32>>);

impl Door {
    async fn open(self) -> Result<Open, BoxError> {
        sleep(SECOND).await;
        *self.0.lock() += 1;
        Ok(Open(self))
    }
}

struct Open(Door);

impl Open {
    async fn close(self) -> Result<(), BoxError> {
        sleep(SECOND).await;
        *self.0.0.lock() -= 1;
        Ok(())
    }
}

#[test]
fn after_every_interruption_a_managed_resource_is_released() {
    let explored = explore_cancellation(
        async || Door::default(),
        async |door: Door| {
            managed(door.open(), Open::close)
                .run(async |open| {
                    assert_eq!(*open.0.0.lock(), 1);
                    context::sleep(SECOND).await?;
                    Ok(())
                })
                .await
        },
        async |door| assert_eq!(*door.0.lock(), 0),
    );
    assert_eq!(explored.polls, 4);
}

#[test]
fn after_every_interruption_entered_resources_are_released() {
    explore_cancellation(
        async || Door::default(),
        async |door: Door| {
            ExitStack::new()
                .run(async |stack| {
                    let first = stack.enter(managed(door.clone().open(), Open::close)).await?;
                    let second = stack.enter(managed(door.clone().open(), Open::close)).await?;
                    context::sleep(SECOND).await?;
                    assert!(Arc::ptr_eq(&first.0.0, &second.0.0) && *first.0.0.lock() == 2);
                    Ok(())
                })
                .await
        },
        async |door| assert_eq!(*door.0.lock(), 0),
    );
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_could_not_be_acquired_is_not_released_and_the_earlier_ones_are() {
    let door = Door::default();
    let error = ExitStack::new()
        .run(async |stack| {
            let _open = stack.enter(managed(door.clone().open(), Open::close)).await?;
            let refused = managed(async { Err::<Open, _>("refused") }, async |_| panic!("never acquired"));
            stack.enter(refused).await?;
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "refused");
    assert!(error.cleanup().is_none());
    assert_eq!(*door.0.lock(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failing_release_is_reported_under_the_name_of_its_resource() {
    let failing = || managed(async { Ok::<_, BoxError>(vec![1]) }, async |_| Err("still busy".into()));
    let error = failing().run(async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: Vec: still busy");
    let error = failing().named("numbers").run(async |_| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: numbers: still busy");
    let slow = managed(async { Ok::<_, BoxError>(()) }, async |()| std::future::pending().await);
    let error = slow.named("slow").limit(SECOND).run(async |()| Ok(())).await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: slow: not finished within 1s");
}

#[tokio::test(start_paused = true)]
async fn a_leaked_guard_is_an_error_and_not_a_hang() {
    let error = ExitStack::new()
        .run(async |stack| {
            std::mem::forget(stack.enter(managed(async { Ok::<_, BoxError>(1) }, async |_| Ok(()))).await?);
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: i32: it was leaked by `mem::forget`");
}

/// A made-up database of one list: a transaction writes to a copy, and holds the only lock.
#[derive(Clone, Default)]
struct Ledger {
    log: Log,
    saved: Arc<Mutex<Vec<&'static str>>>,
    pending: Vec<&'static str>,
    commit_takes: Duration,
    commit_fails: bool,
    rollback_fails: bool,
}

impl Ledger {
    fn write(&mut self, line: &'static str) {
        self.pending.push(line);
    }
}

impl Transactional for Ledger {
    type Error = BoxError;

    async fn commit(&mut self) -> Result<(), BoxError> {
        self.log.add("commit begins");
        sleep(self.commit_takes).await;
        if self.commit_fails {
            return Err("constraint violated".into());
        }
        self.saved.lock().append(&mut self.pending);
        self.log.add("committed");
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), BoxError> {
        yield_now().await;
        if self.rollback_fails {
            return Err("connection lost".into());
        }
        self.pending.clear();
        self.log.add("rolled back");
        Ok(())
    }
}

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

#[test]
fn errors_that_nobody_waits_for_and_cleanups_that_cannot_run_are_logged() {
    let log = Log::default();
    let noted = log.clone();
    let logged = Logged::new("patterns_core::exit_stack", move |_, message, fields| {
        noted.add(format!("{message}{fields}"));
    });
    tracing::subscriber::with_default(logged, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(Reaper::new().run(async {
            let stack = ExitStack::new();
            stack.push("db", async || Err("connection lost".into()));
            drop(stack);
        }));
        assert_eq!(log.joined(), "a cleanup failed cleanup=\"db\" error=connection lost");

        let stack = runtime.block_on(async { ExitStack::new() });
        stack.push("file", async || Ok::<(), BoxError>(()));
        drop(runtime);
        drop(stack);
    });
    assert_eq!(log.lines()[1..], ["a cleanup never ran: no runtime is left to run it cleanup=file"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_stack_starts_no_task() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    ExitStack::new().run(async |_| Ok(())).await.unwrap();
    drop(ExitStack::new());
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
    let never: Result<(), Infallible> = ExitStack::new().settle(async |_| Ok(())).await.0;
    assert!(never.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_that_panics_when_its_limit_drops_it_keeps_no_other_from_running() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("not like this");
        }
    }
    let (log, stack) = (Log::default(), ExitStack::new().limit(SECOND * 5));
    log.cleanup(&stack, "a");
    stack.push("hangs", async || {
        let _bomb = Bomb;
        std::future::pending().await
    });
    let errors = stack.close().await.unwrap_err();
    assert_eq!(log.joined(), "a begins, a ends");
    assert_eq!(errors.len(), 1);
    assert!(errors.to_string().contains("not like this"), "{errors}");
}

#[test]
fn closed_outside_of_any_runtime_the_cleanups_run_on_the_one_that_the_stack_was_made_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (log, stack) = (Log::default(), runtime.block_on(async { ExitStack::new() }));
    let noted = log.clone();
    stack.push("a", async move || {
        noted.add("a");
        Ok(())
    });
    let closed = std::thread::spawn(move || block_on_a_bare_thread(stack.close()));
    closed.join().unwrap().unwrap();
    assert_eq!(log.joined(), "a");
}

/// Waits for a future on a thread that knows of no runtime.
fn block_on_a_bare_thread<F: Future>(fut: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut fut = std::pin::pin!(fut);
    loop {
        match fut.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
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
