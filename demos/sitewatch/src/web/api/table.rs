use actix_web::web::{Data, Path};

use super::ProblemKind::{NoSuchRun, NoSuchSite, NotLive, Unavailable};
use super::operation::Operation;
use super::query::{ReportQuery, RunQuery};
use super::{health, jobs, meters, openapi, read, report};
use crate::service::{
    Acted, Action, FindingQuery, FindingView, MachineryView, Part, Readiness, RunView, SiteView, Watch,
};

/// Everything that can be asked for; no address is there twice.
pub(super) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::get("/api/v1/sites", "sites", "All sites, by name", read::sites)
            .json::<Vec<SiteView>>()
            .or(&[Unavailable]),
        Operation::get("/api/v1/sites/{name}", "site", "One site", read::site)
            .json::<SiteView>()
            .or(&[NoSuchSite, Unavailable]),
        Operation::get(
            "/api/v1/sites/{name}/findings",
            "findings",
            "The broken links of a site, by page, line and column",
            read::findings,
        )
        .query::<FindingQuery>()
        .json::<Part<FindingView>>()
        .or(&[NoSuchSite, Unavailable]),
        Operation::get(
            "/api/v1/sites/{name}/runs",
            "runsOf",
            "The runs of a site, newest first, without their timelines",
            read::runs_of,
        )
        .query::<RunQuery>()
        .json::<Vec<RunView>>()
        .or(&[NoSuchSite, Unavailable]),
        Operation::get(
            "/api/v1/sites/{name}/report",
            "report",
            "The links of a site that are broken now, as a report in a format of sitewatch check",
            report::report,
        )
        .query::<ReportQuery>()
        .answer(200, report::JSON, Some(openapi::report_schema))
        .answer(200, report::JUNIT, None)
        .answer(200, report::MARKDOWN, None)
        .answer(200, report::HUMAN, None)
        .or(&[NoSuchSite, Unavailable]),
        Operation::get(
            "/api/v1/runs",
            "runs",
            "The runs of all sites, newest first, without their timelines",
            read::runs,
        )
        .query::<RunQuery>()
        .json::<Vec<RunView>>()
        .or(&[Unavailable]),
        Operation::get("/api/v1/runs/{id}", "run", "One run, with its timeline", read::run)
            .json::<RunView>()
            .or(&[NoSuchRun, Unavailable]),
        Operation::get(
            "/api/v1/machinery",
            "machinery",
            "The machinery behind the service, as it is now",
            read::machinery,
        )
        .json::<MachineryView>(),
        Operation::get("/api/v1/openapi.json", "openapi", "This document", openapi::openapi).open().answer(
            200,
            "application/json",
            Some(openapi::any_schema),
        ),
        Operation::get(
            "/healthz",
            "healthz",
            "Whether the process answers: `ok`, if it answers at all",
            health::healthz,
        )
        .open()
        .answer(200, "text/plain", None),
        Operation::get("/readyz", "readyz", "Whether the service can do its work, and why not", health::readyz)
            .open()
            .json::<Readiness>()
            .answer(503, "application/json", Some(schemars::SchemaGenerator::subschema_for::<Readiness>)),
        Operation::get("/metrics", "metrics", "Metrics in the text format of Prometheus", meters::metrics).answer(
            200,
            "text/plain",
            None,
        ),
    ];
    operations.extend(Action::ALL.map(action));
    operations.extend(jobs::operations());
    operations
}

fn action(action: Action) -> Operation {
    let summary = match action {
        Action::Check => "Checks a site as soon as possible",
        Action::Pause => "Lets the schedule of a site rest until it is resumed; a check that runs goes on",
        Action::Resume => "Lets the schedule of a site go on",
        Action::Cancel => "Stops the check of a site that runs",
    };
    let path = format!("/api/v1/sites/{{name}}/{action}");
    let handler = move |name: Path<String>, watch: Data<dyn Watch>| read::act(name, watch, action);
    Operation::post(&path, action.as_str(), summary, handler).json::<Acted>().or(&[NoSuchSite, NotLive, Unavailable])
}
