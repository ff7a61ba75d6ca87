//! Behaviour through the public API, a module per pattern, on a paused clock.
mod exit_stack;
mod queue;
mod rate_limit;
mod retry;
mod testing;
