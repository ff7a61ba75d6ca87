//! Jobs that are too late to begin.

use futures_util::future::{join, join4};

use super::super::rules::count;
use super::super::{DeadReason, JobState};
use super::PostgresDriver;
use super::ends::{self, Ends, Words};
use super::enter::{KNOWN, LINES, one};
use super::heads::Heads;
use super::locked::{FIND, Locked};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, prepare, read, rows};
use crate::connection_pool::postgres::Session;

/// By the index, from the one that has been late for longest, and not all of them each time.
const LATE: &str = "
    with clock as materialized (
        select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now
    )
    select j.id from clock
    cross join unnest($1::text[]) as q (name)
    cross join lateral (
        select j.id from durable_job j
        where j.queue = q.name and j.state = 'waiting' and not j.behind and j.expires is not null
            and greatest(j.due, j.expires) <= clock.now
        order by greatest(j.due, j.expires) limit 512
    ) as j
    limit 512";

impl PostgresDriver {
    /// Ends those of the queues that were looked at; how many.
    pub(super) async fn expire(&self, tx: &Session, heads: &Heads<'_>) -> Result<u64, Setback> {
        prepare(tx, &[LATE, LINES, FIND, KNOWN]).await?;
        prepare(tx, &ends::STATEMENTS).await?;
        let late = heads.queues.iter().filter(|head| head.is_late && !head.gate.paused);
        let queues: Vec<&str> = late.map(|head| head.queue).collect();
        let found = read(tx, LATE, &[&queues]).await?;
        let ids: Vec<&[u8]> = found.iter().map(|row| row.get(0)).collect();
        let none: [&[u8]; 0] = [];
        let (begun, in_line, locked, known) = join4(
            tx.batch_execute(BEGIN),
            rows(tx, LINES, &[&none.as_slice(), &ids]),
            rows(tx, FIND, &[&ids]),
            rows(tx, KNOWN, &[&none.as_slice()]),
        )
        .await;
        begun?;
        let made = in_line?;
        let (locked, now) = (locked?, one(&known?).get(0));
        let (mut ends, mut expired) = (Ends::at(now), 0);
        for row in &locked {
            let mut job = Locked::read(row)?;
            // Somebody else may have ended it meanwhile, or given it more time.
            let is_late = job.due <= now && job.expires.is_some_and(|expires| expires <= now);
            if job.state == JobState::Waiting && !job.behind && is_late {
                job.state = JobState::Dead;
                ends.push(&job, false, &Words { dead: Some(DeadReason::Expired), ..Words::default() });
                expired += 1;
            }
        }
        // Somebody else may have ended the last one of its line meanwhile.
        let made: Vec<&[u8]> = made.iter().map(|row| row.get(0)).collect();
        let (written, ended) = join(ends.write(tx, &made), tx.batch_execute(COMMIT)).await;
        written?;
        ended?;
        self.forget(&ends);
        Ok(count(expired))
    }
}
