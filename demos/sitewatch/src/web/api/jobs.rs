//! The queue, for programs: its workers, queues and jobs, and what can be done about them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::Problem;
use super::ProblemKind::{NoQueue, NoSuchJob, NoSuchQueue, NotLive, Unavailable};
use super::operation::Operation;
use super::query::parse;
use super::read::json;
use crate::service::{Acted, JobAction, JobQuery, JobView, QueueAction, QueueView, Watch, WorkerView};

/// Everything that can be asked for about a queue.
pub(super) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::get("/api/v1/workers", "workers", "The workers of the queue, by name, with what each has", workers)
            .json::<Vec<WorkerView>>()
            .or(&[NoQueue, NotLive, Unavailable]),
        Operation::get("/api/v1/queues", "queues", "All queues that ever had a job, by name", queues)
            .json::<Vec<QueueView>>()
            .or(&[NoQueue, NotLive, Unavailable]),
        Operation::get("/api/v1/jobs", "jobs", "Jobs, the latest first, without payloads and outputs", jobs)
            .query::<JobQuery>()
            .json::<Vec<JobView>>()
            .or(&[NoQueue, NotLive, Unavailable]),
        Operation::get("/api/v1/jobs/{job}", "job", "One job, with what it works on and what came of it", job)
            .json::<JobView>()
            .or(&[NoSuchJob, NoQueue, NotLive, Unavailable]),
    ];
    operations.extend(JobAction::ALL.map(job_action));
    operations.extend(QueueAction::ALL.map(queue_action));
    operations
}

fn job_action(action: JobAction) -> Operation {
    let (id, summary) = match action {
        JobAction::Retry => (
            "retryJob",
            "Has a job done as soon as may be that is dead, was cancelled or waits for its time, with all its attempts",
        ),
        JobAction::Cancel => ("cancelJob", "Has a job not done, or stopped"),
    };
    let path = format!("/api/v1/jobs/{{job}}/{action}");
    let handler = move |id: Path<String>, watch: Data<dyn Watch>| change_job(id, watch, action);
    Operation::post(&path, id, summary, handler).json::<Acted>().or(&[NoSuchJob, NoQueue, NotLive, Unavailable])
}

fn queue_action(action: QueueAction) -> Operation {
    let (id, summary) = match action {
        QueueAction::Pause => {
            ("pauseQueue", "Has nothing of a queue taken by anybody until it is resumed; what runs goes on")
        }
        QueueAction::Resume => ("resumeQueue", "Has a queue taken from again"),
        QueueAction::Retry => {
            ("retryQueue", "Has all dead jobs of a queue done again, some two thousand of them by each request")
        }
    };
    let path = format!("/api/v1/queues/{{queue}}/{action}");
    let handler = move |name: Path<String>, watch: Data<dyn Watch>| change_queue(name, watch, action);
    Operation::post(&path, id, summary, handler).json::<Acted>().or(&[NoSuchQueue, NoQueue, NotLive, Unavailable])
}

async fn workers(watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.queue()?.workers().await?))
}

async fn queues(watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.queue()?.queues().await?))
}

async fn jobs(request: HttpRequest, watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    let query: JobQuery = parse(&request)?;
    Ok(json(&watch.queue()?.jobs(&query).await?))
}

async fn job(id: Path<String>, watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.queue()?.job(&id).await?))
}

/// Does something about a job; that whoever asks may ask was seen before.
async fn change_job(id: Path<String>, watch: Data<dyn Watch>, action: JobAction) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.queue()?.change_job(&id, action).await?))
}

/// Does something about a queue; that whoever asks may ask was seen before.
async fn change_queue(
    name: Path<String>,
    watch: Data<dyn Watch>,
    action: QueueAction,
) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.queue()?.change_queue(&name, action).await?))
}
