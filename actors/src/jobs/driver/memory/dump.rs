//! All that is kept, written down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{JobId, JobState, Leadership, QueueLimits};
use super::queue::Queue;
use super::tables::{Holder, OwnerRow, Row, Tables};

/// All that is kept, as it can be written down. What follows from it is left out.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in super::super) struct Dump {
    rows: Vec<Row>,
    next_seq: u64,
    queues: Vec<QueueDump>,
    /// Queue, unique key, and who holds it.
    uniques: Vec<(String, String, Holder)>,
    owners: Vec<OwnerDump>,
    /// The term and who leads.
    leader: Option<(u64, String)>,
    term: u64,
    rates: Vec<(String, Timestamp)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct QueueDump {
    name: String,
    paused: bool,
    limits: QueueLimits,
    pruned: u64,
    next: Option<Timestamp>,
}

#[derive(Clone, Serialize, Deserialize)]
struct OwnerDump {
    owner: String,
    instance: Option<String>,
    poison: u32,
    beat: u64,
}

impl Dump {
    /// All payloads and outputs.
    pub(in super::super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().flat_map(|row| [Some(&*row.job.payload), row.output.as_deref()]).flatten()
    }
}

impl Tables {
    /// Equal tables have equal dumps: those that are in no order are written in the one of their keys.
    pub(super) fn dump(&self) -> Dump {
        let queue = |(name, queue): (&String, &Queue)| QueueDump {
            name: name.clone(),
            paused: queue.paused,
            limits: queue.limits,
            pruned: queue.pruned,
            next: queue.next,
        };
        let owner = |(owner, row): (&String, &OwnerRow)| OwnerDump {
            owner: owner.clone(),
            instance: row.instance.clone(),
            poison: row.poison,
            beat: row.beat,
        };
        let uniques: BTreeMap<_, _> = self.uniques.iter().collect();
        let rates: BTreeMap<_, _> = self.rates.iter().collect();
        let unique =
            |((queue, key), holder): (&(String, String), &Holder)| (queue.clone(), key.clone(), holder.clone());
        Dump {
            rows: self.by_seq.values().filter_map(|id| self.jobs.get(id)).cloned().collect(),
            next_seq: self.next_seq,
            queues: self.queues.iter().map(queue).collect(),
            uniques: uniques.into_iter().map(unique).collect(),
            owners: self.owners.iter().map(owner).collect(),
            leader: self.leader.as_ref().map(|leader| (leader.term, leader.owner.clone())),
            term: self.term,
            rates: rates.into_iter().map(|(name, next)| (name.clone(), *next)).collect(),
        }
    }

    /// Tables that are as those that were dumped.
    pub(super) fn restore(dump: Dump) -> Self {
        let mut tables = Self { next_seq: dump.next_seq, term: dump.term, ..Self::default() };
        for QueueDump { name, paused, limits, pruned, next } in dump.queues {
            tables.queues.insert(name, Queue { paused, limits, pruned, next, ..Queue::default() });
        }
        for (queue, key, holder) in dump.uniques {
            tables.uniques.insert((queue, key), holder);
        }
        for OwnerDump { owner, instance, poison, beat } in dump.owners {
            tables.owners.insert(owner, OwnerRow { instance, poison, beat, running: BTreeMap::new() });
        }
        tables.leader = dump.leader.map(|(term, owner)| Leadership { term, owner });
        tables.rates = dump.rates.into_iter().collect();
        let mut waiting = Vec::new();
        for row in dump.rows {
            let (id, seq, state, due) = (row.job.id, row.seq, row.state, row.due);
            tables.by_seq.insert(seq, id);
            match (state, row.line()) {
                (JobState::Running, line) => {
                    if let Some(line) = line {
                        tables.lines.entry(line).or_default().insert(row.place, id);
                    }
                    if let Some(owner) = row.owner.as_ref().and_then(|owner| tables.owners.get_mut(owner)) {
                        owner.running.insert(seq, id);
                    }
                    tables.queues.entry(row.job.queue.clone()).or_default().running += 1;
                }
                (JobState::Waiting, line) => waiting.push((line.map(|_| row.place), id, due)),
                _ => {}
            }
            tables.jobs.insert(id, row);
        }
        // In the order of their lines, so that nobody is made ready who has somebody before him.
        waiting.sort_unstable_by_key(|(place, id, _): &(Option<u64>, JobId, Timestamp)| (*place, *id));
        for (_, id, due) in waiting {
            tables.wait(id, due);
        }
        tables.stirred = true;
        tables
    }
}
