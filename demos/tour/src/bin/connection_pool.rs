//! `cargo run -p tour --bin connection_pool`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::connection_pool::DEMO)
}
