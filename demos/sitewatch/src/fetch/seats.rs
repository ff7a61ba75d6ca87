//! How many requests a host has at the same time.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::context::{Interrupt, interruptible};
use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::authority::Authority;

/// Seats per host, first come, first served.
///
/// A host that never answered has one, so that a thousand links to a host that can't be reached
/// make one attempt and not one each; with its first answer it gets them all.
///
/// # Invariants
///
/// 1. A host is in the map exactly while somebody holds or waits for one of its seats.
/// 2. `users` counts those, and is only changed under the lock.
#[derive(Debug)]
pub(crate) struct Seats {
    per_host: usize,
    hosts: Mutex<FxHashMap<Authority, Host>>,
}

#[derive(Debug)]
struct Host {
    permits: Arc<Semaphore>,
    users: usize,
    all: bool,
}

/// Somebody who holds or waits for a seat.
#[derive(Debug)]
pub(crate) struct Seat<'a> {
    seats: &'a Seats,
    host: Authority,
    permit: Option<OwnedSemaphorePermit>,
}

impl Seats {
    pub(crate) fn new(per_host: usize) -> Self {
        Self { per_host, hosts: Mutex::default() }
    }

    // ANCHOR: take
    /// Waits for a seat at `host`, which has `answered` before or not.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn take(&self, host: &Authority, answered: bool) -> Result<Seat<'_>, Interrupt> {
        let permits = {
            let mut hosts = self.hosts.lock();
            let entry = hosts.entry(host.clone()).or_insert_with(|| Host {
                permits: Arc::new(Semaphore::new(if answered { self.per_host } else { 1 })),
                users: 0,
                all: answered,
            });
            entry.users += 1;
            Arc::clone(&entry.permits)
        };
        let mut seat = Seat { seats: self, host: host.clone(), permit: None };
        // Never closed, so that `ok()` is always a permit.
        seat.permit = interruptible(permits.acquire_owned()).await?.ok();
        Ok(seat)
    }
    // ANCHOR_END: take

    /// The hosts that somebody is or wants to be at.
    #[cfg(test)]
    fn busy(&self) -> usize {
        self.hosts.lock().len()
    }
}

impl Seat<'_> {
    // ANCHOR: open_all
    /// Opens all seats of this host: it has answered.
    pub(super) fn open_all(&self) {
        let mut hosts = self.seats.hosts.lock();
        if let Some(entry) = hosts.get_mut(&self.host)
            && !std::mem::replace(&mut entry.all, true)
        {
            entry.permits.add_permits(self.seats.per_host - 1);
        }
    }
    // ANCHOR_END: open_all
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        // First the permit: whoever waits for it still counts as a user, so the entry stays.
        self.permit = None;
        let mut hosts = self.seats.hosts.lock();
        if let Some(entry) = hosts.get_mut(&self.host) {
            entry.users -= 1;
            if entry.users == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use patterns_core::cancel::timeout;
    use patterns_core::testing::explore_cancellation;
    use tokio::time::sleep;
    use url::Url;

    use super::*;

    fn host(name: &str) -> Authority {
        Authority::of(&Url::parse(&format!("http://{name}/")).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_has_one_seat_until_it_answers_and_all_of_them_then() {
        let seats = Seats::new(3);
        let host = host("a.example");
        let first = seats.take(&host, false).await.unwrap();
        assert!(seats.take(&host, false).now_or_never().is_none());
        first.open_all();
        first.open_all();
        let _second = seats.take(&host, true).await.unwrap();
        let _third = seats.take(&host, true).await.unwrap();
        assert!(seats.take(&host, true).now_or_never().is_none());
    }

    #[test]
    fn no_interruption_loses_a_seat_or_leaves_a_trace() {
        let explored = explore_cancellation(
            async || Arc::new(Seats::new(2)),
            async |seats: Arc<Seats>| {
                let host = host("a.example");
                let visit = async |time| {
                    let seat = seats.take(&host, false).await?;
                    sleep(Duration::from_secs(time)).await;
                    seat.open_all();
                    sleep(Duration::from_secs(time)).await;
                    Ok::<_, Interrupt>(())
                };
                // One seat, then two: so each kind of wait occurs.
                let _ = tokio::join!(visit(3), visit(2), visit(1), visit(4));
            },
            async |seats| {
                assert_eq!(seats.busy(), 0);
                let host = host("a.example");
                let _both = tokio::join!(seats.take(&host, true), seats.take(&host, true));
                assert!(seats.take(&host, true).now_or_never().is_none());
            },
        );
        assert!(explored.polls > 5 && explored.unreached == 0, "{explored:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_do_not_wait_for_each_other_and_idle_ones_are_forgotten() {
        let seats = Seats::new(1);
        let a = seats.take(&host("a.example"), true).await.unwrap();
        let b = seats.take(&host("b.example"), true).await.unwrap();
        assert_eq!(seats.busy(), 2);
        drop((a, b));
        assert_eq!(seats.busy(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_the_wait_leaves_no_trace() {
        let seats = Seats::new(1);
        let host = host("a.example");
        let held = seats.take(&host, true).await.unwrap();
        let waited = timeout(Duration::from_secs(1), seats.take(&host, true)).await;
        assert!(matches!(waited, Err(_) | Ok(Err(Interrupt::DeadlinePassed(_)))));
        drop(held);
        assert_eq!(seats.busy(), 0);
        assert!(seats.take(&host, true).now_or_never().is_some());
    }
}
