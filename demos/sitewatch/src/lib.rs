//! A recursive link checker and site monitor.
pub mod html;
pub mod report;
pub mod robots;
pub mod sitemap;
