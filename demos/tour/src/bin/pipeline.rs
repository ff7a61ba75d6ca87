//! `cargo run -p tour --bin pipeline`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::pipeline::DEMO)
}
