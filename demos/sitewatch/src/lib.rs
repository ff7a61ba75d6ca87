//! A recursive link checker and site monitor.
pub mod check;
pub mod cli;
pub mod config;
pub mod fetch;
pub mod folder;
pub mod html;
mod notify {
    pub type Notice = serde_json::Value;
}
pub mod progress;
pub mod report;
pub mod robots;
pub mod service;
pub mod sitemap;
pub mod store;
