//! The timer wheel by itself.

use std::collections::BTreeMap;

use actors::scheduler::wheel::{Key, TimerWheel};
use proptest::prelude::*;

const YEAR: u64 = 365 * 86_400 * 1_000;

fn fired<T>(wheel: &mut TimerWheel<T>, now: u64) -> Vec<T> {
    let mut fired = Vec::new();
    wheel.expire(now, |value| fired.push(value));
    fired
}

#[test]
fn timers_fire_in_the_order_of_their_instants_and_those_of_one_instant_in_that_of_their_insertion() {
    let mut wheel = TimerWheel::new();
    wheel.insert(5_000, "far, first");
    wheel.insert(70, "near");
    assert_eq!(fired(&mut wheel, 4_990), ["near"]);
    wheel.insert(5_000, "far, second");
    wheel.insert(4_991, "before");
    wheel.insert(10, "long ago");
    assert_eq!(fired(&mut wheel, 4_990), ["long ago"]);
    assert_eq!(fired(&mut wheel, 9_000), ["before", "far, first", "far, second"]);
    assert!(wheel.is_empty() && wheel.next_due().is_none());
}

#[test]
fn a_timer_is_not_fired_early_and_not_forgotten_however_far_it_is() {
    let mut wheel = TimerWheel::new();
    let dues = [1, 63, 64, 4_095, 4_096, 10 * YEAR, 300 * YEAR, u64::MAX - 1, u64::MAX];
    for due in dues {
        wheel.insert(due, due);
    }
    for due in dues {
        assert_eq!(fired(&mut wheel, due - 1), [] as [u64; 0], "before {due}");
        assert_eq!(wheel.pop(due), Some(due));
    }
}

#[test]
fn a_key_is_good_until_its_timer_has_fired_or_was_cancelled() {
    let mut wheel = TimerWheel::new();
    let (first, second) = (wheel.insert(10, 'a'), wheel.insert(20, 'b'));
    assert_eq!(wheel.pop(10), Some('a'));
    assert_eq!(wheel.cancel(first), None);
    assert_eq!(wheel.cancel(second), Some('b'));
    assert_eq!(wheel.cancel(second), None);
    // Their places are taken by others, whom the old keys must not hit.
    let (third, fourth) = (wheel.insert(30, 'c'), wheel.insert(30, 'd'));
    assert_eq!((wheel.cancel(first), wheel.cancel(second)), (None, None));
    assert_eq!(wheel.cancel(fourth), Some('d'));
    assert_eq!((wheel.len(), wheel.cancel(third)), (1, Some('c')));
}

/// `tokio_util::time::DelayQueue` takes 66.7 bytes in the same test.
#[test]
fn a_million_timers_are_put_in_listed_and_taken_out_again_and_take_little_memory() {
    let mut wheel = TimerWheel::new();
    let mut random = 7_u64;
    let mut keys: Vec<(Key, u64)> = Vec::new();
    for n in 0..1_000_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        keys.push((wheel.insert(random >> 50, n), n));
    }
    assert_eq!((wheel.len(), wheel.iter().count()), (1_000_000, 1_000_000));
    assert_eq!(wheel.iter().map(|(_, n)| n).sum::<u64>(), 999_999 * 500_000);
    let each = wheel.bytes() / wheel.len();
    assert!(each <= 67, "{each} bytes");
    for (key, n) in keys {
        assert_eq!(wheel.cancel(key), Some(n));
    }
    assert!(wheel.is_empty() && wheel.iter().next().is_none() && wheel.next_due().is_none());
    assert_eq!(fired(&mut wheel, u64::MAX), [] as [u64; 0]);
}

#[test]
fn three_thousand_timers_of_one_instant_all_fire_once() {
    let mut wheel = TimerWheel::new();
    for n in 0..3_000 {
        wheel.insert(123_456, n);
    }
    assert!(fired(&mut wheel, 123_455).is_empty());
    assert!(fired(&mut wheel, 123_456).into_iter().eq(0..3_000));
}

#[test]
fn set_back_it_fires_nothing_before_its_instant_comes_again() {
    let mut wheel = TimerWheel::new();
    let key = wheel.insert(900, "later");
    assert!(fired(&mut wheel, 800).is_empty());
    wheel.rewind(100);
    wheel.insert(500, "sooner");
    wheel.rewind(600);
    assert_eq!((wheel.now(), fired(&mut wheel, 499)), (100, vec![]));
    assert_eq!(fired(&mut wheel, 500), ["sooner"]);
    assert_eq!(wheel.cancel(key), Some("later"));
}

#[test]
fn a_panic_of_whoever_is_told_costs_one_timer() {
    let mut wheel = TimerWheel::new();
    for n in 0..3 {
        wheel.insert(n, n);
    }
    let told = patterns_core::outcome::catch_panic(|| wheel.expire(10, |n| assert_ne!(n, 1, "not that one")));
    assert!(told.is_err());
    assert_eq!((wheel.len(), fired(&mut wheel, 10)), (1, vec![2]));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Cancel(usize),
    Expire(u64),
    Rewind(u64),
}

fn steps(rewinds: bool) -> impl Strategy<Value = Vec<Step>> {
    let distance = prop_oneof![0..64_u64, 0..5_000_u64, 0..10_000_000_u64, 0..20 * YEAR, any::<u64>()];
    let step = prop_oneof![
        6 => distance.clone().prop_map(Step::Insert),
        2 => any::<usize>().prop_map(Step::Cancel),
        3 => distance.clone().prop_map(Step::Expire),
        1 => distance.prop_map(move |far| if rewinds { Step::Rewind(far) } else { Step::Expire(far) }),
    ];
    prop::collection::vec(step, 1..200)
}

/// What a wheel must be like: timers by the instant at which they can fire first, and then by number.
#[derive(Default)]
struct Model {
    now: u64,
    last: u64,
    timers: BTreeMap<(u64, u64), u64>,
    keys: Vec<(Key, u64)>,
}

impl Model {
    fn insert(&mut self, wheel: &mut TimerWheel<u64>, distance: u64) {
        // A fourth of them too late already.
        let due = if distance.is_multiple_of(4) { self.now / 2 } else { self.now.saturating_add(distance) };
        self.last += 1;
        self.keys.push((wheel.insert(due, self.last), self.last));
        self.timers.insert((due.max(self.now), self.last), due);
    }

    fn cancel(&mut self, wheel: &mut TimerWheel<u64>, nth: usize) {
        if self.keys.is_empty() {
            return;
        }
        let (key, number) = self.keys[nth % self.keys.len()];
        let place = self.timers.keys().copied().find(|(_, n)| *n == number);
        assert_eq!(wheel.cancel(key), place.map(|(_, n)| n));
        if let Some(place) = place {
            self.timers.remove(&place);
        }
    }

    /// Those that are due, in their order.
    fn expire(&mut self, now: u64) -> Vec<u64> {
        self.now = self.now.max(now);
        let mut due = Vec::new();
        while let Some(first) = self.timers.first_entry().filter(|first| first.key().0 <= self.now) {
            due.push(first.key().1);
            first.remove();
        }
        due
    }

    fn check(&self, wheel: &TimerWheel<u64>) {
        assert_eq!(wheel.len(), self.timers.len());
        let first = self.timers.keys().next().map(|(due, _)| *due);
        assert_eq!(wheel.next_due().is_some(), first.is_some());
        assert!(wheel.next_due() <= first);
    }
}

proptest! {
    #[test]
    fn it_fires_what_is_due_in_order_and_nothing_else(steps in steps(false)) {
        let (mut wheel, mut model) = (TimerWheel::new(), Model::default());
        for step in steps {
            match step {
                Step::Insert(distance) => model.insert(&mut wheel, distance),
                Step::Cancel(nth) => model.cancel(&mut wheel, nth),
                Step::Expire(distance) => {
                    let now = model.now.saturating_add(distance);
                    assert_eq!(fired(&mut wheel, now), model.expire(now));
                }
                Step::Rewind(_) => unreachable!("none was drawn"),
            }
            model.check(&wheel);
        }
    }

    #[test]
    fn it_fires_what_is_due_and_nothing_else_also_if_its_clock_is_set_back(steps in steps(true)) {
        let (mut wheel, mut model) = (TimerWheel::new(), Model::default());
        for step in steps {
            match step {
                Step::Insert(distance) => model.insert(&mut wheel, distance),
                Step::Cancel(nth) => model.cancel(&mut wheel, nth),
                Step::Expire(distance) => {
                    let now = model.now.saturating_add(distance);
                    let (mut fired, mut due) = (fired(&mut wheel, now), model.expire(now));
                    fired.sort_unstable();
                    due.sort_unstable();
                    assert_eq!(fired, due);
                }
                Step::Rewind(distance) => {
                    let now = model.now.saturating_sub(distance);
                    wheel.rewind(now);
                    model.now = now;
                    let timers = std::mem::take(&mut model.timers);
                    model.timers = timers.into_iter().map(|((_, n), due)| ((due.max(now), n), due)).collect();
                }
            }
            model.check(&wheel);
        }
    }

    /// Whoever looks when he is told to sees every timer at its very instant, and looks eleven times for each at most.
    #[test]
    fn looking_when_told_to_is_enough(distances in prop::collection::vec(1..20 * YEAR, 1..50)) {
        let mut wheel = TimerWheel::new();
        for due in &distances {
            wheel.insert(*due, *due);
        }
        let mut looks = 0;
        while let Some(now) = wheel.next_due() {
            looks += 1;
            wheel.expire(now, |due| assert_eq!(due, now));
        }
        assert!(wheel.is_empty() && looks <= 11 * distances.len(), "{looks} looks");
    }
}
