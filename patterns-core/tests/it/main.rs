//! Behaviour through the public API, on a paused clock.
mod exit_stack;
mod testing;
