//! `cargo run -p tour --bin gather`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::gather::DEMO)
}
