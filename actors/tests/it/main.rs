//! Behaviour through the public API.

mod coordinator;
mod dead_letters;
mod desk;
mod mailbox;
mod supervision;
mod system;
mod worker_pool;
