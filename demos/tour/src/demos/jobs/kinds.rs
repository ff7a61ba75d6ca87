//! The kinds of jobs, and what they work with.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use actors::jobs::driver::SqliteDriver;
use actors::jobs::{Failure, Job, JobId, Retries, Run};
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::context::interruptible;
use serde::{Deserialize, Serialize};

use crate::site::Host;
use crate::{Stage, ms};

/// What a process gives to those who check pages.
#[derive(Clone)]
pub(super) struct Lab {
    pub(super) stage: Stage,
    host: Host,
    /// Whether page 5 is there.
    pub(super) mended: Arc<AtomicBool>,
    /// Pages, as they were fetched.
    pub(super) fetched: Arc<Mutex<Vec<u32>>>,
}

impl Lab {
    pub(super) fn new(stage: &Stage) -> Self {
        let mended = Arc::new(AtomicBool::new(false));
        let (is_there, fourth) = (Arc::clone(&mended), AtomicU32::new(0));
        let ninth = AtomicU32::new(0);
        let host = Host::answering("docs.example", move |_, page| match page {
            4 if fourth.fetch_add(1, SeqCst) < 2 => (ms(50), 503),
            5 if !is_there.load(SeqCst) => (ms(50), 404),
            9 if ninth.fetch_add(1, SeqCst) == 0 => (ms(60_000), 200),
            11..=13 => (ms(90), 200),
            21..=23 => (ms(40), 200),
            _ => (ms(50), 200),
        });
        let fetched = Arc::default();
        Self { stage: stage.clone(), host, mended, fetched }
    }
}

// ANCHOR: check
/// A page is to be checked.
#[derive(Serialize, Deserialize)]
pub(super) struct Check {
    pub(super) page: u32,
}

#[async_trait]
impl Job for Check {
    const KIND: &'static str = "check"; // in the store, for ever
    const QUEUE: &'static str = "checks";
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Output = u32;
    type State = Lab;

    async fn run(self, lab: &Lab, run: &mut Run) -> Result<u32, Failure> {
        let Lab { stage, host, .. } = lab;
        let (page, attempt) = (self.page, run.attempt());
        let work =
            stage.busy(format!("page {page}"), format!("attempt {attempt}"));
        // Ends at once where it is to stop; the queue knows why.
        let fetched = interruptible(host.get(page)).await?;
        match work.ended(fetched) {
            Ok(page) => {
                lab.fetched.lock().push(page);
                Ok(page)
            }
            Err(gone) if gone.status == 404 => Err(Failure::terminate(gone)),
            Err(error) => {
                say!(stage, "attempt {attempt}: {error}");
                Err(error.into()) // it is tried again
            }
        }
    }

    fn retries() -> Retries {
        Retries::new(4).delay(ms(100))
    }
}
// ANCHOR_END: check

// ANCHOR: save
/// The result of a page is to be saved, and then somebody is to be told.
#[derive(Serialize, Deserialize)]
pub(super) struct Save {
    pub(super) page: u32,
    pub(super) status: u32,
}

#[async_trait]
impl Job for Save {
    const KIND: &'static str = "save";
    const QUEUE: &'static str = "checks";
    type Output = ();
    type State = ();

    async fn run(self, _: &(), run: &mut Run) -> Result<(), Failure> {
        let Self { page, status } = self;
        run.then(Tell { page }.entry().id(Tell::id(page)))?;
        run.effects(SqliteDriver::effects(move |tx| {
            let row = "insert into result values (?1, ?2)";
            tx.execute(row, (page, status)).map(drop)
        }))?;
        Ok(())
    }

    fn retries() -> Retries {
        Retries::never()
    }
}
// ANCHOR_END: save

/// Somebody is to be told of a page.
#[derive(Serialize, Deserialize)]
pub(super) struct Tell {
    page: u32,
}

impl Tell {
    /// One for each page.
    pub(super) fn id(page: u32) -> JobId {
        JobId::of(&["tell", &page.to_string()])
    }
}

#[async_trait]
impl Job for Tell {
    const KIND: &'static str = "tell";
    const QUEUE: &'static str = "checks";
    type Output = ();
    type State = Stage;

    async fn run(self, stage: &Stage, _: &mut Run) -> Result<(), Failure> {
        say!(stage, "page {}: somebody is told", self.page);
        Ok(())
    }
}
