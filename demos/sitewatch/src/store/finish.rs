//! How a run ends: its numbers, what it says of the site's links, and whom that is to be told, in one transaction.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::db::{Statement, Value, key, values};
use super::findings::changes;
use super::runs::code;
use super::{Store, StoreError};
use crate::notify::Notice;
use crate::report::{LinkResult, Report, Status};
use crate::service::{FindingView, Moment, Numbers, RunState};

/// A run that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) run: i64,
    pub(crate) site: i64,
    pub(crate) state: RunState,
    pub(crate) why: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) timeline: Vec<Moment>,
    /// For how long it ran, in milliseconds.
    pub(crate) elapsed_ms: u64,
    /// Links that were broken at first and well when they were asked for again.
    pub(crate) flapping: u64,
}

/// What a run has changed.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// The links that are broken since it.
    pub(crate) new: Vec<LinkResult<'a>>,
    /// The findings that are fixed since it.
    pub(crate) fixed: Vec<FindingView>,
    /// How many links are broken now.
    pub(crate) broken: u64,
}

impl Store {
    /// Ends a run, and gives its numbers. `is_finding` says which links are to be reported, and `notices` what is to be
    /// told to which channel.
    pub(crate) async fn finish(
        &self,
        ended: Ended,
        report: Option<&Report>,
        is_finding: &(dyn Fn(&LinkResult<'_>) -> bool + Sync),
        notices: &(dyn Fn(&Outcome<'_>) -> Vec<(String, Notice)> + Sync),
    ) -> Result<Numbers, StoreError> {
        let Ended { run, site, state, why, at, mut timeline, elapsed_ms, flapping } = ended;
        // Said a second time, as the answer to the first was lost: it is whole.
        let over = "select numbers from run where id = $1 and state <> 'running'";
        if let Some(mut row) = self.db.read(over, values![run]).await?.pop() {
            return Ok(row.json().unwrap_or_default());
        }
        let [asked, unchanged, remembered] = self.ways(run).await?;
        let mut numbers = report.map(of).unwrap_or_default();
        numbers.elapsed_ms = elapsed_ms;
        numbers.fetched = asked + unchanged;
        (numbers.unchanged, numbers.remembered, numbers.flapping) = (unchanged, remembered, flapping);
        let open = self.broken(site).await?;
        // Only a whole check knows what is no more broken.
        let (new, still, fixed) = match report {
            Some(report) if state == RunState::Done => compare(report, &open, at, is_finding),
            _ => Default::default(),
        };
        (numbers.newly_broken, numbers.fixed) = (new.len() as u64, fixed.len() as u64);
        let broken = (open.len() + new.len() - fixed.len()) as u64;
        timeline.push(Moment { at, what: "ended".to_owned(), detail: why.clone() });
        // ANCHOR: finish
        // Runs of one site that end at the same time take turns: whoever has its row goes first.
        let mut batch = vec![Statement::once("update site set paused = paused where id = $1", values![site])];
        let ids: Vec<i64> = fixed.iter().map(|finding| finding.id).collect();
        batch.extend(changes(site, at, new.iter().chain(&still).copied(), &ids));
        // Counted after the changes: another run may have ended since the findings were read.
        batch.push(Statement::once(
            "update run set state = $1, why = $2, ended = $3, numbers = $4, timeline = $5,
                broken = (select count(*) from finding where finding.site = $6 and fixed_at is null)
                where id = $7 and state = 'running'",
            values![code(&state), why, at, Value::json(&numbers), Value::json(&timeline), site, run],
        ));
        let outcome = Outcome { new, fixed, broken };
        let notices =
            notices(&outcome).into_iter().map(|(channel, notice)| values![channel, at, at, Value::json(&notice)]);
        let insert = "insert into notice (channel, since, next, content) values ($1, $2, $3, $4)";
        batch.push(Statement::each(insert, notices));
        self.db.write(batch).await?;
        if state == RunState::Done
            && let Err(error) = self.forget_journals(site, run).await
        {
            // The next check forgets them, too.
            tracing::warn!(%error, run, "older journals stay for now");
        }
        // ANCHOR_END: finish
        Ok(numbers)
    }
}

fn of(report: &Report) -> Numbers {
    let summary = report.summary();
    Numbers {
        pages: summary.pages,
        links: summary.counts.total(),
        ok: summary.counts.of(Status::Ok),
        redirected: summary.counts.of(Status::Redirected),
        broken: summary.counts.of(Status::Broken),
        skipped: summary.counts.of(Status::Skipped),
        ..Numbers::default()
    }
}

type Compared<'a> = (Vec<LinkResult<'a>>, Vec<LinkResult<'a>>, Vec<FindingView>);

/// What is new, what is as it was, and what is fixed `at` the end of the run. A page that has several links to one URL
/// has one finding.
fn compare<'a>(
    report: &'a Report,
    open: &[FindingView],
    at: Timestamp,
    is_finding: impl Fn(&LinkResult<'_>) -> bool,
) -> Compared<'a> {
    let mut before: HashMap<_, _> = open.iter().map(|open| (key::of_link(&open.page, &open.url), open)).collect();
    let mut seen = HashSet::new();
    let (mut new, mut still) = (Vec::new(), Vec::new());
    for link in report.links().iter().filter(|link| is_finding(link)) {
        let key = key::of_link(link.page, link.url);
        if !seen.insert(key) {
            continue;
        }
        match before.remove(&key) {
            Some(_) => still.push(link),
            None => new.push(link),
        }
    }
    let mut fixed: Vec<FindingView> =
        before.into_values().map(|open| FindingView { fixed_at: Some(at), ..open.clone() }).collect();
    fixed.sort_unstable_by_key(|finding| finding.id);
    (new, still, fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Links, Summary};

    #[test]
    fn what_is_fixed_is_so_since_the_end_of_the_run() {
        let [before, at] = ["2026-11-26T15:00:00Z", "2026-11-26T16:00:00Z"].map(|at| at.parse::<Timestamp>().unwrap());
        let open = FindingView {
            id: 7,
            site: "docs".to_owned(),
            page: "a.html".to_owned(),
            line: 1,
            column: 1,
            text: String::new(),
            link: "gone.html".to_owned(),
            url: "gone.html".to_owned(),
            reason: "missing-file".to_owned(),
            message: "no such file".to_owned(),
            redirects: Vec::new(),
            first_seen: before,
            last_seen: before,
            times: 1,
            fixed_at: None,
        };
        let whole = Report::new("docs", Summary::default(), Links::default(), Vec::new());
        let (new, still, fixed) = compare(&whole, std::slice::from_ref(&open), at, |_| true);
        assert!(new.is_empty() && still.is_empty());
        assert_eq!(fixed, [FindingView { fixed_at: Some(at), ..open }]);
    }
}
