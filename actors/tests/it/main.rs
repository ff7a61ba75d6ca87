//! Behaviour through the public API.

mod dead_letters;
mod desk;
mod mailbox;
mod scheduler;
mod supervision;
mod system;
mod worker_pool;
