//! Behaviour through the public API, a module per pattern.
mod queue;
mod retry;
mod rate_limit;
