//! `cargo run -p tour --bin jobs`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::jobs::DEMO)
}
