//! Every demo is played on virtual time, and must say and draw what is recorded; and on real time.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod command_line;
mod demos;
mod figure;
mod list;
mod support;
mod timeline;
