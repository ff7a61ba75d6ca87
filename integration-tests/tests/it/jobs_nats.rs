//! The driver of jobs on a real NATS server: its contract, whether it believes what the server promises, and what a
//! crash of the server does to it.

use std::time::Duration;

use actors::System;
use actors::jobs::JobId;
use actors::jobs::driver::{
    Accepted, Answer, BATCH, DeadReason, DriverError, End, Entered, JobDriver, JobState, NatsDriver, NewJob, Owner,
    Take, TakenJob, async_nats,
};
use integration_tests::skip_or_fail;
use sitewatch::remote::{Engine, Place};
use tokio::time::{sleep, timeout};

use crate::jobs_conformance::{World, conforms};
use crate::pool_support::{blocking, millis};
use crate::support::nats::Nats;

/// Runs a scenario, which fails if it hangs.
async fn bounded<F: Future>(scenario: F) -> F::Output {
    timeout(Duration::from_secs(300), scenario).await.expect("the scenario hangs")
}

pub(crate) async fn server(test: &str, sync_interval: &'static str) -> Option<Nats> {
    let started = blocking(move || Nats::start_with(sync_interval)).await.expect("it starts");
    if started.is_none() {
        skip_or_fail(test, "nats-server");
    }
    started
}

async fn open(server: &Nats, namespace: &str) -> Result<NatsDriver, DriverError> {
    NatsDriver::builder(server.url()).namespace(namespace).monitor(server.monitor()).connect().await
}

async fn drop_server(server: Nats) {
    blocking(move || drop(server)).await;
}

/// Each driver has a connection of its own.
struct OnNats<'s>(&'s Nats);

impl World for OnNats<'_> {
    type Driver = NatsDriver;

    async fn open(&self) -> NatsDriver {
        open(self.0, "conforms").await.unwrap()
    }

    async fn pass(&self, units: u32) {
        sleep(self.unit() * units).await;
    }

    fn unit(&self) -> Duration {
        millis(300)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_driver_on_nats_conforms() {
    let Some(server) = server("the driver of jobs on NATS", "always").await else { return };
    bounded(conforms(&OnNats(&server))).await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_acknowledges_before_it_syncs_is_refused_unless_that_is_accepted() {
    let Some(server) = server("a NATS server that does not sync", "2m").await else { return };
    bounded(async {
        let error = open(&server, "app").await.unwrap_err();
        assert!(error.is_final() && error.to_string().contains("\"tested\" does not sync"), "{error}");
        assert!(matches!(error, DriverError::Unsynced(_)), "{error:?}");
        // Whoever has a URL and no builder is told what to put into that.
        let place = Place::of(&format!("{}?monitor={}", server.url(), server.monitor())).unwrap();
        let error = Engine::open(&place, &System::start().unwrap()).await.unwrap_err().to_string();
        assert!(error.contains("\"tested\" does not sync") && error.ends_with("or unsynced=accept in it"), "{error}");
        assert!(!error.contains("accept_unsynced()"), "{error}");
        // Nor is it believed what nobody has said.
        let error = NatsDriver::builder(server.url()).connect().await.unwrap_err();
        assert!(error.is_final() && error.to_string().contains("it is not known whether"), "{error}");
        let driver = NatsDriver::builder(server.url()).accept_unsynced().connect().await.unwrap();
        assert!(!driver.is_synced());
        let job = NewJob::new(JobId::random(), "mail", "welcome", "{}");
        assert_eq!(driver.enqueue(None, &[job]).await.unwrap(), [Entered::New]);
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_syncs_is_believed_where_its_monitor_says_so() {
    let Some(server) = server("a NATS server that syncs", "always").await else { return };
    bounded(async {
        assert!(open(&server, "app").await.unwrap().is_synced());
        let error = NatsDriver::builder(server.url()).monitor("http://127.0.0.1:1").connect().await.unwrap_err();
        assert!(error.to_string().contains("monitor \"http://127.0.0.1:1\""), "{error}");
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_the_url_logs_in() {
    let started = blocking(|| Nats::start_for("me", "p@ss:1")).await.expect("it starts");
    let Some(server) = started else {
        skip_or_fail("a NATS server with a password", "nats-server");
        return;
    };
    bounded(async {
        let (_, host) =
            server.url().split_once("://").map(|(scheme, host)| (scheme.to_owned(), host.to_owned())).unwrap();
        let at = |login: &str| NatsDriver::builder(format!("nats://{login}{host}")).monitor(server.monitor());
        assert!(at("me:p%40ss%3A1@").connect().await.unwrap().is_synced());
        // Of several servers the first has it for all.
        let two = format!("nats://me:p%40ss%3A1@{host},nats://{host}");
        assert!(NatsDriver::builder(two).monitor(server.monitor()).connect().await.unwrap().is_synced());
        for login in ["", "me:wrong@"] {
            let error = at(login).connect().await.unwrap_err();
            assert!(!error.may_pass() && error.to_string().contains("authorization"), "{error}");
        }
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespaces_of_one_server_know_nothing_of_each_other() {
    let Some(server) = server("namespaces on NATS", "always").await else { return };
    bounded(async {
        let (a, b) = (open(&server, "a").await.unwrap(), open(&server, "b").await.unwrap());
        let job = NewJob::new(JobId::of(&["same"]), "mail", "welcome", "{}");
        for driver in [&a, &b] {
            assert_eq!(driver.enqueue(None, std::slice::from_ref(&job)).await.unwrap(), [Entered::New]);
        }
        assert_eq!(a.cancel(job.id).await.unwrap(), Some(JobState::Cancelled));
        assert_eq!(b.look(&[job.id]).await.unwrap()[0].as_ref().unwrap().state, JobState::Waiting);
    })
    .await;
    drop_server(server).await;
}

fn taker(queue: &str, serial: u64, most: usize) -> Take {
    let (owner, queues) = ("worker".to_owned(), vec![queue.to_owned()]);
    Take { owner, serial, queues, most, suspect: true, ageing: Duration::from_secs(60) }
}

async fn enter_worker(driver: &NatsDriver) {
    let owner = Owner { owner: "worker".to_owned(), instance: None, poison: 3 };
    assert!(driver.enter(&owner).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_payloads_and_outputs_come_back_as_they_are() {
    let Some(server) = server("long payloads on NATS", "always").await else { return };
    bounded(async {
        let (putter, worker) = (open(&server, "long").await.unwrap(), open(&server, "long").await.unwrap());
        let long = |n: usize| format!("\"{}\"", "é@= ".repeat(n));
        let payloads = [long(1), long(205), long(70_000), long(209_000), format!("\"{}\"", "x".repeat((1 << 20) - 2))];
        let job = |(n, payload): (usize, &String)| NewJob::new(JobId::of(&[&n.to_string()]), "long", "long", payload);
        let jobs: Vec<NewJob> = payloads.iter().enumerate().map(job).collect();
        assert_eq!(putter.enqueue(None, &jobs).await.unwrap(), [Entered::New; 5]);
        enter_worker(&worker).await;
        let taken = worker.take(&taker("long", 1, 10)).await.unwrap().unwrap().jobs;
        assert!(taken.iter().map(|job| &job.payload).eq(&payloads));
        // What follows comes with long payloads, too.
        let next = |id: &str| NewJob::new(JobId::of(&["next", id]), "next", "next", long(5_000));
        let answer = |(job, output): (&TakenJob, &String)| {
            let end = End::Done { output: Some(output.clone()) };
            Answer {
                next: (0..3).map(|n| next(&format!("{}{n}", job.id))).collect(),
                ..Answer::new(job.id, job.fence, end)
            }
        };
        let answers: Vec<Answer> = taken.iter().zip(payloads.iter().rev()).map(answer).collect();
        assert_eq!(worker.answer("worker", &answers).await.unwrap(), [const { Accepted::Kept }; 5]);
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
        let seen = putter.look(&ids).await.unwrap();
        assert!(seen.iter().map(|job| job.as_ref().unwrap().output.as_ref().unwrap()).eq(payloads.iter().rev()));
        let follow = worker.take(&taker("next", 2, 100)).await.unwrap().unwrap().jobs;
        assert!(follow.len() == 15 && follow.iter().all(|job| job.payload == long(5_000)));
        // One byte more is refused, and nothing of its batch is entered.
        let more = NewJob::new(JobId::of(&["more"]), "long", "long", "x".repeat((1 << 20) + 1));
        let fits = NewJob::new(JobId::of(&["fits"]), "long", "long", "{}");
        let error = putter.enqueue(None, &[fits.clone(), more]).await.unwrap_err();
        assert!(error.is_final() && putter.look(&[fits.id]).await.unwrap() == [None], "{error}");
    })
    .await;
    drop_server(server).await;
}

/// What the server says of a stream: `first_seq`, `last_seq`, `messages`.
fn stream_state(server: &Nats, stream: &str, what: &str) -> u64 {
    let seen: serde_json::Value = serde_json::from_str(&server.look("/jsz?streams=1").unwrap()).unwrap();
    let streams = seen["account_details"][0]["stream_detail"].as_array().unwrap();
    let found = streams.iter().find(|found| found["name"] == stream).unwrap();
    found["state"][what].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_long_outputs_are_kept_at_once_and_only_once() {
    const JOBS: usize = BATCH;
    let Some(server) = server("many long outputs on NATS", "always").await else { return };
    bounded(async {
        let driver = open(&server, "many").await.unwrap();
        enter_worker(&driver).await;
        let job = |n: usize| NewJob::new(JobId::of(&[&n.to_string()]), "many", "many", "{}");
        let jobs: Vec<NewJob> = (0..JOBS).map(job).collect();
        driver.enqueue(None, &jobs).await.unwrap();
        let taken = driver.take(&taker("many", 1, JOBS)).await.unwrap().unwrap().jobs;
        assert_eq!(taken.len(), JOBS);
        let output = |n: usize| format!("\"{n}{}\"", "x".repeat(20_000));
        let answer =
            |(n, job): (usize, &TakenJob)| Answer::new(job.id, job.fence, End::Done { output: Some(output(n)) });
        let answers: Vec<Answer> = taken.iter().enumerate().map(answer).collect();
        let kept = || stream_state(&server, "JOBS_many_KEPT", "messages");
        // The second time, as if the first answer was lost.
        for _ in 0..2 {
            let accepted = driver.answer("worker", &answers).await.unwrap();
            assert!(accepted.len() == JOBS && accepted.iter().all(|one| *one == Accepted::Kept));
            // Each output, and a copy of the tables.
            let kept = kept();
            assert!((JOBS as u64..JOBS as u64 + 100).contains(&kept), "{kept}");
        }
        let ids: Vec<JobId> = taken.iter().map(|job| job.id).collect();
        let seen = driver.look(&ids).await.unwrap();
        let outputs = seen.into_iter().map(|job| job.unwrap().output.unwrap());
        assert!(outputs.eq((0..JOBS).map(output)));
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_payload_was_lost_is_dead_and_holds_up_no_other() {
    let Some(server) = server("a lost payload on NATS", "always").await else { return };
    bounded(async {
        let driver = open(&server, "lost").await.unwrap();
        enter_worker(&driver).await;
        let job = |name: &str, payload: &str| NewJob::new(JobId::of(&[name]), "lost", name, payload);
        let (long, short) = (job("long", &format!("\"{}\"", "x".repeat(5_000))), job("short", "{}"));
        assert_eq!(driver.enqueue(None, &[long.clone(), short.clone()]).await.unwrap(), [Entered::New; 2]);
        let client = async_nats::connect(server.url()).await.unwrap();
        let kept = async_nats::jetstream::new(client).get_stream("JOBS_lost_KEPT").await.unwrap();
        kept.purge().filter("jobs.lost.kept.text.>").await.unwrap();
        let taken = driver.take(&taker("lost", 1, 10)).await.unwrap().unwrap().jobs;
        assert!(taken.len() == 1 && taken[0].id == short.id && taken[0].payload == "{}", "{taken:?}");
        let seen = driver.look(&[long.id]).await.unwrap().remove(0).unwrap();
        assert_eq!((seen.state, seen.dead), (JobState::Dead, Some(DeadReason::Terminated)));
        assert_eq!((&*seen.payload, seen.error.as_deref()), ("null", Some("its payload is not there any more")));
        let answer = Answer::new(short.id, taken[0].fence, End::Done { output: None });
        assert_eq!(driver.answer("worker", &[answer]).await.unwrap(), [Accepted::Kept]);
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_lost_all_is_begun_with_anew() {
    let Some(server) = server("a NATS server that has lost all", "always").await else { return };
    bounded(async {
        let drivers = [open(&server, "gone").await.unwrap(), open(&server, "gone").await.unwrap()];
        let job = |name: &str| NewJob::new(JobId::of(&[name]), "mail", "welcome", "{}");
        assert_eq!(drivers[0].enqueue(None, &[job("1")]).await.unwrap(), [Entered::New]);
        let client = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
        for stream in ["JOBS_gone", "JOBS_gone_KEPT"] {
            client.delete_stream(stream).await.unwrap();
        }
        // By either of those who were there, and without anybody who comes.
        for (driver, name) in drivers.iter().zip(["2", "3"]) {
            while driver.enqueue(None, &[job(name)]).await.is_err() {
                sleep(millis(50)).await;
            }
        }
        for driver in &drivers {
            assert_eq!(driver.counts().await.unwrap()[0].waiting, 2);
        }
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_has_become_long_is_copied_and_shortened_and_nothing_is_forgotten_though_the_last_copy_is_lost() {
    const HEAD: &str = "jobs.copied.kept.head";
    let Some(server) = server("a long log on NATS", "always").await else { return };
    bounded(async {
        let driver = open(&server, "copied").await.unwrap();
        enter_worker(&driver).await;
        let job = |n: usize| NewJob::new(JobId::of(&[&n.to_string()]), "copied", n.to_string(), "x".repeat(900));
        let jobs: Vec<NewJob> = (0..14_000).map(job).collect();
        driver.enqueue(None, &jobs[..500]).await.unwrap();
        let held = driver.take(&taker("copied", 1, 10)).await.unwrap().unwrap().jobs;
        let client = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
        let kept = client.get_stream("JOBS_copied_KEPT").await.unwrap();
        let head = async || kept.get_last_raw_message_by_subject(HEAD).await.ok().map(|message| message.payload);
        let mut earlier = None;
        for some in jobs[500..].chunks(500) {
            driver.enqueue(None, some).await.unwrap();
            if earlier.is_none() {
                earlier = head().await;
            }
        }
        let mut first = 0;
        for _ in 0..200 {
            first = stream_state(&server, "JOBS_copied", "first_seq");
            if first > 1 {
                break;
            }
            sleep(millis(50)).await;
        }
        assert!(first > 1, "the log was not shortened");
        // A server that was not synced may have lost the latest of what it had kept.
        let earlier = earlier.expect("there was a copy before the last");
        assert_ne!(head().await.as_ref(), Some(&earlier));
        client.publish(HEAD, earlier).await.unwrap().await.unwrap();
        // Who comes now has all of it, and knows who has what.
        let other = open(&server, "copied").await.unwrap();
        let counts = other.counts().await.unwrap().remove(0);
        assert_eq!((counts.waiting, counts.ready, counts.running), (13_990, 13_990, 10));
        assert_eq!(driver.counts().await.unwrap()[0].waiting, 13_990);
        let answer = Answer::new(held[0].id, held[0].fence, End::Done { output: None });
        assert_eq!(other.answer("worker", &[answer]).await.unwrap(), [Accepted::Kept]);
        assert_eq!(other.enqueue(None, &jobs[..2]).await.unwrap(), [Entered::Known; 2]);
        let next = other.take(&taker("copied", 2, 1)).await.unwrap().unwrap().jobs;
        assert_eq!((&*next[0].kind, next[0].payload.len()), ("10", 900));
    })
    .await;
    drop_server(server).await;
}

/// Asks again until there is an answer.
async fn patiently<T>(ask: impl AsyncFn() -> Result<T, DriverError>) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(!error.is_final(), "{error}"),
        }
        sleep(millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_server_in_the_middle_loses_nothing_and_doubles_nothing() {
    const JOBS: usize = 300;
    let Some(server) = server("a crash of a NATS server", "always").await else { return };
    let server = bounded(async {
        let (putter, worker) = (open(&server, "crash").await.unwrap(), open(&server, "crash").await.unwrap());
        enter_worker(&worker).await;
        let puts = async {
            for n in 0..JOBS {
                let job = NewJob::new(JobId::of(&[&n.to_string()]), "crash", n.to_string(), "{}");
                let entered = patiently(async || putter.enqueue(None, std::slice::from_ref(&job)).await).await;
                // Where the answer was lost it is known.
                assert!(matches!(entered[..], [Entered::New | Entered::Known]), "{entered:?}");
            }
        };
        let works = async {
            let (mut begun, mut serial) = (Vec::new(), 0);
            while begun.len() < JOBS {
                serial += 1;
                // The same serial where it is asked again: so no job is forgotten whose take was not answered.
                let taken = patiently(async || worker.take(&taker("crash", serial, 7)).await).await.unwrap().jobs;
                for job in &taken {
                    assert_eq!((job.attempt, job.crashes), (1, 1));
                    begun.push(job.kind.clone());
                    let answers = [Answer::new(job.id, job.fence, End::Done { output: None })];
                    let said = patiently(async || worker.answer("worker", &answers).await).await;
                    assert_eq!(said, [Accepted::Kept]);
                }
                sleep(millis(1)).await;
            }
            begun
        };
        let crashes = async {
            let mut server = server;
            for _ in 0..3 {
                sleep(millis(150)).await;
                server = blocking(move || {
                    server.kill();
                    server.restart().expect("it comes back");
                    server
                })
                .await;
            }
            server
        };
        let ((), mut begun, server) = tokio::join!(puts, works, crashes);
        begun.sort_by_key(|kind| kind.parse::<usize>().unwrap());
        assert!(begun.iter().enumerate().all(|(n, kind)| *kind == n.to_string()), "each once: {begun:?}");
        let counts = patiently(async || putter.counts().await).await.remove(0);
        assert_eq!((counts.entered(), counts.done), (JOBS as u64, JOBS as u64));
        // And whoever comes later sees the same.
        let counts = open(&server, "crash").await.unwrap().counts().await.unwrap().remove(0);
        assert_eq!(counts.done, JOBS as u64);
        server
    })
    .await;
    drop_server(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_writes_nothing_into_the_log() {
    let Some(server) = server("an idle worker on NATS", "always").await else { return };
    bounded(async {
        let driver = open(&server, "idle").await.unwrap();
        enter_worker(&driver).await;
        let last = || stream_state(&server, "JOBS_idle", "last_seq");
        let before = last();
        for serial in 1..=20 {
            let taken = driver.take(&taker("idle", serial, 10)).await.unwrap().unwrap();
            assert!(taken.jobs.is_empty() && taken.next.is_none());
        }
        assert_eq!(last(), before);
        // And one that has gone to sleep for a while is awake at once.
        let mark = driver.mark();
        let other = open(&server, "idle").await.unwrap();
        other.enqueue(None, &[NewJob::new(JobId::random(), "idle", "1", "{}")]).await.unwrap();
        timeout(Duration::from_secs(5), driver.woken(&["idle".to_owned()], mark)).await.expect("it was told");
        assert_eq!(driver.take(&taker("idle", 21, 10)).await.unwrap().unwrap().jobs.len(), 1);
    })
    .await;
    drop_server(server).await;
}
