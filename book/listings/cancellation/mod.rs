pub mod ask;
pub mod drop;
pub mod lost;
