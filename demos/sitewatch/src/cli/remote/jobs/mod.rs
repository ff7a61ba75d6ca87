//! `sitewatch jobs`.
mod args;
mod show;

use actors::System;
use jiff::Timestamp;
use serde::Serialize;

pub use args::{At, JobArgs, JobCancelArgs, JobListArgs, JobQueueArgs, JobRetryArgs, JobsArgs, JobsCommand};
pub use show::{jobs, queues, workers};

use super::{Table, failure, print, print_json, text};
use crate::cli::{Console, Exit, Failure};
use crate::remote::{Engine, Place};
use crate::report::text::clean;
use crate::service::{Acted, JobAction, JobQuery, Jobs, QueueAction, WatchError, WatchJobs};

/// How many dead jobs a request has done again at least, where there are so many.
const AGAIN: u64 = 2_000;

/// A file that is not there would be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the queue {0}: there is no such file")]
struct NoFile(String);

/// Runs the command on the queue that it [names](At::queue), without a service, from its arguments to the exit code.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// # Cancel safety
///
/// Cancel safe. What was asked of the queue may be done all the same.
pub async fn jobs_of_queue(args: &JobsArgs, console: &Console) -> Exit {
    let found = async {
        let place = args.at().place(&console.vars)?;
        if let Place::Sqlite(path) = &place
            && !path.exists()
        {
            return Err(Failure::usage(&NoFile(place.to_string())));
        }
        let system = System::start().map_err(|error| Failure::failed(&error))?;
        let engine = Engine::open(&place, &system).await.map_err(|error| Failure::failed(&error))?;
        let queue = engine.queue().name("looks").start(&system).await.map_err(|error| Failure::failed(&error))?;
        answer(args, console, &Jobs::new(queue)).await
    };
    found.await.unwrap_or_else(|failure| console.fail(&failure))
}

pub(super) async fn answer(args: &JobsArgs, console: &Console, queue: &dyn WatchJobs) -> Result<Exit, Failure> {
    let json = args.at().json;
    match &args.command {
        None => list(&args.list, console, queue).await?,
        Some(JobsCommand::List(args)) => list(args, console, queue).await?,
        Some(JobsCommand::Show(args)) => {
            let job = queue.job(&args.id).await.map_err(failure)?;
            if json {
                print_json(console, &job)?;
            } else {
                print(console, show::job(&job))?;
            }
        }
        Some(JobsCommand::Retry(args)) if args.dead => {
            let acted = replayed(queue, args.within.as_deref()).await.map_err(failure)?;
            return told(acted.into_iter().map(Ok).collect(), json, console);
        }
        Some(JobsCommand::Retry(args)) => return changed(queue, &args.ids, JobAction::Retry, json, console).await,
        Some(JobsCommand::Cancel(args)) => return changed(queue, &args.ids, JobAction::Cancel, json, console).await,
        Some(JobsCommand::Pause(args)) => {
            return told(vec![queue.change_queue(&args.name, QueueAction::Pause).await], json, console);
        }
        Some(JobsCommand::Resume(args)) => {
            return told(vec![queue.change_queue(&args.name, QueueAction::Resume).await], json, console);
        }
        Some(JobsCommand::Queues(_)) => {
            let all = queue.queues().await.map_err(failure)?;
            listed(&all, &queues(&all), "no queue has had a job yet", json, console)?;
        }
        Some(JobsCommand::Workers(_)) => {
            let all = queue.workers().await.map_err(failure)?;
            listed(&all, &workers(&all), "no worker is there", json, console)?;
        }
    }
    Ok(Exit::Clean)
}

async fn list(args: &JobListArgs, console: &Console, queue: &dyn WatchJobs) -> Result<(), Failure> {
    let JobListArgs { state, within, limit, before, at } = args;
    let query = JobQuery { state: *state, queue: within.clone(), limit: *limit, before: *before };
    let some = queue.jobs(&query).await.map_err(failure)?;
    listed(&some, &jobs(&some, Timestamp::now()), "no jobs", at.json, console)
}

fn listed(all: &impl Serialize, table: &Table, none: &str, json: bool, console: &Console) -> Result<(), Failure> {
    if json { print_json(console, all) } else { print(console, text(table, none, console)) }
}

/// Asks the same for each of these, until there is no answer.
async fn changed(
    queue: &dyn WatchJobs,
    ids: &[String],
    action: JobAction,
    json: bool,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut came = Vec::with_capacity(ids.len());
    for id in ids {
        let acted = queue.change_job(id, action).await;
        let is_over = acted.as_ref().is_err_and(|error| !matches!(error, WatchError::NoSuchJob(_)));
        came.push(acted);
        if is_over {
            break;
        }
    }
    told(came, json, console)
}

/// Has all dead jobs done again, of one queue or of all.
async fn replayed(queue: &dyn WatchJobs, within: Option<&str>) -> Result<Vec<Acted>, WatchError> {
    let all = queue.queues().await?;
    if let Some(name) = within.filter(|name| all.iter().all(|queue| queue.name != **name)) {
        return Err(WatchError::NoSuchQueue(name.to_owned()));
    }
    let mut came = Vec::new();
    for of in all.iter().filter(|of| of.dead > 0 && within.is_none_or(|name| name == of.name)) {
        // Not until none is dead: they may die again as fast as that.
        for _ in 0..of.dead.div_ceil(AGAIN) {
            came.push(queue.change_queue(&of.name, QueueAction::Retry).await?);
        }
    }
    if came.is_empty() {
        came.push(Acted { changed: false, message: "no job is dead".to_owned() });
    }
    Ok(came)
}

/// Says what came of each, and of what nothing did; the exit code is that of the worst.
fn told(came: Vec<Result<Acted, WatchError>>, json: bool, console: &Console) -> Result<Exit, Failure> {
    let (mut acted, mut failures) = (Vec::new(), Vec::new());
    for came in came {
        match came {
            Ok(done) => acted.push(done),
            Err(error) => failures.push(failure(error)),
        }
    }
    if json {
        print_json(console, &acted)?;
    } else {
        print(console, acted.iter().map(|acted| format!("{}\n", clean(&acted.message))).collect())?;
    }
    let exits = failures.iter().map(|failure| console.fail(failure));
    Ok(exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Clean))
}
