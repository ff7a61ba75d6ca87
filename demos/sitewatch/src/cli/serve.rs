//! `sitewatch serve`.

use std::path::{self, PathBuf};
use std::time::Duration;

use actors::coordinator::Cause;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::sleep;

use super::door::Door;
use super::{Console, Exit, Failure, Hangups, Interrupts};
use crate::remote::OpenError;
use crate::service::Service;
use crate::service::config::{self, ServiceConfig};
use crate::store::{Location, StoreError};
use crate::web::WebServer;

/// The arguments of `sitewatch serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The settings
    #[arg(long, short, value_name = "FILE", default_value = "sitewatch.toml")]
    pub config: PathBuf,

    /// Where the history is kept: a SQLite file, or postgres://user:password@host/database
    #[arg(long, value_name = "FILE | URL")]
    pub database: Option<String>,

    /// The queue that workers share, who fetch the pages then: postgres://user:password@host/database, nats://host:4222
    ///
    /// Without one, pages are fetched here. A file is for workers of this machine.
    #[arg(long, value_name = "URL | FILE", value_parser = NonEmptyStringValueParser::new())]
    pub queue: Option<String>,

    /// The address of the page
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// How much is logged, on standard error
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log: Log,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// What went wrong.
    Error,
    /// And what may go wrong.
    Warn,
    /// And what is done.
    #[default]
    Info,
    /// And how.
    Debug,
}

impl Log {
    /// The level of what is logged at least.
    #[must_use]
    pub fn level(self) -> tracing::Level {
        match self {
            Self::Error => tracing::Level::ERROR,
            Self::Warn => tracing::Level::WARN,
            Self::Info => tracing::Level::INFO,
            Self::Debug => tracing::Level::DEBUG,
        }
    }
}

/// How long it is waited before a database or a queue that is away is tried again at the start.
const AGAIN: Duration = Duration::from_secs(2);

/// Watches sites until it is asked to stop, and gives the exit code: 0 after an orderly end.
///
/// # Cancel safety
///
/// Cancel safe: dropped, everything is stopped at once; what was begun is gone on with next time.
pub async fn serve(
    args: &ServeArgs,
    meters: PrometheusHandle,
    console: &Console,
    interrupts: &mut Interrupts,
    hangups: &mut Hangups,
) -> Exit {
    let config = match load(args, console) {
        Ok(config) => config,
        Err(failure) => return console.fail(&failure),
    };
    // Whoever can't have the address shall not have begun a check.
    let door = match Door::reserve(&config) {
        Ok(door) => door,
        Err(failure) => return console.fail(&failure),
    };
    begins(args, &config);
    let started = tokio::select! {
        biased;
        _ = interrupts.next() => return Exit::Clean,
        started = start(&config, console) => started,
    };
    let service = match started {
        Ok(service) => service,
        Err(failure) => return console.fail(&failure),
    };
    match door.open(&service, meters, console) {
        Ok(web) => watch(args, console, &config, &service, web, interrupts, hangups).await,
        Err(failure) => {
            let _ = service.stop(Cause::Failed("the page can't be shown".into())).await;
            console.fail(&failure)
        }
    }
}

fn load(args: &ServeArgs, console: &Console) -> Result<ServiceConfig, Failure> {
    let overrides = [
        ("database", "--database", &args.database),
        ("queue", "--queue", &args.queue),
        ("web.listen", "--listen", &args.listen),
    ];
    let overrides = overrides.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value.clone()?)));
    config::load_with(&args.config, console.vars.clone(), overrides).map_err(|error| Failure::settings(&error))
}

/// Says where everything is: what is relative in the settings depends on the folder in which the program was started.
fn begins(args: &ServeArgs, config: &ServiceConfig) {
    let settings = path::absolute(&args.config).unwrap_or_else(|_| args.config.clone());
    let database = match Location::of(&config.database) {
        Ok(location) => location.absolute().to_string(),
        Err(bad) => bad.shown().to_owned(),
    };
    tracing::info!(settings = %settings.display(), %database, version = env!("CARGO_PKG_VERSION"), "starting");
}

/// Starts the service; waits for a database or a queue that is away.
async fn start(config: &ServiceConfig, console: &Console) -> Result<Service, Failure> {
    let mut told = false;
    loop {
        let error = match Service::builder(config.clone()).start().await {
            Ok(service) => return Ok(service),
            Err(error) => error,
        };
        let temporary = error.downcast_ref::<StoreError>().is_some_and(StoreError::is_temporary)
            || error.downcast_ref::<OpenError>().is_some_and(OpenError::is_temporary);
        if !temporary {
            return Err(Failure::failed(&*error));
        }
        if !told {
            console.notice(format_args!("{error}; it is tried again until it answers"));
            told = true;
        }
        sleep(AGAIN).await;
    }
}

async fn watch(
    args: &ServeArgs,
    console: &Console,
    begun: &ServiceConfig,
    service: &Service,
    web: WebServer,
    interrupts: &mut Interrupts,
    hangups: &mut Hangups,
) -> Exit {
    let shown_by = web.handle();
    let mut shown = std::pin::pin!(web.run().fuse());
    let cause = loop {
        tokio::select! {
            biased;
            name = interrupts.next() => break Cause::Requested(name.into()),
            () = service.lost() => break Cause::Failed("another sitewatch serves from the database".into()),
            ended = &mut shown => break Cause::Failed(match ended {
                Ok(()) => "the page has ended".into(),
                Err(error) => format!("the page can't be shown: {error}").into(),
            }),
            () = hangups.next() => tokio::select! {
                biased;
                name = interrupts.next() => break Cause::Requested(name.into()),
                () = reload(args, console, begun, service) => {}
            },
        }
    };
    let failed = matches!(cause, Cause::Failed(_));
    console.notice(format_args!("stopping: {cause}"));
    let report = {
        let mut stopping = std::pin::pin!(service.stop(cause));
        tokio::select! {
            report = &mut stopping => report,
            _ = interrupts.next() => {
                service.force();
                stopping.await
            }
            // The page goes on meanwhile, and says what is going on.
            () = until_never(&mut shown) => unreachable!("it waits for ever"),
        }
    };
    shown_by.stop();
    // Its end has a limit of its own; that it had ended before is as well.
    let _ = shown.await;
    if !report.is_clean() {
        console.notice(&report);
    }
    if failed || !report.is_clean() { Exit::Failed } else { Exit::Clean }
}

async fn until_never(shown: impl Future) {
    shown.await;
    std::future::pending().await
}

/// Goes by what the file says now, and tells what of it counts only after a restart, by what was there at the start. A
/// bad file changes nothing, and is told.
async fn reload(args: &ServeArgs, console: &Console, begun: &ServiceConfig, service: &Service) {
    let name = args.config.display();
    match load(args, console) {
        Err(failure) => {
            let _ = console.fail(&failure);
            console.notice(format_args!("{name} was not taken: everything goes on as before"));
        }
        Ok(config) => {
            if let Some(later) = later(&begun.needs_restart(&config)) {
                console.notice(format_args!("{name}: {later}"));
            }
            match service.reload(config).await {
                Ok(changes) => console.notice(format_args!("{name} was read again: {changes}")),
                Err(error) => console.notice(format_args!("{name} was taken in part only: {error}")),
            }
        }
    }
}

/// That these keys count from the next start only; nothing where there are none.
fn later(keys: &[&str]) -> Option<String> {
    let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match &*names {
        [] => None,
        [one] => Some(format!("{one} counts from the next start")),
        [most @ .., last] => Some(format!("{} and {last} count from the next start", most.join(", "))),
    }
}
