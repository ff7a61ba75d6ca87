//! `cargo run -p tour --bin scheduler`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::scheduler::DEMO)
}
