//! Who waits for what: one notification of the server's for each queue and transaction.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::floors::Floors;
use crate::ConnectionPool;
use crate::connection_pool::postgres::{Heard, Listener, PostgresManager};

/// All notifications come by this one.
const CHANNEL: &str = "durable_job";

/// A job that somebody waits for is over.
pub(super) const TOLD: &str = ".";

/// Everybody is to look.
pub(super) const ALL: &str = "*";

/// Something came into a queue. `late`: it may be due earlier than what was seen there.
pub(super) fn came(queue: &str, late: bool) -> String {
    format!("{}{queue}", if late { '<' } else { '+' })
}

/// How many queues are kept apart. If there are more, all are woken.
const QUEUES: usize = 1_000;

/// What has come so far: how many notifications, and with which of them it came last.
#[derive(Debug, Default)]
struct Came {
    count: u64,
    all: u64,
    told: u64,
    queues: HashMap<String, u64>,
}

impl Came {
    fn note(&mut self, payload: &str) {
        self.count += 1;
        match payload.strip_prefix(['+', '<']) {
            Some(queue) if self.queues.len() < QUEUES || self.queues.contains_key(queue) => {
                self.queues.insert(queue.to_owned(), self.count);
            }
            None if payload == TOLD => self.told = self.count,
            _ => {
                self.queues.clear();
                self.all = self.count;
            }
        }
    }

    fn is_for(&self, queues: &[String], mark: u64) -> bool {
        let last = if queues.is_empty() {
            Some(self.told)
        } else {
            queues.iter().filter_map(|queue| self.queues.get(queue)).max().copied()
        };
        self.all.max(last.unwrap_or_default()) > mark
    }
}

/// What a driver hears.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    came: Arc<watch::Sender<Came>>,
    /// Whoever listens. It is there from the first time that somebody waits, as who only puts need not know.
    ears: Mutex<Option<Ears>>,
}

impl Wakes {
    pub(super) fn mark(&self) -> u64 {
        self.came.borrow().count
    }

    pub(super) async fn woken(
        &self,
        pool: &ConnectionPool<PostgresManager>,
        floors: &Arc<Floors>,
        queues: &[String],
        mark: u64,
    ) {
        let mut came = self.came.subscribe();
        self.listen(pool, floors);
        // It fails where the sender is gone, and we have it.
        let _ = came.wait_for(|came| came.is_for(queues, mark)).await;
    }

    /// Listens, if nobody does: the first one has not come, or its runtime is gone.
    fn listen(&self, pool: &ConnectionPool<PostgresManager>, floors: &Arc<Floors>) {
        let mut ears = self.ears.lock();
        if ears.as_ref().is_none_or(|ears| ears.0.is_finished()) {
            let hears = hear(pool.listen(&[CHANNEL]), Arc::clone(&self.came), Arc::clone(floors));
            *ears = Some(Ears(tokio::spawn(hears)));
        }
    }
}

/// The task that listens. It belongs to the driver, and ends with its last clone.
#[derive(Debug)]
struct Ears(JoinHandle<()>);

impl Drop for Ears {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Has no part in the pool, which may go before it.
async fn hear(mut listener: Listener, came: Arc<watch::Sender<Came>>, floors: Arc<Floors>) {
    // A driver's life is not that of the caller who happened to wait first, whose token and deadline are not passed
    // on.
    loop {
        match listener.next().await {
            Ok(Heard::Notification(said)) => {
                match said.payload().strip_prefix('<') {
                    Some(queue) => floors.forget(queue),
                    None if said.payload() == ALL => floors.forget_all(),
                    None => {}
                }
                came.send_modify(|came| came.note(said.payload()));
            }
            // Something may have come that nobody heard.
            Ok(Heard::Connected) => {
                floors.forget_all();
                came.send_modify(|came| came.note(ALL));
            }
            Ok(Heard::Lost(error)) => {
                tracing::warn!(%error, "notifications of jobs can't be heard, which are looked for now and then");
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_hears_of_its_own_queues_and_of_what_is_for_all() {
        let mut came = Came::default();
        let queues = ["a".to_owned(), "b".to_owned()];
        assert!(!came.is_for(&queues, 0));
        came.note("+b");
        came.note("<c");
        assert!(came.is_for(&queues, 0) && !came.is_for(&queues, 1) && !came.is_for(&[], 0));
        came.note(TOLD);
        assert!(came.is_for(&[], 2) && !came.is_for(&[], 3) && !came.is_for(&queues, 2));
        came.note(ALL);
        assert!(came.is_for(&[], 3) && came.is_for(&queues, 3));
        // A queue may be called as it likes.
        came.note(&super::came("*", false));
        assert!(came.is_for(&["*".to_owned()], 4) && !came.is_for(&queues, 4));
    }

    #[test]
    fn what_is_kept_of_queues_is_bounded_and_nobody_is_overlooked() {
        let mut came = Came::default();
        for n in 0..=QUEUES {
            came.note(&super::came(&n.to_string(), false));
        }
        assert!(came.queues.len() <= QUEUES);
        assert!(came.is_for(&[QUEUES.to_string()], came.count - 1));
        assert!(came.is_for(&["0".to_owned()], 0));
    }
}
