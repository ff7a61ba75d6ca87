//! `cargo run -p tour --bin context`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::context::DEMO)
}
