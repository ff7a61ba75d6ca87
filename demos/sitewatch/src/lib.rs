//! placeholder
pub mod html;
pub mod robots;
pub mod sitemap;
