//! `cargo run -p tour --bin event`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::event::DEMO)
}
