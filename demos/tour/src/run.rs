use std::env;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use patterns_core::outcome::{BoxError, catch_panic};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::ctrl_c;

use crate::figure::Figure;
use crate::{Command, Demo, Options, Stage, catalogue};

/// What the binary of a demo does: obeys the command line, plays, draws.
///
/// Ends with 0 if all went as the demo claims, with 1 if not, and with 2 if the command line can't be obeyed.
#[must_use]
pub fn play(demo: &Demo) -> ExitCode {
    match Command::read(demo, args()) {
        Ok(Command::Help) => {
            print(&Command::help(demo));
            ExitCode::SUCCESS
        }
        Ok(Command::Play(options)) => {
            match catch_panic(|| act(demo, &options)) {
                Ok(Ok(())) => ExitCode::SUCCESS,
                Ok(Err(error)) => complain(demo.word, error, 1),
                Err(panic) => complain(demo.word, panic, 1),
            }
        }
        Err(sentence) => complain(demo.word, sentence, 2),
    }
}

/// What `cargo run -p tour` does: lists the demos.
#[must_use]
pub fn tour() -> ExitCode {
    match args().next().as_deref() {
        None | Some("--help" | "-h") => {
            print(&catalogue::list());
            ExitCode::SUCCESS
        }
        Some(arg) => {
            let known = catalogue::DEMOS.iter().any(|demo| demo.word == arg);
            let sentence = if known {
                format!(
                    "{arg} is a program of its own: cargo run -p tour --bin {arg}"
                )
            } else {
                format!(
                    "there is no argument {arg:?}; without any, the demos are listed"
                )
            };
            complain("tour", sentence, 2)
        }
    }
}

/// Those after the program's name.
fn args() -> impl Iterator<Item = String> {
    env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned())
}

fn act(demo: &Demo, options: &Options) -> Result<(), BoxError> {
    let part = demo.broken.filter(|_| options.broken).unwrap_or(demo.play);
    let is_virtual = options.virtual_time || demo.always_virtual;
    let recording = runtime(is_virtual)?.block_on(async {
        // Outside of the runtime the clock would be the real one.
        let stage = Stage::new(is_virtual);
        tokio::select! {
            biased;
            played = part(stage.clone()) => played?,
            _ = ctrl_c(), if !demo.own_signals => return Err("interrupted".into()),
        }
        Ok::<_, BoxError>(stage.recording())
    })?;
    if let Some(file) = &options.svg {
        let title = if options.broken {
            format!("{}: a first attempt that misbehaves", demo.word)
        } else {
            demo.shows.to_owned()
        };
        let figure = Figure::new(title).draw(&recording);
        fs::write(file, figure).map_err(|error| {
            format!("cannot write {}: {error}", file.display())
        })?;
    }
    Ok(())
}

fn runtime(is_virtual: bool) -> io::Result<Runtime> {
    if is_virtual {
        Builder::new_current_thread().enable_all().start_paused(true).build()
    } else {
        Builder::new_multi_thread().enable_all().build()
    }
}

fn complain(word: &str, sentence: impl Display, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "{word}: {sentence}");
    ExitCode::from(code)
}

/// Whoever reads only the first lines closes the pipe; that is no error.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
