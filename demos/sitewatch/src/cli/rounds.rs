use std::time::Duration;

use actors::System;
use actors::scheduler::{Overlap, Scheduler};
use tokio::sync::mpsc;

use super::Failure;

/// When to check again.
#[derive(Debug)]
pub struct Rounds {
    due: mpsc::Receiver<()>,
    /// Whether rounds that became due meanwhile are skipped.
    skips: bool,
    /// Who says that a round is due, as long as this is there.
    _timetable: Option<(Scheduler, System)>,
}

impl Rounds {
    /// Every `period` from now on; a round that is due while another runs is skipped.
    ///
    /// # Errors
    ///
    /// If the scheduler can't be started, or `period` is zero.
    // ANCHOR: every
    pub async fn every(period: Duration) -> Result<Self, Failure> {
        let system = System::start().map_err(|error| Failure::failed(&error))?;
        let scheduler = Scheduler::builder().start(&system).map_err(|error| Failure::failed(&error))?;
        let (sender, due) = mpsc::channel(1);
        let fire = move || {
            // If one is waiting already, another says nothing new.
            let _ = sender.try_send(());
            std::future::ready(())
        };
        let every = scheduler.every("check", period).overlap(Overlap::Skip);
        every.run(fire).await.map_err(|error| Failure::usage(&error))?;
        Ok(Self { due, skips: true, _timetable: Some((scheduler, system)) })
    }
    // ANCHOR_END: every

    /// Whenever somebody sends; a round that is due while another runs is kept, up to `kept` of them.
    #[must_use]
    pub fn channel(kept: usize) -> (mpsc::Sender<()>, Self) {
        let (sender, due) = mpsc::channel(kept);
        (sender, Self { due, skips: false, _timetable: None })
    }

    /// Waits for the next round; `None` if there will be none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<()> {
        if self.skips {
            while self.due.try_recv().is_ok() {}
        }
        self.due.recv().await
    }
}
