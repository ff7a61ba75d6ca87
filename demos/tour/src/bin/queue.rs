//! `cargo run -p tour --bin queue`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::queue::DEMO)
}
