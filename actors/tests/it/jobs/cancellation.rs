//! What is left of a driver's call that was cut off: it has happened as a whole or not at all, and it can be asked again.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actors::jobs::driver::{
    Accepted, Answer, DeadReason, DriverError, Due, End, Entered, Eviction, JobDriver, JobFilter, JobState, Leadership,
    MemoryDriver, NewJob, Owner, Prune, QueueLimits, Take, TakenJob, Turns, Unique,
};
use actors::jobs::{Fence, JobId};
use actors::scheduler::VirtualClock;
use patterns_core::testing::{Exploration, explore_cancellation};
use tokio::time::timeout;

/// Each call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Enqueue,
    Take,
    Answer,
    Enter,
    Evict,
    Leave,
    Campaign,
    Resign,
    Limit,
    Pause,
    Cancel,
    Retry,
    Prune,
}

impl Call {
    const ALL: [Self; 13] = [
        Self::Enqueue,
        Self::Take,
        Self::Answer,
        Self::Enter,
        Self::Evict,
        Self::Leave,
        Self::Campaign,
        Self::Resign,
        Self::Limit,
        Self::Pause,
        Self::Cancel,
        Self::Retry,
        Self::Prune,
    ];
}

/// A driver with a bit of everything, and whatever has to live as long as it.
struct Scene<D, K> {
    driver: D,
    call: Call,
    /// What `a` runs: the first of its key, and another one.
    taken: Vec<TakenJob>,
    /// How often `a` gave a sign of life.
    beat: u64,
    led: Option<Leadership>,
    before: String,
    _keep: K,
}

fn id(n: u128) -> JobId {
    JobId::from_u128(n)
}

fn job(n: u128) -> NewJob {
    NewJob::new(id(n), "q", "kind", "{}")
}

fn keyed(n: u128) -> NewJob {
    NewJob { key: Some("k".to_owned()), ..job(n) }
}

fn owner(owner: &str, instance: Option<&str>) -> Owner {
    Owner { owner: owner.to_owned(), instance: instance.map(str::to_owned), poison: 3 }
}

fn take(owner: &str, serial: u64, most: usize) -> Take {
    let (owner, queues, ageing) = (owner.to_owned(), vec!["q".to_owned()], Duration::from_secs(60));
    Take { owner, serial, queues, most, suspect: true, ageing }
}

/// One is done, one dead, two are with `a`, one stands behind one of these, and two could be taken.
async fn scene<D: JobDriver, K>(call: Call, (driver, keep): (D, K)) -> Scene<D, K> {
    assert!(driver.enter(&owner("a", Some("x"))).await.unwrap());
    assert!(driver.enter(&owner("b", None)).await.unwrap());
    assert_eq!(driver.enqueue(None, &[keyed(1), job(2), job(3), job(4)]).await.unwrap(), [Entered::New; 4]);
    let mut taken = driver.take(&take("a", 1, 4)).await.unwrap().unwrap().jobs;
    assert_eq!(taken.len(), 4);
    let over = taken.split_off(2);
    let dead = End::Dead { reason: DeadReason::Exhausted, error: "no".to_owned() };
    let ends = [End::Done { output: None }, dead];
    let answers: Vec<_> = over.iter().zip(ends).map(|(job, end)| Answer::new(job.id, job.fence, end)).collect();
    assert_eq!(driver.answer("a", &answers).await.unwrap(), [const { Accepted::Kept }; 2]);
    assert_eq!(driver.enqueue(None, &[keyed(5), job(6), job(7)]).await.unwrap(), [Entered::New; 3]);
    let led = if call == Call::Resign { driver.campaign("b").await.unwrap() } else { None };
    let all = driver.owners().await.unwrap().all;
    let beat = all.iter().find(|seen| seen.owner == "a").unwrap().beat;
    let before = seen(&driver).await;
    Scene { driver, call, taken, beat, led, before, _keep: keep }
}

/// All that is to be seen, but no times: the driver may be on another thread, and the clock go on.
async fn seen<D: JobDriver>(driver: &D) -> String {
    let jobs = driver.list(&JobFilter::default()).await.unwrap();
    let jobs: Vec<_> = jobs.iter().map(|job| (job.id, job.state, &job.owner, job.attempt, job.crashes)).collect();
    let counts = driver.counts().await.unwrap();
    let queues = counts.iter().map(|it| (&it.queue, it.waiting, it.ready, it.running, it.pruned, it.paused, it.limits));
    let queues: Vec<_> = queues.collect();
    let owners = driver.owners().await.unwrap();
    let all: Vec<_> = owners.all.iter().map(|seen| (&seen.owner, seen.running)).collect();
    format!("{jobs:#?} {queues:?} {all:?} {:?}", owners.leader)
}

/// Makes the call, and asserts of an answer that it is one of those that it may have: for the first time, or again.
async fn ask<D: JobDriver, K>(scene: &Scene<D, K>) -> Result<(), DriverError> {
    let driver = &scene.driver;
    match scene.call {
        Call::Enqueue => {
            let unique = Some(Unique { key: "u".to_owned(), window: Duration::from_secs(60) });
            let entered = driver.enqueue(None, &[NewJob { unique, ..keyed(8) }]).await?;
            assert!(matches!(entered[..], [Entered::New | Entered::Known]), "{entered:?}");
        }
        Call::Take => {
            let taken = driver.take(&take("b", 1, 2)).await?.unwrap();
            let ids: Vec<_> = taken.jobs.iter().map(|job| (job.id, job.attempt)).collect();
            assert_eq!(ids, [(id(6), 1), (id(7), 1)]);
        }
        Call::Answer => {
            let [first, _] = &scene.taken[..] else { panic!("{:?}", scene.taken) };
            let end = End::Done { output: Some("1".to_owned()) };
            let next = vec![keyed(8), NewJob { due: Due::After(Duration::from_secs(3_600)), ..job(9) }];
            let answer = Answer { next, ..Answer::new(first.id, first.fence, end) };
            assert_eq!(driver.answer("a", &[answer]).await?, [Accepted::Kept]);
        }
        // The earlier life of this instance goes with it.
        Call::Enter => {
            driver.enter(&owner("c", Some("x"))).await?;
        }
        Call::Evict => is_gone(driver.evict("a", scene.beat).await?),
        Call::Leave => is_gone(driver.leave("a").await?),
        Call::Campaign => {
            let leader = driver.campaign("b").await?.unwrap();
            assert_eq!(leader.owner, "b");
        }
        Call::Resign => driver.resign(scene.led.as_ref().unwrap()).await?,
        Call::Limit => driver.limit("q", &QueueLimits { running: Some(2), rate: None }).await?,
        Call::Pause => driver.pause("q", true).await?,
        Call::Cancel => assert_eq!(driver.cancel(id(6)).await?, Some(JobState::Cancelled)),
        Call::Retry => assert_eq!(driver.retry(id(4)).await?, Some(JobState::Waiting)),
        Call::Prune => {
            let deleted = driver.prune(&Prune { over: Duration::ZERO, dead: None, most: 10 }).await?;
            assert!(deleted <= 1, "{deleted}");
        }
    }
    Ok(())
}

fn is_gone(eviction: Eviction) {
    let whole = [(2, 0), (0, 0)].map(|(handed_back, poisoned)| Eviction::Gone { handed_back, poisoned });
    assert!(whole.contains(&eviction), "{eviction:?}");
}

/// Asserts that each call of a driver may be cut off anywhere; `open` makes an empty one, and what has to live with it.
pub(crate) fn can_be_cut_off_anywhere<D: JobDriver, K: 'static>(open: impl AsyncFn() -> (D, K)) {
    for call in Call::ALL {
        // What there is after the call, as the undisturbed run has it, which is the first.
        let after = RefCell::new(None);
        explore_cancellation(
            async || Rc::new(scene(call, open().await).await),
            async |scene: Rc<Scene<D, K>>| ask(&scene).await,
            async |scene: &Rc<Scene<D, K>>| {
                let seen_now = seen(&scene.driver).await;
                let after = after.borrow_mut().get_or_insert_with(|| seen_now.clone()).clone();
                assert_ne!(after, scene.before, "{call:?} changes nothing");
                assert!(seen_now == after || seen_now == scene.before, "{call:?} was half done: {seen_now}");
                // Whoever doesn't know asks again.
                ask(scene).await.unwrap();
                assert_eq!(seen(&scene.driver).await, after, "{call:?}, asked again");
                ask(scene).await.unwrap();
                assert_eq!(seen(&scene.driver).await, after, "{call:?}, asked once more");
            },
        );
    }
    turns_can_be_cut_off_anywhere(&open);
    a_sign_of_life_can_be_cut_off_anywhere(&open);
    who_waits_can_be_cut_off_anywhere(&open);
}

async fn reserve<D: JobDriver>(driver: &D) -> Result<Duration, DriverError> {
    let (spacing, pause) = (Duration::from_secs(100), Duration::ZERO);
    driver.turns(&Turns { name: "x".to_owned(), count: 1, spacing, pause }).await
}

/// Turns that nobody learned of are lost, and a rate is not exceeded for it.
fn turns_can_be_cut_off_anywhere<D: JobDriver, K: 'static>(open: &impl AsyncFn() -> (D, K)) {
    explore_cancellation(
        async || Rc::new(open().await),
        async |scene: Rc<(D, K)>| reserve(&scene.0).await,
        async |scene: &Rc<(D, K)>| {
            let (first, second) = (reserve(&scene.0).await.unwrap(), reserve(&scene.0).await.unwrap());
            let reserved = [Duration::ZERO, Duration::from_secs(100)];
            let near = |wait: Duration, of: Duration| wait <= of && wait + Duration::from_secs(10) >= of;
            assert!(reserved.iter().any(|of| near(first, *of)), "{first:?}");
            assert!(near(second, first + Duration::from_secs(100)), "{first:?} {second:?}");
        },
    );
}

/// It counts or it does not, and the owner stays who it is.
fn a_sign_of_life_can_be_cut_off_anywhere<D: JobDriver, K: 'static>(open: &impl AsyncFn() -> (D, K)) {
    explore_cancellation(
        // Any call: what matters is what `a` has.
        async || Rc::new(scene(Call::Enqueue, open().await).await),
        async |scene: Rc<Scene<D, K>>| scene.driver.beat("a").await,
        async |scene: &Rc<Scene<D, K>>| {
            assert_eq!(seen(&scene.driver).await, scene.before);
            let all = scene.driver.owners().await.unwrap().all;
            let beat = all.iter().find(|seen| seen.owner == "a").unwrap().beat;
            assert!(beat >= scene.beat);
            let answered = scene.driver.cancel(scene.taken[0].id).await.unwrap();
            assert_eq!(answered, Some(JobState::Running));
            let told: Vec<(JobId, Fence)> = scene.driver.beat("a").await.unwrap().unwrap().cancelled;
            assert_eq!(told, [(scene.taken[0].id, scene.taken[0].fence)]);
            // Whoever saw it before this sign of life can't give it up.
            assert_eq!(scene.driver.evict("a", beat).await.unwrap(), Eviction::Alive);
        },
    );
}

/// Nothing is used up: whoever waits from the same mark later is woken, too.
fn who_waits_can_be_cut_off_anywhere<D: JobDriver, K: 'static>(open: &impl AsyncFn() -> (D, K)) {
    let explored: Exploration = explore_cancellation(
        async || {
            let (driver, keep) = open().await;
            let mark = driver.mark();
            Rc::new((driver, mark, keep))
        },
        async |scene: Rc<(D, u64, K)>| {
            let enters = async {
                tokio::task::yield_now().await;
                scene.0.enqueue(None, &[job(1)]).await
            };
            let queues = ["q".to_owned()];
            let (entered, ()) = tokio::join!(enters, scene.0.woken(&queues, scene.1));
            entered
        },
        async |scene: &Rc<(D, u64, K)>| {
            let entered = scene.0.enqueue(None, &[job(1)]).await.unwrap();
            assert!(matches!(entered[..], [Entered::New | Entered::Known]), "{entered:?}");
            for _ in 0..2 {
                let woken = timeout(Duration::from_secs(20), scene.0.woken(&["q".to_owned()], scene.1)).await;
                woken.expect("a job came since the mark");
            }
        },
    );
    assert!(explored.polls >= 2, "{explored:?}");
}

#[test]
fn each_call_of_the_driver_in_memory_can_be_cut_off_anywhere() {
    let start = "2026-05-01T12:00:00Z".parse().unwrap();
    can_be_cut_off_anywhere(async || (MemoryDriver::with_clock(VirtualClock::starting_at(start)), ()));
}
