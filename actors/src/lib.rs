//! placeholder
pub mod worker_pool;

mod text_duration;
