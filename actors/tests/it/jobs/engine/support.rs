//! What all the tests of the engine need.

use std::time::Duration;

use actors::System;
use actors::jobs::driver::{JobDriver, JobRecord, JobState, MemoryDriver, QueueCounts, Seen};
use actors::jobs::{DeliveryCounts, DrainReceipt, Ended, Entry, Job, JobId, JobQueue, JobQueueBuilder, Ticket};
use actors::scheduler::VirtualClock;
use tokio::time::{Instant, sleep, timeout};

use super::book::{Act, Book, Deed};
use super::flaky::Flaky;

pub(super) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(super) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn in_secs(n: u64) -> Instant {
    Instant::now() + secs(n)
}

pub(super) fn id(name: &str) -> JobId {
    JobId::of(&["the engine", name])
}

/// A job whose id follows from its name.
pub(super) fn deed(name: &str, acts: impl IntoIterator<Item = Act>) -> Entry<Deed> {
    Deed { name: name.to_owned(), acts: acts.into_iter().collect() }.entry().id(id(name))
}

/// What fails instead of waiting for ever.
pub(super) async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    timeout(secs(3600), awaited).await.expect("it comes about within an hour")
}

/// Waits until that holds.
pub(super) async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            sleep(millis(10)).await;
        }
    })
    .await;
}

pub(super) async fn put(queue: &JobQueue, entry: Entry<Deed>) -> Ticket<Deed> {
    soon(queue.put(entry)).await.unwrap()
}

pub(super) async fn end(ticket: &Ticket<Deed>) -> Ended<String> {
    soon(ticket.ended()).await.unwrap()
}

/// Drains it, within so many seconds.
pub(super) async fn drain(queue: &JobQueue, within: u64) -> DrainReceipt {
    soon(queue.drain(in_secs(within))).await
}

pub(super) fn done(name: &str) -> Ended<String> {
    Ended::Done(name.to_owned())
}

/// Asserts that each delivery is accounted for.
pub(super) fn law(counts: DeliveryCounts) -> DeliveryCounts {
    let over = counts.done + counts.retried + counts.dead + counts.cancelled + counts.released;
    assert_eq!(counts.taken, over + counts.lost + counts.held, "{counts}");
    counts
}

/// Asserts that it took so long, and hardly more.
#[track_caller]
pub(super) fn took(found: Duration, expected: Duration) {
    assert!(expected <= found && found <= expected + millis(50), "it took {found:?}, expected {expected:?}");
}

/// An engine, and what its jobs saw.
pub(super) struct World {
    pub(super) system: System,
    pub(super) clock: VirtualClock,
    pub(super) memory: MemoryDriver,
    pub(super) book: Book,
}

impl World {
    pub(super) fn new() -> Self {
        let system = System::start().expect("it lives on this test's thread");
        let clock = VirtualClock::starting_at("2026-05-01T12:00:00Z".parse().unwrap());
        let memory = MemoryDriver::with_clock(clock.clone());
        Self { system, clock, memory, book: Book::default() }
    }

    /// The engine, as a process sees it that can be cut off.
    pub(super) fn flaky(&self) -> Flaky {
        Flaky::new(&self.memory)
    }

    /// A process that does deeds.
    pub(super) fn queue(&self, name: &str, driver: impl JobDriver) -> JobQueueBuilder {
        JobQueue::builder(driver).name(name).handle::<Deed>(self.book.clone())
    }

    pub(super) async fn start(&self, builder: JobQueueBuilder) -> JobQueue {
        soon(builder.start(&self.system)).await.expect("the settings are fine")
    }

    /// A process that does deeds, with nothing in between.
    pub(super) async fn worker(&self, name: &str) -> JobQueue {
        self.start(self.queue(name, self.memory.clone())).await
    }

    /// The same, behind an engine that can be cut off.
    pub(super) async fn flaky_worker(&self, name: &str) -> (JobQueue, Flaky) {
        let flaky = self.flaky();
        (self.start(self.queue(name, flaky.clone())).await, flaky)
    }

    pub(super) async fn found(&self, name: &str) -> Option<JobRecord> {
        self.memory.look(&[id(name)]).await.unwrap().remove(0)
    }

    pub(super) async fn record(&self, name: &str) -> JobRecord {
        self.found(name).await.expect("it was put")
    }

    pub(super) async fn state(&self, name: &str) -> JobState {
        self.record(name).await.state
    }

    /// Waits until a job is over.
    pub(super) async fn over(&self, name: &str) -> JobRecord {
        soon(async {
            while !self.state(name).await.is_over() {
                sleep(millis(10)).await;
            }
        })
        .await;
        self.record(name).await
    }

    /// How many deeds there are.
    pub(super) async fn counts(&self) -> QueueCounts {
        let all = self.memory.counts().await.unwrap();
        all.into_iter().find(|counts| counts.queue == Deed::QUEUE).unwrap_or_default()
    }

    /// Who is there.
    pub(super) async fn seen(&self) -> Vec<Seen> {
        self.memory.owners().await.unwrap().all
    }

    /// Who is there, by name.
    pub(super) async fn owners(&self) -> Vec<String> {
        self.seen().await.into_iter().map(|seen| seen.owner).collect()
    }
}

/// The name that a process has in the engine now.
pub(super) fn owner(queue: &JobQueue) -> String {
    queue.status().owner.expect("it was entered")
}
