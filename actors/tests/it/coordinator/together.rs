//! All four actors and one of the user's own, under one coordinator.

use std::io;
use std::sync::atomic::AtomicU64;

use actors::connection_pool::{ConnectionManager, ConnectionPool};
use actors::{Scheduler, WorkerPool};

use super::*;

/// Connections to nowhere.
#[derive(Default)]
struct Numbers(AtomicU64);

#[async_trait]
impl ConnectionManager for Numbers {
    type Connection = u64;
    type Error = io::Error;

    async fn connect(&self) -> io::Result<u64> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed))
    }

    async fn check(&self, _: &mut u64) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn they_end_in_the_order_of_their_dependencies_and_their_receipts_add_up() {
    let system = System::start().unwrap();
    let db = ConnectionPool::builder(Numbers::default()).max_size(2).start(&system).await.unwrap();
    let workers = WorkerPool::builder().cpu_threads(1).io_tasks(4).start(&system).unwrap();
    let scheduler = Scheduler::builder().start(&system).unwrap();
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    let coordinator = Coordinator::builder()
        .add("scheduler", scheduler.clone())
        .after(["workers"])
        .add("workers", workers.clone())
        .after(["db"])
        .add("db", db.clone())
        .add("desk", desk.clone())
        .after(["db"])
        .start(&system)
        .unwrap();
    coordinator.wait_ready().await.unwrap();

    let job = {
        let (db, workers) = (db.clone(), workers.clone());
        move || {
            let (db, workers) = (db.clone(), workers.clone());
            async move {
                let query = async move {
                    let conn = db.acquire().await.expect("there are two");
                    sleep(SECOND / 2).await;
                    drop(conn);
                };
                workers.submit_io(query).await
            }
        }
    };
    let beat = scheduler.every("beat", SECOND).run(job).await.unwrap();
    for n in 0..3 {
        desk.tell(Add(n)).await.unwrap();
    }
    desk.ask(Boom("ouch")).await.unwrap_err();
    // The third run is in the middle of it.
    sleep(SECOND * 3 + SECOND / 4).await;
    let report = coordinator.run_until(async { Cause::Finished }).await;

    assert!(report.is_clean() && report.code() == 0, "{report}");
    let books: Vec<_> = report
        .receipts
        .iter()
        .map(|receipt| (receipt.name.as_str(), receipt.handled, receipt.rejected, receipt.dead))
        .collect();
    assert_eq!(books, [("desk", 3, 0, 1), ("scheduler", 3, 0, 0), ("workers", 3, 0, 0), ("db", 3, 0, 0)]);
    // They are the books of each, and nothing is left in any.
    assert_eq!((beat.status().counts.done, scheduler.status().counts.done), (3, 3));
    assert_eq!((workers.status().counts.submitted, workers.status().counts.done), (3, 3));
    let pool = db.status();
    assert_eq!((pool.counts.acquired, pool.counts.opened, pool.counts.closed, pool.size()), (3, 1, 1, 0));
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0, "{audit:?}");
    let left = report.actors.iter().find(|receipt| receipt.name != "coordinator");
    assert!(left.is_none(), "the others were stopped before: {left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_component_that_hangs_is_named_in_the_report_in_the_status_and_in_the_events() {
    let system = System::start().unwrap();
    let log = Log::default();
    let [db, pool, cache, web] = parts(&log);
    let coordinator = site(&system, &log, [db, pool.stopping_for(SECOND * 3600), cache, web]);
    let report = coordinator.shutdown(Cause::Finished).await;
    assert!(report.to_string().contains("\n  pool: not stopped after 11s; 0 handled, 0 rejected, 0 dead"), "{report}");
    // The others are not blamed.
    let unclean = report.receipts.iter().filter(|receipt| !receipt.is_clean());
    assert_eq!(unclean.map(|receipt| receipt.name.as_str()).collect::<Vec<_>>(), ["pool"]);
    let status = coordinator.status();
    let pool = status.components.iter().find(|component| component.name == "pool").unwrap();
    assert_eq!(pool.receipt.as_ref().unwrap().end, End::Unresponsive);
    let mut events = coordinator.events();
    let stopped = std::iter::from_fn(|| events.try_next()).filter_map(|update| match update {
        Update::Event(event) => match event.kind {
            EventKind::Stopped { receipt } => Some((receipt.name, receipt.end)),
            _ => None,
        },
        Update::Lagged(_) => None,
    });
    assert!(stopped.into_iter().any(|stopped| stopped == ("pool".to_owned(), End::Unresponsive)));
}
