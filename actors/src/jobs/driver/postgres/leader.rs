//! Who leads. An owner's row is locked after the leader's, in all calls.

use futures_util::future::join4;

use super::super::Leadership;
use super::super::rules::number;
use super::PostgresDriver;
use super::enter::one;
use super::owners::{LEADER, leadership};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, READ, Tx, alone, prepare, rows};
use super::wakes::ALL;

const THERE: &str = "select 1 from durable_owner where owner = $1";

const LOCK_LEADER: &str = "select term from durable_leader where only_one for update";

/// Nobody evicts it until the transaction is over.
const STAYS: &str = "select 1 from durable_owner where owner = $1 for key share";

const LEAD: &str = "update durable_leader set term = term + 1, owner = $1 where only_one returning term, owner";

const RESIGN: &str = "
    with resigned as (
        update durable_leader set owner = null where only_one and term = $1 and owner = $2 returning 1
    )
    select pg_notify('durable_job', $3) from resigned";

impl PostgresDriver {
    pub(super) async fn try_campaign(&self, tx: Tx, owner: &str) -> Result<Option<Leadership>, Setback> {
        prepare(&tx, &[THERE, LEADER]).await?;
        let (begun, there, leader, ended) = join4(
            tx.batch_execute(READ),
            rows(&tx, THERE, &[&owner]),
            rows(&tx, LEADER, &[]),
            tx.batch_execute(COMMIT),
        )
        .await;
        begun?;
        let (there, leader) = (there?, leader?);
        ended?;
        if there.is_empty() || !leader.is_empty() {
            return Ok(leader.first().filter(|_| !there.is_empty()).map(leadership));
        }
        tx.batch_execute(BEGIN).await?;
        rows(&tx, LOCK_LEADER, &[]).await?;
        let stays = rows(&tx, STAYS, &[&owner]).await?;
        // Somebody else may have been faster.
        let leader = rows(&tx, LEADER, &[]).await?;
        let leads = match leader.first() {
            _ if stays.is_empty() => None,
            Some(row) => Some(leadership(row)),
            None => Some(leadership(one(&rows(&tx, LEAD, &[&owner]).await?))),
        };
        tx.batch_execute(COMMIT).await?;
        Ok(leads)
    }

    pub(super) async fn try_resign(&self, tx: Tx, leadership: &Leadership) -> Result<(), Setback> {
        let term = number(leadership.term);
        alone(&tx, RESIGN, &[&term, &leadership.owner, &ALL]).await?;
        Ok(())
    }
}
