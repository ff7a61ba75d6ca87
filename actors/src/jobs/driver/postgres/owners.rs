//! Who is alive.

use futures_util::future::{join, join3, join5};
use tokio_postgres::Row;

use super::super::rules::{count, number};
use super::super::{Beat, Eviction, Fence, JobState, Leadership, Owner, Owners, Seen};
use super::PostgresDriver;
use super::columns::id;
use super::ends::{self, Ends, Words};
use super::enter::{KNOWN, one};
use super::locked::{FIND_RUNNING, Locked};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, READ, Tx, prepare, rows};
use super::wakes::ALL;
use crate::connection_pool::postgres::Session;

const ENTERED: &str = "select 1 from durable_owner where owner = $1";

/// The earlier lives of an instance.
const LIVES: &str = "
    select owner, poison from durable_owner where instance = $1 and owner <> $2 order by owner for update";

const ENTER_OWNER: &str = "
    insert into durable_owner (owner, instance, poison) values ($1, $2, $3) on conflict (owner) do nothing returning 1";

const BEAT: &str = "update durable_owner set beat = beat + 1 where owner = $1 returning 1";

const EVERYBODY: &str = "
    select o.owner, o.instance, o.beat, (
        select count(*) from durable_job j where j.owner = o.owner and j.state = 'running'
    )
    from durable_owner o order by o.owner";

const CANCELLED: &str = "
    select j.id, j.fence from durable_job j where j.owner = $1 and j.state = 'running' and j.cancel order by j.seq";

/// Who leads. A leader who is gone does not.
pub(super) const LEADER: &str = "
    select l.term, l.owner from durable_leader l join durable_owner o on o.owner = l.owner where l.only_one";

/// Locks an owner, before all that belongs to it.
const LOCK_OWNER: &str = "select poison, beat from durable_owner where owner = $1 for update";

/// Locks the lines of all that owners run, and gives those whose rows were made for that: what ran may have ended
/// meanwhile.
const LINES_OF: &str = "
    insert into durable_line (line)
    select distinct j.line from durable_job j
    where j.owner = any($1::text[]) and j.state = 'running' and j.line is not null
    order by j.line
    on conflict (line) do update set line = excluded.line where false
    returning line";

const GONE: &str = "delete from durable_owner where owner = any($1::text[])";

impl PostgresDriver {
    pub(super) async fn try_enter_owner(&self, tx: Tx, owner: &Owner) -> Result<bool, Setback> {
        tx.batch_execute(BEGIN).await?;
        if !rows(&tx, ENTERED, &[&owner.owner]).await?.is_empty() {
            tx.batch_execute("rollback").await?;
            return Ok(false);
        }
        let lives = match &owner.instance {
            Some(instance) => rows(&tx, LIVES, &[instance, &owner.owner]).await?,
            None => Vec::new(),
        };
        let lives: Vec<(String, i64)> = lives.iter().map(|row| (row.get(0), row.get(1))).collect();
        let (ends, _) = self.hand_back(&tx, &lives).await?;
        let poison = i64::from(owner.poison.max(1));
        let entered = rows(&tx, ENTER_OWNER, &[&owner.owner, &owner.instance, &poison]).await?;
        tx.batch_execute(COMMIT).await?;
        self.forget(&ends);
        Ok(!entered.is_empty())
    }

    pub(super) async fn try_beat(&self, tx: Tx, owner: &str) -> Result<Option<Beat>, Setback> {
        prepare(&tx, &[BEAT, EVERYBODY, CANCELLED, LEADER]).await?;
        // Sent together. Without its beginning, the second is a whole all the same.
        let (begun, beaten, everybody, cancelled, (leader, ended)) = join5(
            tx.batch_execute(BEGIN),
            rows(&tx, BEAT, &[&owner]),
            rows(&tx, EVERYBODY, &[]),
            rows(&tx, CANCELLED, &[&owner]),
            join(rows(&tx, LEADER, &[]), tx.batch_execute(COMMIT)),
        )
        .await;
        begun?;
        let beaten = beaten?;
        let (everybody, cancelled, leader) = (everybody?, cancelled?, leader?);
        ended?;
        if beaten.is_empty() {
            return Ok(None);
        }
        let others = everybody.iter().map(seen).filter(|seen| seen.owner != owner).collect();
        let cancelled = cancelled.iter().map(|row| (id(row.get(0)), Fence(count(row.get(1))))).collect();
        Ok(Some(Beat { others, cancelled, leader: leader.first().map(leadership) }))
    }

    pub(super) async fn try_owners(&self, tx: Tx) -> Result<Owners, Setback> {
        prepare(&tx, &[EVERYBODY, LEADER]).await?;
        let (begun, all, (leader, ended)) = join3(
            tx.batch_execute(READ),
            rows(&tx, EVERYBODY, &[]),
            join(rows(&tx, LEADER, &[]), tx.batch_execute(COMMIT)),
        )
        .await;
        begun?;
        let (all, leader) = (all?, leader?);
        ended?;
        Ok(Owners { all: all.iter().map(seen).collect(), leader: leader.first().map(leadership) })
    }

    /// `beat`: only if it is that one still.
    pub(super) async fn try_evict(&self, tx: Tx, owner: &str, beat: Option<u64>) -> Result<Eviction, Setback> {
        tx.batch_execute(BEGIN).await?;
        let found = rows(&tx, LOCK_OWNER, &[&owner]).await?;
        let is_other = |row: &Row| beat.is_some_and(|beat| row.get::<_, i64>(1) != number(beat));
        let nothing = match found.first() {
            None => Some(Eviction::Gone { handed_back: 0, poisoned: 0 }),
            Some(row) if is_other(row) => Some(Eviction::Alive),
            Some(_) => None,
        };
        if let Some(nothing) = nothing {
            tx.batch_execute("rollback").await?;
            return Ok(nothing);
        }
        let owners = [(owner.to_owned(), one(&found).get(0))];
        let (ends, eviction) = self.hand_back(&tx, &owners).await?;
        tx.batch_execute(COMMIT).await?;
        self.forget(&ends);
        Ok(eviction)
    }

    /// Gives up owners, who are locked, and hands back what they run.
    async fn hand_back(&self, tx: &Session, owners: &[(String, i64)]) -> Result<(Ends, Eviction), Setback> {
        let (mut handed_back, mut poisoned) = (0, 0);
        let names: Vec<&str> = owners.iter().map(|(owner, _)| &**owner).collect();
        if names.is_empty() {
            return Ok((Ends::default(), Eviction::Gone { handed_back, poisoned }));
        }
        prepare(tx, &[LINES_OF, FIND_RUNNING, KNOWN, GONE]).await?;
        prepare(tx, &ends::STATEMENTS).await?;
        let none: [&[u8]; 0] = [];
        let (in_line, running, known) = join3(
            rows(tx, LINES_OF, &[&names]),
            rows(tx, FIND_RUNNING, &[&names]),
            rows(tx, KNOWN, &[&none.as_slice()]),
        )
        .await;
        let made = in_line?;
        let made: Vec<&[u8]> = made.iter().map(|row| row.get(0)).collect();
        let running = running?;
        let mut ends = Ends::at(one(&known?).get(0));
        for row in &running {
            let mut job = Locked::read(row)?;
            let owner = owners.iter().find(|(owner, _)| job.owner.as_deref() == Some(&**owner));
            let poison = owner.map_or(i64::MAX, |(_, poison)| *poison);
            let (state, dead) = job.known().left(job.crashes, poison);
            if state == JobState::Dead {
                poisoned += 1;
            } else {
                handed_back += 1;
            }
            (job.state, job.owner, job.cancel) = (state, None, false);
            ends.push(&job, true, &Words { dead, ..Words::default() });
        }
        // Somebody else may lead now.
        ends.wake(ALL.to_owned());
        let (written, gone) = join(ends.write(tx, &made), rows(tx, GONE, &[&names])).await;
        written?;
        gone?;
        Ok((ends, Eviction::Gone { handed_back, poisoned }))
    }
}

fn seen(row: &Row) -> Seen {
    Seen { owner: row.get(0), instance: row.get(1), beat: count(row.get(2)), running: count(row.get(3)) }
}

pub(super) fn leadership(row: &Row) -> Leadership {
    Leadership { term: count(row.get(0)), owner: row.get(1) }
}
