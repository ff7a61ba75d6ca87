//! `cargo run -p tour --bin circuit_breaker`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::circuit_breaker::DEMO)
}
