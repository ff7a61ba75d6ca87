//! `cargo run -p tour --bin fallback`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::fallback::DEMO)
}
