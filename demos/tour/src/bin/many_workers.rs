//! `cargo run -p tour --bin many_workers`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::many_workers::DEMO)
}
