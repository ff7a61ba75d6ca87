//! Who lives, who is given up, and what becomes of their jobs.

use actors::jobs::Stop;
use actors::jobs::driver::{JobDriver, JobState};
use actors::{Component, Readiness, WorkerPool};
use tokio::time::{Instant, sleep};

use super::book::Act;
use super::flaky::{Call, How};
use super::support::{World, deed, done, end, law, millis, owner, put, secs, took, until};
use crate::recorder::Spans;

#[tokio::test(start_paused = true)]
async fn the_jobs_of_a_process_that_is_stopped_are_done_by_others_within_its_lease_and_a_third() {
    // Wherever in its period the process was stopped.
    for stopped_after in [1, 2700, 4999, 5001, 7300] {
        let world = World::new();
        let (sleeper, flaky) = world.flaky_worker("sleeper").await;
        put(&sleeper, deed("1", [Act::Insist(1_000_000), Act::Done]).key("k")).await;
        put(&sleeper, deed("2", []).key("k")).await;
        until(|| world.book.running() == 1).await;
        let other = world.worker("other").await;
        sleep(millis(stopped_after)).await;
        flaky.all(Some(How::Hang));
        let stopped = Instant::now();
        world.over("2").await;
        let rescued = world.book.starts("1")[1].at - stopped;
        assert!(rescued <= secs(20) + millis(50), "stopped after {stopped_after} ms, rescued after {rescued:?}");
        assert_eq!((world.book.attempts("1"), world.book.starts("1")[1].crashes), (vec![1, 2], 1));
        // Its process knew as much: the job was asked to stop, and dropped, before anybody else had it.
        assert_eq!((law(other.status().deliveries).done, world.book.most()), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_wakes_after_it_was_given_up_changes_nothing_and_begins_a_new_life() {
    let world = World::new();
    let (sleeper, flaky) = world.flaky_worker("sleeper").await;
    let acts = [Act::Insist(8000), Act::Insist(3000)];
    put(&sleeper, deed("1", acts)).await;
    sleep(secs(6)).await;
    let earlier = owner(&sleeper);
    flaky.all(Some(How::Hang));
    let other = world.worker("other").await;
    // It ends while its process is stopped; its answer stays behind.
    until(|| world.book.ends("1").len() == 1).await;
    assert_eq!(world.state("1").await, JobState::Running);
    world.over("1").await;
    let before = world.record("1").await;
    assert_eq!((before.state, before.attempt), (JobState::Done, 2));
    flaky.all(None);
    until(|| law(sleeper.status().deliveries).held == 0 && sleeper.status().unwritten == 0).await;
    sleep(secs(20)).await;
    assert_eq!(world.record("1").await, before);
    let (its, others) = (law(sleeper.status().deliveries), law(other.status().deliveries));
    assert_eq!((its.taken, its.lost, its.done), (1, 1, 0));
    assert_eq!((others.taken, others.done), (1, 1));
    assert_ne!(owner(&sleeper), earlier);
    assert_eq!(world.owners().await.len(), 2);
    // It takes jobs again.
    other.close();
    assert_eq!(end(&put(&sleeper, deed("2", [])).await).await, done("2"));
    assert_eq!(law(sleeper.status().deliveries).done, 1);
}

#[tokio::test(start_paused = true)]
async fn who_can_not_give_signs_of_life_asks_its_jobs_to_stop_in_time() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    let start = Instant::now();
    put(&queue, deed("1", [Act::Nap(100_000), Act::Done])).await;
    sleep(secs(6)).await;
    flaky.set(Call::Beat, Some(How::Hang));
    until(|| !world.book.stops("1").is_empty()).await;
    let (stop, at) = world.book.stops("1")[0];
    assert_eq!(stop, Stop::Unsure);
    // The last sign was given after five seconds, and a grace is left of the lease.
    took(at - start, secs(15));
    // It was handed back, and nothing is taken by who is not sure.
    sleep(secs(2)).await;
    assert_eq!((world.state("1").await, world.book.count("1")), (JobState::Waiting, 1));
    flaky.set(Call::Beat, None);
    world.over("1").await;
    assert_eq!(world.book.attempts("1"), [1, 1]);
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.released, counts.done, counts.lost), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_that_fails_now_and_then_disturbs_nobody() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    let other = world.worker("b").await;
    let ticket = put(&queue, deed("1", [Act::Nap(120_000)])).await;
    put(&other, deed("2", [Act::Nap(120_000)])).await;
    until(|| world.book.running() == 2).await;
    for how in [How::Fail, How::Lose, How::Panic].into_iter().cycle().take(9) {
        sleep(secs(11)).await;
        flaky.next(Call::Beat, how);
    }
    assert_eq!(end(&ticket).await, done("1"));
    world.over("2").await;
    assert!(world.book.stops("1").is_empty() && world.book.stops("2").is_empty());
    assert_eq!((law(queue.status().deliveries).lost, law(other.status().deliveries).lost), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_who_was_given_up_is_told_that_it_is_somebody_elses() {
    let world = World::new();
    let queue = world.worker("a").await;
    put(&queue, deed("1", [Act::Watch(60_000), Act::Done])).await;
    sleep(secs(2)).await;
    let earlier = owner(&queue);
    world.memory.leave(&earlier).await.unwrap();
    world.over("1").await;
    let stops: Vec<_> = world.book.stops("1").iter().map(|(stop, _)| *stop).collect();
    assert!(stops.is_empty() || stops == [Stop::Gone], "{stops:?}");
    until(|| world.book.ends("1").len() == 2).await;
    let stops: Vec<_> = world.book.stops("1").iter().map(|(stop, _)| *stop).collect();
    assert_eq!(stops, [Stop::Gone]);
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.taken, counts.lost, counts.done), (2, 1, 1));
    assert_eq!((world.book.attempts("1"), owner(&queue) != earlier), (vec![1, 2], true));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_would_not_stop_while_it_was_unsure_is_told_when_it_is_gone() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    put(&queue, deed("1", [Act::Watch(60_000), Act::Done])).await;
    sleep(secs(6)).await;
    flaky.set(Call::Beat, Some(How::Hang));
    until(|| !world.book.stops("1").is_empty()).await;
    // It is given up in that moment, and learns it before its grace is over.
    world.memory.leave(&owner(&queue)).await.unwrap();
    flaky.set(Call::Beat, None);
    until(|| world.book.ends("1").len() == 2).await;
    let stops: Vec<_> = world.book.stops("1").iter().map(|(stop, _)| *stop).collect();
    assert_eq!(stops, [Stop::Unsure, Stop::Gone]);
    world.over("1").await;
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.taken, counts.lost, counts.done), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_is_dropped_when_its_lease_ends_however_long_its_workers_would_leave_it() {
    let world = World::new();
    let flaky = world.flaky();
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(4).grace(secs(60)).start(&world.system).unwrap();
    let sleeper = world.start(world.queue("sleeper", flaky.clone()).workers(workers)).await;
    put(&sleeper, deed("1", [Act::Watch(50_000), Act::Done])).await;
    sleep(secs(6)).await;
    flaky.all(Some(How::Hang));
    let other = world.worker("other").await;
    world.over("1").await;
    let (starts, ends) = (world.book.starts("1"), world.book.ends("1"));
    assert!(starts.len() == 2 && ends[0] <= starts[1].at && world.book.most() == 1, "{starts:?}, {ends:?}");
    let stops: Vec<_> = world.book.stops("1").iter().map(|(stop, _)| *stop).collect();
    assert_eq!(stops, [Stop::Unsure]);
    flaky.all(None);
    until(|| law(sleeper.status().deliveries).lost == 1).await;
    assert_eq!(law(other.status().deliveries).done, 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_life_of_an_instance_has_the_jobs_of_the_one_before_at_once() {
    let world = World::new();
    let flaky = world.flaky();
    let other = world.queue("other", world.memory.clone()).instance("host-2").concurrency(1);
    let other = world.start(other).await;
    put(&other, deed("others", [Act::Nap(60_000)])).await;
    until(|| world.book.running() == 1).await;
    let before = world.start(world.queue("before", flaky.clone()).instance("host-1")).await;
    put(&before, deed("1", [Act::Insist(1_000_000), Act::Done])).await;
    until(|| world.book.running() == 2).await;
    flaky.all(Some(How::Hang));
    let crashed = Instant::now();
    let after = world.start(world.queue("after", world.memory.clone()).instance("host-1")).await;
    world.over("1").await;
    took(world.book.starts("1")[1].at - crashed, secs(0));
    assert_eq!((law(after.status().deliveries).done, world.book.starts("1")[1].crashes), (1, 1));
    // Nobody else was disturbed.
    world.over("others").await;
    assert_eq!((world.book.count("others"), law(other.status().deliveries).lost), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_earlier_life_of_an_instance_that_wakes_takes_nothing_from_the_later_one() {
    let spans = Spans::default();
    let _listening = spans.listen();
    let world = World::new();
    let flaky = world.flaky();
    // If the two gave each other up for ever there would be no end to it.
    flaky.most(Call::Enter, 50);
    let before = world.start(world.queue("before", flaky.clone()).instance("host-1")).await;
    sleep(secs(1)).await;
    flaky.all(Some(How::Hang));
    let after = world.start(world.queue("after", world.memory.clone()).instance("host-1")).await;
    put(&after, deed("1", [Act::Nap(120_000)])).await;
    sleep(secs(30)).await;
    flaky.all(None);
    assert_eq!(world.over("1").await.state, JobState::Done);
    assert_eq!((world.book.count("1"), law(after.status().deliveries).lost), (1, 0));
    assert!(flaky.count(Call::Enter) < 20, "it was entered {} times", flaky.count(Call::Enter));
    // Whoever gave two of them the same name can see that.
    let told = spans.said().into_iter().filter(|line| line.contains("another process has our instance"));
    let told: Vec<_> = told.filter(|line| line.contains(" instance=\"host-1\"")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    law(before.status().deliveries);
}

#[tokio::test(start_paused = true)]
async fn while_the_engine_is_away_nobody_is_given_up_for_that() {
    let world = World::new();
    let flaky = world.flaky();
    let a = world.start(world.queue("a", flaky.clone()).concurrency(1)).await;
    let b = world.start(world.queue("b", flaky.clone()).concurrency(1)).await;
    for name in ["1", "2"] {
        put(&a, deed(name, [Act::Nap(100_000), Act::Nap(1000)])).await;
    }
    until(|| world.book.running() == 2).await;
    let before = world.owners().await;
    flaky.all(Some(How::Fail));
    sleep(secs(120)).await;
    assert_eq!(world.book.running(), 0);
    flaky.all(None);
    for name in ["1", "2"] {
        assert_eq!(world.over(name).await.state, JobState::Done);
        assert_eq!(world.book.attempts(name), [1, 1], "it was handed back, which is no attempt");
    }
    assert_eq!(world.owners().await, before);
    assert_eq!((law(a.status().deliveries).lost, law(b.status().deliveries).lost), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_was_gone_for_long_and_had_nothing_is_forgotten() {
    let world = World::new();
    let flaky = world.flaky();
    let gone = world.start(world.queue("gone", flaky.clone()).leads(false)).await;
    let other = world.worker("other").await;
    sleep(secs(6)).await;
    flaky.all(Some(How::Hang));
    sleep(secs(120)).await;
    let seen = other.status().others;
    assert!(seen.len() == 1 && seen[0].owner == owner(&gone) && seen[0].silent > secs(100), "{seen:?}");
    sleep(secs(60)).await;
    assert_eq!((world.owners().await, other.status().others.len()), (vec![owner(&other)], 0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_has_ended_is_told_of_and_no_answer_is_thrown_away_for_that() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Insist(5_000)])).await;
    sleep(secs(1)).await;
    flaky.all(Some(How::End));
    sleep(secs(7)).await;
    flaky.all(None);
    assert_eq!(end(&ticket).await, done("1"));
    assert_eq!(law(queue.status().deliveries).lost, 0);
    flaky.all(Some(How::End));
    sleep(secs(30)).await;
    let Readiness::NotReady(why) = queue.ready().await else { panic!("it is ready") };
    assert_eq!(why, "the jobs' engine has ended: a later version has written it");
}
