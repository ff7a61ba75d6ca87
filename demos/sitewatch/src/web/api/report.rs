use std::collections::HashSet;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::query::{ReportQuery, parse};
use super::{Problem, ProblemKind};
use crate::report::{Format, LinkResult, Links, Reason, Report, Style, Summary, Verdict};
use crate::service::{FindingQuery, FindingView, RunState, RunView, SiteView, Watch, WatchError};

pub(super) const JSON: &str = "application/json";
pub(super) const JUNIT: &str = "application/xml";
pub(super) const MARKDOWN: &str = "text/markdown; charset=utf-8";
pub(super) const HUMAN: &str = "text/plain; charset=utf-8";

/// How many findings are taken at a time.
const PART: u64 = 5_000;

/// How many runs are looked at for the latest that came to its end.
const LOOKED_AT: u64 = 100;

/// The links of a site that are broken now, as the report of a check.
///
/// The numbers are those of the latest run that came to its end: its pages, its links that are ok, and how long it
/// took. Where there is none among the last 100, the report says that it is partial. Where the latest check could not be
/// made, it says why, as nothing that it has is of that one. Links that were redirected or skipped are not counted, as the
/// service keeps only those that are broken.
///
/// The links are taken in parts. If a run ends in between, one that it has changed may be missing; none is there twice.
///
/// # Errors
///
/// [`WatchError::NoSuchSite`], and whatever else `watch` fails with.
///
/// # Cancel safety
///
/// Cancel safe: it only looks.
pub async fn open_findings(watch: &dyn Watch, site: &str) -> Result<Report, WatchError> {
    let SiteView { target, trend, .. } = watch.site(site).await?;
    let runs = watch.runs(Some(site), LOOKED_AT, None).await?;
    let mut summary = summary(&runs, trend.is_empty());
    let mut links = Links::default();
    let mut seen = HashSet::new();
    let mut query = FindingQuery { limit: PART, ..FindingQuery::default() };
    loop {
        let part = watch.findings(site, &query).await?;
        query.offset += part.items.len() as u64;
        let end = part.items.is_empty() || query.offset >= part.total;
        for finding in part.items.iter().filter(|finding| seen.insert(finding.id)) {
            let verdict = verdict(finding);
            summary.counts.add(verdict.reason, 1);
            links.push(link(finding, &verdict));
        }
        if end {
            return Ok(Report::new(target, summary, links, Vec::new()));
        }
    }
}

/// The numbers of the latest run that came to its end, without the links that are listed. `never` is whether none has.
fn summary(runs: &[RunView], never: bool) -> Summary {
    // One that was cancelled or did not begin says nothing of the site.
    let latest = runs.iter().find(|run| matches!(run.state, RunState::Done | RunState::Failed));
    let failed = latest.filter(|run| run.state == RunState::Failed);
    let failed = failed.map(|run| run.why.clone().unwrap_or_else(|| "it is not known why".to_owned()));
    let Some(run) = runs.iter().find(|run| run.state == RunState::Done) else {
        let stopped = if never { "no check came to its end yet" } else { "none of the latest checks came to its end" };
        return Summary { stopped: Some(stopped.to_owned()), never, failed, ..Summary::default() };
    };
    let numbers = &run.numbers;
    let elapsed = Duration::from_millis(numbers.elapsed_ms);
    let mut summary = Summary { pages: numbers.pages, elapsed, failed, ..Summary::default() };
    summary.counts.add(Reason::Ok, numbers.ok);
    summary
}

/// The verdict that a finding was made of.
fn verdict(finding: &FindingView) -> Verdict {
    // A reason of a later version is a failure whose sentence says all.
    let reason = finding.reason.parse().unwrap_or(Reason::Failed);
    let sentence = reason.sentence().to_string();
    let verdict = Verdict::new(reason).redirects(finding.redirects.iter().map(String::as_str));
    if finding.message == sentence {
        return verdict;
    }
    let detail = finding.message.strip_prefix(format!("{sentence}: ").as_str()).unwrap_or(&finding.message);
    verdict.detail(detail)
}

fn link<'a>(finding: &'a FindingView, verdict: &'a Verdict) -> LinkResult<'a> {
    LinkResult {
        page: &finding.page,
        line: finding.line,
        column: finding.column,
        text: &finding.text,
        link: &finding.link,
        url: &finding.url,
        verdict,
    }
}

pub(super) async fn report(
    request: HttpRequest,
    name: Path<String>,
    watch: Data<dyn Watch>,
) -> Result<HttpResponse, Problem> {
    let ReportQuery { format } = parse(&request)?;
    let report = open_findings(watch.get_ref(), &name).await?;
    let mut body = Vec::new();
    // Nothing is cut short: whoever asks wants the list, and may be a program.
    let style = Style { all: true, ..Style::default() };
    let failed = |error: std::io::Error| Problem::new(ProblemKind::Unavailable, error.to_string());
    report.write(format, style, &mut body).map_err(failed)?;
    let media_type = match format {
        Format::Json => JSON,
        Format::Junit => JUNIT,
        Format::Markdown => MARKDOWN,
        Format::Human => HUMAN,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).content_type(media_type).body(body))
}
