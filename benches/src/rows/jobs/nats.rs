use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::load::{How, Load};
use super::nats_server::{NatsServer, Program as Server};
use super::program::Program;
use crate::harness::{Row, Skipped, Target};

const LOAD: Load = Load { how: How::Single, jobs: 20_000, width: 64 };

/// Each message that is published is synced by itself.
const FEWER: Load = Load { jobs: 5_000, ..LOAD };

/// A server that syncs before it acknowledges.
pub(in crate::rows) fn nats_synced() -> Result<Row, Skipped> {
    let program = Server::find()?;
    let server: Rc<OnceCell<NatsServer>> = Rc::default();
    let names = Rc::new(Cell::new(0_u32));
    let measured = |engine: &'static str, load: Load| {
        let (doer, program) = (Program::ours(engine), program.clone());
        let (server, names) = (Rc::clone(&server), Rc::clone(&names));
        move || {
            let server = server.get_or_init(|| NatsServer::start(&program));
            names.set(names.get() + 1);
            doer.us_per_job(load, &format!("{} {} jobs-{}", server.url(), server.monitor(), names.get()))
        }
    };
    Ok(Row::new("jobs_nats", "us/job", Target::Ratio(1.0))
        .ours("JobQueue", measured("nats", LOAD))
        .peer("async-nats pull consumer, ack", measured("nats-ack", FEWER))
        .peer("async-nats, double_ack", measured("nats-double-ack", FEWER)))
}
