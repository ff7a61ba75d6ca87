use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::coordinator::{
    Cause, Component, Coordinator, CoordinatorConfig, EventKind, Phase, PlanError, Readiness, ReadyError, Update,
};
use actors::prelude::*;
use actors::supervision::RestartConfig;
use actors::system::End;
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Boom, Desk, Hold, Log};

mod alone;
mod events;
mod meters;
mod readiness;
mod shutdown;
mod together;
mod waiting;

const SECOND: Duration = Duration::from_secs(1);

/// A component that does what a test tells it to.
#[derive(Clone, Default)]
struct Part {
    name: &'static str,
    log: Log,
    trouble: Arc<Mutex<Option<&'static str>>>,
    check_takes: Duration,
    stop_takes: Duration,
    panics: Arc<AtomicBool>,
}

impl Part {
    fn new(name: &'static str, log: &Log) -> Self {
        Self { name, log: log.clone(), ..Self::default() }
    }

    fn trouble(&self, why: &'static str) {
        *self.trouble.lock() = Some(why);
    }

    fn recover(&self) {
        *self.trouble.lock() = None;
    }

    fn stopping_for(mut self, time: Duration) -> Self {
        self.stop_takes = time;
        self
    }
}

#[async_trait]
impl Component for Part {
    async fn ready(&self) -> Readiness {
        sleep(self.check_takes).await;
        assert!(!self.panics.load(Ordering::Relaxed), "a bad check");
        match *self.trouble.lock() {
            Some(why) => Readiness::NotReady(why.to_owned()),
            None => Readiness::Ready,
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        self.log.note(format!("{} begins, {:?} left", self.name, deadline - Instant::now()));
        sleep(self.stop_takes).await;
        assert!(!self.panics.load(Ordering::Relaxed), "a bad end");
        self.log.note(format!("{} ends", self.name));
        Receipt::new("whatever it calls itself").handled(1)
    }
}

/// web after pool and cache, pool after db.
fn site(system: &System, log: &Log, parts: [Part; 4]) -> Coordinator {
    let _ = log;
    let [db, pool, cache, web] = parts;
    Coordinator::builder()
        .add("web", web)
        .after(["pool", "cache"])
        .add("db", db)
        .add("pool", pool)
        .after(["db"])
        .add("cache", cache)
        .start(system)
        .unwrap()
}

fn parts(log: &Log) -> [Part; 4] {
    ["db", "pool", "cache", "web"].map(|name| Part::new(name, log))
}
