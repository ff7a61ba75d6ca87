//! What is kept of queues and rates.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{Gate, after, between, count, length};
use super::super::{DriverError, QueueLimits, Turns};
use super::work::Work;

const GATE: &str = "select paused, running, next, most, spacing, burst from durable_queue where name = ?1";

const LIMIT: &str = "
    insert into durable_queue (name, most, spacing, burst, next) values (?1, ?2, ?3, ?4, ?5)
    on conflict (name) do update set
        most = excluded.most, spacing = excluded.spacing, burst = excluded.burst, next = excluded.next";

const PAUSE: &str = "
    insert into durable_queue (name, paused) values (?1, ?2) on conflict (name) do update set paused = excluded.paused";

const RATE: &str = "select next from durable_rate where name = ?1";

const RESERVE: &str = "
    insert into durable_rate values (?1, ?2) on conflict (name) do update set next = excluded.next";

pub(super) fn gate(tx: &Transaction<'_>, queue: &str) -> Result<Option<Gate>, DriverError> {
    let mut gate = tx.prepare_cached(GATE)?;
    let gate = gate.query_row((queue,), |row| {
        let limits = Gate::limits((row.get(3)?, row.get(4)?, row.get(5)?));
        Ok(Gate { paused: row.get(0)?, limits, running: count(row.get(1)?), next: row.get(2)? })
    });
    Ok(gate.optional()?)
}

pub(super) fn limit(work: &mut Work<'_>, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
    let (running, spacing, burst) = Gate::columns(limits);
    let next = gate(work.tx, queue)?.and_then(|gate| gate.next);
    let next = Gate::eased(next, limits, work.now);
    work.tx.prepare_cached(LIMIT)?.execute((queue, running, spacing, burst, next))?;
    work.stir();
    Ok(())
}

pub(super) fn pause(work: &mut Work<'_>, queue: &str, paused: bool) -> Result<(), DriverError> {
    work.tx.prepare_cached(PAUSE)?.execute((queue, paused))?;
    work.stir();
    Ok(())
}

pub(super) fn turns(work: &Work<'_>, turns: &Turns) -> Result<Duration, DriverError> {
    let Work { tx, now, .. } = *work;
    let mut rate = tx.prepare_cached(RATE)?;
    let next: Option<i64> = rate.query_row((&turns.name,), |row| row.get(0)).optional()?;
    let first = next.unwrap_or(now).max(after(now, turns.pause));
    let span = length(turns.spacing.saturating_mul(turns.count));
    tx.prepare_cached(RESERVE)?.execute((&turns.name, first.saturating_add(span)))?;
    Ok(between(now, first))
}
