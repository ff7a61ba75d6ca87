//! Durable jobs, end to end: from before the first put until the last job is acknowledged in the store.
//!
//! # How it is measured
//!
//! Each load is done by a process of its own: ours by this program, called again, and those of the peers by the programs
//! of `benches/peers`. That is a workspace of its own, as two crates that link SQLite can't be in one:
//!
//! ```text
//! cargo build --release --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! builds them, and `BENCHES_PEERS` names their folder if it is another than `benches/peers/target/release`. A row whose
//! peers are not built is skipped. NATS needs no such program: its plain consumer is in this one.
//!
//! # What is the same
//!
//! The jobs: a number and a sentence, written as JSON, read by the code that does them, which then only counts. One
//! process puts and does them, on two threads. As many tasks put as do: 64 on SQLite, NATS and in memory, ten on
//! PostgreSQL. Who can be set to put each by itself, or many at once, is set as the row says. The store: SQLite with a
//! write-ahead log and full syncs, PostgreSQL as it comes, NATS with a sync before each acknowledgement, all of them new
//! for each repetition. As those that commit each job by itself take so much longer, some do fewer jobs; a row's unit is
//! the time for one.
//!
//! # What is not the same
//!
//! Ours gives all that the [crate's documentation](actors::jobs) says: leases by signs of life, a fence for each
//! delivery, keys, priorities, counts that are right at any time, and jobs are kept after they are done. Beside that:
//!
//! | peer | what it gives less, and what else it does |
//! |---|---|
//! | apalis 1.0 | no fences: an answer is accepted from whoever has the worker's name; a dead worker's jobs come back after a minute; jobs are kept |
//! | azums 1.0 | a lease by the worker's name; it begins, does and ends one job after the other, and writes a row more for each attempt; jobs are kept |
//! | graphile_worker 0.14 | no fences; a dead worker's jobs come back after four hours unless it is set otherwise; jobs are deleted when they are done |
//! | the same, batched | takes 100 jobs in advance, which no other process can do then, and ends them together, up to 2 ms later |
//! | underway 0.2 | a transaction is open while a job runs, and ends it; a row more for each attempt; jobs are kept |
//! | plain pull consumer | no keys, priorities or due times; a late acknowledgement counts though somebody else has the job; with `ack` nobody knows whether one arrived; messages are deleted |
mod bare;
mod idle;
mod load;
mod memory;
mod nats;
mod nats_server;
mod ours;
mod postgres;
mod program;
mod sqlite;

pub(super) use self::idle::{idle_postgres, idle_wakeups};
pub(super) use self::memory::in_memory;
pub(super) use self::nats::nats_synced;
pub(crate) use self::ours::asked_for_jobs;
pub(super) use self::postgres::{postgres_bulk, postgres_single};
pub(super) use self::sqlite::sqlite_full;
