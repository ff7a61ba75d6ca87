//! `cargo run -p tour --bin rate_limit`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::rate_limit::DEMO)
}
