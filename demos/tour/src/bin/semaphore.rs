//! `cargo run -p tour --bin semaphore`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::semaphore::DEMO)
}
