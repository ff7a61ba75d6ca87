//! `cargo run -p tour --bin bulkhead`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::bulkhead::DEMO)
}
