//! `cargo run -p tour --bin transaction`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::transaction::DEMO)
}
