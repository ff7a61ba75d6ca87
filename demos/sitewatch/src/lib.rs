//! A recursive link checker and site monitor.
mod causes;
pub mod check;
pub mod cli;
pub mod config;
pub mod demo_site;
pub mod fetch;
pub mod folder;
mod hex;
pub mod html;
pub mod notify;
pub mod progress;
pub mod remote;
pub mod report;
pub mod robots;
pub mod service;
pub mod sitemap;
pub mod store;
pub mod web;
