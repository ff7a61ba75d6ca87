//! `cargo run -p tour --bin task_group`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::task_group::DEMO)
}
