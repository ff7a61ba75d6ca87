//! The tasks that a stack starts, and the runtime on which it starts them.
use std::convert::Infallible;
use std::sync::Arc;

use patterns_core::exit_stack::{BoxError, ExitStack, managed, transaction};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::{Ledger, Log, SECOND};

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

#[tokio::test(start_paused = true)]
async fn an_empty_stack_starts_no_task() {
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    ExitStack::new().run(async |_| Ok(())).await.unwrap();
    drop(ExitStack::new());
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
    let never: Result<(), Infallible> = ExitStack::new().settle(async |_| Ok(())).await.0;
    assert!(never.is_ok());
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
