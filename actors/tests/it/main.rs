//! Behaviour through the public API.

mod connection_pool;
mod dead_letters;
mod desk;
mod mailbox;
mod supervision;
mod system;
mod worker_pool;
