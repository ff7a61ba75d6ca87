//! `cargo run -p tour --bin supervision`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::supervision::DEMO)
}
