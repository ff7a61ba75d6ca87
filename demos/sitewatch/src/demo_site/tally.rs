use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// So many paths are counted each for itself: a calendar without an end must not fill the memory.
const MOST_PATHS: usize = 1_000_000;

/// Where the others are counted.
const OTHERS: &str = "(others)";

/// What was asked for so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// How often each path, with its query, was asked for, by any method. Beyond a million paths, the others are counted
    /// as one.
    pub requests: BTreeMap<String, u64>,
    /// Requests in all.
    pub total: u64,
    /// Requests that wanted a page only if it is another than the one that they know.
    pub conditional: u64,
    /// Those of them that were answered with 304: it is the same.
    pub not_modified: u64,
    /// Connections that were made.
    pub connections: u64,
    /// Requests that have arrived and whose answers have not gone out yet.
    pub in_flight: u64,
    /// The most of those that there ever were at the same time.
    pub in_flight_peak: u64,
}

/// Counts for all connections.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: HashMap<String, u64>,
    /// All but the requests by path.
    rest: Stats,
}

impl Tally {
    pub(super) fn connected(&self) {
        self.0.lock().rest.connections += 1;
    }

    /// Counts a request that has arrived: its number among those of its path, from 1, and a guard for as long as it is
    /// being answered.
    pub(super) fn begin(&self, path: &str, is_conditional: bool) -> (u64, InFlight<'_>) {
        let mut counts = self.0.lock();
        let Counts { requests, rest } = &mut *counts;
        let path = if requests.len() < MOST_PATHS || requests.contains_key(path) { path } else { OTHERS };
        let nth = match requests.get_mut(path) {
            Some(times) => {
                *times += 1;
                *times
            }
            None => {
                requests.insert(path.to_owned(), 1);
                1
            }
        };
        rest.total += 1;
        rest.conditional += u64::from(is_conditional);
        rest.in_flight += 1;
        rest.in_flight_peak = rest.in_flight_peak.max(rest.in_flight);
        (nth, InFlight(self))
    }

    pub(super) fn not_modified(&self) {
        self.0.lock().rest.not_modified += 1;
    }

    pub(super) fn requests(&self) -> HashMap<String, u64> {
        self.0.lock().requests.clone()
    }

    pub(super) fn stats(&self) -> Stats {
        let counts = self.0.lock();
        let requests = counts.requests.iter().map(|(path, times)| (path.clone(), *times)).collect();
        Stats { requests, ..counts.rest.clone() }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight<'a>(&'a Tally);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.0.lock().rest.in_flight -= 1;
    }
}
