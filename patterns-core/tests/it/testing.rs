mod faults;
mod idle;
#[cfg(feature = "retry")]
mod mock;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::{self, Context};
use patterns_core::outcome::catch_panic;
use patterns_core::testing::{Exploration, Explorer, Interruption, explore_cancellation};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;

/// One permit, handed straight to the waiter at the front. `SOUND` is whether a waiter that is
/// dropped after the permit became its own gives it back.
#[derive(Clone, Default)]
struct Gate<const SOUND: bool>(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    taken: bool,
    waiting: Vec<Arc<Turn>>,
}

#[derive(Default)]
struct Turn {
    mine: Mutex<bool>,
    wake: Notify,
}

impl<const SOUND: bool> Gate<SOUND> {
    async fn enter(&self) -> Inside<SOUND> {
        let turn = Arc::new(Turn::default());
        {
            let mut places = self.0.lock();
            if !places.taken {
                places.taken = true;
                return Inside(self.clone());
            }
            places.waiting.push(turn.clone());
        }
        let mut waiting = Waiting { gate: self, turn: Some(turn.clone()) };
        while !*turn.mine.lock() {
            turn.wake.notified().await;
        }
        waiting.turn = None;
        Inside(self.clone())
    }

    fn leave(&self) {
        let mut places = self.0.lock();
        if places.waiting.is_empty() {
            places.taken = false;
        } else {
            let next = places.waiting.remove(0);
            *next.mine.lock() = true;
            next.wake.notify_one();
        }
    }

    fn is_free(&self) -> bool {
        let places = self.0.lock();
        !places.taken && places.waiting.is_empty()
    }
}

struct Waiting<'a, const SOUND: bool> {
    gate: &'a Gate<SOUND>,
    turn: Option<Arc<Turn>>,
}

impl<const SOUND: bool> Drop for Waiting<'_, SOUND> {
    fn drop(&mut self) {
        let Some(turn) = self.turn.take() else { return };
        self.gate.0.lock().waiting.retain(|other| !Arc::ptr_eq(other, &turn));
        if SOUND && *turn.mine.lock() {
            self.gate.leave();
        }
    }
}

struct Inside<const SOUND: bool>(Gate<SOUND>);

impl<const SOUND: bool> Drop for Inside<SOUND> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Polls: 1 meets the taken gate, 2 enters it, 3 leaves it.
async fn use_gate<const SOUND: bool>(gate: Gate<SOUND>) {
    let other = gate.enter().await;
    let handover = tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        drop(other);
    });
    let inside = gate.enter().await;
    sleep(Duration::from_secs(1)).await;
    drop(inside);
    assert!(handover.is_finished());
}

async fn gate_is_free<const SOUND: bool>(gate: &Gate<SOUND>) {
    sleep(Duration::from_secs(10)).await;
    assert!(gate.is_free(), "the permit is lost");
}

fn message(explore: impl FnOnce() -> Exploration) -> String {
    catch_panic(explore).expect_err("the exploration finds something").message().to_owned()
}

#[test]
fn a_permit_lost_by_a_woken_waiter_is_found_with_kind_and_poll() {
    for (kind, place) in [
        (Interruption::Drop, "after Drop at poll 2 of 3: the permit is lost (at "),
        (Interruption::Abort, "after Abort at poll 2 of 3: the permit is lost (at "),
        (Interruption::Panic, "after Panic at poll 2 of 3: the permit is lost (at "),
    ] {
        let found =
            message(|| Explorer::new().kinds([kind]).run(async || Gate::<false>::default(), use_gate, gate_is_free));
        assert!(found.starts_with(place), "{found}");
    }
}

#[test]
fn a_sound_gate_passes_every_interruption_and_the_runs_add_up() {
    let explored = explore_cancellation(async || Gate::<true>::default(), use_gate, gate_is_free);
    let undisturbed = 1;
    let woken = 4 * 3; // four kinds, three polls
    let waiting = 3 * 2; // all but the panic, after the two polls that wait
    assert_eq!((explored.polls, explored.runs), (3, undisturbed + woken + waiting));
    assert_eq!(explored.unreached, 0);
}

#[test]
fn a_place_left_in_the_queue_is_found_while_waiting() {
    // Gives its place back only once it was woken.
    struct Place(Arc<AtomicUsize>, Arc<Mutex<bool>>);
    impl Drop for Place {
        fn drop(&mut self) {
            if *self.1.lock() {
                self.0.fetch_sub(1, SeqCst);
            }
        }
    }
    let found = message(|| {
        Explorer::new().kinds([Interruption::Drop]).run(
            async || Arc::new(AtomicUsize::new(0)),
            async |waiting: Arc<AtomicUsize>| {
                let woken = Arc::new(Mutex::new(false));
                waiting.fetch_add(1, SeqCst);
                let _place = Place(waiting, woken.clone());
                tokio::spawn(async move { *woken.lock() = true });
                sleep(Duration::from_secs(1)).await;
            },
            async |waiting| assert_eq!(waiting.load(SeqCst), 0),
        )
    });
    assert!(found.starts_with("after Drop while waiting after poll 1 of 2: "), "{found}");
}

#[test]
fn each_kind_is_what_it_says() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    struct Witness(Arc<Mutex<Vec<String>>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            let kind = match () {
                () if std::thread::panicking() => "unwound",
                () if context::is_cancelled() => "cancelled",
                () => "dropped",
            };
            self.0.lock().push(kind.to_owned());
        }
    }
    for kind in Interruption::ALL {
        Explorer::new().kinds([kind]).run(
            async || seen.clone(),
            async |seen: Arc<Mutex<Vec<String>>>| {
                let _witness = Witness(seen.clone());
                let ended = context::sleep(Duration::from_secs(1)).await;
                seen.lock().push(if ended.is_err() { "early" } else { "in time" }.to_owned());
            },
            async |_| {},
        );
        let told = seen.lock().drain(..).collect::<Vec<_>>().join(", ");
        let whole = "in time, dropped";
        let expected = match kind {
            // At poll 1 nothing has begun; at poll 2, and while waiting after 1.
            Interruption::Drop | Interruption::Abort => format!("{whole}, dropped, dropped"),
            Interruption::Panic => format!("{whole}, unwound"),
            // At poll 1, while waiting after it, and at poll 2, where the sleep is already over.
            _ => format!("{whole}, early, cancelled, early, cancelled, in time, cancelled"),
        };
        assert_eq!(told, expected, "{kind:?}");
    }
}

#[test]
fn a_scenario_deaf_to_cancellation_is_named_after_an_hour_of_virtual_time() {
    let found = message(|| {
        explore_cancellation(
            async || Arc::new(Notify::new()),
            async |go: Arc<Notify>| {
                go.notify_one();
                go.notified().await;
                let stays = context::is_cancelled();
                yield_now().await;
                if stays || context::is_cancelled() {
                    std::future::pending::<()>().await;
                }
            },
            async |_| {},
        )
    });
    assert_eq!(found, "after Cancel at poll 1 of 2: the scenario did not end within 3600s");
}

#[test]
fn patience_with_a_cancelled_scenario_begins_at_the_cancellation() {
    let slow_end = async |()| {
        sleep(Duration::from_secs(50)).await;
        sleep(Duration::from_secs(50)).await;
    };
    let explorer = Explorer::new().kinds([Interruption::Cancel]).patience(Duration::from_secs(101));
    assert_eq!(explorer.run(async || (), slow_end, async |()| {}).polls, 3);

    let cleans_up = async |()| {
        if context::sleep(Duration::from_secs(60)).await.is_err() {
            sleep(Duration::from_secs(60)).await;
        }
        sleep(Duration::from_secs(35)).await;
    };
    assert_eq!(explorer.run(async || (), cleans_up, async |()| {}).polls, 3);
}

#[test]
fn a_leftover_that_never_ends_is_named() {
    let found = message(|| {
        explore_cancellation(
            async || (),
            async |()| {
                Context::current().reaper().spawn("flush", std::future::pending::<()>());
            },
            async |()| {},
        )
    });
    assert_eq!(found, "undisturbed: not settled after 3600s, still running: flush (for 3600s)");
}

#[test]
fn the_check_runs_after_the_leftovers_have_finished() {
    let explored = explore_cancellation(
        async || (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))),
        async |(begun, done): (Arc<AtomicUsize>, Arc<AtomicUsize>)| {
            begun.fetch_add(1, SeqCst);
            Context::current().reaper().spawn("flush", async move {
                sleep(Duration::from_secs(60)).await;
                done.fetch_add(1, SeqCst);
            });
            yield_now().await;
        },
        async |(begun, done)| assert_eq!(begun.load(SeqCst), done.load(SeqCst)),
    );
    assert_eq!((explored.polls, explored.runs), (2, 12));
}

#[test]
fn a_detached_task_is_found_on_request_only() {
    let detaches = async |()| drop(tokio::spawn(std::future::pending::<()>()));
    let explorer = Explorer::new();
    explorer.run(async || (), detaches, async |()| {});
    let found = message(|| explorer.clone().no_task_left().run(async || (), detaches, async |()| {}));
    assert!(found.starts_with("undisturbed: 1 detached task(s) still running after 3600s"), "{found}");

    // What the fixture started before is its own affair, and what ends in time is no leftover.
    let fixture = async || Arc::new(tokio::spawn(std::future::pending::<()>()));
    let ends = async |_| drop(tokio::spawn(sleep(Duration::from_secs(60))));
    explorer.no_task_left().run(fixture, ends, async |fixture| assert!(!fixture.is_finished()));
}

#[test]
fn an_endless_scenario_is_refused_clearly() {
    let endless = async |()| loop {
        sleep(Duration::from_millis(1)).await;
    };
    let found = message(|| Explorer::new().max_polls(20).run(async || (), endless, async |()| {}));
    assert_eq!(found, "undisturbed: the scenario wants more than 20 polls: make it smaller, or raise `max_polls`");
    let found =
        message(|| explore_cancellation(async || (), async |()| std::future::pending::<()>().await, async |()| {}));
    assert_eq!(found, "undisturbed: the scenario did not end within 3600s");
}

#[test]
fn a_check_or_a_setup_that_hangs_is_a_failure() {
    let found = message(|| explore_cancellation(async || (), async |()| {}, async |()| std::future::pending().await));
    assert_eq!(found, "undisturbed: the check did not end within 3600s");
    let found =
        message(|| explore_cancellation(async || std::future::pending::<()>().await, async |()| {}, async |()| {}));
    assert_eq!(found, "undisturbed: the setup did not end within 3600s");
}

#[test]
fn a_panic_of_the_scenario_itself_is_a_failure() {
    let found = message(|| {
        explore_cancellation(
            async || (),
            async |()| context::sleep(Duration::from_secs(1)).await.expect("no interruption"),
            async |()| {},
        )
    });
    assert!(found.starts_with("after Cancel at poll 1 of 2: the scenario panicked: no interruption"), "{found}");
}

#[test]
fn a_destructor_that_panics_when_dropped_early_is_a_failure() {
    struct Touchy(bool);
    impl Drop for Touchy {
        fn drop(&mut self) {
            assert!(self.0, "dropped too early");
        }
    }
    for (kind, place) in [(Interruption::Drop, "after Drop"), (Interruption::Abort, "after Abort")] {
        let found = message(|| {
            Explorer::new().kinds([kind]).run(
                async || (),
                async |()| {
                    let mut touchy = Touchy(false);
                    yield_now().await;
                    touchy.0 = true;
                },
                async |()| {},
            )
        });
        assert!(
            found.starts_with(&format!(
                "{place} while waiting after poll 1 of 2: the scenario panicked: dropped too early"
            )),
            "{found}"
        );
    }
}

#[test]
fn a_scenario_that_takes_fewer_polls_next_time_is_counted_as_unreached() {
    let runs = AtomicUsize::new(0);
    let explored = Explorer::new().kinds([Interruption::Drop]).run(
        async || runs.fetch_add(1, SeqCst),
        async |run: usize| {
            yield_now().await;
            if run == 0 {
                yield_now().await;
            }
        },
        async |_| {},
    );
    assert_eq!(explored.polls, 3);
    assert_eq!(explored.runs, 1 + 3 + 2);
    assert_eq!(explored.unreached, 2, "at poll 3, and while waiting after poll 2, which was the last one");
}

#[tokio::test]
async fn inside_of_a_runtime_it_says_what_to_do() {
    let found = message(|| explore_cancellation(async || (), async |()| {}, async |()| {}));
    assert!(found.contains("call it from a plain `#[test]`"), "{found}");
}
