//! `cargo run -p tour --bin background`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::background::DEMO)
}
