//! `sitewatch status`, `sites`, `runs`, `report`, `ask` and `jobs`: what a service knows, at a prompt.
//!
//! Whom they ask is a [`Watch`]: a [`Client`] of a service that runs, or its database; of jobs, also
//! [a queue itself](jobs_of_queue). They print tables for people, as wide as the terminal where that is known (`COLUMNS`),
//! or the JSON of the API.
//!
//! | command | exit code |
//! |---|---|
//! | `status` | 0 if all sites are well, 1 if links are broken, a check failed or does not get on, or the service is not ready |
//! | `sites`, `runs`, `report`, `ask`, `jobs` | 0 if it was answered; what the answer is makes no difference |
//! | all | 2 for wrong use, such as a site or a job that is not there; 3 if there was no answer |
mod args;
mod client;
mod jobs;
mod show;
mod table;
mod times;
mod watch;

use std::io::{self, ErrorKind, Write};

use jiff::Timestamp;
use serde::Serialize;

pub use args::{AskArgs, RemoteCommand, ReportArgs, RunsArgs, SitesArgs, Source, StatusArgs};
pub use client::{Client, ClientError};
pub use jobs::{
    At, JobArgs, JobCancelArgs, JobListArgs, JobQueueArgs, JobRetryArgs, JobsArgs, JobsCommand, jobs, jobs_of_queue,
    queues, workers,
};
pub use show::{runs, sites, summary, troubled};
pub use table::{Align, Cell, Color, Table};
pub use times::relative;

use super::console::var;
use super::{Console, Exit, Failure};
use crate::report::Style;
use crate::service::{Health, Readiness, SiteView, Watch, WatchError};
use crate::web::api::open_findings;

/// What `sitewatch status --json` prints: the sites as the API shows them, and whether the service is ready.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Whether the service can do its work; none where only its database was asked.
    #[serde(flatten)]
    pub readiness: Option<Readiness>,
    /// All sites, by name.
    pub sites: Vec<SiteView>,
}

impl Status {
    /// Whether nobody needs to look: the service, if it was asked, is ready and no check waits for something; no site has
    /// broken links or a check that failed. A site that was never checked is well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let serves = self.readiness.as_ref().is_none_or(Readiness::is_well);
        serves && !self.sites.iter().any(show::is_troubled)
    }

    /// What is said where no site is in trouble.
    fn none(&self) -> &'static str {
        let is_unknown = |site: &SiteView| site.health == Health::Unknown;
        match self.sites.is_empty() {
            false if self.sites.iter().all(is_unknown) => "nothing is known yet",
            _ => "nothing is broken",
        }
    }
}

/// Runs a command from its arguments to the exit code; the [module](self) says which.
///
/// # Cancel safety
///
/// Cancel safe. What was asked of the service by [`RemoteCommand::Ask`] may be done all the same.
pub async fn run(command: &RemoteCommand, console: &Console, watch: &dyn Watch) -> Exit {
    answer(command, console, watch).await.unwrap_or_else(|failure| console.fail(&failure))
}

async fn answer(command: &RemoteCommand, console: &Console, watch: &dyn Watch) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    match command {
        RemoteCommand::Status(args) => {
            let status = status(watch, args.source.database.is_none()).await?;
            if args.json {
                print_json(console, &status)?;
            } else {
                let table = text(&troubled(&status.sites, now), status.none(), console);
                print(console, format!("{table}\n{}", summary(&status)))?;
            }
            return Ok(if status.is_well() { Exit::Clean } else { Exit::Broken });
        }
        RemoteCommand::Sites(args) => {
            let all = watch.sites().await.map_err(failure)?;
            if args.json {
                print_json(console, &all)?;
            } else {
                print(console, text(&sites(&all, now), "no sites", console))?;
            }
        }
        RemoteCommand::Runs(args) => {
            let some = watch.runs(args.site.as_deref(), args.limit, args.before).await.map_err(failure)?;
            if args.json {
                print_json(console, &some)?;
            } else {
                print(console, text(&runs(&some), "no runs", console))?;
            }
        }
        RemoteCommand::Report(args) => {
            let report = open_findings(watch, &args.site).await.map_err(failure)?;
            // Nothing is cut short: there is no other place to see the rest.
            let style = Style { all: true, color: console.color, quiet: false };
            print_with(console, |out| report.write(args.format, style, out))?;
        }
        RemoteCommand::Ask(args) => {
            let acted = watch.act(&args.site, args.action).await.map_err(failure)?;
            if args.json {
                print_json(console, &acted)?;
            } else {
                print(console, format!("{}\n", acted.message))?;
            }
        }
        RemoteCommand::Jobs(args) => return jobs::answer(args, console, watch.queue().map_err(failure)?).await,
    }
    Ok(Exit::Clean)
}

async fn status(watch: &dyn Watch, is_service: bool) -> Result<Status, Failure> {
    let sites = watch.sites().await.map_err(failure)?;
    // A database is neither ready nor not.
    let readiness = if is_service { Some(watch.readiness().await) } else { None };
    Ok(Status { readiness, sites })
}

/// What the user named is wrong use; that nobody answers is not.
fn failure(error: WatchError) -> Failure {
    match &error {
        WatchError::NoSuchSite(_)
        | WatchError::NoSuchRun(_)
        | WatchError::NoSuchJob(_)
        | WatchError::NoSuchQueue(_)
        | WatchError::NoQueue
        | WatchError::NotLive(_) => Failure::usage(&error),
        WatchError::Unavailable(_) | WatchError::NoAnswer(_) | WatchError::QueueAway(_) => Failure::failed(&error),
    }
}

/// A table, as wide as the terminal if somebody says how wide that is; words for one without rows.
fn text(table: &Table, none: &str, console: &Console) -> String {
    if table.is_empty() {
        return format!("{none}\n");
    }
    let columns = var(&console.vars, "COLUMNS");
    table.text(columns.and_then(|columns| columns.parse().ok()), console.color)
}

fn print_json(console: &Console, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::failed(&error))?;
    print(console, format!("{text}\n"))
}

fn print(console: &Console, text: String) -> Result<(), Failure> {
    print_with(console, |out| out.write_all(text.as_bytes()))
}

/// To a reader that has gone, such as `head`, there is nothing more to say; that is no failure.
fn print_with(console: &Console, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = console.stdout.clone();
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(&StdoutError(error))),
        _ => Ok(()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("can't write to standard output: {0}")]
struct StdoutError(io::Error);
