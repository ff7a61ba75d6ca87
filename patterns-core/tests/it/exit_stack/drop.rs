//! Stacks that are dropped, and closes that are cut short: the cleanups run all the same.
use patterns_core::cancel::timeout;
use patterns_core::context::Context;
use patterns_core::exit_stack::{BoxError, ExitStack};
use patterns_core::reaper::Reaper;
use tokio::time::sleep;

use super::{Log, SECOND};
use crate::support::Logged;

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
