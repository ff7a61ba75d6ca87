//! `cargo run -p tour --bin settings`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::settings::DEMO)
}
