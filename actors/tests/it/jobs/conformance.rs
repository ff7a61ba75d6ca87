//! The contract of a driver, as a test that takes any: see `actors::jobs::driver`.

// Said with a path, as the integration tests take this file for their own drivers.
#[path = "conformance/answers.rs"]
mod answers;
#[path = "conformance/control.rs"]
mod control;
#[path = "conformance/entering.rs"]
mod entering;
#[path = "conformance/many.rs"]
mod many;
#[path = "conformance/owners.rs"]
mod owners;
#[path = "conformance/taking.rs"]
mod taking;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::jobs::driver::{
    Accepted, Answer, End, Entered, JobDriver, JobRecord, JobState, NewJob, Owner, QueueCounts, Take, Taken, TakenJob,
};
use actors::jobs::{Fence, JobId};

/// Where drivers are made.
pub(crate) trait World {
    type Driver: JobDriver;

    /// Opens the same engine, which is empty at first, again and again: what one driver says, the next must know.
    async fn open(&self) -> Self::Driver;

    /// Lets time go by, on the clock of the engine.
    async fn pass(&self, units: u32);

    /// How long it takes to do a few things, and more.
    fn unit(&self) -> Duration;
}

/// Asserts that a driver does what it must.
pub(crate) async fn conforms<W: World>(world: &W) {
    entering::enters_a_job_once(world).await;
    entering::answers_for_each_of_a_batch_in_order(world).await;
    entering::keeps_what_it_was_given(world).await;
    entering::lets_one_in_of_what_is_unique(world).await;
    entering::keeps_a_unique_key_until_its_window_is_over(world).await;
    entering::takes_full_batches(world).await;
    taking::gives_a_job_to_one(world).await;
    taking::holds_back_what_is_not_due(world).await;
    taking::repeats_a_take_whose_answer_was_lost(world).await;
    taking::takes_the_urgent_first_and_lets_nobody_starve(world).await;
    taking::keeps_the_order_of_each_key(world).await;
    taking::waits_for_the_first_of_a_key_also_between_its_attempts(world).await;
    taking::begins_nothing_that_is_too_late(world).await;
    taking::runs_no_more_than_a_queue_may(world).await;
    taking::begins_no_more_often_than_a_queue_may(world).await;
    taking::takes_nothing_from_a_queue_that_is_paused(world).await;
    answers::ends_a_job_with_what_came_of_it(world).await;
    answers::repeats_an_answer_that_was_lost(world).await;
    answers::tries_again_after_a_while(world).await;
    answers::counts_no_attempt_where_a_job_is_handed_back(world).await;
    answers::puts_dead_jobs_aside_and_lets_them_live_again(world).await;
    answers::enters_what_follows_with_the_answer_or_not_at_all(world).await;
    answers::ignores_whoever_has_not_got_the_job(world).await;
    owners::hands_back_what_a_crash_left(world).await;
    owners::leaves_alone_who_is_alive(world).await;
    owners::refuses_who_wakes_after_it_was_given_up(world).await;
    owners::fences_the_earlier_life_of_an_instance(world).await;
    owners::puts_aside_what_kills_its_process(world).await;
    owners::hands_out_one_suspect_at_a_time(world).await;
    owners::has_one_leader_and_hears_no_other(world).await;
    control::cancels_what_waits_and_tells_who_runs(world).await;
    control::shares_a_rate(world).await;
    control::lists_jobs_page_by_page(world).await;
    control::accounts_for_every_job(world).await;
    control::forgets_what_was_over_for_long(world).await;
    control::wakes_whoever_waits(world).await;
    many::remembers_across_reopening(world).await;
    many::gives_each_job_to_one_of_many(world).await;
    many::keeps_keys_in_order_among_many(world).await;
    many::takes_once_for_all_who_call_the_same_take(world).await;
}

fn id(queue: &str, name: &str) -> JobId {
    JobId::of(&["conformance", queue, name])
}

/// A job whose kind is its name.
fn job(queue: &str, name: &str) -> NewJob {
    NewJob::new(id(queue, name), queue, name, "{}")
}

async fn enter(driver: &impl JobDriver, jobs: &[NewJob]) {
    let entered = driver.enqueue(None, jobs).await.unwrap();
    assert_eq!(entered, vec![Entered::New; jobs.len()]);
}

async fn enter_all(driver: &impl JobDriver, queue: &str, names: &[&str]) {
    let jobs: Vec<_> = names.iter().map(|name| job(queue, name)).collect();
    enter(driver, &jobs).await;
}

async fn record(driver: &impl JobDriver, id: JobId) -> JobRecord {
    let mut found = driver.look(&[id]).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0).expect("it was entered")
}

async fn state(driver: &impl JobDriver, id: JobId) -> JobState {
    record(driver, id).await.state
}

async fn counts(driver: &impl JobDriver, queue: &str) -> QueueCounts {
    let all = driver.counts().await.unwrap();
    all.into_iter().find(|counts| counts.queue == queue).unwrap_or_default()
}

fn done() -> End {
    End::Done { output: None }
}

fn retry(after: Duration) -> End {
    End::Retry { after, error: "no route".to_owned() }
}

fn released() -> End {
    End::Released { after: Duration::ZERO }
}

fn answer(id: JobId, fence: Fence, end: End) -> Answer {
    Answer::new(id, fence, end)
}

fn kinds(taken: &Taken) -> Vec<&str> {
    taken.jobs.iter().map(|job| &*job.kind).collect()
}

/// An owner who takes from one queue.
struct Worker<'d, D> {
    driver: &'d D,
    owner: String,
    queue: String,
    serial: AtomicU64,
}

impl<'d, D: JobDriver> Worker<'d, D> {
    async fn new(driver: &'d D, owner: &str, queue: &str) -> Self {
        let entered = Owner { owner: owner.to_owned(), instance: None, poison: 3 };
        assert!(driver.enter(&entered).await.unwrap());
        Self { driver, owner: owner.to_owned(), queue: queue.to_owned(), serial: AtomicU64::new(1) }
    }

    /// What the next take is to be.
    fn wish(&self, most: usize) -> Take {
        Take {
            owner: self.owner.clone(),
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            queues: vec![self.queue.clone()],
            most,
            suspect: true,
            ageing: Duration::from_secs(60),
        }
    }

    async fn take(&self, most: usize) -> Taken {
        self.driver.take(&self.wish(most)).await.unwrap().expect("the owner is there")
    }

    /// The job that is taken now, where there is one. A driver may leave out what somebody else looks at.
    async fn one(&self) -> TakenJob {
        loop {
            let mut taken = self.take(1).await;
            if let Some(job) = taken.jobs.pop() {
                return job;
            }
            assert_eq!(taken.next, Some(Duration::ZERO), "{} has nothing", self.queue);
            tokio::task::yield_now().await;
        }
    }

    async fn nothing(&self) -> Option<Duration> {
        let taken = self.take(10).await;
        assert!(taken.jobs.is_empty(), "{:?}", kinds(&taken));
        taken.next
    }

    async fn say(&self, job: &TakenJob, end: End) -> Accepted {
        self.driver.answer(&self.owner, &[answer(job.id, job.fence, end)]).await.unwrap().remove(0)
    }

    /// Answers, and it counts.
    async fn end(&self, job: &TakenJob, end: End) {
        assert_eq!(self.say(job, end).await, Accepted::Kept);
    }

    /// The others as this one sees them: the beat of that one.
    async fn beat_of(&self, owner: &str) -> u64 {
        let beat = self.driver.beat(&self.owner).await.unwrap().expect("the owner is there");
        beat.others.iter().find(|seen| seen.owner == owner).expect("it was entered").beat
    }
}
