//! Lines with the time before them.
#![allow(clippy::print_stdout, reason = "the listings are there to be watched")]

use std::fmt::Display;

use tokio::time::Instant;

/// Prints lines, each with the (virtual) time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    start: Instant,
}

impl Log {
    /// One whose time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Prints a line.
    pub fn say(self, line: impl Display) {
        println!("{:>5} ms  {line}", self.start.elapsed().as_millis());
    }

    /// Prints a line when it is dropped: what a destructor does, made visible.
    #[must_use = "dropped at once, it says it at once"]
    pub fn say_on_drop(self, line: &'static str) -> SayOnDrop {
        SayOnDrop { log: self, line }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

/// Made by [`Log::say_on_drop`].
#[derive(Debug)]
pub struct SayOnDrop {
    log: Log,
    line: &'static str,
}

impl Drop for SayOnDrop {
    fn drop(&mut self) {
        self.log.say(self.line);
    }
}
