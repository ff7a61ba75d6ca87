//! What all jobs of a worker work with.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::jobs::Run;

use crate::ledger::{Delivery, Ledger};
use crate::rows::Rows;

/// Shared by all jobs.
pub(crate) struct Shop {
    ledger: Ledger,
    /// Where rows are written that are committed with a completion.
    pub(crate) rows: Rows,
    pub(crate) lease: Duration,
    trap: Option<Trap>,
    begun: AtomicU64,
}

impl Shop {
    pub(crate) fn new(ledger: Ledger, rows: Rows, lease: Duration) -> Arc<Self> {
        let trap = std::env::var("JOBS_WORKER_TRAP").ok().and_then(|text| Trap::parse(&text));
        Arc::new(Self { ledger, rows, lease, trap, begun: AtomicU64::new(0) })
    }

    /// A delivery begins.
    pub(crate) fn begin(&self, run: &Run) -> io::Result<Delivery> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        self.ledger.note_of("begin", run, number)?;
        self.passes("begun");
        Ok(Delivery { life: self.ledger.life.clone(), number })
    }

    /// Its work is done; whether that counts, the engine says.
    pub(crate) fn end(&self, delivery: Delivery, run: &Run) -> io::Result<Delivery> {
        self.ledger.note_of("end", run, delivery.number)?;
        self.passes("worked");
        Ok(delivery)
    }

    /// Jobs can be taken.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.ledger.note("ready")
    }

    /// Dies here, if this is where it is to.
    pub(crate) fn passes(&self, point: &str) {
        if self.trap.as_ref().is_some_and(|trap| trap.is_sprung_at(point)) {
            // Who looks for how long others took to notice must know when.
            let _ = self.ledger.note("crash");
            std::process::abort();
        }
    }
}

/// A life that ends by itself at a point that a signal from outside would hardly ever hit, when it gets there for the
/// n-th time: `JOBS_WORKER_TRAP=worked:3`. The points: `begun`, before the work; `worked`, before the answer;
/// `effects`, in the transaction of the answer.
struct Trap {
    point: String,
    left: AtomicU64,
}

impl Trap {
    fn parse(text: &str) -> Option<Self> {
        let (point, times) = text.split_once(':')?;
        Some(Self { point: point.to_owned(), left: AtomicU64::new(times.parse().ok()?) })
    }

    fn is_sprung_at(&self, point: &str) -> bool {
        self.point == point && self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }
}
