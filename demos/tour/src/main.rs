//! Lists the demos: `cargo run -p tour`.
use std::process::ExitCode;

fn main() -> ExitCode {
    tour::tour()
}
