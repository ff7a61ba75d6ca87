//! Sites, folders and bytes that mean harm.

mod any;
mod attacks;
mod bodies;
#[path = "../../fuzz/checks/mod.rs"]
mod checks;
mod folders;
mod parsers;
mod private;
mod server;
mod sitemaps;
