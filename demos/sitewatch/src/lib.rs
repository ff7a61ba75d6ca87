//! A recursive link checker and site monitor.
pub mod report;
