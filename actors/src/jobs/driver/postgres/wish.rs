use tokio_postgres::types::ToSql;

use super::super::rules::{PRIORITIES, length, number};
use super::super::{Take, lead};
use super::heads::{Heads, Looker};

/// What is to be taken, column by column: where there is something, and how much of it.
#[derive(Default)]
pub(super) struct Wish<'a> {
    most: i64,
    names: Vec<&'a str>,
    levels: Vec<i16>,
    leads: Vec<i64>,
    floors: Vec<i64>,
    rooms: Vec<Option<i64>>,
    suspect_names: Vec<&'a str>,
    suspect_levels: Vec<i16>,
    suspect_leads: Vec<i64>,
    suspect_rooms: Vec<Option<i64>>,
}

impl<'a> Wish<'a> {
    pub(super) fn new(take: &Take, heads: &Heads<'a>) -> Self {
        let mut wish = Self { most: number(take.most as u64), ..Self::default() };
        for head in &heads.queues {
            let room = head.gate.room(heads.now);
            if room == 0 {
                continue;
            }
            let room = head.is_limited().then(|| number(room));
            let is_due = |due: Option<i64>| due.is_some_and(|due| due <= heads.now);
            for (level, priority) in (0_i16..).zip(PRIORITIES) {
                let (at, lead) = (usize::from(level.unsigned_abs()), length(lead(priority, take.ageing)));
                if is_due(head.plain[at]) {
                    wish.names.push(head.queue);
                    wish.levels.push(level);
                    wish.leads.push(lead);
                    wish.floors.push(head.floor.by_level[at]);
                    wish.rooms.push(room);
                }
                if take.suspect && is_due(head.suspects[at]) {
                    wish.suspect_names.push(head.queue);
                    wish.suspect_levels.push(level);
                    wish.suspect_leads.push(lead);
                    wish.suspect_rooms.push(room);
                }
            }
        }
        wish
    }
}

impl Wish<'_> {
    /// For [`TAKE`](super::take::TAKE).
    pub(super) fn values<'v>(&'v self, looker: &'v Looker<'_>) -> [&'v (dyn ToSql + Sync); 12] {
        [
            &looker.owner,
            &looker.serial,
            &self.most,
            &self.names,
            &self.levels,
            &self.leads,
            &self.floors,
            &self.rooms,
            &self.suspect_names,
            &self.suspect_levels,
            &self.suspect_leads,
            &self.suspect_rooms,
        ]
    }
}
