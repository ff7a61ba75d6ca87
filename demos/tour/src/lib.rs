//! The tour: a narrated program for every pattern.
//!
//! `cargo run -p tour` lists them. Each plays scenes from the life of a link checker (pages, links, hosts), says
//! line by line what happens and when, and asserts what it claims. They run on real time, or with `--virtual` on a
//! paused clock, where every run prints the same; `--svg FILE` draws what happened; and where there is a first attempt
//! that misbehaves, `--broken` plays that instead.
//!
//! - [`DEMOS`] names them all; each is a file in `src/demos`.
//! - [`timeline`] records who did what when, and [`figure`] draws it. They serve the book too.
//! - [`Stage`] is what a demo plays on: it narrates and records.
//! - [`site`] has the pages and hosts of the scenes.

/// Says a line with the time since the start.
macro_rules! say {
    ($stage:expr, $($line:tt)+) => {
        $stage.say(format_args!($($line)+))
    };
}

use std::time::Duration;

mod catalogue;
mod command_line;
mod demo;
pub mod demos;
pub mod figure;
mod run;
pub mod site;
mod stage;
pub mod timeline;

pub use catalogue::{DEMOS, list};
pub use command_line::{Command, Options};
pub use demo::{Demo, Part, Playing};
pub use run::{play, tour};
pub use stage::Stage;

/// So many milliseconds.
const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
