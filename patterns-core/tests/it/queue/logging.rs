//! What the log says of jobs that failed, where no hook takes them.
use std::panic::{AssertUnwindSafe, catch_unwind};

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::queue::{Job, OnDrop, WorkQueue};

use crate::support::{Log, Logged};

/// What `end` has the log say of a job.
fn said_of(end: impl FnOnce(&WorkQueue<&'static str>, Job<&'static str>)) -> Vec<String> {
    let log = Log::default();
    let noted = log.clone();
    let logged = Logged::new("patterns_core::queue", move |level, message, _| noted.add(format!("{level} {message}")));
    tracing::subscriber::with_default(logged, || {
        let queue = WorkQueue::builder(1).on_drop(OnDrop::Fail).build().unwrap();
        queue.try_put("page").unwrap();
        let job = queue.try_get().unwrap();
        end(&queue, job);
        assert_eq!(queue.stats().failed, 1, "whatever is said of it");
    });
    log.all()
}

#[test]
fn a_job_that_is_dropped_in_a_running_queue_is_warned_of() {
    let said = said_of(|_, job| drop(job));
    assert_eq!(said, ["WARN a job failed, its item is dropped"]);
}

#[test]
fn a_job_that_is_dropped_once_the_queue_is_closed_is_no_warning() {
    let said = said_of(|queue, job| {
        queue.close();
        drop(job);
    });
    assert_eq!(said, ["DEBUG a job was given up, its item is dropped"]);
}

#[test]
fn a_job_that_is_dropped_as_its_worker_was_cancelled_is_no_warning() {
    let said = said_of(|_, job| {
        let token = CancelToken::new();
        token.cancel("stop");
        Context::current().with_token(token).sync_scope(|| drop(job));
    });
    assert_eq!(said, ["DEBUG a job was given up, its item is dropped"]);
}

#[test]
fn a_job_that_fails_or_panics_is_warned_of_in_a_closed_queue_too() {
    let failed = said_of(|queue, job| {
        queue.close();
        job.fail("no such host");
    });
    assert_eq!(failed, ["WARN a job failed, its item is dropped"]);
    let panicked = said_of(|queue, job| {
        queue.close();
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _job = job;
            panic!("in the middle of it");
        }));
        assert!(panicked.is_err());
    });
    assert_eq!(panicked, ["WARN a job failed, its item is dropped"]);
}
