//! What owners ask of a driver, and what is asked about them.

use actors::jobs::driver::{Eviction, JobDriver, Leadership, Owner, Seen};

use super::asking::{Said, around, expect};
use super::same;
use super::side::Side;

impl<D: JobDriver> Side<'_, D> {
    pub(super) async fn enter(&mut self, owner: &Owner) -> Said {
        let is_new = self.driver.enter(owner).await?;
        expect("whether it was entered now", is_new, self.book.enter(owner))
    }

    pub(super) async fn beat(&mut self, owner: String) -> Said {
        let beat = self.driver.beat(&owner).await?;
        same("whether the owner is there", &beat.is_some(), &self.book.owners.contains_key(&owner))?;
        let Some(mut beat) = beat else { return Ok(String::new()) };
        let others: Vec<_> = beat.others.into_iter().map(|seen| Seen { beat: 0, ..seen }).collect();
        let expected = self.seen().into_iter().filter(|seen| seen.owner != owner).collect();
        same("the others", &others, &expected)?;
        beat.cancelled.sort();
        let to_stop = self.book.to_stop(&owner);
        let mut expected: Vec<_> = to_stop.iter().filter_map(|id| Some((*id, self.fence(*id)?))).collect();
        expected.sort();
        same("what is to stop", &beat.cancelled, &expected)?;
        same("who leads", &beat.leader, &self.leadership())?;
        self.signs.insert(owner);
        Ok(format!("{others:?} {to_stop:?}"))
    }

    pub(super) async fn evict(&mut self, owner: String, late: bool) -> Said {
        let there = self.driver.owners().await?.all;
        let beat = there.iter().find(|seen| seen.owner == owner).map_or(7, |seen| seen.beat);
        let is_alive = late && self.driver.beat(&owner).await?.is_some();
        let eviction = self.driver.evict(&owner, beat).await?;
        if is_alive {
            self.signs.insert(owner);
            return expect("what came of giving it up", eviction, Eviction::Alive);
        }
        expect("what came of giving it up", eviction, self.book.give_up(&owner))
    }

    pub(super) async fn campaign(&mut self, owner: &str) -> Said {
        let said = self.driver.campaign(owner).await?;
        if self.book.campaign(owner) {
            let term = said.as_ref().map_or(0, |leadership| leadership.term);
            same("that the term grows by one", &term, &self.terms.last().map_or(term.max(1), |last| last + 1))?;
            self.terms.push(term);
        }
        let is_there = self.book.owners.contains_key(owner);
        same("who leads", &said, &self.leadership().filter(|_| is_there))?;
        Ok(format!("{:?}", said.map(|leadership| leadership.owner)))
    }

    pub(super) async fn resign(&mut self, term: usize, other: bool) -> Said {
        let latest = self.terms.last().copied().unwrap_or(1);
        let term = around(&self.terms, term / 2).copied().filter(|_| !term.is_multiple_of(2)).unwrap_or(latest);
        let leader = self.book.leader.clone().filter(|_| !other);
        let owner = leader.clone().unwrap_or_else(|| "somebody else".to_owned());
        self.driver.resign(&Leadership { term, owner }).await?;
        if term == latest && leader.is_some() {
            self.book.leader = None;
        }
        Ok(String::new())
    }
}
