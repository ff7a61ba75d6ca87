//! `sitewatch check`: finds broken links, in a folder of HTML or on a site.
//!
//! All there is to do here is to hand the process's own things (arguments, streams, environment,
//! signals) to the library, and its exit code back.
use std::error::Error;
use std::process::ExitCode;

use sitewatch::check::Checker;
use sitewatch::cli::{self, CheckArgs, Command, Console, Exit, Failure, Interrupts, Rounds};

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help, version, or wrong use. Nobody to read it is nobody to tell.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()).into();
        }
    };
    let console = Console::of_process();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console.fail(&Failure::failed(&error)).into(),
    };
    let Command::Check(args) = cli.command;
    let exit = runtime.block_on(check(&args, &console)).unwrap_or_else(|failure| console.fail(&failure));
    // What still runs has been told to stop; to wait for it might be to wait for ever.
    runtime.shutdown_background();
    exit.into()
}

async fn check(args: &CheckArgs, console: &Console) -> Result<Exit, Failure> {
    let config = cli::load(args, console.vars.clone())?;
    let mut interrupts = Interrupts::of_process().map_err(|error| Failure::failed(&error as &dyn Error))?;
    let rounds = match config.every {
        Some(period) => Some(Rounds::every(period).await?),
        None => None,
    };
    let check = |target, config, progress, _token| async move {
        // The token is the ambient one as well, and the checker obeys that.
        Checker::new(config).progress(progress).run(&target).await
    };
    Ok(cli::execute(config, console, &mut interrupts, rounds, check).await)
}
