//! What is shown of all sites, and of runs.

use std::collections::HashMap;

use super::db::values;
use super::runs::{run_columns, view};
use super::{Store, StoreError};
use crate::service::{RunView, TrendPoint};

/// A site as the database knows it.
#[derive(Clone, Debug)]
pub(crate) struct SiteRow {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) paused: bool,
    pub(crate) last: Option<RunView>,
    pub(crate) current: Option<RunView>,
    pub(crate) broken: u64,
    pub(crate) trend: Vec<TrendPoint>,
}

/// These are of the site of a name, or of all where that is empty.
const LAST: &str = concat!(
    "select ",
    run_columns!(),
    " from run join site on site.id = run.site where run.id in (select max(latest.id) from run as latest
        where latest.state in ('done', 'cancelled', 'failed')
            and ($1 = '' or latest.site in (select id from site where name = $1)) group by latest.site)"
);

const CURRENT: &str = concat!(
    "select ",
    run_columns!(),
    " from run join site on site.id = run.site where run.state = 'running' and ($1 = '' or site.name = $1)
        order by run.id"
);

const TREND: &str = "select name, id, ended, broken from (
        select site.name as name, run.id as id, run.ended as ended, run.broken as broken,
            row_number() over (partition by run.site order by run.id desc) as place
        from run join site on site.id = run.site where run.state = 'done' and ($1 = '' or site.name = $1)
    ) as latest where place <= 30 order by id";

const OPEN: &str = "select site.name, count(*) from finding join site on site.id = finding.site
    where fixed_at is null and ($1 = '' or site.name = $1) group by site.name";

const SITES: &str = "select name, target, paused from site
    where ($1 = '' and watched = 1) or name = $1 order by name";

const RUNS: &str = concat!(
    "select ",
    run_columns!(),
    " from run join site on site.id = run.site where ($1 = '' or site.name = $1) and run.id < $2
        order by run.id desc limit $3"
);

const RUN: &str = concat!("select ", run_columns!(), " from run join site on site.id = run.site where run.id = $1");

impl Store {
    /// All sites that are watched, by name.
    pub(crate) async fn sites(&self) -> Result<Vec<SiteRow>, StoreError> {
        self.named("").await
    }

    /// One site, if it is known, watched or not.
    pub(crate) async fn site(&self, name: &str) -> Result<Option<SiteRow>, StoreError> {
        // No site has no name, and by it all are meant.
        if name.is_empty() { Ok(None) } else { Ok(self.named(name).await?.pop()) }
    }

    /// The site of this name, or all that are watched.
    async fn named(&self, name: &str) -> Result<Vec<SiteRow>, StoreError> {
        let mut last: HashMap<String, RunView> = self.by_site(LAST, name).await?;
        let mut current: HashMap<String, RunView> = self.by_site(CURRENT, name).await?;
        let mut broken = HashMap::new();
        for mut row in self.db.read(OPEN, values![name]).await? {
            broken.insert(row.text(), row.count());
        }
        let mut trend: HashMap<String, Vec<TrendPoint>> = HashMap::new();
        for mut row in self.db.read(TREND, values![name]).await? {
            let name = row.text();
            let point = TrendPoint { run: row.int(), at: row.instant(), broken: row.count() };
            trend.entry(name).or_default().push(point);
        }
        let rows = self.db.read(SITES, values![name]).await?;
        let sites = rows.into_iter().map(|mut row| {
            let name = row.text();
            SiteRow {
                target: row.text(),
                paused: row.int() != 0,
                last: last.remove(&name),
                current: current.remove(&name),
                broken: broken.remove(&name).unwrap_or_default(),
                trend: trend.remove(&name).unwrap_or_default(),
                name,
            }
        });
        Ok(sites.collect())
    }

    async fn by_site(&self, sql: &'static str, name: &str) -> Result<HashMap<String, RunView>, StoreError> {
        let rows = self.db.read(sql, values![name]).await?;
        Ok(rows.into_iter().map(|mut row| view(&mut row)).map(|run| (run.site.clone(), run)).collect())
    }

    /// Runs of a site or of all, the newest first, without their timelines.
    pub(crate) async fn runs(
        &self,
        site: Option<&str>,
        limit: u64,
        before: Option<i64>,
    ) -> Result<Vec<RunView>, StoreError> {
        let values = values![site.unwrap_or_default(), before.unwrap_or(i64::MAX), limit];
        let rows = self.db.read(RUNS, values).await?;
        let runs = rows.into_iter().map(|mut row| RunView { timeline: Vec::new(), ..view(&mut row) });
        Ok(runs.collect())
    }

    /// A run, if it is known.
    pub(crate) async fn run(&self, id: i64) -> Result<Option<RunView>, StoreError> {
        Ok(self.db.read(RUN, values![id]).await?.pop().map(|mut row| view(&mut row)))
    }
}
