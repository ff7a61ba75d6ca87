//! Forgetting what is no more of use.

use jiff::Timestamp;

use super::db::{Statement, values};
use super::{Store, StoreError};

impl Store {
    /// Forgets the journals of a site's runs before this one, which has all that the next needs, and what no journal
    /// refers to any more.
    pub(super) async fn forget_journals(&self, site: i64, run: i64) -> Result<(), StoreError> {
        let visits = Statement::once(
            "delete from visit where run in (select id from run where site = $1 and id < $2 and state <> 'running')",
            values![site, run],
        );
        let outlines = Statement::once(
            "delete from outline where site = $1 and not exists (select 1 from visit join run on run.id = visit.run
                where visit.outline = outline.hash and run.site = outline.site)",
            values![site],
        );
        self.db.write(vec![visits, outlines]).await?;
        Ok(())
    }

    /// Forgets the runs that ended before `runs`, but for each site's latest complete one, findings that were fixed before
    /// `findings`, and notices that ended before `runs`. Gives how many runs and findings that were.
    pub(crate) async fn prune(&self, runs: Timestamp, findings: Timestamp) -> Result<(u64, u64), StoreError> {
        let old_runs = "select count(*) from run where ended < $1 and state <> 'running'
            and id not in (select max(id) from run where state = 'done' group by site)";
        let old_findings = "select count(*) from finding where fixed_at < $1";
        let mut counts = [0; 2];
        for (count, (sql, before)) in counts.iter_mut().zip([(old_runs, runs), (old_findings, findings)]) {
            *count = self.db.read(sql, values![before]).await?.pop().map_or(0, |mut row| row.count());
        }
        if counts == [0, 0] {
            return Ok((0, 0));
        }
        self.db
            .write(vec![
                Statement::once(
                    "delete from run where ended < $1 and state <> 'running'
                        and id not in (select max(id) from run where state = 'done' group by site)",
                    values![runs],
                ),
                Statement::once("delete from finding where fixed_at < $1", values![findings]),
                // The latest stays, so that no number is used twice: whoever gets notices goes by it.
                Statement::once(
                    "delete from notice where ended < $1 and id < (select max(id) from notice)",
                    values![runs],
                ),
            ])
            .await?;
        let [runs, findings] = counts;
        Ok((runs, findings))
    }
}
