//! What changes, for whoever wants to look again.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;

use super::view::{Event, EventKind};

/// How many events a listener may be behind.
const KEPT: usize = 256;

/// Tells listeners what has changed. Nobody waits for a slow one: it is told that it has missed some.
#[derive(Debug)]
pub(crate) struct Bus {
    sender: broadcast::Sender<Event>,
    number: AtomicU64,
}

impl Default for Bus {
    fn default() -> Self {
        Self { sender: broadcast::channel(KEPT).0, number: AtomicU64::new(0) }
    }
}

impl Bus {
    pub(crate) fn tell(&self, kind: EventKind, site: Option<&str>) {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        // Nobody may be listening.
        let _ = self.sender.send(Event { number, kind, site: site.map(str::to_owned) });
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
