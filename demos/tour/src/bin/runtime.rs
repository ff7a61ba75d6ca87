//! `cargo run -p tour --bin runtime`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::runtime::DEMO)
}
