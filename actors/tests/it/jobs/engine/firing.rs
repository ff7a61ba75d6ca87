//! A schedule that fires into the jobs, while its process leads.

use actors::Scheduler;
use actors::jobs::{Job, JobQueue, Term};
use actors::scheduler::store::MemoryStore;
use actors::scheduler::{CatchUp, OnInterrupted, Overlap, WallClock};
use jiff::{SignedDuration, Timestamp};
use patterns_core::context::Interrupt;
use tokio::time::sleep;

use super::book::Deed;
use super::flaky::How;
use super::support::{World, drain, in_secs, law, millis, secs, soon, until};

/// How often it fires, in seconds.
const PERIOD: u64 = 10;

/// Fires while this process leads.
async fn lead(world: &World, store: &MemoryStore, name: &'static str, queue: &JobQueue) -> Result<(), Interrupt> {
    let leader = queue.leader();
    leader.lead(|term| fire(world, store, name, queue, term)).await
}

/// Fires for a term. What it has begun to put when that ends it puts as soon as it can.
async fn fire(world: &World, store: &MemoryStore, name: &'static str, queue: &JobQueue, term: Term) {
    let scheduler =
        Scheduler::builder().name(format!("ticks of {name}")).clock(world.clock.clone()).store(store.clone());
    let scheduler = scheduler.start(&world.system).unwrap();
    let job =
        queue.on_firing(move |firing| Deed { name: format!("{name} {}", firing.instant), acts: Vec::new() }.entry());
    let tick = scheduler.every("tick", secs(PERIOD)).durable().overlap(Overlap::Queue(1000));
    let tick = tick.catch_up(CatchUp::All { within: secs(3600), at_most: 1000 });
    let _tick = tick.on_interrupted(OnInterrupted::RunAgain).run(job).await.unwrap();
    term.token().cancelled().await;
    drop(scheduler.drain(in_secs(3600)).await);
}

/// What was done: who put it, and for which instant, in their order.
fn ticks(world: &World) -> Vec<(String, Timestamp)> {
    let begun = world.book.begun();
    let parsed = begun.iter().map(|name| name.split_once(' ').unwrap());
    let mut ticks: Vec<(String, Timestamp)> =
        parsed.map(|(who, instant)| (who.to_owned(), instant.parse().unwrap())).collect();
    ticks.sort_by_key(|(_, instant)| *instant);
    ticks
}

/// Asserts that there is one for each instant, with none doubled or missed.
fn is_whole(ticks: &[(String, Timestamp)]) {
    for two in ticks.windows(2) {
        let apart = two[1].1.duration_since(two[0].1);
        assert_eq!(apart, SignedDuration::from_secs(PERIOD as i64), "{two:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_fires_no_more_and_the_next_one_misses_and_doubles_nothing() {
    // Wherever in its period it is cut off.
    for cut_after in [62_000, 65_100, 68_500, 69_990] {
        for how in [How::Fail, How::Hang] {
            let (world, store) = (World::new(), MemoryStore::new());
            let (a, flaky) = world.flaky_worker("a").await;
            soon(a.leader().elected()).await.unwrap();
            let b = world.worker("b").await;
            let story = async {
                sleep(millis(cut_after)).await;
                let cut = world.clock.now();
                flaky.all(Some(how));
                assert_eq!(soon(b.leader().elected()).await.unwrap().number(), 2);
                sleep(secs(100)).await;
                flaky.all(None);
                sleep(millis(103_700)).await;
                // It leads again, when the other one is gone.
                let back = world.clock.now();
                assert!(drain(&b, 30).await.is_complete());
                assert_eq!(soon(a.leader().elected()).await.unwrap().number(), 3);
                sleep(secs(65)).await;
                (cut, back)
            };
            let (cut, back) = tokio::select! {
                ended = lead(&world, &store, "a", &a) => panic!("a leads no more: {ended:?}"),
                // Its queue is drained before the end, which ends that.
                story = async { tokio::join!(story, lead(&world, &store, "b", &b)).0 } => story,
            };
            let ticks = ticks(&world);
            let what = format!("cut off after {cut_after} ms, {how:?}: {ticks:?}");
            is_whole(&ticks);
            // From the first to the last, of all that time.
            let whole = ticks[ticks.len() - 1].1.duration_since(ticks[0].1);
            assert!(whole >= SignedDuration::from_secs(300), "{what}");
            // Its term was over a grace before its lease was.
            let late = |of: &Timestamp| of.duration_since(cut) > SignedDuration::from_secs(10) && *of < back;
            let of_a = ticks.iter().filter(|(who, instant)| who == "a" && late(instant)).count();
            assert_eq!(of_a, 0, "{what}");
            assert!(ticks.iter().any(|(who, _)| who == "b"), "{what}");
            assert!(ticks.iter().any(|(who, instant)| who == "a" && *instant > back), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_of_several_processes_puts_one_job_for_each_instant() {
    let world = World::new();
    let queues = [world.worker("a").await, world.worker("b").await];
    let mut schedulers = Vec::new();
    // They share no store, and still each instant is one job.
    for (queue, name) in queues.iter().zip(["a", "b"]) {
        let scheduler = Scheduler::builder().name(name).clock(world.clock.clone()).start(&world.system).unwrap();
        let job = queue
            .on_firing(move |firing| Deed { name: format!("{name} {}", firing.instant), acts: Vec::new() }.entry());
        let _tick = scheduler.cron("tick", "* * * * *", "UTC").run(job).await.unwrap();
        schedulers.push(scheduler);
    }
    sleep(secs(630)).await;
    let ticks = ticks(&world);
    assert_eq!(ticks.len(), 10, "{ticks:?}");
    let apart = |two: &[(String, Timestamp)]| two[1].1.duration_since(two[0].1);
    assert!(ticks.windows(2).all(|two| apart(two) == SignedDuration::from_secs(60)), "{ticks:?}");
    assert_eq!(world.counts().await.entered(), ticks.len() as u64);
    until(|| queues.iter().map(|queue| law(queue.status().deliveries).held).sum::<u64>() == 0).await;
}
