//! `cargo run -p tour --bin barrier`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::barrier::DEMO)
}
