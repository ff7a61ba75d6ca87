//! Behaviour through the public API, a module per pattern.
mod queue;
mod rate_limit;
mod retry;
