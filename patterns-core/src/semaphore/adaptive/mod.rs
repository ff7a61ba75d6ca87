//! A limit that finds itself.
mod algorithm;
mod builder;
mod limit;
mod permit;

pub use algorithm::Algorithm;
pub use builder::AdaptiveBuilder;
pub use limit::{AdaptiveLimit, AdaptiveStatus};
pub use permit::AdaptivePermit;
