//! `cargo run -p tour --bin blocking`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::blocking::DEMO)
}
