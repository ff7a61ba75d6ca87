//! `cargo run -p tour --bin http_client`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::http_client::DEMO)
}
