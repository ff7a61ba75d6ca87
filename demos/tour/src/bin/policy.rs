//! `cargo run -p tour --bin policy`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::policy::DEMO)
}
