//! `cargo run -p tour --bin outcome`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::outcome::DEMO)
}
