//! The behaviour of sitewatch through its public API.
mod report;
