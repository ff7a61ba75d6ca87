use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Where to begin to look for jobs that are due.
///
/// What was taken stays in the index until it is swept away, which a transaction that is open for long puts off.
/// Whoever looks for the first one walks over all of that, more and more of it. So a driver remembers when the first
/// one was due that it saw last, and begins a bit before it. It forgets that after a while, and when it hears of a
/// job that may be due earlier: one that goes back, or was behind others.
#[derive(Debug, Default)]
pub(super) struct Floors(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// How often something was forgotten.
    forgotten: u64,
    queues: HashMap<String, (Instant, [i64; 3])>,
}

/// From when on jobs are looked for, by their level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    pub(super) by_level: [i64; 3],
    forgotten: u64,
}

/// How long something is remembered.
const FORGET_AFTER: Duration = Duration::from_secs(5);

/// How much earlier than what was seen there may be others: their transactions may have been open at that time.
const MARGIN: i64 = 2_000_000_000;

/// How many queues are remembered.
const QUEUES: usize = 1_000;

impl Floors {
    /// From when on jobs of a queue are to be looked for.
    pub(super) fn of(&self, queue: &str) -> Floor {
        let mut remembered = self.0.lock();
        let found = remembered.queues.get(queue).copied();
        let by_level = match found {
            Some((since, by_level)) if since.elapsed() < FORGET_AFTER => by_level,
            Some(_) => {
                remembered.queues.remove(queue);
                [i64::MIN; 3]
            }
            None => [i64::MIN; 3],
        };
        Floor { by_level, forgotten: remembered.forgotten }
    }

    /// A look from `floor` on has found that these are the first. That is not remembered if somebody has said
    /// meanwhile that there may be earlier ones.
    pub(super) fn saw(&self, queue: &str, floor: Floor, first: [Option<i64>; 3]) {
        let mut remembered = self.0.lock();
        let is_full = remembered.queues.len() >= QUEUES && !remembered.queues.contains_key(queue);
        if floor.forgotten != remembered.forgotten || is_full {
            return;
        }
        let fresh = (Instant::now(), floor.by_level);
        let (_, by_level) = remembered.queues.entry(queue.to_owned()).or_insert(fresh);
        for (level, first) in by_level.iter_mut().zip(first) {
            if let Some(first) = first {
                *level = first.saturating_sub(MARGIN);
            }
        }
    }

    pub(super) fn forget(&self, queue: &str) {
        let mut remembered = self.0.lock();
        remembered.forgotten += 1;
        remembered.queues.remove(queue);
    }

    pub(super) fn forget_all(&self) {
        let mut remembered = self.0.lock();
        remembered.forgotten += 1;
        remembered.queues.clear();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const NONE: [i64; 3] = [i64::MIN; 3];

    #[tokio::test(start_paused = true)]
    async fn a_look_begins_a_bit_before_what_was_seen_and_now_and_then_at_the_beginning() {
        let floors = Floors::default();
        let floor = floors.of("q");
        assert_eq!(floor.by_level, NONE);
        floors.saw("q", floor, [None, Some(10 * MARGIN), None]);
        let seen = [i64::MIN, 9 * MARGIN, i64::MIN];
        assert_eq!((floors.of("q").by_level, floors.of("other").by_level), (seen, NONE));
        advance(FORGET_AFTER).await;
        assert_eq!(floors.of("q").by_level, NONE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_during_which_something_was_forgotten_is_not_remembered() {
        let floors = Floors::default();
        let forgets: [fn(&Floors); 2] = [Floors::forget_all, |floors| floors.forget("q")];
        for forget in forgets {
            let floor = floors.of("q");
            forget(&floors);
            floors.saw("q", floor, [None, Some(20 * MARGIN), None]);
            assert_eq!(floors.of("q").by_level, NONE);
        }
        floors.saw("q", floors.of("q"), [Some(0), None, None]);
        assert_eq!(floors.of("q").by_level, [-MARGIN, i64::MIN, i64::MIN]);
        floors.forget_all();
        assert_eq!(floors.of("q").by_level, NONE);
    }
}
