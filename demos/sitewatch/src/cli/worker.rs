//! `sitewatch worker`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use actors::System;
use actors::coordinator::Cause;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tokio::time::sleep;

use super::console::{QUEUE_VAR, var};
use super::{Console, Exit, Failure, Hangups, Interrupts, Log};
use crate::remote::{Engine, Place, Worker};
use crate::service::config::{self, ServiceConfig};

/// The arguments of `sitewatch worker`.
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// The queue: postgres://user:password@host/database, nats://host:4222, or a file for workers of one machine
    ///
    /// Without it, it is what the settings say, or the environment by SITEWATCH_QUEUE. A NATS server that answers before
    /// it has synced is refused, unless that is accepted by nats://host:4222?unsynced=accept; by monitor=http://host:8222 it
    /// can be seen that it does not.
    #[arg(long, value_name = "URL | FILE")]
    pub queue: Option<String>,

    /// The settings of the service: for the queue, and for who we are at the sites that want to know
    ///
    /// What is to be asked for with the credentials of a site is only done by workers that have them. The signal SIGHUP has
    /// them read again; bad ones change nothing.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// How many fetches are under way at a time
    #[arg(long, value_name = "N", default_value = "64", value_parser = concurrency)]
    pub concurrency: NonZeroUsize,

    /// Read N pages at the same time [default: one per CPU]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// What this worker is called in all its lives, such as the host's name
    ///
    /// No other may have the same name at the same time. What an earlier life of it was fetching is then done at once, and
    /// not only after others have not heard of it for some seconds.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,

    /// Ask no private, loopback or link-local address, and use no proxy, whatever the service says
    #[arg(long)]
    pub refuse_private: bool,

    /// A host that is asked all the same, wherever it is; can be repeated
    #[arg(long, value_name = "HOST", requires = "refuse_private")]
    pub private_host: Vec<String>,

    /// How much is logged, on standard error
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: Log,
}

/// How long it is waited before a queue that is away is tried again at the start.
const AGAIN: Duration = Duration::from_secs(2);

/// As many as a queue takes at a time.
fn concurrency(text: &str) -> Result<NonZeroUsize, &'static str> {
    let number = text.parse::<NonZeroUsize>().ok().filter(|number| number.get() <= 1_000_000);
    number.ok_or("expected a number from 1 to 1000000")
}

/// Why there is nothing to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "no queue is named: by --queue, by SITEWATCH_QUEUE or by `queue` in the settings of --config, as \
     postgres://user@host/database, nats://host:4222 or a file"
)]
struct NoQueue;

/// Fetches pages for a service until it is asked to stop, and gives the exit code: 0 after an orderly end.
///
/// Asked to read its settings again it begins anew with them, if they hold and say anything else of the sites: what it is
/// fetching it finishes or hands back, as when it is stopped.
///
/// # Cancel safety
///
/// Cancel safe: dropped, everything is stopped at once; what was under way others do.
pub async fn worker(args: &WorkerArgs, console: &Console, interrupts: &mut Interrupts, hangups: &mut Hangups) -> Exit {
    let (place, mut settings) = match place(args, console) {
        Ok(found) => found,
        Err(failure) => return console.fail(&failure),
    };
    let system = match System::start() {
        Ok(system) => system,
        Err(error) => return console.fail(&Failure::failed(&error)),
    };
    loop {
        let started = tokio::select! {
            biased;
            _ = interrupts.next() => return Exit::Clean,
            () = hangups.next() => {
                settings = read_again(args, console, &place, settings.as_ref()).or(settings);
                continue;
            }
            started = start(args, &place, settings.as_ref(), &system, console) => started,
        };
        let worker = match started {
            Ok(worker) => worker,
            Err(failure) => return console.fail(&failure),
        };
        console.notice(begun(args, &place, &worker));
        let changed = loop {
            tokio::select! {
                biased;
                name = interrupts.next() => return stop(&worker, Cause::Requested(name.into()), console, interrupts).await,
                why = worker.refused() => {
                    return stop(&worker, Cause::Failed(why.to_string().into()), console, interrupts).await;
                }
                () = hangups.next() => {
                    if let Some(changed) = read_again(args, console, &place, settings.as_ref()) {
                        break changed;
                    }
                }
            }
        };
        settings = Some(changed);
        let report = tokio::select! {
            biased;
            name = interrupts.next() => return stop(&worker, Cause::Requested(name.into()), console, interrupts).await,
            report = worker.stop(Cause::Requested("its settings have changed".into())) => report,
        };
        if !report.is_clean() {
            // Others do what it could not hand back.
            console.notice(&report);
        }
    }
}

/// What the settings say now, if that is anything else of the sites than before. Bad ones change nothing, and are told.
fn read_again(
    args: &WorkerArgs,
    console: &Console,
    place: &Place,
    before: Option<&ServiceConfig>,
) -> Option<ServiceConfig> {
    let Some((path, before)) = args.config.as_ref().zip(before) else {
        console.notice("there are no settings to read again: --config names none");
        return None;
    };
    let name = path.display();
    let now = match config::load(path, console.vars.clone()) {
        Ok(now) => now,
        Err(error) => {
            let _ = console.fail(&Failure::settings(&error));
            console.notice(format_args!("{name} was not taken: everything goes on as before"));
            return None;
        }
    };
    let queue = now.queue.as_deref().and_then(|queue| Place::of(queue).ok());
    if args.queue.is_none() && queue.as_ref() != Some(place) {
        console.notice(format_args!("{name}: `queue` counts from the next start"));
    }
    if now.sites == before.sites {
        console.notice(format_args!("{name} was read again: its sites are as they were"));
        return None;
    }
    console.notice(format_args!("{name} was read again: its sites have changed, so the worker begins anew"));
    Some(now)
}

/// Stops it for this cause; the next signal forces that. Its exit code.
async fn stop(worker: &Worker, cause: Cause, console: &Console, interrupts: &mut Interrupts) -> Exit {
    let failed = matches!(cause, Cause::Failed(_));
    console.notice(format_args!("stopping: {cause}"));
    let report = {
        let mut stopping = std::pin::pin!(worker.stop(cause));
        tokio::select! {
            report = &mut stopping => report,
            _ = interrupts.next() => {
                worker.force();
                stopping.await
            }
        }
    };
    if !report.is_clean() {
        console.notice(&report);
    }
    if failed || !report.is_clean() { Exit::Failed } else { Exit::Clean }
}

/// Where the queue is, and the settings of the service, if they were named.
fn place(args: &WorkerArgs, console: &Console) -> Result<(Place, Option<ServiceConfig>), Failure> {
    let settings = match &args.config {
        Some(path) => Some(config::load(path, console.vars.clone()).map_err(|error| Failure::settings(&error))?),
        None => None,
    };
    let queue = match (&args.queue, &settings) {
        (Some(queue), _) => Some(queue.clone()),
        // The environment is in the settings already.
        (None, Some(settings)) => settings.queue.clone(),
        (None, None) => var(&console.vars, QUEUE_VAR).map(str::to_owned),
    };
    let queue = queue.ok_or_else(|| Failure::usage(&NoQueue))?;
    Ok((Place::of(&queue).map_err(|error| Failure::usage(&error))?, settings))
}

/// Starts it; waits for a queue that is away.
async fn start(
    args: &WorkerArgs,
    place: &Place,
    settings: Option<&ServiceConfig>,
    system: &System,
    console: &Console,
) -> Result<Worker, Failure> {
    let mut told = false;
    let engine = loop {
        match Engine::open(place, system).await {
            Ok(engine) => break engine,
            Err(error) if error.is_temporary() => {
                if !std::mem::replace(&mut told, true) {
                    console.notice(format_args!("{error}; it is tried again until it answers"));
                }
                sleep(AGAIN).await;
            }
            Err(error) => return Err(Failure::failed(&error)),
        }
    };
    let mut worker = Worker::on(engine, system).await.map_err(|error| Failure::failed(&error))?;
    worker = worker.concurrency(args.concurrency);
    if let Some(threads) = args.threads {
        worker = worker.threads(threads);
    }
    if let Some(name) = &args.name {
        worker = worker.name(name);
    }
    if let Some(settings) = settings {
        worker = worker.identities(settings);
    }
    if args.refuse_private {
        worker = worker.refuse_private(&args.private_host);
    }
    worker.start(system).await.map_err(|error| Failure::failed(&error))
}

/// What it does from now on.
fn begun(args: &WorkerArgs, place: &Place, worker: &Worker) -> String {
    let mut line = format!("working for {place}, {} fetches at a time", args.concurrency);
    if !worker.sites().is_empty() {
        line += &format!(", with the credentials of {}", worker.sites().join(", "));
    }
    line
}
