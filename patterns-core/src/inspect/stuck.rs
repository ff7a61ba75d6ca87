//! Who can never go on.

use std::collections::HashMap;

use super::tree::{Semaphore, path_of};
use crate::context::TaskPath;

/// What one task needs before it can go on: all of it, as far as is known.
#[derive(Default)]
struct Needs {
    path: TaskPath,
    /// Permits, by the number of the semaphore.
    permits: Vec<(usize, usize)>,
    /// Ends of tasks.
    ends: Vec<usize>,
}

/// The circles among those who wait for permits or for the end of another.
///
/// Whoever waits for nothing known will go on, end, and give back what it holds. So those who could then have what
/// they need go on too, and so forth; the rest never can. Source: the reduction of the resource allocation graph by
/// R. C. Holt, "Some Deadlock Properties of Computer Systems", ACM Computing Surveys 1972. A task that awaits several
/// things at once counts as needing only one of them, unless it waits for just one.
pub(super) fn stuck(
    semaphores: &[Semaphore],
    waits: impl Iterator<Item = (TaskPath, Vec<TaskPath>)>,
) -> Vec<Vec<String>> {
    let mut all: HashMap<usize, Needs> = HashMap::new();
    for (path, ends) in waits.filter(|(_, ends)| !ends.is_empty()) {
        let needs = all.entry(path.identity()).or_insert_with(|| Needs { path, ..Needs::default() });
        needs.ends.extend(ends.iter().map(TaskPath::identity));
    }
    for (number, semaphore) in semaphores.iter().enumerate() {
        for claim in &semaphore.waiters {
            let path = path_of(claim);
            let needs = all.entry(path.identity()).or_insert_with(|| Needs { path, ..Needs::default() });
            needs.permits.push((number, claim.n));
        }
    }
    // Whoever runs outside of any group may be several, of whom some go on.
    all.remove(&TaskPath::root().identity());
    while let Some(goes_on) = all.iter().find(|(_, needs)| needs.could_go_on(semaphores, &all)).map(|(id, _)| *id) {
        all.remove(&goes_on);
    }
    circles(semaphores, all)
}

impl Needs {
    /// Whether one of its needs could be met by those who are not among the `waiting`.
    fn could_go_on(&self, semaphores: &[Semaphore], waiting: &HashMap<usize, Self>) -> bool {
        let permits = self.permits.iter().any(|(number, n)| {
            let semaphore = &semaphores[*number];
            let given_back =
                semaphore.holders.iter().filter(|holder| !waiting.contains_key(&path_of(holder).identity()));
            semaphore.free + given_back.map(|holder| holder.n).sum::<usize>() >= *n
        });
        permits || self.ends.iter().any(|task| !waiting.contains_key(task))
    }

    /// One of those, all `waiting` too, who must go on first.
    fn waits_for(&self, semaphores: &[Semaphore], waiting: &HashMap<usize, Self>) -> Option<usize> {
        let holders = self.permits.iter().flat_map(|(number, _)| &semaphores[*number].holders);
        let holders = holders.map(|holder| path_of(holder).identity());
        holders.chain(self.ends.iter().copied()).find(|id| waiting.contains_key(id))
    }
}

/// Follows each who is stuck to whom it waits for, until the way comes back to itself.
fn circles(semaphores: &[Semaphore], stuck: HashMap<usize, Needs>) -> Vec<Vec<String>> {
    let mut circles = Vec::new();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    let mut starts: Vec<_> = stuck.iter().map(|(id, needs)| (needs.path.to_string(), *id)).collect();
    starts.sort();
    for (nth, (_, start)) in starts.into_iter().enumerate() {
        let (mut way, mut at) = (Vec::new(), start);
        while !seen.contains_key(&at) {
            seen.insert(at, nth);
            way.push(at);
            match stuck.get(&at).and_then(|needs| needs.waits_for(semaphores, &stuck)) {
                Some(next) => at = next,
                // Permits that were taken out of the semaphore: there is nobody to wait for.
                None => break,
            }
        }
        let Some(begins) = way.iter().position(|id| *id == at) else { continue };
        if seen.get(&at) == Some(&nth) {
            let names = way[begins..].iter().filter_map(|id| stuck.get(id));
            circles.push(names.map(|needs| needs.path.to_string()).collect());
        }
    }
    circles
}
