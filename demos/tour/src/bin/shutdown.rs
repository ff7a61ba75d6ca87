//! `cargo run -p tour --bin shutdown`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::shutdown::DEMO)
}
