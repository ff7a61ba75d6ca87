//! The jobs that are put, and those that others have put.

use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{Entered, JobFilter, JobRecord, NewJob};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::world::{World, asked};

/// How many keys there are: few, so that many stand in line.
const KEYS: usize = 5;

/// How many are looked at together.
const PAGE: usize = 500;

/// What was put here, in this order.
#[derive(Default)]
pub(super) struct Orders {
    all: Vec<JobId>,
}

impl Orders {
    /// Puts so many more.
    pub(super) async fn put(&mut self, world: &impl World, count: usize) {
        let first = self.all.len();
        let jobs: Vec<_> = (first..first + count).map(order).collect();
        self.enter(world, &jobs).await;
    }

    /// Puts one for each worker that only that one takes. Their ids.
    pub(super) async fn put_for_each(&mut self, world: &impl World, workers: usize) -> Vec<JobId> {
        let first = self.all.len();
        let jobs = (0..workers).map(|slot| NewJob { queue: format!("w{slot}"), ..job(first + slot, "plain") });
        let jobs: Vec<_> = jobs.collect();
        self.enter(world, &jobs).await;
        jobs.iter().map(|job| job.id).collect()
    }

    /// Asks until it is answered: an id is entered once.
    async fn enter(&mut self, world: &impl World, jobs: &[NewJob]) {
        let entered = asked(async || world.driver().enqueue(None, jobs).await).await;
        assert_eq!(entered.len(), jobs.len());
        assert!(entered.iter().all(|entered| matches!(entered, Entered::New | Entered::Known)), "{entered:?}");
        self.all.extend(jobs.iter().map(|job| job.id));
    }

    /// What became of them.
    pub(super) async fn records(&self, world: &impl World) -> Vec<JobRecord> {
        let mut records = Vec::with_capacity(self.all.len());
        for ids in self.all.chunks(PAGE) {
            let found = asked(async || world.driver().look(ids).await).await;
            records.extend(found.into_iter().map(|record| record.expect("a job that was put is not there")));
        }
        records
    }
}

/// The job of that number: of twelve, one is slow, four have a key, and three have effects.
fn order(number: usize) -> NewJob {
    match number % 12 {
        0 => job(number, "slow"),
        1 | 4 | 7 | 10 => NewJob { key: Some(format!("key {}", number % KEYS)), ..job(number, "keyed") },
        2 | 5 | 8 => job(number, "effect"),
        _ => job(number, "plain"),
    }
}

fn job(number: usize, kind: &str) -> NewJob {
    let id = JobId::of(&["order", &number.to_string()]);
    NewJob::new(id, "work", kind, format!(r#"{{"number":{number}}}"#))
}

/// All jobs of a kind, in the order in which they were entered.
pub(super) async fn of_kind(world: &impl World, kind: &str) -> Vec<JobRecord> {
    let mut filter = JobFilter { kind: Some(kind.to_owned()), most: PAGE, ..JobFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = asked(async || world.driver().list(&filter).await).await;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.seq);
        all.extend(page);
    }
    all.reverse();
    all
}

#[derive(Deserialize)]
struct Fired {
    instant: Timestamp,
}

/// The instants for which a schedule has put a job, in their order.
pub(super) async fn fired(world: &impl World) -> Vec<Timestamp> {
    let jobs = of_kind(world, "fired").await;
    let mut instants: Vec<_> =
        jobs.iter().map(|job| serde_json::from_str::<Fired>(&job.payload).unwrap().instant).collect();
    instants.sort_unstable();
    instants
}

/// Whether none of them is there twice, and none is missing in between.
pub(super) fn is_complete(instants: &[Timestamp], period: Duration) -> bool {
    let period = SignedDuration::try_from(period).unwrap();
    instants.windows(2).all(|pair| pair[1].duration_since(pair[0]) == period)
}
