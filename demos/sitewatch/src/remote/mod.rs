//! Checks that are shared by many machines: pages are fetched by workers, which a queue of durable jobs gives them to.
//!
//! ```text
//! serve:   crawl -> journal -> Asking ---- put: FetchJob ----> queue ---- take ----> worker: turn, fetch, read
//!                      ^                                                                       |
//!                      +------------ ended: Found <------------ queue <------ answer ----------+
//! ```
//!
//! A check stays one state machine, in the service that leads it: what was seen, what is to be visited, when there is
//! nothing left, what is broken, and the history. Workers know nothing of it. They are asked for one address at a time,
//! and say what was found there. So a worker has nothing that could be lost, and any number of them may come and go.
//!
//! # Guarantees
//!
//! 1. **Every address is fetched once**, also where the service is started anew meanwhile: the id of its job follows from
//!    the run and the address. Only what is under way at a worker that dies is asked for again.
//! 2. **One rate for each host**, over all workers, by turns that they get from the queue right before each request. A
//!    host that asks for a pause gets it from all. Of no host more is under way at a time than the settings say, as no more
//!    is asked for.
//! 3. **The same findings** as of one process. What depends on the order of answers is not in a report.
//! 4. **Credentials are not in the queue.** A job for a host of theirs names the site whose they are, and only workers that
//!    know them take it; to which hosts they go is said by their own settings. All else is asked as anyone, by any worker.
//! 5. **Nothing is fetched for nobody**: a job ends by itself when the check that asked for it would have.
//!
//! However: who can write to the queue can have workers fetch whatever they can reach, and can answer in their place. It is
//! to be trusted as the database is.
//!
//! # Why not a packet of addresses in each job?
//!
//! The rate at which a host may be asked is the limit, and not the queue: puts, takes and answers of many jobs are
//! written together anyway. A packet would be fetched again as a whole if its worker died.
mod asking;
mod clients;
mod engine;
mod fetch_job;
mod identity;
mod lead;
mod page;
mod part_job;
mod patience;
mod place;
mod rate;
mod refusal;
mod wire;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use actors::jobs::JobQueueBuilder;

use crate::check::Http;
use crate::fetch::{FetchSetupError, HttpConfig, Pacer};

pub use engine::{Engine, OpenError};
pub use lead::{Errand, Lead};
pub(crate) use page::hash;
pub use place::{BadPlace, NatsPlace, Place};
pub use worker::{Worker, WorkerBuilder, WorkerError};

/// How addresses are asked for at a pace that somebody else sets: the real client, or a test's.
pub type PacedDial = Arc<dyn Fn(&HttpConfig, Arc<dyn Pacer>) -> Result<Arc<dyn Http>, FetchSetupError> + Send + Sync>;

/// How long answers are kept: for as long as somebody who was started anew may ask for them.
const KEEP: Duration = Duration::from_secs(3_600);

/// How long jobs are kept that failed for good, to be looked at.
const KEEP_DEAD: Duration = Duration::from_secs(7 * 86_400);

/// Whoever leads deletes what was over for longer.
fn kept(queue: JobQueueBuilder) -> JobQueueBuilder {
    queue.keep(KEEP, Some(KEEP_DEAD))
}

/// By the real client.
fn fetcher() -> PacedDial {
    Arc::new(|http, pacer| Ok(Arc::new(crate::fetch::Fetcher::paced(http, pacer)?) as Arc<dyn Http>))
}
