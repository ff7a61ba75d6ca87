//! The patterns measured side by side with their peers: `cargo run --release -p benches`.
//!
//! Every row is a question ("what does a check of a cancel token cost?") with several answers: ours, the peers
//! that give the same guarantee or fewer, and limits, which give far less and show what is left to gain. All
//! are measured in one run, one after the other in each round, so that whatever slows the machine slows them all.
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(clippy::disallowed_methods, reason = "a benchmark is about real time")]

mod harness;
mod rows;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use harness::{Machine, Options, Skipped, Verdict, Watchdog};

const HELP: &str = "\
cargo run --release -p benches -- [options] [row ...]

Measures every row whose name contains one of the words, or all, and writes benches/results/<row>.json.
Nothing is written that was measured on a busy machine, or in fewer than five rounds.

  --list        names the rows
  --rounds N    how many rounds are measured, after one to warm up (default: 7)
  --tries N     how often a repetition is tried until nobody else uses the machine (default: 4)
";

fn main() -> ExitCode {
    if let Some((row, implementation)) = harness::asked_alone() {
        return alone(&row, &implementation);
    }
    if let Some(jobs) = rows::asked_for_jobs() {
        return jobs.run();
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            println!("benches: {message}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let selected: Vec<_> = rows::ALL.iter().filter(|(name, _)| options.selects(name)).collect();
    if selected.is_empty() {
        println!("benches: no row is named like that; --list names them");
        return ExitCode::from(2);
    }
    if options.list {
        for (name, _) in selected {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        println!("benches: this is a debug build, which says nothing; add --release");
        return ExitCode::from(2);
    }

    let machine = Machine::look();
    println!("{machine}\n");
    let mut missed = Vec::new();
    for (name, build) in selected {
        match build() {
            Ok(row) => {
                let measured = harness::measure(row, options.rounds, options.tries);
                measured.print();
                match measured.write(&machine, &options.command()) {
                    Ok(path) => println!("  -> {path}\n"),
                    Err(why) => println!("  -> not written: {why}\n"),
                }
                if measured.verdict() == Verdict::Missed {
                    missed.push(*name);
                }
            }
            Err(Skipped(why)) => println!("{name}\n  skipped: {why}\n"),
        }
    }
    if !missed.is_empty() {
        println!("targets missed: {}", missed.join(", "));
    }
    ExitCode::SUCCESS
}

/// Measures one implementation of one row once, for the process that started this one.
fn alone(row: &str, implementation: &str) -> ExitCode {
    let _watchdog = Watchdog::over(format!("{row}: {implementation}, alone"));
    let build = rows::ALL.iter().find(|(name, _)| *name == row).map(|(_, build)| build);
    let row = build.and_then(|build| build().ok());
    let entry = row.and_then(|row| row.entries.into_iter().find(|entry| entry.implementation == implementation));
    let Some(mut entry) = entry else { return ExitCode::from(2) };
    println!("{}", (entry.repeat)());
    ExitCode::SUCCESS
}
