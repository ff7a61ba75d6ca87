//! `cargo run -p tour --bin stream`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::stream::DEMO)
}
