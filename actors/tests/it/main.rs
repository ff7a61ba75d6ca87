//! Behaviour through the public API.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod conservation;
mod coordinator;
mod dead_letters;
mod desk;
mod mailbox;
mod reply;
mod supervision;
mod system;
mod worker_pool;
