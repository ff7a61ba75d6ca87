//! What is checked in the end, from the ledgers and from the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{DeadReason, JobRecord, JobState, QueueCounts};
use jiff::Timestamp;
use serde::Deserialize;

use super::ledger::{Delivery, Ledger, Told};
use super::orders::{Orders, fired, is_complete, of_kind};
use super::rescues::Rescues;
use super::story::Story;
use super::watch::Sighting;
use super::world::{Row, World, asked};
use crate::support::stalls::Stalls;

/// So many processes may go away with a job before it is put aside; the workers are told so, too.
const POISON: u32 = 5;

/// All that is known:
///
/// 1. Each job that was put is done, or dead because too many processes went away with it; and nothing is left over.
/// 2. Of each that is done, the delivery that counted is in a ledger, from its beginning to its end.
/// 3. The effects of each that is done, a row and a job that follows, are there once, and are of that delivery; of
///    others there are none.
/// 4. Of the jobs of a key, the deliveries that counted came one after the other, in the order in which the jobs were
///    put.
/// 5. The schedule has a job for each instant from the first to the last, and one only.
/// 6. The engine's counts are those of the jobs.
/// 7. Whoever died was given up in time, and what it was at was begun again soon, wherever somebody was there who
///    could.
pub(super) struct Verdict {
    orders: Vec<JobRecord>,
    followers: Vec<JobRecord>,
    scheduled: Vec<JobRecord>,
    instants: Vec<Timestamp>,
    rows: Option<Vec<Row>>,
    counts: Vec<QueueCounts>,
    ledger: Ledger,
    story: Story,
    sightings: Vec<Sighting>,
    stalls: Stalls,
    is_steady: bool,
}

impl Verdict {
    pub(super) async fn reach(
        world: &impl World,
        orders: Orders,
        mut story: Story,
        sightings: Vec<Sighting>,
        stalls: Stalls,
        folder: &Path,
    ) -> Self {
        let mut ledger = Ledger::read(folder);
        story.ready(&ledger.ready);
        story.deaths.append(&mut ledger.crashes);
        Self {
            orders: orders.records(world).await,
            followers: of_kind(world, "after").await,
            scheduled: of_kind(world, "fired").await,
            instants: fired(world).await,
            rows: world.rows().await,
            counts: asked(async || world.driver().counts().await).await,
            ledger,
            story,
            sightings,
            stalls,
            is_steady: world.is_steady(),
        }
    }

    pub(super) fn assert_all(&self, period: Duration) {
        self.assert_each_is_over();
        self.assert_effects_are_there_once();
        self.assert_keys_were_in_order();
        assert!(is_complete(&self.instants, period), "an instant is missing, or was there twice: {:?}", self.instants);
        self.assert_counts();
        let rescues = self.rescues();
        let _ = writeln!(io::stderr(), "{self}; {rescues}");
        rescues.assert_in_time(self.is_steady);
        // Else this has shown nothing.
        let cut_off = self.ledger.deliveries.values().filter(|told| told.ended.is_none()).count();
        assert!(cut_off > 0 && self.again() > 0 && rescues.given_up.count > 0, "{self}; {rescues}");
    }

    fn all(&self) -> impl Iterator<Item = &JobRecord> {
        self.orders.iter().chain(&self.followers).chain(&self.scheduled)
    }

    fn assert_each_is_over(&self) {
        for record in self.all() {
            match record.state {
                JobState::Done => {
                    let counted = counted(record);
                    let told = self.ledger.deliveries.get(&counted);
                    let told = told.unwrap_or_else(|| panic!("{counted:?} is in no ledger: {record:?}"));
                    assert!(told.job == record.id && told.ended.is_some(), "{told:?}: {record:?}");
                }
                JobState::Dead => {
                    let was_poison = record.dead == Some(DeadReason::Poisoned) && record.crashes >= POISON;
                    assert!(was_poison, "dead for no reason: {record:?}");
                }
                _ => panic!("left over: {record:?}"),
            }
        }
        // With so many lives for each, it is a matter of luck, and bad luck is rare.
        assert!(self.dead() * 50 <= self.orders.len(), "{self}");
    }

    fn assert_effects_are_there_once(&self) {
        let followers = self.followers.iter().map(|record| {
            let After { job, delivery } = serde_json::from_str(&record.payload).unwrap();
            (job, delivery)
        });
        self.assert_once("jobs that follow", followers);
        if let Some(rows) = &self.rows {
            self.assert_once("rows", rows.iter().cloned());
        }
    }

    /// Asserts that these are the effects of what is done, and no others.
    fn assert_once(&self, what: &str, effects: impl Iterator<Item = Row>) {
        let mut found: Vec<Row> = effects.collect();
        found.sort_unstable();
        let with_effects =
            self.orders.iter().filter(|record| record.kind == "effect" && record.state == JobState::Done);
        let mut expected: Vec<Row> = with_effects.map(|record| (record.id, counted(record))).collect();
        expected.sort_unstable();
        let differ =
            found.iter().find(|row| !expected.contains(row)).or(expected.iter().find(|row| !found.contains(row)));
        assert!(found == expected, "{what}: {} for {} jobs, {differ:?}", found.len(), expected.len());
    }

    fn assert_keys_were_in_order(&self) {
        let mut before: BTreeMap<&str, &JobRecord> = BTreeMap::new();
        // They were put, and are looked at, in this order.
        for record in self.orders.iter().filter(|record| record.state == JobState::Done) {
            let Some(key) = record.key.as_deref() else { continue };
            if let Some(earlier) = before.insert(key, record) {
                let (first, second) = (self.told(earlier), self.told(record));
                assert!(earlier.seq < record.seq, "{earlier:?}, {record:?}");
                assert!(first.ended.is_some_and(|ended| ended <= second.begun), "{key}: {first:?}, {second:?}");
                // So says the engine, too, unless its clock was set.
                let is_over = earlier.over_at <= record.over_at;
                assert!(is_over || !self.is_steady, "{key}: {earlier:?}, {record:?}");
            }
        }
        assert!(before.len() > 1, "there were no keys");
    }

    fn told(&self, record: &JobRecord) -> &Told {
        &self.ledger.deliveries[&counted(record)]
    }

    fn assert_counts(&self) {
        let sum = |count: fn(&QueueCounts) -> u64| self.counts.iter().map(count).sum::<u64>();
        let of = |state: JobState| self.all().filter(|record| record.state == state).count() as u64;
        let all = self.all().count() as u64;
        assert_eq!(sum(QueueCounts::entered), all, "{:?}", self.counts);
        assert_eq!(sum(|queue| queue.done), of(JobState::Done), "{:?}", self.counts);
        assert_eq!(sum(|queue| queue.dead), of(JobState::Dead), "{:?}", self.counts);
        assert_eq!(sum(|queue| queue.done + queue.dead), all, "{:?}", self.counts);
    }

    /// How long those who died were there still, and what they were at was not begun again.
    fn rescues(&self) -> Rescues {
        let mut rescues = Rescues::default();
        for death in self.story.deaths.iter().filter(|death| death.is_near) {
            let is_it =
                |seen: &&Sighting| seen.instance == death.instance && seen.first <= death.at && death.at <= seen.last;
            for seen in self.sightings.iter().filter(is_it) {
                let times = if seen.is_awaited { &mut rescues.given_up } else { &mut rescues.idle };
                times.add(self.story.waited(death, seen.last, &self.stalls));
            }
            if let Some(again) = self.ledger.begun_again(death) {
                rescues.begun_again.add(self.story.waited(death, again, &self.stalls));
            }
        }
        rescues
    }

    fn dead(&self) -> usize {
        self.all().filter(|record| record.state == JobState::Dead).count()
    }

    /// How many jobs were begun more than once.
    fn again(&self) -> usize {
        self.ledger.begun().values().filter(|times| **times > 1).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deaths, dead, again) = (self.story.deaths.len(), self.dead(), self.again());
        let (jobs, instants) = (self.all().count(), self.instants.len());
        write!(f, "{jobs} jobs, {instants} of a schedule, {again} begun again, {dead} put aside; {deaths} workers died")
    }
}

#[derive(Deserialize)]
struct After {
    job: JobId,
    delivery: Delivery,
}

/// The delivery that counted, as the job's output has it.
fn counted(record: &JobRecord) -> Delivery {
    let output = record.output.as_deref().unwrap_or_else(|| panic!("done without an output: {record:?}"));
    serde_json::from_str(output).unwrap()
}
