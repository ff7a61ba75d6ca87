//! What the log says of jobs that failed, where no hook takes them.
use std::panic::{AssertUnwindSafe, catch_unwind};

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::queue::{Job, OnDrop, WorkQueue};

use crate::support::Log;

/// What `end` has the log say of a job.
fn said_of(end: impl FnOnce(&WorkQueue<&'static str>, Job<&'static str>)) -> Vec<String> {
    let log = Log::default();
    tracing::subscriber::with_default(Levels(log.clone()), || {
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

/// The events of the queue: level and message.
struct Levels(Log);

impl tracing::Subscriber for Levels {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("patterns_core::queue")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.add(format!("{} {}", event.metadata().level(), message.0));
    }
}
