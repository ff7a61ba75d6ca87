//! The queue, by the API and the commands that ask it.

use std::sync::Arc;

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use sitewatch::cli::Exit;
use sitewatch::cli::remote::{Client, queues, workers};
use sitewatch::service::{JobAction, JobQuery, JobState, QueueAction, Watch, WatchError, WatchJobs};

use super::remote::said;
use super::{Served, TOKEN, ask, auth, get, post};
use crate::api_fake::Fake;
use crate::jobs_fake::{DEAD, FakeJobs, QUEUE, RUNS, WAITS, brief, queue};

fn alone() -> Arc<Fake> {
    Arc::new(Fake { jobs: None, ..Fake::with(Vec::new()) })
}

fn jobs(fake: &Fake) -> &FakeJobs {
    fake.jobs.as_ref().unwrap()
}

/// What was changed, taken out.
fn changed(fake: &Fake) -> Vec<(String, String)> {
    std::mem::take(&mut *jobs(fake).changed.lock())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(of, what)| ((*of).to_owned(), (*what).to_owned())).collect()
}

#[tokio::test]
async fn jobs_are_of_a_state_or_a_queue_and_as_many_as_wanted() {
    let fake = Fake::new();
    for (uri, expected) in [
        ("/api/v1/jobs", &[9, 8, 7][..]),
        ("/api/v1/jobs?limit=1", &[9]),
        ("/api/v1/jobs?state=running", &[8]),
        ("/api/v1/jobs?before=9&queue=sitewatch.fetch", &[8, 7]),
        ("/api/v1/jobs?queue=other", &[]),
    ] {
        let jobs = get(&fake, uri).await.json();
        let numbers: Vec<i64> = jobs.as_array().unwrap().iter().map(|job| job["number"].as_i64().unwrap()).collect();
        assert_eq!(numbers, expected, "{uri}");
    }
    assert_eq!(get(&fake, &format!("/api/v1/jobs/{DEAD}")).await.json(), json!(jobs(&fake).jobs[0]));
    assert_eq!(get(&fake, "/api/v1/workers").await.json(), json!(jobs(&fake).workers));
    assert_eq!(get(&fake, "/api/v1/queues").await.json(), json!(jobs(&fake).queues));
    let wrong = get(&fake, "/api/v1/jobs?state=lost").await;
    assert_eq!(wrong.problem(), (400, "bad-query".to_owned()));
    assert!(wrong.detail().starts_with("state = \"lost\": "), "{}", wrong.detail());
}

#[tokio::test]
async fn without_a_queue_one_sentence_says_so() {
    let fake = alone();
    for uri in ["/api/v1/workers", "/api/v1/queues", "/api/v1/jobs", "/api/v1/jobs/7"] {
        let answer = get(&fake, uri).await;
        assert_eq!(answer.problem(), (404, "no-queue".to_owned()), "{uri}");
        assert_eq!(answer.detail(), "this service has no queue: it fetches by itself");
    }
    for command in [&["jobs"][..], &["jobs", "queues"], &["jobs", "retry", "--dead"]] {
        let (exit, out, err) = said(command, &*fake).await;
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert_eq!(err, "error: this service has no queue: it fetches by itself\n");
    }
}

#[tokio::test]
async fn what_is_changed_needs_the_token_and_is_there() {
    let fake = Fake::new();
    let stranger = TestRequest::post().uri("/api/v1/queues/sitewatch.fetch/pause");
    assert_eq!(ask(&fake, stranger).await.problem(), (401, "token-needed".to_owned()));
    for (uri, kind) in [("/api/v1/jobs/7/retry", "no-such-job"), ("/api/v1/queues/other/pause", "no-such-queue")] {
        assert_eq!(ask(&fake, post(uri)).await.problem(), (404, kind.to_owned()), "{uri}");
    }
    assert!(changed(&fake).is_empty());
    for uri in [format!("/api/v1/jobs/{DEAD}/retry"), format!("/api/v1/queues/{QUEUE}/resume")] {
        assert_eq!(ask(&fake, post(&uri)).await.json()["changed"], true, "{uri}");
    }
    assert_eq!(changed(&fake), pairs(&[(DEAD, "retry"), (QUEUE, "resume")]));
}

#[tokio::test]
async fn over_http_a_queue_is_as_it_is() {
    let mut fake = Fake::with(Vec::new());
    // What is in a segment stays in it.
    fake.jobs.as_mut().unwrap().queues.push(queue("a/../b ?#%"));
    let fake = Arc::new(fake);
    let served = Served::start(auth(false), &fake);
    let client = Client::new(&served.url, Some(TOKEN)).unwrap();
    let (there, here) = (client.queue().unwrap(), fake.queue().unwrap());
    assert_eq!(there.workers().await, here.workers().await);
    assert_eq!(there.queues().await, here.queues().await);
    let query =
        JobQuery { state: Some(JobState::Dead), queue: Some("ä&b=c".to_owned()), limit: 7, before: Some(u64::MAX) };
    assert_eq!(there.jobs(&query).await, here.jobs(&query).await);
    assert_eq!(*jobs(&fake).queries.lock(), [query.clone(), query]);
    for id in [DEAD, "7", "a/../b"] {
        assert_eq!(there.job(id).await, here.job(id).await, "{id}");
        for action in JobAction::ALL {
            assert_eq!(there.change_job(id, action).await, here.change_job(id, action).await, "{id}: {action}");
        }
    }
    for name in [QUEUE, "nothing", "a/../b ?#%"] {
        for action in QueueAction::ALL {
            assert_eq!(there.change_queue(name, action).await, here.change_queue(name, action).await, "{name}");
        }
    }
    fake.set_down(true);
    let why = "the queue does not answer: connection refused".to_owned();
    assert_eq!(there.workers().await, Err(WatchError::NoAnswer(why)));
    served.stop().await;

    let served = Served::start(auth(false), &alone());
    let client = Client::new(&served.url, None).unwrap();
    assert_eq!(client.workers().await, Err(WatchError::NoQueue));
    served.stop().await;
}

#[tokio::test]
async fn people_and_machines_are_told_of_jobs() {
    let fake = Fake::new();
    let (exit, list, err) = said(&["jobs"], &*fake).await;
    assert_eq!((exit, err.as_str()), (Exit::Clean, ""));
    assert_eq!(list, said(&["jobs", "list"], &*fake).await.1, "it is what is done if nothing else is said");
    let heads: Vec<&str> = list.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(heads, ["NUMBER", "ID", "STATE", "QUEUE", "PUT", "TRIED", "ABOUT", "WHY"]);
    assert!(list.contains(DEAD) && list.contains("its last attempt failed: the settings have no such"), "{list}");
    let (_, few, _) = said(&["jobs", "--state", "waiting", "--in", QUEUE, "--limit", "1"], &*fake).await;
    assert!(few.contains(WAITS) && few.lines().count() == 2, "{few}");
    assert_eq!(said(&["jobs", "list", "--in", "other"], &*fake).await.1, "no jobs\n");

    let (_, one, _) = said(&["jobs", "show", DEAD], &*fake).await;
    for part in
        ["state    dead\n", "about    https://example.org/docs/9.html\n", "tried    10\n", "    \"want\": \"page\"\n"]
    {
        assert!(one.contains(part), "{part:?} is not in {one}");
    }
    let json = |(exit, out, err): (Exit, String, String)| {
        assert_eq!((exit, err.as_str()), (Exit::Clean, ""));
        serde_json::from_str::<Value>(&out).unwrap()
    };
    let all: Vec<_> = jobs(&fake).jobs.iter().map(brief).collect();
    assert_eq!(json(said(&["jobs", "--json"], &*fake).await), json!(all));
    assert_eq!(json(said(&["jobs", "show", RUNS, "--json"], &*fake).await), json!(jobs(&fake).jobs[1]));
    assert_eq!(json(said(&["jobs", "workers", "--json"], &*fake).await), json!(jobs(&fake).workers));
    assert_eq!(json(said(&["jobs", "queues", "--json"], &*fake).await), json!(jobs(&fake).queues));
}

#[test]
fn queues_and_workers_are_tables() {
    let jobs = FakeJobs::default();
    assert_eq!(
        queues(&jobs.queues).text(None, false),
        "\
QUEUE            STATE  READY  OLDEST  WAITING  RUNNING    DONE  DEAD  CANCELLED
sitewatch.fetch  open   1,100  12.5 s    1,200        1  34,000     1          2
"
    );
    assert_eq!(
        workers(&jobs.workers).text(None, false),
        "\
WORKER  LEADS  SILENT  JOBS  DOING
a       leads   1.5 s     1  https://example.org/docs/8.html
b                         0
"
    );
}

#[tokio::test]
async fn each_job_that_is_named_is_changed_and_those_that_are_not_there_are_told() {
    let fake = Fake::new();
    let (exit, out, err) = said(&["jobs", "retry", DEAD, "7", WAITS], &*fake).await;
    assert_eq!((exit, err.as_str()), (Exit::Usage, "error: there is no job \"7\"\n"));
    assert_eq!(out, format!("{DEAD}: retry, as <asked>\n{WAITS}: retry, as <asked>\n"));
    let (exit, ..) = said(&["jobs", "cancel", RUNS], &*fake).await;
    assert_eq!(exit, Exit::Clean);
    assert_eq!(changed(&fake), pairs(&[(DEAD, "retry"), (WAITS, "retry"), (RUNS, "cancel")]));
    fake.set_down(true);
    let (exit, _, err) = said(&["jobs", "retry", DEAD, WAITS], &*fake).await;
    let expected = "error: the queue does not answer: connection refused\n";
    assert_eq!((exit, err.as_str()), (Exit::Failed, expected), "it is told once");
}

#[tokio::test]
async fn dead_jobs_are_done_again_by_queue_and_queues_rest_and_go_on() {
    let mut fake = Fake::with(Vec::new());
    let queues = &mut fake.jobs.as_mut().unwrap().queues;
    queues.push(sitewatch::service::QueueView { dead: 0, ..queue("well") });
    queues.push(sitewatch::service::QueueView { dead: 2_001, ..queue("many") });
    let (exit, ..) = said(&["jobs", "retry", "--dead"], &fake).await;
    assert_eq!(exit, Exit::Clean);
    // A request does not do more than two thousand.
    assert_eq!(changed(&fake), pairs(&[(QUEUE, "retry"), ("many", "retry"), ("many", "retry")]));
    assert_eq!(said(&["jobs", "retry", "--dead", "--in", QUEUE], &fake).await.0, Exit::Clean);
    assert_eq!(changed(&fake), pairs(&[(QUEUE, "retry")]));
    let (exit, out, _) = said(&["jobs", "retry", "--dead", "--in", "well"], &fake).await;
    assert_eq!((exit, out.as_str()), (Exit::Clean, "no job is dead\n"));
    let (exit, _, err) = said(&["jobs", "retry", "--dead", "--in", "other"], &fake).await;
    assert_eq!((exit, err.as_str()), (Exit::Usage, "error: there is no queue \"other\"\n"));
    assert_eq!(said(&["jobs", "pause", QUEUE], &fake).await.0, Exit::Clean);
    assert_eq!(said(&["jobs", "resume", QUEUE], &fake).await.0, Exit::Clean);
    assert_eq!(changed(&fake), pairs(&[(QUEUE, "pause"), (QUEUE, "resume")]));
}
