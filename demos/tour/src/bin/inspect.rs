//! `cargo run -p tour --bin inspect`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::inspect::DEMO)
}
