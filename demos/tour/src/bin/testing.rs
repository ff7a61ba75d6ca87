//! `cargo run -p tour --bin testing`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::testing::DEMO)
}
