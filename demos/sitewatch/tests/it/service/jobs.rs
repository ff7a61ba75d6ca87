//! A queue, as whoever shows it sees it.

use std::time::Duration;

use actors::System;
use actors::jobs::driver::{Answer, DeadReason, End, JobDriver, MemoryDriver, NewJob, Owner, Take, TakenJob};
use actors::jobs::{JobId, JobQueue};
use sitewatch::remote::Lead;
use sitewatch::service::{
    JobAction, JobQuery, JobState, Jobs, QueueAction, Service, Watch, WatchError, WatchJobs, config::When,
};
use tokio::time::advance;

use super::setup::{clock, config, dial, site, stop};
use super::web::Web;

const QUEUE: &str = "sitewatch.fetch";
const KIND: &str = "sitewatch.fetch.1";

/// An engine in memory, with a worker that does what a test says.
struct Place {
    engine: MemoryDriver,
    jobs: Jobs,
    system: System,
}

impl Place {
    async fn new() -> Self {
        let engine = MemoryDriver::with_clock(clock());
        let system = System::start().unwrap();
        let owner = Owner { owner: "fetches-1".to_owned(), instance: Some("a".to_owned()), poison: 3 };
        assert!(engine.enter(&owner).await.unwrap());
        let queue = JobQueue::builder(engine.clone()).start(&system).await.unwrap();
        Self { engine, jobs: Jobs::new(queue), system }
    }

    async fn put(&self, queue: &str, kind: &str, payload: &str) -> String {
        let id = JobId::random();
        self.engine.enqueue(None, &[NewJob::new(id, queue, kind, payload)]).await.unwrap();
        id.to_string()
    }

    async fn put_page(&self, queue: &str) -> String {
        self.put(queue, KIND, r#"{"url":"http://s.test/a","http":{"user_agent":"ours"}}"#).await
    }

    /// The worker takes all that it can.
    async fn take(&self, serial: u64) -> Vec<TakenJob> {
        let (owner, queues) = ("fetches-1".to_owned(), vec![QUEUE.to_owned(), "other".to_owned()]);
        let take = Take { owner, serial, queues, most: 512, suspect: true, ageing: Duration::ZERO };
        self.engine.take(&take).await.unwrap().unwrap().jobs
    }

    /// All that it takes fails for good.
    async fn fail(&self, serial: u64) {
        let end = || End::Dead { reason: DeadReason::Exhausted, error: "no such user agent".to_owned() };
        let answer = |job: TakenJob| Answer::new(job.id, job.fence, end());
        let answers: Vec<Answer> = self.take(serial).await.into_iter().map(answer).collect();
        self.engine.answer("fetches-1", &answers).await.unwrap();
    }

    async fn state(&self, id: &str) -> JobState {
        self.jobs.job(id).await.unwrap().state
    }

    async fn change(&self, id: &str, action: JobAction) -> bool {
        self.jobs.change_job(id, action).await.unwrap().changed
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_has_is_told_with_it_and_since_when_it_is_silent() {
    let place = Place::new().await;
    let id = place.put_page(QUEUE).await;
    place.put_page(QUEUE).await;
    assert_eq!(place.take(1).await.len(), 2);
    assert!(place.engine.campaign("fetches-1").await.unwrap().is_some());
    let worker = async || place.jobs.workers().await.unwrap().remove(0);
    let first = worker().await;
    assert_eq!((first.shown(), &*first.owner, first.leads, first.running), ("a", "fetches-1", true, 2));
    assert_eq!(first.silent_ms, None, "nobody has looked before");
    let its = &first.jobs[1];
    assert_eq!((&its.id, its.about.as_deref(), its.state), (&id, Some("http://s.test/a"), JobState::Running));
    assert_eq!((its.worker.as_deref(), &its.payload), (Some("fetches-1"), &None));
    advance(Duration::from_secs(7)).await;
    assert_eq!(worker().await.silent_ms, Some(7_000));
    advance(Duration::from_secs(2)).await;
    assert_eq!(worker().await.silent_ms, Some(9_000));
    place.engine.beat("fetches-1").await.unwrap();
    assert_eq!(worker().await.silent_ms, Some(0));
    place.engine.leave("fetches-1").await.unwrap();
    assert_eq!(place.jobs.workers().await, Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_dead_job_is_told_with_its_reason_and_is_done_again_when_somebody_asks() {
    let place = Place::new().await;
    let id = place.put_page(QUEUE).await;
    place.fail(1).await;
    let query = JobQuery { state: Some(JobState::Dead), ..JobQuery::default() };
    let dead = place.jobs.jobs(&query).await.unwrap().remove(0);
    assert_eq!((&dead.id, dead.reason.as_deref()), (&id, Some("exhausted")));
    assert_eq!(dead.why.as_deref(), Some("its last attempt failed"));
    assert_eq!(dead.error.as_deref(), Some("no such user agent"));

    assert!(place.change(&id, JobAction::Retry).await);
    assert_eq!(place.state(&id).await, JobState::Waiting);
    assert!(!place.change(&id, JobAction::Retry).await, "it waits already");
    assert!(place.change(&id, JobAction::Cancel).await);
    assert_eq!(place.state(&id).await, JobState::Cancelled);
    assert!(!place.change(&id, JobAction::Cancel).await);
    assert!(place.change(&id, JobAction::Retry).await);
    // One that runs is asked to stop, and is not done twice.
    assert_eq!(place.take(2).await.len(), 1);
    assert!(!place.change(&id, JobAction::Retry).await);
    assert!(place.change(&id, JobAction::Cancel).await);
    assert_eq!(place.state(&id).await, JobState::Running);
    assert_eq!(place.engine.beat("fetches-1").await.unwrap().unwrap().cancelled.len(), 1);
    for unknown in ["7", "00000000000000000000000000000000"] {
        let refused = Err(WatchError::NoSuchJob(unknown.to_owned()));
        assert_eq!(place.jobs.change_job(unknown, JobAction::Retry).await, refused);
    }
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_client_and_jobs_of_other_programs_are_not_told() {
    let place = Place::new().await;
    let ours = place.put_page(QUEUE).await;
    let other = place.put("mail", "welcome", r#"{"url":"http://secret.test/","to":"ada"}"#).await;
    let ours = place.jobs.job(&ours).await.unwrap();
    let payload = ours.payload.unwrap();
    assert!(payload.contains("http://s.test/a") && !payload.contains("user_agent"), "{payload}");
    let other = place.jobs.job(&other).await.unwrap();
    assert_eq!((other.about, other.payload, &*other.kind), (None, None, "welcome"));
    let long = place.put(QUEUE, "sitewatch.part.1", &format!(r#"{{"text":"{}"}}"#, "ä".repeat(9_000))).await;
    let payload = place.jobs.job(&long).await.unwrap().payload.unwrap();
    assert_eq!(payload.chars().count(), 4_001);
    assert!(payload.ends_with("ä…"), "{payload}");
}

#[tokio::test(start_paused = true)]
async fn all_dead_jobs_of_a_queue_are_done_again_and_none_of_another() {
    let place = Place::new().await;
    for _ in 0..150 {
        place.put_page(QUEUE).await;
    }
    place.put_page("other").await;
    place.fail(1).await;
    let replay = async || place.jobs.change_queue(QUEUE, QueueAction::Retry).await.unwrap();
    let acted = replay().await;
    assert_eq!((acted.changed, &*acted.message), (true, "150 jobs of sitewatch.fetch are done again"));
    let queues = place.jobs.queues().await.unwrap();
    let counts: Vec<_> = queues.iter().map(|queue| (&*queue.name, queue.ready, queue.dead)).collect();
    assert_eq!(counts, [("other", 0, 1), (QUEUE, 150, 0)]);
    let acted = replay().await;
    assert_eq!((acted.changed, &*acted.message), (false, "no job of sitewatch.fetch is dead"));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_paused_gives_nothing_until_it_is_resumed() {
    let place = Place::new().await;
    place.put_page(QUEUE).await;
    let change = async |action| place.jobs.change_queue(QUEUE, action).await.unwrap().changed;
    assert!(change(QueueAction::Pause).await && !change(QueueAction::Pause).await);
    assert!(place.jobs.queues().await.unwrap()[0].paused);
    assert!(place.take(1).await.is_empty());
    assert!(change(QueueAction::Resume).await && !change(QueueAction::Resume).await);
    assert_eq!(place.take(2).await.len(), 1);
    let misspelt = place.jobs.change_queue("sitewatch.fetsch", QueueAction::Pause).await;
    assert_eq!(misspelt, Err(WatchError::NoSuchQueue("sitewatch.fetsch".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_service_shows_the_queue_that_it_has_and_says_if_it_has_none() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let config = |nth: usize| config(folders[nth].path(), [("s", site("http://s.test/", When::ByHand))]);
    let service = Service::builder(config(0)).dial(dial(Web::new([]))).clock(clock()).start().await.unwrap();
    assert_eq!(service.queue().err(), Some(WatchError::NoQueue));
    stop(service).await;

    let place = Place::new().await;
    place.put_page(QUEUE).await;
    let queue = JobQueue::builder(place.engine.clone()).start(&place.system).await.unwrap();
    let service = Service::builder(config(1)).lead(Lead::new(queue)).clock(clock()).start().await.unwrap();
    let queues = service.queue().unwrap().queues().await.unwrap();
    assert_eq!((&*queues[0].name, queues[0].ready, queues.len()), (QUEUE, 1, 1));
    stop(service).await;
}
