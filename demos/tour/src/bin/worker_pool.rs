//! `cargo run -p tour --bin worker_pool`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::worker_pool::DEMO)
}
