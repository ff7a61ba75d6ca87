//! Jobs that are put, and done.

use actors::jobs::driver::{DeadReason, JobDriver, JobState, NewJob};
use actors::jobs::{Delivery, Ended, Job, PutError};
use actors::scheduler::WallClock;
use actors::worker_pool::Priority;
use jiff::SignedDuration;
use tokio::time::{Instant, sleep};

use super::book::{Act, Deed};
use super::support::{World, deed, done, drain, end, id, law, millis, put, secs, soon, took, until};

#[tokio::test(start_paused = true)]
async fn a_job_is_done_once_and_whoever_put_it_gets_its_output() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [])).await;
    assert!(ticket.is_new() && ticket.id() == id("1"));
    assert_eq!(end(&ticket).await, done("1"));
    // Also later, and again.
    sleep(secs(60)).await;
    assert_eq!(end(&ticket).await, done("1"));
    let record = world.record("1").await;
    assert_eq!((record.state, record.attempt, record.crashes), (JobState::Done, 1, 0));
    assert_eq!((record.output.as_deref(), world.book.count("1")), (Some(r#""1""#), 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_is_entered_once_under_its_id_whatever_became_of_it() {
    let world = World::new();
    let queue = world.worker("a").await;
    let first = put(&queue, deed("1", [Act::Nap(1000)])).await;
    let again = put(&queue, deed("1", [])).await;
    assert!(first.is_new() && !again.is_new());
    assert_eq!((end(&first).await, end(&again).await), (done("1"), done("1")));
    assert!(!put(&queue, deed("1", [])).await.is_new());
    sleep(secs(60)).await;
    assert_eq!(world.book.count("1"), 1);
}

#[tokio::test(start_paused = true)]
async fn many_are_put_at_once_with_a_verdict_for_each() {
    let world = World::new();
    let queue = world.worker("a").await;
    let held = put(&queue, deed("held", [Act::Nap(1000)]).unique("u")).await;
    let names: Vec<String> = (0..1200).map(|n| n.to_string()).collect();
    let mut entries: Vec<_> = names.iter().map(|name| deed(name, [])).collect();
    entries.insert(600, deed("other", []).unique("u"));
    entries.push(deed("7", []));
    let tickets = soon(queue.put_all(entries)).await.unwrap();
    assert_eq!(tickets.len(), 1202);
    for (n, ticket) in tickets.iter().enumerate() {
        match (n, ticket) {
            (600, Err(PutError::Duplicate(holder))) => assert_eq!(*holder, held.id()),
            (1201, Ok(ticket)) => assert!(!ticket.is_new()),
            (_, Ok(ticket)) => assert!(ticket.is_new()),
            (_, Err(error)) => panic!("{n}: {error}"),
        }
    }
    for ticket in tickets.iter().flatten() {
        assert!(matches!(end(ticket).await, Ended::Done(_)));
    }
    assert_eq!(end(&held).await, done("held"));
    assert_eq!((world.counts().await.done, law(queue.status().deliveries).done), (1201, 1201));
}

#[tokio::test(start_paused = true)]
async fn of_what_is_unique_there_is_one_until_it_is_over_and_its_window_is() {
    let world = World::new();
    let queue = world.worker("a").await;
    let first = put(&queue, deed("1", [Act::Nap(10_000)]).unique("u")).await;
    let refused = soon(queue.put(deed("2", []).unique("u"))).await;
    assert!(matches!(refused, Err(PutError::Duplicate(holder)) if holder == first.id()), "{refused:?}");
    end(&first).await;
    let second = put(&queue, deed("2", []).unique_for("u", secs(60))).await;
    end(&second).await;
    let refused = soon(queue.put(deed("3", []).unique("u"))).await;
    assert!(matches!(refused, Err(PutError::Duplicate(holder)) if holder == second.id()), "{refused:?}");
    sleep(secs(60)).await;
    assert_eq!(end(&put(&queue, deed("3", []).unique("u")).await).await, done("3"));
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_key_are_done_one_after_the_other_as_they_were_put() {
    let world = World::new();
    let queue = world.worker("a").await;
    let other = world.worker("b").await;
    for name in ["1", "2", "3", "4"] {
        let acts = if name == "2" { vec![Act::Fail("no".to_owned()), Act::Nap(1000)] } else { vec![Act::Nap(1000)] };
        put(&queue, deed(name, acts).key("k")).await;
    }
    let start = Instant::now();
    put(&other, deed("of another key", [Act::Nap(1000)]).key("other")).await;
    world.over("4").await;
    let begun = world.book.begun();
    let of_the_key: Vec<_> = begun.iter().filter(|name| *name != "of another key").map(String::as_str).collect();
    assert_eq!(of_the_key, ["1", "2", "2", "3", "4"]);
    // Nobody held up the one of the other key, and nothing else ran beside those of this one.
    took(world.book.starts("of another key")[0].at - start, secs(0));
    assert_eq!(world.book.most(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_urgent_go_first_but_nobody_starves() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).concurrency(1).ageing(secs(60))).await;
    put(&queue, deed("first", [Act::Nap(1000)])).await;
    until(|| world.book.running() == 1).await;
    let of = |name, priority| deed(name, [Act::Nap(1000)]).priority(priority);
    for (name, priority) in [("low", Priority::Low), ("normal", Priority::Normal), ("high", Priority::High)] {
        put(&queue, of(name, priority)).await;
    }
    world.over("low").await;
    assert_eq!(world.book.begun(), ["first", "high", "normal", "low"]);
    // What has waited for longer than two levels are worth goes before what is urgent.
    put(&queue, deed("long", [Act::Nap(200_000)])).await;
    until(|| world.book.running() == 1).await;
    put(&queue, of("low and early", Priority::Low)).await;
    sleep(secs(130)).await;
    put(&queue, of("high and late", Priority::High)).await;
    world.over("high and late").await;
    assert_eq!(world.book.begun()[4..], ["long", "low and early", "high and late"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_its_time() {
    let world = World::new();
    let queue = world.worker("a").await;
    let start = Instant::now();
    put(&queue, deed("after", []).after(secs(30))).await;
    let at = world.clock.now().checked_add(SignedDuration::from_secs(60)).unwrap();
    put(&queue, deed("at", []).at(at)).await;
    put(&queue, deed("long ago", []).at("1990-01-01T00:00:00Z".parse().unwrap())).await;
    for (name, wait) in [("long ago", 0), ("after", 30), ("at", 60)] {
        world.over(name).await;
        took(world.book.starts(name)[0].at - start, secs(wait));
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_a_time_than_the_process_is_to_have() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).concurrency(3)).await;
    let start = Instant::now();
    for n in 0..10 {
        put(&queue, deed(&n.to_string(), [Act::Nap(1000)])).await;
    }
    until(|| law(queue.status().deliveries).done == 10).await;
    assert_eq!(world.book.most(), 3);
    took(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_the_jobs_and_each_is_done_by_one() {
    let world = World::new();
    let (a, b) = (world.worker("a").await, world.worker("b").await);
    for n in 0..200 {
        let queue = if n % 2 == 0 { &a } else { &b };
        put(queue, deed(&n.to_string(), [Act::Nap(100)])).await;
    }
    until(|| law(a.status().deliveries).done + law(b.status().deliveries).done == 200).await;
    assert!(a.status().deliveries.done > 20 && b.status().deliveries.done > 20, "one of them did nearly all");
    assert_eq!(world.book.begun().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_job_for_which_there_is_no_code_waits_for_a_process_that_has_it() {
    let world = World::new();
    let queue = world.worker("a").await;
    let strange = NewJob::new(id("strange"), Deed::QUEUE, "strange", "{}");
    world.memory.enqueue(None, &[strange]).await.unwrap();
    sleep(secs(100)).await;
    let record = world.record("strange").await;
    assert_eq!((record.state, record.attempt, record.crashes), (JobState::Waiting, 0, 0));
    let released = law(queue.status().deliveries).released;
    assert!((3..=5).contains(&released), "it was taken {released} times in 100 s");
    assert!(drain(&queue, 30).await.is_complete());
    let done = |delivery: Delivery| async move { delivery.ack(None).await.unwrap() };
    let knows = world.queue("b", world.memory.clone()).deliver("strange", Deed::QUEUE, secs(60), done);
    let knows = world.start(knows).await;
    world.over("strange").await;
    assert_eq!((law(knows.status().deliveries).done, world.state("strange").await), (1, JobState::Done));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_late_is_not_begun() {
    let world = World::new();
    let queue = world.worker("a").await;
    soon(queue.pause(Deed::QUEUE)).await.unwrap();
    let ticket = put(&queue, deed("1", []).deadline_in(secs(10))).await;
    sleep(secs(11)).await;
    soon(queue.resume(Deed::QUEUE)).await.unwrap();
    assert_eq!(end(&ticket).await, Ended::Dead { reason: DeadReason::Expired, error: None });
    assert_eq!(world.book.count("1"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_runs_when_its_deadline_passes_is_stopped_and_is_dead() {
    let world = World::new();
    let queue = world.worker("a").await;
    let start = Instant::now();
    let obeys = put(&queue, deed("obeys", [Act::Nap(100_000)]).deadline_in(secs(10))).await;
    let insists = put(&queue, deed("insists", [Act::Insist(100_000)]).deadline_in(secs(10))).await;
    for ticket in [&obeys, &insists] {
        let ended = end(ticket).await;
        assert!(matches!(ended, Ended::Dead { reason: DeadReason::Expired, .. }), "{ended:?}");
    }
    took(world.book.ends("obeys")[0] - start, secs(10));
    // It was dropped when the grace was over.
    took(world.book.ends("insists")[0] - start, secs(15));
    assert_eq!(world.book.begun().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_queue_that_is_paused_is_begun_but_what_runs_goes_on() {
    let world = World::new();
    let queue = world.worker("a").await;
    let runs = put(&queue, deed("runs", [Act::Nap(5000)])).await;
    until(|| world.book.running() == 1).await;
    soon(queue.pause(Deed::QUEUE)).await.unwrap();
    let waits = put(&queue, deed("waits", [])).await;
    assert_eq!(end(&runs).await, done("runs"));
    sleep(secs(60)).await;
    assert_eq!((world.book.count("waits"), world.counts().await.paused), (0, true));
    let resumed = Instant::now();
    soon(queue.resume(Deed::QUEUE)).await.unwrap();
    assert_eq!(end(&waits).await, done("waits"));
    took(resumed.elapsed(), millis(0));
}

#[tokio::test(start_paused = true)]
async fn jobs_that_follow_are_put_if_and_only_if_their_job_is_done() {
    let world = World::new();
    let queue = world.worker("a").await;
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let acts = [Act::ThenFail(of(&["never"])), Act::Then(of(&["then", "and then"]))];
    let ticket = put(&queue, deed("1", acts)).await;
    assert_eq!(end(&ticket).await, done("1"));
    for name in ["then", "and then"] {
        assert_eq!(world.over(name).await.state, JobState::Done);
    }
    sleep(secs(60)).await;
    assert!(world.found("never").await.is_none());
    assert_eq!(world.book.attempts("1"), [1, 2]);
}
