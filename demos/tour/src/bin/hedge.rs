//! `cargo run -p tour --bin hedge`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::hedge::DEMO)
}
