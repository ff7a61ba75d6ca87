//! The programs of which the chapters show parts. Each runs on a paused clock and prints the same every time.
#![allow(missing_docs, reason = "each is explained by its chapter")]
#![allow(clippy::print_stdout, reason = "they are there to be watched")]
#![allow(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "each is explained by its chapter"
)]

pub mod cancellation;
pub mod queue;

use patterns_core::outcome::BoxError;

/// A program by the name of its file.
pub type Listing = (&'static str, fn() -> Result<(), BoxError>);

/// Every listing that is a program.
pub const ALL: &[Listing] = &[
    ("cancellation/ask", cancellation::ask::main),
    ("cancellation/drop", cancellation::drop::main),
    ("cancellation/lost", cancellation::lost::main),
    ("queue/crawl", queue::crawl::main),
    ("queue/first_attempt", queue::first_attempt::main),
];
