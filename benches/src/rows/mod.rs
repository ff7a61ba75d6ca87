//! The rows, a file per family.
mod cancel;
mod context;
mod group;
mod queue;
mod rate_limit;
mod resilience;
mod retry;
mod semaphore;
mod sitewatch;

use tokio::runtime::{Builder, Runtime};

use crate::harness::{Row, Skipped};

/// Builds a row, unless it can't be measured here.
type Build = fn() -> Result<Row, Skipped>;

/// Every row by its name, which is also the name of its file in `benches/results`.
pub(crate) const ALL: &[(&str, Build)] = &[
    ("cancel_check", cancel::check),
    ("cancel_check_2threads", cancel::check_2threads),
    ("cancel_child_create_drop", cancel::child_create_drop),
    ("context_read", context::read),
    ("context_enter", context::enter),
    ("group_spawn_join_ct_10", || group::spawn_join("group_spawn_join_ct_10", ct, 10)),
    ("group_spawn_join_ct", || group::spawn_join("group_spawn_join_ct", ct, 1_000)),
    ("group_spawn_join_ct_100000", || group::spawn_join("group_spawn_join_ct_100000", ct, 100_000)),
    ("group_spawn_join_mt2_10", || group::spawn_join("group_spawn_join_mt2_10", mt2, 10)),
    ("group_spawn_join_mt2", || group::spawn_join("group_spawn_join_mt2", mt2, 1_000)),
    ("group_spawn_join_mt2_100000", || group::spawn_join("group_spawn_join_mt2_100000", mt2, 100_000)),
    ("group_cancel_1000", group::cancel_1000),
    ("queue_1p1c_ct", || queue::flow("queue_1p1c_ct", ct, 1)),
    ("queue_4p4c_ct", || queue::flow("queue_4p4c_ct", ct, 4)),
    ("queue_1p1c_mt2", || queue::flow("queue_1p1c_mt2", mt2, 1)),
    ("queue_4p4c_mt2", || queue::flow("queue_4p4c_mt2", mt2, 4)),
    ("semaphore_uncontended", semaphore::uncontended),
    ("semaphore_contended_ct", || semaphore::contended("semaphore_contended_ct", ct)),
    ("semaphore_contended_mt2", || semaphore::contended("semaphore_contended_mt2", mt2)),
    ("rate_limit_check", rate_limit::check),
    ("retry_happy", retry::happy),
    ("breaker_closed", resilience::breaker_closed),
    ("policy_five_stages", resilience::policy_five_stages),
    ("sitewatch_folder_rust_docs", sitewatch::folder_rust_docs),
];

/// A current-thread runtime.
fn ct() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("the system gives a runtime")
}

/// A runtime with two workers. `block_on` adds a third thread, so what is measured runs in spawned tasks.
fn mt2() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("the system gives a runtime")
}
