//! A driver, beside the book of what must be so.

use std::collections::{BTreeMap, BTreeSet};

use actors::jobs::driver::{
    JobDriver, JobFilter, JobRecord, JobState, Leadership, Owners, QueueCounts, Seen, TakenJob,
};
use actors::jobs::{Fence, JobId};
use actors::scheduler::VirtualClock;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tokio::time::timeout;

use super::book::{Book, Row, later};
use super::steps::{Step, id, secs, start};
use super::{laws, same};

pub(super) struct Side<'d, D> {
    pub(super) driver: &'d D,
    clock: VirtualClock,
    pub(super) book: Book,
    /// All that is known of, but not those of an earlier life of an id that has come again.
    pub(super) deliveries: Vec<Delivery>,
    pub(super) serials: BTreeMap<String, u64>,
    /// How the driver counts the terms.
    pub(super) terms: Vec<u64>,
    /// Who has given a sign of life with this step.
    pub(super) signs: BTreeSet<String>,
    pub(super) revived: BTreeSet<JobId>,
    /// What the driver said after the step before.
    pub(super) records: Vec<JobRecord>,
    beats: BTreeMap<String, u64>,
}

pub(super) struct Delivery {
    pub(super) id: JobId,
    pub(super) life: u64,
    pub(super) number: u64,
    pub(super) fence: Fence,
    pub(super) owner: String,
}

/// All that is to be seen, without the numbers that each driver may choose.
pub(super) type Whole = (Vec<Option<JobRecord>>, Vec<JobRecord>, Vec<QueueCounts>, Owners);

impl<'d, D: JobDriver> Side<'d, D> {
    pub(super) fn new(driver: &'d D, clock: &VirtualClock) -> Self {
        Self {
            driver,
            clock: clock.clone(),
            book: Book::new(start()),
            deliveries: Vec::new(),
            serials: BTreeMap::new(),
            terms: Vec::new(),
            signs: BTreeSet::new(),
            revived: BTreeSet::new(),
            records: Vec::new(),
            beats: BTreeMap::new(),
        }
    }

    /// Takes a step, and asserts that all is as it must be. What the driver said; nothing where it had a choice.
    pub(super) async fn step(&mut self, step: &Step) -> Result<String, TestCaseError> {
        if let Step::Pass(wait) = step {
            self.book.now = later(self.book.now, *wait);
        }
        // A driver that works on other threads must not let the clock run.
        self.clock.set(self.book.now);
        let (mark, before, told) = (self.driver.mark(), self.book.takeable(), self.told());
        let said = self.ask(step).await?;
        if !matches!(step, Step::Pass(_)) {
            self.wakes(mark, &before, &told).await?;
        }
        let book = &self.book;
        self.deliveries.retain(|it| book.row(it.id).is_none_or(|row| row.record.seq == it.life));
        self.whole().await?;
        Ok(said)
    }

    /// The lives of those that somebody is told of, and that are over.
    fn told(&self) -> BTreeSet<u64> {
        let is_told = |row: &&Row| row.told && row.record.state.is_over();
        self.book.rows.iter().filter(is_told).map(|row| row.record.seq).collect()
    }

    /// Whether whoever waited since the mark is woken, if there is something new for him.
    async fn wakes(&self, mark: u64, before: &BTreeSet<(String, JobId)>, told: &BTreeSet<u64>) -> TestCaseResult {
        let takeable = self.book.takeable();
        let queues: BTreeSet<&String> = takeable.difference(before).map(|(queue, _)| queue).collect();
        let queues: Vec<String> = queues.into_iter().cloned().collect();
        if queues.is_empty() && self.told().is_subset(told) {
            return Ok(());
        }
        let woken = timeout(secs(20), self.driver.woken(&queues, mark)).await;
        woken.map_err(|_| TestCaseError::fail(format!("nobody was woken, and there is something new in {queues:?}")))
    }

    /// Asserts that all that is to be seen is as it must be.
    async fn whole(&mut self) -> Result<Whole, TestCaseError> {
        self.clock.set(self.book.now);
        let all = JobFilter { most: 10_000, ..JobFilter::default() };
        let records = self.driver.list(&all).await?;
        let counts = self.driver.counts().await?;
        let owners = self.driver.owners().await?;
        laws::hold(&records, &counts, &owners, &self.revived)?;

        let listed: Vec<_> = records.iter().cloned().map(plain).collect();
        let expected: Vec<_> = self.book.rows.iter().rev().map(|row| plain(row.record.clone())).collect();
        same("the list", &listed, &expected)?;
        let counts: Vec<_> = counts.into_iter().filter(super::people::is_there).collect();
        same("the counts", &counts, &self.book.counts())?;
        same("who leads", &owners.leader, &self.leadership())?;
        self.count_beats(&owners)?;
        let all: Vec<Seen> = owners.all.into_iter().map(|seen| Seen { beat: 0, ..seen }).collect();
        same("who is there", &all, &self.seen())?;
        let leader = owners.leader.map(|leader| Leadership { term: self.book.terms, ..leader });
        self.records = records;
        Ok((Vec::new(), listed, counts, Owners { all, leader }))
    }

    /// Asserts that a sign of life shows, and that looking at an owner is none that goes back.
    fn count_beats(&mut self, owners: &Owners) -> TestCaseResult {
        for seen in &owners.all {
            let before = self.beats.insert(seen.owner.clone(), seen.beat);
            let shows = before
                .is_none_or(|before| seen.beat >= before && (seen.beat > before || !self.signs.contains(&seen.owner)));
            if !shows {
                return Err(TestCaseError::fail(format!("{seen:?} after the beat {before:?}, signs {:?}", self.signs)));
            }
        }
        self.signs.clear();
        Ok(())
    }

    /// All that is to be seen in the end, each job of which somebody may ask for too.
    pub(super) async fn end(mut self) -> Result<Whole, TestCaseError> {
        let (_, listed, counts, owners) = self.whole().await?;
        // Some are not there, and one is asked for twice.
        let ids: Vec<JobId> = (0..30).chain([0]).map(id).collect();
        let looked: Vec<_> = self.driver.look(&ids).await?.into_iter().map(|record| record.map(plain)).collect();
        let row = |id: &JobId| self.book.row(*id).map(|row| plain(row.record.clone()));
        same("what is known of each", &looked, &ids.iter().map(row).collect())?;
        Ok((looked, listed, counts, owners))
    }

    /// A job was handed to this owner, with a fence greater than all before.
    pub(super) fn deliver(&mut self, job: &TakenJob, owner: &str) -> TestCaseResult {
        let Some(row) = self.book.row(job.id) else { return Ok(()) };
        let (life, number) = (row.record.seq, row.takes);
        let earlier = self.deliveries.iter().filter(|it| it.id == job.id && it.life == life);
        if let Some(earlier) = earlier.map(|it| it.fence).max().filter(|earlier| *earlier >= job.fence) {
            return Err(TestCaseError::fail(format!("{:?} follows {earlier:?} of {}", job.fence, job.id)));
        }
        self.deliveries.push(Delivery { id: job.id, life, number, fence: job.fence, owner: owner.to_owned() });
        Ok(())
    }

    /// The fence of the delivery of a job that runs.
    pub(super) fn fence(&self, id: JobId) -> Option<Fence> {
        let row = self.book.row(id).filter(|row| row.record.state == JobState::Running)?;
        let is_it = |it: &&Delivery| it.id == id && it.life == row.record.seq && it.number == row.takes;
        self.deliveries.iter().find(is_it).map(|it| it.fence)
    }

    pub(super) fn leadership(&self) -> Option<Leadership> {
        let (term, owner) = (*self.terms.last()?, self.book.leader.clone()?);
        Some(Leadership { term, owner })
    }

    /// All owners, without their beats.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = self.book.owners.iter().map(|(owner, row)| Seen {
            owner: owner.clone(),
            instance: row.instance.clone(),
            beat: 0,
            running: self.book.running(owner),
        });
        seen.collect()
    }
}

/// A record without what a driver may choose: how it counts, and when one would have been due that is cancelled.
fn plain(record: JobRecord) -> JobRecord {
    let due = if record.state == JobState::Cancelled { record.entered_at } else { record.due };
    JobRecord { seq: 0, due, ..record }
}
