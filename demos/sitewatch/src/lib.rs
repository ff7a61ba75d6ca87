//! placeholder
pub mod fetch;
pub mod html;
pub mod robots;
pub mod sitemap;
