use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::worker_pool::Priority;

/// Whose turn it is: a ring of flows for each priority.
///
/// A flow is what waits in one order: the jobs of one key, or those of one priority without a key. It stands in a ring
/// once, with the priority of its first job, and behind all others when it has been served (round robin). An instant is
/// in nanoseconds since the gate was made.
///
/// # Ageing
///
/// Of the rings that one is served whose oldest turn is due first. A turn of the highest priority is due when it
/// begins, one of the next an `ageing` later, one of the lowest two. So whoever waits is passed over by more urgent
/// turns that began at most that much later, and by those that stand before such a one in its ring; and no counter
/// has to be raised for those that wait.
pub(super) struct Rings {
    ageing: u64,
    rings: [Ring; LEVELS.len()],
}

const LEVELS: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

#[derive(Default)]
struct Ring {
    turns: VecDeque<Turn>,
    /// The numbers and instants of those turns that are older than all behind them: the first is the oldest.
    oldest: VecDeque<(u64, u64)>,
    last_number: u64,
}

/// A flow's turn.
pub(super) struct Turn {
    number: u64,
    /// `None` for the jobs without one.
    pub(super) key: Option<Arc<str>>,
}

impl Rings {
    pub(super) fn new(ageing: Duration) -> Self {
        Self { ageing: nanos(ageing), rings: <[Ring; LEVELS.len()]>::default() }
    }

    /// Puts a flow at the end of a ring, whose first job could be started since then.
    pub(super) fn stand(&mut self, level: Priority, key: Option<Arc<str>>, since: u64) {
        let ring = &mut self.rings[level as usize];
        ring.last_number += 1;
        let number = ring.last_number;
        while ring.oldest.back().is_some_and(|(_, other)| *other >= since) {
            ring.oldest.pop_back();
        }
        ring.oldest.push_back((number, since));
        ring.turns.push_back(Turn { number, key });
    }

    /// Takes the next turn out.
    pub(super) fn next(&mut self) -> Option<(Priority, Turn)> {
        let due = |level: Priority| {
            let (_, since) = self.rings[level as usize].oldest.front()?;
            let steps = Priority::High as u64 - level as u64;
            Some((since.saturating_add(self.ageing.saturating_mul(steps)), Reverse(level)))
        };
        let (_, Reverse(level)) = LEVELS.into_iter().filter_map(due).min()?;
        let ring = &mut self.rings[level as usize];
        let turn = ring.turns.pop_front()?;
        if ring.oldest.front().is_some_and(|(number, _)| *number == turn.number) {
            ring.oldest.pop_front();
        }
        Some((level, turn))
    }

    pub(super) fn len(&self) -> usize {
        self.rings.iter().map(|ring| ring.turns.len()).sum()
    }
}

/// Five hundred years, where it is longer.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings() -> Rings {
        Rings::new(Duration::from_nanos(10))
    }

    fn key(name: &str) -> Option<Arc<str>> {
        Some(name.into())
    }

    fn next(rings: &mut Rings) -> (Priority, String) {
        let (level, turn) = rings.next().unwrap();
        (level, turn.key.as_deref().unwrap_or("none").to_owned())
    }

    #[test]
    fn a_turn_is_passed_over_only_by_those_that_began_at_most_an_ageing_later() {
        let mut rings = rings();
        rings.stand(Priority::Normal, key("old"), 100);
        rings.stand(Priority::High, key("in time"), 110);
        rings.stand(Priority::High, key("too late"), 111);
        let order = [next(&mut rings).1, next(&mut rings).1, next(&mut rings).1];
        assert_eq!(order, ["in time", "old", "too late"]);
        assert!(rings.next().is_none());
    }

    #[test]
    fn two_levels_are_two_ageings() {
        let mut rings = rings();
        rings.stand(Priority::Low, key("low"), 100);
        rings.stand(Priority::High, key("high"), 120);
        assert_eq!(next(&mut rings).1, "high");
        rings.stand(Priority::High, key("late"), 121);
        assert_eq!(next(&mut rings), (Priority::Low, "low".to_owned()));
    }

    #[test]
    fn one_old_turn_makes_its_whole_ring_due() {
        let mut rings = rings();
        rings.stand(Priority::Normal, key("fresh"), 190);
        rings.stand(Priority::Normal, key("old"), 100);
        rings.stand(Priority::High, key("high"), 195);
        // The round is kept: the fresh one stands before the old one.
        assert_eq!(next(&mut rings).1, "fresh");
        assert_eq!(next(&mut rings).1, "old");
        rings.stand(Priority::Normal, key("fresh"), 191);
        assert_eq!(next(&mut rings).1, "high", "the old one has gone, and with it the hurry");
        assert_eq!(rings.len(), 1);
    }
}
