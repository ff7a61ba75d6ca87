//! `cargo run -p tour --bin condition`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::condition::DEMO)
}
