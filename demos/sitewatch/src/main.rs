//! `sitewatch`: finds broken links, once or for as long as it is let.
//!
//! All there is to do here is to hand the process's own things (arguments, streams, environment,
//! signals, what listens to its log) to the library, and its exit code back.
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use actors::System;
use clap::CommandFactory;
use sitewatch::check::Checker;
use sitewatch::cli::remote::RemoteCommand;
use sitewatch::cli::{
    self, CheckArgs, Cli, Command, Console, Exit, Failure, Hangups, Interrupts, Rounds, ServeArgs, WorkerArgs,
};
use sitewatch::service::AtRest;
use sitewatch::store::{Location, Store};
use sitewatch::web::api::meters;

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
    match &cli.command {
        // These take no runtime.
        Command::Init(args) => return cli::init(args, &console).into(),
        Command::Config(args) => return cli::config(args, &console).into(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "sitewatch", &mut script);
            return write(&console, &script).into();
        }
        Command::Man => return man(&console).into(),
        _ => {}
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console.fail(&Failure::failed(&error)).into(),
    };
    let exit = runtime.block_on(run(cli.command, &console)).unwrap_or_else(|failure| console.fail(&failure));
    // What still runs has been told to stop; to wait for it might be to wait for ever.
    runtime.shutdown_background();
    exit.into()
}

async fn run(command: Command, console: &Console) -> Result<Exit, Failure> {
    let interrupts = || Interrupts::of_process().map_err(|error| Failure::failed(&error as &dyn Error));
    match command {
        Command::Check(args) => check(&args, console, interrupts()?).await,
        Command::Serve(args) => serve(&args, console, interrupts()?).await,
        Command::Worker(args) => worker(&args, console, interrupts()?).await,
        Command::DemoSite(args) => sitewatch::demo_site::serve(&args, console, &mut interrupts()?).await,
        Command::Remote(RemoteCommand::Jobs(args)) if args.at().queue.is_some() => {
            Ok(cli::remote::jobs_of_queue(&args, console).await)
        }
        Command::Remote(command) => match &command.source().database {
            Some(database) => {
                let location = Location::of(database).map_err(|error| Failure::usage(&error))?;
                let system = System::start().map_err(|error| Failure::failed(&error))?;
                let store = Store::open_existing(&location, &system).await;
                let watch = AtRest::new(store.map_err(|error| Failure::failed(&error))?);
                Ok(cli::remote::run(&command, console, &watch).await)
            }
            None => {
                let client = command.source().client(&console.vars)?;
                Ok(cli::remote::run(&command, console, &client).await)
            }
        },
        Command::Init(_) | Command::Config(_) | Command::Completions { .. } | Command::Man => Ok(Exit::Clean),
    }
}

async fn check(args: &CheckArgs, console: &Console, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    let config = cli::load(args, console.vars.clone())?;
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

async fn serve(args: &ServeArgs, console: &Console, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    let mut hangups = Hangups::of_process().map_err(|error| Failure::failed(&error))?;
    log(args.log.level());
    let (recorder, handle) = meters::recorder();
    metrics::set_global_recorder(recorder).map_err(|error| Failure::failed(&error))?;
    tokio::select! {
        exit = cli::serve(args, handle.clone(), console, &mut interrupts, &mut hangups) => Ok(exit),
        // It never ends.
        () = meters::upkeep(handle) => Ok(Exit::Failed),
    }
}

/// Has the log written on standard error.
fn log(level: tracing::Level) {
    tracing_subscriber::fmt().with_writer(|| Lines).with_max_level(level).init();
}

/// Nobody to read the log is nobody to tell, as where a pipe is closed: the subscriber would panic at each line.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

async fn worker(args: &WorkerArgs, console: &Console, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    let mut hangups = Hangups::of_process().map_err(|error| Failure::failed(&error))?;
    log(args.log.level());
    Ok(cli::worker(args, console, &mut interrupts, &mut hangups).await)
}

fn man(console: &Console) -> Exit {
    match cli::manual() {
        Ok(page) => write(console, &page),
        Err(error) => console.fail(&Failure::failed(&error)),
    }
}

/// A reader that goes away is no failure.
fn write(console: &Console, text: &[u8]) -> Exit {
    match console.stdout.clone().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => console.fail(&Failure::failed(&error)),
        _ => Exit::Clean,
    }
}
