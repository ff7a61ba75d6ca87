//! `exit_stack`: one part per topic. Managed resources are in `resource`, transactions in `transaction`; both are
//! interrupted there, and stacks in `explored`.
mod cleanup;
mod drop;
mod explored;
mod failure;
mod resource;
mod runtime;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::exit_stack::{BoxError, Exit, ExitStack, Transactional};
use tokio::task::yield_now;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in order.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }

    fn joined(&self) -> String {
        self.lines().join(", ")
    }

    /// A cleanup with an await in it, that notes its begin and its end.
    fn cleanup(&self, stack: &ExitStack, name: &'static str) {
        let log = self.clone();
        stack.push(name, async move || {
            log.add(format!("{name} begins"));
            sleep(SECOND).await;
            log.add(format!("{name} ends"));
            Ok(())
        });
    }

    fn exit(&self, stack: &ExitStack) {
        let log = self.clone();
        stack.push_with("exit", async move |exit: Exit| {
            log.add(exit.to_string());
            Ok(())
        });
    }
}

/// A made-up database of one list: a transaction writes to a copy, and holds the only lock.
#[derive(Clone, Default)]
struct Ledger {
    log: Log,
    saved: Arc<Mutex<Vec<&'static str>>>,
    pending: Vec<&'static str>,
    commit_takes: Duration,
    commit_fails: bool,
    rollback_fails: bool,
}

impl Ledger {
    fn write(&mut self, line: &'static str) {
        self.pending.push(line);
    }
}

impl Transactional for Ledger {
    type Error = BoxError;

    async fn commit(&mut self) -> Result<(), BoxError> {
        self.log.add("commit begins");
        sleep(self.commit_takes).await;
        if self.commit_fails {
            return Err("constraint violated".into());
        }
        self.saved.lock().append(&mut self.pending);
        self.log.add("committed");
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), BoxError> {
        yield_now().await;
        if self.rollback_fails {
            return Err("connection lost".into());
        }
        self.pending.clear();
        self.log.add("rolled back");
        Ok(())
    }
}
