//! Behaviour through the public API, on a paused clock.
mod testing;
