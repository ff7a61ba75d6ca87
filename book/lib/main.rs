//! Runs what the book shows: `cargo run -p book`.
#![allow(clippy::print_stdout, reason = "it is there to be watched")]

mod publish;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use book::{costs, figures, listings, plot};
use patterns_core::outcome::BoxError;

fn main() -> ExitCode {
    let result = match env::args().nth(1).as_deref() {
        None | Some("--help" | "-h") => {
            help();
            Ok(())
        }
        Some("update") => update(),
        Some("build") => build(),
        Some(name) => match listings::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, main)) => main(),
            None => Err(format!(
                "there is no listing {name:?}; without arguments they are listed"
            )
            .into()),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("book: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() {
    println!(
        "cargo run -p book -- <listing>     runs a listing of the book, on virtual time"
    );
    println!(
        "cargo run -p book -- build         builds the book; with the crates' documentation: cargo xtask book"
    );
    println!(
        "cargo run -p book -- update        writes outputs, figures and tables anew\n"
    );
    for (name, _) in listings::ALL {
        println!("  {name}");
    }
}

fn build() -> Result<(), BoxError> {
    let index = publish::build(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    println!("{}", index.display());
    Ok(())
}

/// Writes everything that the book keeps and that comes from running its listings.
fn update() -> Result<(), BoxError> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, draw) in figures::ALL {
        fs::write(
            book.join("src/figures").join(name).with_extension("svg"),
            draw()?,
        )?;
    }
    for (name, prefix) in costs::ALL {
        let path = book.join("costs").join(name).with_extension("md");
        fs::write(&path, costs::table(prefix)?)?;
        fs::write(
            path.with_extension("svg"),
            plot::draw(name, &costs::rows(prefix)?),
        )?;
    }
    for (name, _) in listings::ALL {
        let output = Command::new(env::current_exe()?).arg(name).output()?;
        if !output.status.success() {
            return Err(format!(
                "{name} failed: {}",
                String::from_utf8_lossy(&output.stdout)
            )
            .into());
        }
        fs::write(
            book.join("listings").join(name).with_extension("out"),
            output.stdout,
        )?;
    }
    Ok(())
}
