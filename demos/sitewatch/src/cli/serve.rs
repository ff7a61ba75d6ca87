//! `sitewatch serve`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Cause;
use clap::{Args, ValueEnum};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use rand::distr::{Alphanumeric, SampleString};
use tokio::time::sleep;

use super::{Console, Exit, Failure, Hangups, Interrupts};
use crate::service::config::{self, ServiceConfig};
use crate::service::{Service, Watch};
use crate::store::StoreError;
use crate::web::{WebServer, WebSettings};

/// The arguments of `sitewatch serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The settings
    #[arg(long, short, value_name = "FILE", default_value = "sitewatch.toml")]
    pub config: PathBuf,

    /// Where the history is kept: a SQLite file, or postgres://user:password@host/database
    #[arg(long, value_name = "FILE | URL")]
    pub database: Option<String>,

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

/// How long it is waited before a database that is away is tried again at the start.
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
    let started = tokio::select! {
        biased;
        _ = interrupts.next() => return Exit::Clean,
        started = start(&config, console) => started,
    };
    let service = match started {
        Ok(service) => service,
        Err(failure) => return console.fail(&failure),
    };
    match open(&config, &service, meters, console).await {
        Ok(web) => watch(args, console, &config, &service, web, interrupts, hangups).await,
        Err(failure) => {
            let _ = service.stop(Cause::Failed("the page can't be shown".into())).await;
            console.fail(&failure)
        }
    }
}

fn load(args: &ServeArgs, console: &Console) -> Result<ServiceConfig, Failure> {
    let overrides = [("database", "--database", &args.database), ("web.listen", "--listen", &args.listen)];
    let overrides = overrides.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value.clone()?)));
    config::load_with(&args.config, console.vars.clone(), overrides).map_err(|error| Failure::usage(&error))
}

/// Starts the service; waits for a database that is away.
async fn start(config: &ServiceConfig, console: &Console) -> Result<Service, Failure> {
    let mut told = false;
    loop {
        let error = match Service::builder(config.clone()).start().await {
            Ok(service) => return Ok(service),
            Err(error) => error,
        };
        let temporary = error.downcast_ref::<StoreError>().is_some_and(StoreError::is_temporary);
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

async fn open(
    config: &ServiceConfig,
    service: &Service,
    meters: PrometheusHandle,
    console: &Console,
) -> Result<WebServer, Failure> {
    let (token, made) = match &config.web.token {
        Some(token) => (token.expose().to_owned(), false),
        None => (Alphanumeric.sample_string(&mut rand::rng(), 32), true),
    };
    let settings = WebSettings {
        listen: config.web.listen.clone(),
        token: token.clone(),
        url: config.web.url.clone(),
        read_needs_token: config.web.read.needs_token(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let watch: Arc<dyn Watch> = Arc::new(service.clone());
    let web = WebServer::bind(settings, watch).await.map_err(|error| Failure::failed(&error))?.metrics(meters);
    for address in web.addresses() {
        console.notice(format_args!("listening on http://{address}/"));
        if made {
            console.notice(format_args!("to press its buttons, go by http://{address}/?token={token}"));
        }
    }
    Ok(web)
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
