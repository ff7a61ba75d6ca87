use super::db::{Row, Statement, Value, key, values};
use super::{Store, StoreError};
use crate::report::LinkResult;
use crate::service::{FindingQuery, FindingView, Part};
use jiff::Timestamp;

/// How many findings are given where nobody says how many.
const DEFAULT: u64 = 500;

/// How many findings are given at most.
const MOST: u64 = 10_000;

macro_rules! wanted {
    () => {
        "from finding join site on site.id = finding.site where site.name = $1
            and ($2 = 1 or fixed_at is null) and ($3 = '' or reason = $3) and ($4 = '' or page = $4)
            and ($5 = '' or lower(page || ' ' || link || ' ' || url || ' ' || text) like $5 escape '\\')"
    };
}

const COUNT: &str = concat!("select count(*) ", wanted!());

macro_rules! finding_columns {
    () => {
        "finding.id, site.name, page, line, col, text, link, url, reason, message, redirects, first_seen, last_seen,
            times, fixed_at "
    };
}

const OPEN: &str = concat!(
    "select ",
    finding_columns!(),
    "from finding join site on site.id = finding.site where finding.site = $1 and fixed_at is null"
);

const FIND: &str = concat!(
    "select ",
    finding_columns!(),
    wanted!(),
    " order by case when fixed_at is null then 0 else 1 end, page, line, col, finding.id limit $6 offset $7"
);

fn view(row: &mut Row) -> FindingView {
    let number = |row: &mut Row| u32::try_from(row.int()).unwrap_or_default();
    FindingView {
        id: row.int(),
        site: row.text(),
        page: row.text(),
        line: number(row),
        column: number(row),
        text: row.text(),
        link: row.text(),
        url: row.text(),
        reason: row.text(),
        message: row.text(),
        redirects: row.json().unwrap_or_default(),
        first_seen: row.instant(),
        last_seen: row.instant(),
        times: row.count(),
        fixed_at: row.opt_instant(),
    }
}

impl Store {
    /// Findings of a site, by page and place; those that are fixed after all others.
    pub(crate) async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, StoreError> {
        let text = query.text.as_deref().unwrap_or_default().to_lowercase();
        let text = match &*text {
            "" => String::new(),
            text => format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")),
        };
        let (reason, page) = (query.reason.as_deref().unwrap_or_default(), query.page.as_deref().unwrap_or_default());
        let mut values = values![site, query.fixed, reason, page, text];
        let total = self.db.read(COUNT, values.clone()).await?.pop().map_or(0, |mut row| row.count());
        let limit = if query.limit == 0 { DEFAULT } else { query.limit.min(MOST) };
        values.extend(values![limit, query.offset]);
        let rows = self.db.read(FIND, values).await?;
        Ok(Part { total, items: rows.into_iter().map(|mut row| view(&mut row)).collect() })
    }

    /// The page and the URL of every link of a site that is known to be broken.
    pub(crate) async fn known_broken(&self, site: i64) -> Result<Vec<(String, String)>, StoreError> {
        Ok(self.broken(site).await?.into_iter().map(|open| (open.page, open.url)).collect())
    }

    /// The findings of a site that are open.
    pub(super) async fn broken(&self, site: i64) -> Result<Vec<FindingView>, StoreError> {
        let rows = self.db.read(OPEN, values![site]).await?;
        Ok(rows.into_iter().map(|mut row| view(&mut row)).collect())
    }
}

/// One text for a link that is newly broken and for one that still is: which of both it is may be another by now, where
/// two runs of a site end at the same time.
const FOUND: &str = "insert into finding
        (line, col, text, link, reason, message, redirects, last_seen, first_seen, site, key, page, url, times)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)
    on conflict (site, key) where fixed_at is null do update set line = excluded.line, col = excluded.col,
        text = excluded.text, link = excluded.link, reason = excluded.reason, message = excluded.message,
        redirects = excluded.redirects, last_seen = excluded.last_seen, times = finding.times + 1";

/// Statements that bring the findings of a site to what a run has found.
pub(super) fn changes<'a>(
    site: i64,
    at: Timestamp,
    found: impl IntoIterator<Item = LinkResult<'a>>,
    fixed: &[i64],
) -> Vec<Statement> {
    let found = found.into_iter().map(|link| {
        values![
            link.line,
            link.column,
            link.text,
            link.link,
            link.verdict.reason.code().to_string(),
            link.verdict.to_string(),
            Value::json(&link.verdict.redirects),
            at,
            at,
            site,
            key::of_link(link.page, link.url),
            link.page,
            link.url,
        ]
    });
    let fix = "update finding set fixed_at = $1 where id = $2 and fixed_at is null";
    vec![Statement::each(FOUND, found), Statement::each(fix, fixed.iter().map(|id| values![at, *id]))]
}
