//! A recursive link checker and site monitor.
pub mod check;
pub mod cli;
pub mod config;
pub mod fetch;
pub mod folder;
pub mod html;
pub mod progress;
pub mod report;
pub mod robots;
pub mod sitemap;
pub mod store;
