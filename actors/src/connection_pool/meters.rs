use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use parking_lot::Mutex;

use super::ConnectionCounts;

const CHECKOUTS: &str = "actors_checkouts_total";
const OPENED: &str = "actors_connections_opened_total";
const OPEN_FAILED: &str = "actors_connections_open_failed_total";
const CLOSED: &str = "actors_connections_closed_total";
const CHECK_FAILED: &str = "actors_connections_check_failed_total";
const TAKEN_BACK: &str = "actors_connections_taken_back_total";
const LEAKS: &str = "actors_connections_leaked_total";
const CONNECTIONS: &str = "actors_connections";
const WAITING: &str = "actors_checkouts_waiting";

/// What a recorder is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) counts: ConnectionCounts,
    pub(super) in_use: usize,
    pub(super) idle: usize,
    pub(super) waiting: usize,
}

/// What is shown of a pool. The control plane does that when it looks, so that it costs no checkout anything.
///
/// Pools of one name are counted together. A recorder is foreign code, so it is called under no lock but its own.
pub(super) struct Meters {
    acquired: Counter,
    gave_up: Counter,
    opened: Counter,
    open_failed: Counter,
    closed: Counter,
    check_failed: Counter,
    taken_back: Counter,
    leaks: Counter,
    in_use: Gauge,
    idle: Gauge,
    waiting: Gauge,
    /// What has been shown.
    told: Mutex<Figures>,
}

impl Meters {
    pub(super) fn new(pool: &str) -> Self {
        describe_counter!(CHECKOUTS, Unit::Count, "attempts to get a connection of a pool that are over, by outcome");
        describe_counter!(OPENED, Unit::Count, "connections that a pool opened");
        describe_counter!(OPEN_FAILED, Unit::Count, "attempts of a pool to open a connection that failed");
        describe_counter!(CLOSED, Unit::Count, "connections that a pool closed");
        describe_counter!(CHECK_FAILED, Unit::Count, "checks that a pool's connections did not pass");
        describe_counter!(TAKEN_BACK, Unit::Count, "connections that were taken back from who was not polled");
        describe_counter!(LEAKS, Unit::Count, "connections that were held for too long");
        describe_gauge!(CONNECTIONS, Unit::Count, "connections of a pool, by state");
        describe_gauge!(WAITING, Unit::Count, "who waits for a connection of a pool");
        Self {
            acquired: counter!(CHECKOUTS, "pool" => pool.to_owned(), "outcome" => "acquired"),
            gave_up: counter!(CHECKOUTS, "pool" => pool.to_owned(), "outcome" => "gave_up"),
            opened: counter!(OPENED, "pool" => pool.to_owned()),
            open_failed: counter!(OPEN_FAILED, "pool" => pool.to_owned()),
            closed: counter!(CLOSED, "pool" => pool.to_owned()),
            check_failed: counter!(CHECK_FAILED, "pool" => pool.to_owned()),
            taken_back: counter!(TAKEN_BACK, "pool" => pool.to_owned()),
            leaks: counter!(LEAKS, "pool" => pool.to_owned()),
            in_use: gauge!(CONNECTIONS, "pool" => pool.to_owned(), "state" => "in_use"),
            idle: gauge!(CONNECTIONS, "pool" => pool.to_owned(), "state" => "idle"),
            waiting: gauge!(WAITING, "pool" => pool.to_owned()),
            told: Mutex::default(),
        }
    }

    /// Shows what has changed since the last time.
    pub(super) fn tell(&self, now: Figures) {
        let before = std::mem::replace(&mut *self.told.lock(), now);
        let (new, old) = (now.counts, before.counts);
        let counters = [
            (&self.acquired, new.acquired, old.acquired),
            (&self.gave_up, new.gave_up, old.gave_up),
            (&self.opened, new.opened, old.opened),
            (&self.open_failed, new.open_failed, old.open_failed),
            (&self.closed, new.closed, old.closed),
            (&self.check_failed, new.check_failed, old.check_failed),
            (&self.taken_back, new.taken_back, old.taken_back),
            (&self.leaks, new.leaks, old.leaks),
        ];
        for (counter, new, old) in counters.into_iter().filter(|(_, new, old)| new > old) {
            counter.increment(new - old);
        }
        let gauges = [
            (&self.in_use, now.in_use, before.in_use),
            (&self.idle, now.idle, before.idle),
            (&self.waiting, now.waiting, before.waiting),
        ];
        for (gauge, new, old) in gauges.into_iter().filter(|(_, new, old)| new != old) {
            gauge.increment(new as f64 - old as f64);
        }
    }
}
