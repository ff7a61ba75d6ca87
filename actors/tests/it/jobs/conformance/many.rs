//! Several at once, each with a driver of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::{Eviction, JobDriver, JobState, NewJob, Taken};
use parking_lot::Mutex;
use tokio::task::{JoinSet, yield_now};

use super::{Worker, World, counts, done, enter, enter_all, id, job, kinds, retry, state};

pub(super) async fn remembers_across_reopening<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "reopened: a", "reopened").await;
    enter_all(&driver, "reopened", &["1", "2", "3"]).await;
    let (first, second) = (worker.one().await, worker.one().await);
    worker.end(&first, done()).await;
    drop(driver);
    let driver = world.open().await;
    assert_eq!(state(&driver, first.id).await, JobState::Done);
    assert_eq!(state(&driver, second.id).await, JobState::Running);
    let other = Worker::new(&driver, "reopened: b", "reopened").await;
    let beat = other.beat_of("reopened: a").await;
    let eviction = driver.evict("reopened: a", beat).await.unwrap();
    assert_eq!(eviction, Eviction::Gone { handed_back: 1, poisoned: 0 });
    assert_eq!(kinds(&other.take(10).await), ["2", "3"]);
    driver.leave("reopened: b").await.unwrap();
}

const WORKERS: usize = 8;
const JOBS: usize = 200;

/// Takes and answers until there is nothing more to do; of some jobs it hands back the first delivery.
async fn works(driver: impl JobDriver, owner: String, queue: &'static str, begun: Arc<Mutex<Vec<String>>>) {
    let worker = Worker::new(&driver, &owner, queue).await;
    loop {
        let taken = worker.take(7).await;
        for job in &taken.jobs {
            // What is not the first delivery was begun before.
            let is_first = job.attempt == 1;
            if is_first {
                begun.lock().push(job.kind.clone());
            }
            yield_now().await;
            let is_odd = job.id.as_u128() % 5 == 0;
            worker.end(job, if is_first && is_odd { retry(Duration::ZERO) } else { done() }).await;
        }
        let counts = counts(&driver, queue).await;
        if counts.waiting + counts.running == 0 {
            break;
        }
        yield_now().await;
    }
    driver.leave(&owner).await.unwrap();
}

async fn work_together<W: World>(world: &W, queue: &'static str) -> Vec<String> {
    let begun = Arc::new(Mutex::new(Vec::new()));
    let mut workers = JoinSet::new();
    for n in 0..WORKERS {
        let driver = world.open().await;
        workers.spawn(works(driver, format!("{queue}: {n}"), queue, Arc::clone(&begun)));
    }
    workers.join_all().await;
    begun.lock().clone()
}

pub(super) async fn gives_each_job_to_one_of_many<W: World>(world: &W) {
    let driver = world.open().await;
    let names: Vec<String> = (0..JOBS).map(|n| format!("{n}")).collect();
    let jobs: Vec<_> = names.iter().map(|name| job("many", name)).collect();
    enter(&driver, &jobs).await;
    let begun = work_together(world, "many").await;
    assert_eq!(begun.len(), JOBS);
    assert_eq!(begun.into_iter().collect::<BTreeSet<_>>(), names.into_iter().collect());
    let counts = counts(&driver, "many").await;
    assert_eq!((counts.entered(), counts.done, counts.waiting), (JOBS as u64, JOBS as u64, 0));
    assert_eq!(state(&driver, id("many", "0")).await, JobState::Done);
}

pub(super) async fn keeps_keys_in_order_among_many<W: World>(world: &W) {
    let driver = world.open().await;
    let keys = 9;
    let keyed = |n: usize| NewJob { key: Some(format!("key {}", n % keys)), ..job("in line", &format!("{n}")) };
    let jobs: Vec<_> = (0..JOBS).map(keyed).collect();
    // While some work, more is entered.
    let (now, later) = jobs.split_at(JOBS / 2);
    enter(&driver, now).await;
    let enters = async {
        for job in later {
            enter(&driver, std::slice::from_ref(job)).await;
            yield_now().await;
        }
    };
    let (first, ()) = tokio::join!(work_together(world, "in line"), enters);
    // They may have found nothing to do before all was entered.
    let rest = work_together_again(world).await;
    let mut by_key: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for name in first.iter().chain(&rest) {
        let n: usize = name.parse().unwrap();
        by_key.entry(n % keys).or_default().push(n);
    }
    for (key, begun) in &by_key {
        assert!(begun.is_sorted_by(|a, b| a < b), "key {key}: {begun:?}");
    }
    assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), JOBS);
    assert_eq!(counts(&driver, "in line").await.done, JOBS as u64);
}

/// A take whose answer was lost may still be under way when it is called again.
pub(super) async fn takes_once_for_all_who_call_the_same_take<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "the same: worker", "the same").await;
    let names: Vec<String> = (0..40).map(|n| format!("{n}")).collect();
    enter_all(&driver, "the same", &names.iter().map(|name| &**name).collect::<Vec<_>>()).await;
    let mut drivers = Vec::new();
    for _ in 0..4 {
        drivers.push(Arc::new(world.open().await));
    }
    let mut all = BTreeSet::new();
    for _ in 0..10 {
        let wish = worker.wish(3);
        let mut takes = JoinSet::new();
        for driver in &drivers {
            let (driver, wish) = (Arc::clone(driver), wish.clone());
            takes.spawn(async move { driver.take(&wish).await.unwrap().expect("the owner is there") });
        }
        let fences = |taken: &Taken| -> BTreeSet<(String, u64)> {
            taken.jobs.iter().map(|job| (job.kind.clone(), job.fence.0)).collect()
        };
        let taken: BTreeSet<_> = takes.join_all().await.iter().map(fences).collect();
        assert_eq!(taken.len(), 1, "the same take gave {taken:?}");
        all.extend(taken.into_iter().flatten());
    }
    assert_eq!((all.len(), counts(&driver, "the same").await.running), (30, 30));
    driver.leave("the same: worker").await.unwrap();
}

/// What was left in line.
async fn work_together_again<W: World>(world: &W) -> Vec<String> {
    let begun = Arc::new(Mutex::new(Vec::new()));
    works(world.open().await, "in line: the last".to_owned(), "in line", Arc::clone(&begun)).await;
    begun.lock().clone()
}
