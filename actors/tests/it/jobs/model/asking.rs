//! A step is one call of a driver, and what it says must be what the book says.

use actors::jobs::driver::{
    Accepted, Answer, Effects, JobDriver, JobFilter, JobRecord, JobState, NewJob, Owner, Prune, Take,
};
use actors::jobs::{Fence, JobId};
use proptest::test_runner::TestCaseError;

use super::same;
use super::side::{Delivery, Side};
use super::steps::{Say, Serial, Step, id};

/// What a driver said, without the numbers that each may choose.
pub(super) type Said = Result<String, TestCaseError>;

impl<D: JobDriver> Side<'_, D> {
    pub(super) async fn ask(&mut self, step: &Step) -> Said {
        let driver = self.driver;
        match step {
            Step::Enqueue(term, jobs) => self.enqueue(*term, jobs).await,
            Step::Take { owner, serial, queues, most, suspect, ageing } => {
                let owner = self.name(*owner);
                let last = self.serials.get(&owner).copied().unwrap_or(0);
                let serial = match serial {
                    Serial::Next => last + 1,
                    Serial::Again => last.max(1),
                    Serial::Older => last.saturating_sub(1).max(1),
                };
                self.serials.insert(owner.clone(), last.max(serial));
                let (queues, most, suspect, ageing) = (queues.clone(), *most, *suspect, *ageing);
                self.take(Take { owner, serial, queues, most, suspect, ageing }).await
            }
            Step::Answer(owner, says) => self.answer(*owner, says).await,
            Step::Enter(instance, poison) => {
                let owner = format!("owner {}", self.book.names);
                self.enter(&Owner { owner, instance: instance.clone(), poison: *poison }).await
            }
            Step::EnterAgain(owner) => {
                // One that is gone is gone for ever: nobody has its name again.
                let owner = self.name(*owner);
                let Some(row) = self.book.owners.get(&owner) else { return Ok(String::new()) };
                let (instance, poison) = (row.instance.clone(), row.poison);
                self.enter(&Owner { owner, instance, poison }).await
            }
            Step::Beat(owner) => self.beat(self.name(*owner)).await,
            Step::Evict(owner, late) => self.evict(self.name(*owner), *late).await,
            Step::Leave(owner) => {
                let owner = self.name(*owner);
                let eviction = driver.leave(&owner).await?;
                expect("what its leave left", eviction, self.book.give_up(&owner))
            }
            Step::Campaign(owner) => self.campaign(&self.name(*owner)).await,
            Step::Resign(term, other) => self.resign(*term, *other).await,
            Step::Turns(turns) => {
                let (wait, expected) = (driver.turns(turns).await?, self.book.turns(turns));
                // With none asked for, nobody said what the answer is.
                if turns.count == 0 { Ok(String::new()) } else { expect("how long until the turn", wait, expected) }
            }
            Step::Limit(queue, limits) => {
                driver.limit(queue, limits).await?;
                self.book.limit(queue, *limits);
                Ok(String::new())
            }
            Step::Pause(queue, paused) => {
                driver.pause(queue, *paused).await?;
                self.book.queue(queue).paused = *paused;
                Ok(String::new())
            }
            Step::Cancel(job) => {
                let state = driver.cancel(*job).await?;
                expect("the state of what was cancelled", state, self.book.cancel(*job))
            }
            Step::Retry(job) => {
                let was_open = self.book.row(*job).is_none_or(|row| !row.record.state.is_over());
                let state = driver.retry(*job).await?;
                if !was_open {
                    self.revived.insert(*job);
                }
                expect("the state of what is tried again", state, self.book.retry(*job))
            }
            Step::Prune(prune) => self.prune(prune).await,
            Step::List { queue, kind, state, before, most } => {
                let filter = JobFilter {
                    queue: queue.clone(),
                    kind: kind.clone(),
                    state: *state,
                    before: before.and_then(|pick| around(&self.records, pick)).map(|record| record.seq),
                    most: *most,
                };
                self.list(&filter).await
            }
            Step::Pass(_) => Ok(String::new()),
        }
    }

    /// An owner: mostly one that is there.
    fn name(&self, pick: usize) -> String {
        let there: Vec<&String> = self.book.owners.keys().collect();
        match around(&there, pick / 4) {
            Some(owner) if !pick.is_multiple_of(4) => (*owner).clone(),
            // A name that somebody may get later says nothing before.
            _ => match pick / 4 % (self.book.names + 1) {
                at if at < self.book.names => format!("owner {at}"),
                _ => "nobody".to_owned(),
            },
        }
    }

    async fn enqueue(&mut self, term: Option<usize>, jobs: &[NewJob]) -> Said {
        let (term, leads) = match term {
            None => (None, true),
            Some(pick) => {
                let at = pick % (self.terms.len() + 1);
                let is_latest = at + 1 == self.terms.len();
                let never = self.terms.last().map_or(1, |last| last + 1);
                let number = self.terms.get(at).copied().unwrap_or(never);
                (Some(number), is_latest && self.book.leader.is_some())
            }
        };
        let entered = self.driver.enqueue(term, jobs).await?;
        expect("what came of each", entered, self.book.enqueue(leads, jobs))
    }

    async fn take(&mut self, take: Take) -> Said {
        let late = self.book.late();
        let taken = self.driver.take(&take).await?;
        same("whether the owner is there", &taken.is_some(), &self.book.owners.contains_key(&take.owner))?;
        let Some(taken) = taken else { return Ok(String::new()) };
        let ids: Vec<JobId> = taken.jobs.iter().map(|job| job.id).collect();
        let had = self.book.had(&take);
        if !had.is_empty() {
            same("the jobs of a take that is repeated", &ids, &had)?;
            let fences: Vec<_> = taken.jobs.iter().map(|job| Some(job.fence)).collect();
            same("the fences of a take that is repeated", &fences, &had.iter().map(|id| self.fence(*id)).collect())?;
            return Ok(format!("again {ids:?}"));
        }
        let mut ended = Vec::new();
        if !late.is_empty() {
            let found = self.driver.look(&late).await?;
            let dead = late
                .iter()
                .zip(found)
                .filter(|(_, found)| found.as_ref().is_some_and(|record| record.state == JobState::Dead));
            ended.extend(dead.map(|(id, _)| *id));
        }
        let had_choice = self.book.take(&take, &taken, &ended)?;
        for job in &taken.jobs {
            self.deliver(job, &take.owner)?;
            self.signs.insert(take.owner.clone());
        }
        Ok(if had_choice { String::new() } else { format!("{ids:?} {:?} {}", taken.next, taken.expired) })
    }

    async fn answer(&mut self, owner: Option<usize>, says: &[Say]) -> Said {
        let said: Vec<_> = says.iter().map(|say| self.saying(say)).collect();
        let owner = match (owner, said.first()) {
            (Some(pick), _) => self.name(pick),
            (None, Some((holder, ..))) => holder.clone(),
            (None, None) => return Ok(String::new()),
        };
        let answers: Vec<Answer> = said.iter().map(|(_, _, answer)| answer.clone()).collect();
        let mut accepted = self.driver.answer(&owner, &answers).await?;
        for accepted in &mut accepted {
            // In which words is its own affair.
            if let Accepted::Failed(error) = accepted {
                error.clear();
            }
        }
        let expected = said.iter().map(|(_, number, answer)| self.book.answer(&owner, *number, answer)).collect();
        expect("what counts", accepted, expected)
    }

    /// Who had the delivery, its number, and what is said of it.
    fn saying(&self, say: &Say) -> (String, Option<u64>, Answer) {
        let runs = |it: &&Delivery| self.fence(it.id) == Some(it.fence);
        let running: Vec<&Delivery> = self.deliveries.iter().filter(runs).collect();
        let running = if say.runs { around(&running, say.pick).copied() } else { None };
        let delivery = running.or_else(|| around(&self.deliveries, say.pick));
        let (job, fence) = delivery.map_or((id(0), Fence(1)), |it| (it.id, it.fence));
        let (number, fence) =
            if say.forged { (None, Fence(fence.0 + 1_000_000)) } else { (delivery.map(|it| it.number), fence) };
        let effects = say.effects.then(|| Effects::new("nobody knows this"));
        let answer = Answer { next: say.next.clone(), effects, ..Answer::new(job, fence, say.end.clone()) };
        (delivery.map_or_else(|| "owner 0".to_owned(), |it| it.owner.clone()), number, answer)
    }

    async fn prune(&mut self, prune: &Prune) -> Said {
        let over = self.book.rows.iter().filter(|row| row.record.state.is_over()).map(|row| row.record.id);
        let over: Vec<JobId> = over.collect();
        let count = self.driver.prune(prune).await?;
        let mut deleted = Vec::new();
        if !over.is_empty() {
            let found = self.driver.look(&over).await?;
            deleted.extend(over.iter().zip(found).filter(|(_, found)| found.is_none()).map(|(id, _)| *id));
        }
        self.book.prune(prune, &deleted)?;
        expect("how many were deleted", count, deleted.len() as u64)
    }

    async fn list(&mut self, filter: &JobFilter) -> Said {
        let is_before = |record: &&JobRecord| {
            filter.before.is_none_or(|before| record.seq < before)
                && filter.queue.as_ref().is_none_or(|queue| record.queue == *queue)
                && filter.kind.as_ref().is_none_or(|kind| record.kind == *kind)
                && filter.state.is_none_or(|state| record.state == state)
        };
        let expected = self.records.iter().filter(is_before).take(filter.most).cloned().collect();
        same("a page of the list", &self.driver.list(filter).await?, &expected)?;
        Ok(String::new())
    }
}

/// One of these, where numbers go around.
pub(super) fn around<T>(all: &[T], pick: usize) -> Option<&T> {
    all.get(pick.checked_rem(all.len())?)
}

pub(super) fn expect<T: PartialEq + std::fmt::Debug>(what: &str, said: T, expected: T) -> Said {
    same(what, &said, &expected)?;
    Ok(format!("{said:?}"))
}
