//! The library's behaviour, through its public API.

#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod html;
mod robots;
mod sitemap;
