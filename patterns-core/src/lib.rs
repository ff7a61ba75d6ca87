//! Concurrency patterns as plain types on stock tokio.
pub mod cancel;
pub mod context;
pub mod exit_stack;
pub mod outcome;
pub mod queue;
pub mod rate_limit;
pub mod reaper;
pub mod retry;
pub mod settings;
pub mod task_group;
pub mod testing;

mod panics;
