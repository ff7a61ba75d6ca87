//! `cargo run -p tour --bin exit_stack`.

fn main() -> std::process::ExitCode {
    tour::play(&tour::demos::exit_stack::DEMO)
}
