//! Everything the book shows is compiled, run, and compared with what it printed when it was written.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod chapters;
mod costs;
mod figures;
mod jobs;
mod listings;
mod many_machines;
mod page;
mod patterns;
mod python;
mod queue;
mod settings;
mod support;
