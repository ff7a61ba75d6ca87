use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actors::jobs::{Failure, Job, Run};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The job of all loads, as the peers have it.
#[derive(Serialize, Deserialize)]
pub(super) struct Greeting {
    id: u64,
    text: String,
}

/// How many jobs have run.
pub(super) type Ran = Arc<AtomicU64>;

impl Greeting {
    pub(super) fn new(id: u64) -> Self {
        Self { id, text: "Good morning! Here is what you asked for.".to_owned() }
    }

    pub(super) fn count(&self, ran: &AtomicU64) {
        assert!(!self.text.is_empty(), "job {} was read", self.id);
        ran.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Job for Greeting {
    const KIND: &'static str = "greeting";
    type Output = ();
    type State = Ran;

    async fn run(self, ran: &Ran, _: &mut Run) -> Result<(), Failure> {
        self.count(ran);
        Ok(())
    }
}
