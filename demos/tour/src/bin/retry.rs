//! `cargo run -p tour --bin retry`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::retry::DEMO)
}
