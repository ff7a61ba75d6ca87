//! `cargo run -p tour --bin files`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::files::DEMO)
}
