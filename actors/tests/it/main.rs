//! Behaviour through the public API.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod connection_pool;
mod conservation;
mod coordinator;
mod dead_letters;
mod desk;
mod jobs;
mod mailbox;
mod recorder;
mod reply;
mod scheduler;
mod settings;
mod supervision;
mod system;
mod worker_pool;
