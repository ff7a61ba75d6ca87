use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::task::Task;

/// The children that had to wait at least once, so that they can be aborted and named. A child that
/// ends at its first poll never gets here.
#[derive(Debug, Default)]
pub(super) struct Registry {
    slots: Mutex<Slots>,
    /// Children that were cancelled alone, by the end of their grace. Weak, as a task holds its
    /// group.
    asked: Mutex<VecDeque<(Instant, Weak<Task>)>>,
}

#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Option<Arc<Task>>>,
    free: Vec<usize>,
    /// The grace of the whole group is over.
    aborting: bool,
}

impl Registry {
    /// A slot for a child that waits now; `None` if it must end instead.
    pub(super) fn enter(&self, task: &Arc<Task>, waker: &Waker) -> Option<usize> {
        let mut slots = self.slots.lock();
        // Checked under the lock that aborting takes: either it sees the slot, or this sees the flag.
        if slots.aborting || task.is_aborted() {
            return None;
        }
        task.set_waker(waker);
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.slots.push(None);
            slots.slots.len() - 1
        });
        slots.slots[slot] = Some(Arc::clone(task));
        Some(slot)
    }

    pub(super) fn leave(&self, slot: usize) {
        let mut slots = self.slots.lock();
        let task = slots.slots[slot].take();
        slots.free.push(slot);
        drop(slots);
        drop(task);
    }

    /// Every child that had to wait and is still there.
    #[cfg(feature = "inspect")]
    pub(super) fn all(&self) -> Vec<Arc<Task>> {
        self.slots.lock().slots.iter().flatten().cloned().collect()
    }

    /// Notes that `task` is to be aborted at `due`. Instants must not go back.
    pub(super) fn ask(&self, task: &Arc<Task>, due: Instant) {
        let mut asked = self.asked.lock();
        while asked.front().is_some_and(|(_, task)| task.upgrade().is_none_or(|task| task.is_finished())) {
            asked.pop_front();
        }
        asked.push_back((due, Arc::downgrade(task)));
    }

    /// Aborts the children whose own grace is over; gives when the next one's is.
    pub(super) fn abort_due(&self) -> (Vec<Arc<Task>>, Option<Instant>) {
        let now = Instant::now();
        let (mut due, mut next) = (Vec::new(), None);
        let mut asked = self.asked.lock();
        while let Some((at, task)) = asked.front() {
            let task = task.upgrade().filter(|task| !task.is_finished());
            if task.is_some() && *at > now {
                next = Some(*at);
                break;
            }
            due.extend(task);
            asked.pop_front();
        }
        drop(asked);
        self.abort(&due);
        (due, next)
    }

    /// Aborts every child that waits, and any that would from now on.
    pub(super) fn abort_all(&self) -> Vec<Arc<Task>> {
        let mut slots = self.slots.lock();
        slots.aborting = true;
        let all: Vec<_> = slots.slots.iter().flatten().cloned().collect();
        drop(slots);
        self.abort(&all);
        all
    }

    fn abort(&self, tasks: &[Arc<Task>]) {
        for task in tasks {
            let waker = {
                let _slots = self.slots.lock();
                task.abort()
            };
            // Woken outside of the lock: a waker may run foreign code.
            waker.inspect(Waker::wake_by_ref);
        }
    }
}
