//! Behaviour of the actors through their public API.
mod worker_pool;
