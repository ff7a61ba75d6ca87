//! The rows, a file per family.
mod actor;
mod cancel;
mod context;
mod daemon;
mod group;
mod jobs;
mod pool;
mod postgres;
mod queue;
mod rate_limit;
mod resilience;
mod retry;
mod semaphore;
mod sitewatch;
mod timers;
mod workers;

use tokio::runtime::{Builder, Runtime};

use crate::harness::{Row, Skipped};

pub(crate) use jobs::asked_for_jobs;

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
    ("actor_tell_same_thread", actor::tell_same_thread),
    ("actor_tell_cross_thread", actor::tell_cross_thread),
    ("actor_ask_same_thread", actor::ask_same_thread),
    ("actor_ask_64_in_flight", actor::ask_64_in_flight),
    ("actor_bytes", || actor::bytes::<false>("actor_bytes")),
    ("actor_bytes_used", || actor::bytes::<true>("actor_bytes_used")),
    ("pool_uncontended", pool::uncontended),
    ("pool_64_on_8", pool::few),
    ("pool_1000_on_10", pool::many),
    ("pool_1000_on_10_p99_wait", pool::many_p99_wait),
    ("pool_1000_on_10_max_wait", pool::many_max_wait),
    ("pool_postgres_select1", postgres::select1),
    ("workers_cpu_throughput", workers::cpu_throughput),
    ("workers_cpu_latency_p50", workers::cpu_latency_p50),
    ("workers_cpu_latency_p99", workers::cpu_latency_p99),
    ("workers_io_throughput", workers::io_throughput),
    ("jobs_sqlite_full", jobs::sqlite_full),
    ("jobs_postgres", jobs::postgres_single),
    ("jobs_postgres_bulk", jobs::postgres_bulk),
    ("jobs_nats", jobs::nats_synced),
    ("jobs_memory", jobs::in_memory),
    ("jobs_idle_postgres", jobs::idle_postgres),
    ("jobs_idle_wakeups", jobs::idle_wakeups),
    ("timers_insert_cancel", timers::insert_cancel),
    ("timers_bytes", timers::bytes),
    ("timers_lateness_p50", timers::lateness_p50),
    ("timers_lateness_p99", timers::lateness_p99),
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
