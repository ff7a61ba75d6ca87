//! What a person does with this workspace, as commands: `cargo xtask`.
mod bench;
mod book;
mod features;
mod prove;
mod run;
mod setup;
mod test;

use std::process::ExitCode;

use crate::run::in_ci;

const HELP: &str = "\
cargo xtask <command>

  setup     install what the tests need and is missing (Debian and Ubuntu; elsewhere: say what to install)
  test      setup, then every test: unit, integration, documentation, book listings
  lint      formatting, clippy, documentation and book, with warnings as errors; licences where cargo-deny is installed
  ci        lint, then test
  book      build the book and the documentation, and check every link in them
  figures   redraw every figure, and record every output, by running the programs on virtual time
  features  build patterns-core with each of its features alone, and run the tests of each
  prove     what the service of sitewatch claims of crashes, outages and rest, at full size and of the optimised program
  bench     run the benchmarks side by side with their peers, and write benches/results/

With CI=true, `test` lints too, and a server that is missing is a failure. Elsewhere the tests that need
it are skipped, and listed at the end.
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let takes_more = matches!(command.as_str(), "test" | "bench");
    let wants_help = rest.iter().any(|arg| arg == "--help" || arg == "-h");
    let result = match command.as_str() {
        _ if wants_help => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        known if !takes_more && !rest.is_empty() => Err(format!("{known} takes no arguments\n\n{HELP}")),
        "setup" => setup::setup(),
        "test" => test::test(&rest, in_ci()),
        "lint" => test::lint(),
        "ci" => test::test(&rest, true),
        "book" => book::book(),
        "figures" => book::figures(),
        "features" => features::features(true),
        "prove" => prove::prove(),
        "bench" => bench::bench(&rest),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("no command {other:?}\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
