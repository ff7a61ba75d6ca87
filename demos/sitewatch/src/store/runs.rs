//! Runs: how they begin, and how they are found again after a crash.

use std::collections::HashSet;

use jiff::Timestamp;

use super::db::{Row, Statement, Value, values};
use super::{Store, StoreError};
use crate::service::{Cause, Moment, Numbers, RunState, RunView};

/// A run that has begun, now or in an earlier life of the program.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) run: i64,
    /// The latest complete run before it, whose journal is still there.
    pub(crate) previous: Option<i64>,
    /// How often it was gone on with.
    pub(crate) resumed: u32,
    pub(crate) timeline: Vec<Moment>,
    /// For how long it ran in earlier lives, in milliseconds.
    pub(crate) elapsed_before: u64,
    /// Whether it has ended, too.
    pub(crate) is_over: bool,
}

/// A run that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) site: String,
    pub(crate) run: i64,
}

// ANCHOR: begin
const BEGIN: &str = "insert into run (site, token, cause, due, began, state, numbers, timeline)
    values ($1, $2, $3, $4, $5, 'running', '{}', $6)
    on conflict (token) do update set token = excluded.token
    returning id, state, resumed, timeline, numbers";
// ANCHOR_END: begin

impl Store {
    /// Begins a run, or finds the one that was begun with the same token.
    pub(crate) async fn begin(
        &self,
        site: i64,
        token: &str,
        cause: Cause,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let timeline = vec![Moment { at: now, what: "began".to_owned(), detail: None }];
        let values = values![site, token, code(&cause), due, now, Value::json(&timeline)];
        let row = self.db.write_row(BEGIN, values).await?;
        self.begun(site, row).await
    }

    /// Goes on with the run of this site that has not ended, if there is one; but for those that go on already.
    pub(crate) async fn resume(&self, site: i64, running: &[i64], now: Timestamp) -> Result<Option<Begun>, StoreError> {
        let find = "select id, state, resumed, timeline, numbers from run
            where site = $1 and state = 'running' order by id";
        let rows = self.db.read(find, values![site]).await?;
        let left = rows.into_iter().find(|row| !row.first_int().is_some_and(|run| running.contains(&run)));
        let Some(row) = left else { return Ok(None) };
        let mut begun = self.begun(site, row).await?;
        // It ran from its last beginning at least until the last of its answers.
        let last = "select max(seen) from visit where run = $1 and how <> 'remembered'";
        let last = self.db.read(last, values![begun.run]).await?.pop().and_then(|mut row| row.opt_instant());
        let since = begun.timeline.iter().rev().find(|moment| ["began", "resumed"].contains(&&*moment.what));
        if let (Some(last), Some(since)) = (last, since) {
            begun.elapsed_before += u64::try_from(last.duration_since(since.at).as_millis()).unwrap_or(0);
        }
        begun.resumed += 1;
        begun.timeline.push(Moment { at: now, what: "resumed".to_owned(), detail: None });
        let numbers = Numbers { elapsed_ms: begun.elapsed_before, ..Numbers::default() };
        let update = "update run set resumed = $1, timeline = $2, numbers = $3 where id = $4";
        let values = values![begun.resumed, Value::json(&begun.timeline), Value::json(&numbers), begun.run];
        self.db.write(vec![Statement::once(update, values)]).await?;
        Ok(Some(begun))
    }

    async fn begun(&self, site: i64, mut row: Row) -> Result<Begun, StoreError> {
        let run = row.int();
        let is_over = row.text() != "running";
        let resumed = u32::try_from(row.int()).unwrap_or(u32::MAX);
        let timeline = row.json().unwrap_or_default();
        let numbers: Numbers = row.json().unwrap_or_default();
        let previous = "select max(id) from run where site = $1 and id < $2 and state = 'done'";
        let previous = self.db.read(previous, values![site, run]).await?.pop().and_then(|mut row| row.opt_int());
        let elapsed_before = numbers.elapsed_ms;
        Ok(Begun { run, previous, resumed, timeline, elapsed_before, is_over })
    }

    /// Whether the latest check of a site before this run could not be made.
    pub(crate) async fn was_failing(&self, site: i64, run: i64) -> Result<bool, StoreError> {
        let find = "select state from run where site = $1 and id < $2 and state in ('done', 'failed')
            order by id desc limit 1";
        Ok(self.db.read(find, values![site, run]).await?.pop().is_some_and(|mut row| row.text() == "failed"))
    }

    /// Ends a run that nobody will go on with.
    pub(crate) async fn give_up(&self, run: i64, why: &str, now: Timestamp) -> Result<(), StoreError> {
        // One that is just being saved by a single check is that check's.
        let update = "update run set state = 'cancelled', why = $1, ended = $2
            where id = $3 and state = 'running' and token not like 'check %'";
        self.db.write(vec![Statement::once(update, values![why, now, run])]).await?;
        Ok(())
    }

    /// The runs that have begun and not ended, the oldest first.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let find = "select site.name, run.id from run join site on site.id = run.site
            where run.state = 'running' order by run.id";
        let rows = self.db.read(find, Vec::new()).await?;
        Ok(rows.into_iter().map(|mut row| Unfinished { site: row.text(), run: row.int() }).collect())
    }

    /// Notes that checks were due and did not begin, and why; each once, and for the first reason that it was told of.
    /// Gives those that were not noted yet. One that did begin, which a crash has hidden from whoever says this, is not.
    pub(crate) async fn not_begun(&self, runs: Vec<NotBegun>, now: Timestamp) -> Result<Vec<NotBegun>, StoreError> {
        // Told with another count, as a crash came in between, the later one is right.
        let insert = "insert into run (site, token, cause, due, began, ended, state, why, times, numbers, timeline)
            select site.id, cast($1 as text), 'schedule', cast($2 as bigint), cast($3 as bigint),
                cast($4 as bigint), cast($5 as text), cast($6 as text), cast($7 as bigint), '{}', '[]' from site
                where site.name = $8 and not exists (select 1 from run as begun where begun.token = $9)
            on conflict (token) do update set state = excluded.state, times = excluded.times, why = excluded.why,
                ended = excluded.ended where run.times <> excluded.times
            returning token";
        let rows = runs.iter().map(|run| {
            let (token, begun) = (not_begun(&run.site, run.due), token(&run.site, run.due));
            values![token, run.due, now, now, code(&run.state), &run.why, run.times, &run.site, begun]
        });
        let noted = self.db.write(vec![Statement::each(insert, rows)]).await?.into_iter().flatten();
        let noted: HashSet<String> = noted.map(|mut row| row.text()).collect();
        Ok(runs.into_iter().filter(|run| noted.contains(&not_begun(&run.site, run.due))).collect())
    }

    /// Whether the check of an instant was noted not to have begun.
    pub(crate) async fn is_not_begun(&self, site: &str, due: Timestamp) -> Result<bool, StoreError> {
        let noted = self.db.read("select 1 from run where token = $1", values![not_begun(site, due)]).await?;
        Ok(!noted.is_empty())
    }
}

/// What stands for the check of an instant that did not begin.
fn not_begun(site: &str, due: Timestamp) -> String {
    format!("not begun {}", token(site, due))
}

/// What begins the check of an instant, once.
pub(crate) fn token(site: &str, instant: Timestamp) -> String {
    format!("{site} {}", instant.as_nanosecond())
}

/// A check that was due and did not begin.
#[derive(Clone, Debug)]
pub(crate) struct NotBegun {
    pub(crate) site: String,
    /// When it was due; the first instant, where it stands for several.
    pub(crate) due: Timestamp,
    /// How many there were of the kind.
    pub(crate) times: u64,
    pub(crate) state: RunState,
    pub(crate) why: String,
}

/// The columns of a run, for [`view`].
macro_rules! run_columns {
    () => {
        "run.id, site.name, run.cause, run.due, run.began, run.ended, run.state, run.why, run.times, run.resumed,
            run.numbers, run.timeline"
    };
}
pub(super) use run_columns;

/// A run of these columns.
pub(super) fn view(row: &mut Row) -> RunView {
    RunView {
        id: row.int(),
        site: row.text(),
        cause: of_code(&row.text()).unwrap_or(Cause::Request),
        due: row.opt_instant(),
        began: row.instant(),
        ended: row.opt_instant(),
        state: of_code(&row.text()).unwrap_or(RunState::Failed),
        why: row.opt_text(),
        times: row.count(),
        resumed: u32::try_from(row.int()).unwrap_or(u32::MAX),
        numbers: row.json().unwrap_or_default(),
        timeline: row.json().unwrap_or_default(),
    }
}

/// The name that a unit variant has in JSON.
pub(super) fn code<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn of_code<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}
