//! `cargo run -p tour --bin coordinator`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::coordinator::DEMO)
}
