//! `cargo run -p tour --bin shield`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::shield::DEMO)
}
