//! `cargo run -p tour --bin cancel`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::cancel::DEMO)
}
