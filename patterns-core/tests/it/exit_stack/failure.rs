//! Work and cleanups that fail or panic.
use patterns_core::exit_stack::{BoxError, CleanupFailure, ExitError, ExitStack};
use patterns_core::outcome::catch_panics;
use tokio::time::Instant;

use super::{Log, SECOND};

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
    assert!(panic.place().unwrap().contains("tests/it/exit_stack/failure.rs"), "{panic}");
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
