//! What is answered to whoever looks.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::query::{RunQuery, parse};
use super::{Problem, ProblemKind};
use crate::service::{Action, FindingQuery, Watch};

/// An answer in JSON, which is of now and so not to be kept.
pub(super) fn json(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(value)
}

pub(super) async fn sites(watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.sites().await?))
}

pub(super) async fn site(name: Path<String>, watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.site(&name).await?))
}

pub(super) async fn findings(
    request: HttpRequest,
    name: Path<String>,
    watch: Data<dyn Watch>,
) -> Result<HttpResponse, Problem> {
    let query: FindingQuery = parse(&request)?;
    Ok(json(&watch.findings(&name, &query).await?))
}

pub(super) async fn runs(request: HttpRequest, watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    let query: RunQuery = parse(&request)?;
    Ok(json(&watch.runs(None, query.count(), query.before).await?))
}

pub(super) async fn runs_of(
    request: HttpRequest,
    name: Path<String>,
    watch: Data<dyn Watch>,
) -> Result<HttpResponse, Problem> {
    let query: RunQuery = parse(&request)?;
    Ok(json(&watch.runs(Some(name.as_str()), query.count(), query.before).await?))
}

pub(super) async fn run(id: Path<String>, watch: Data<dyn Watch>) -> Result<HttpResponse, Problem> {
    // What is no number is no run's number, and not a wrong address.
    let missing = || Problem::new(ProblemKind::NoSuchRun, format!("there is no run {:?}", id.as_str()));
    let id = id.parse().map_err(|_| missing())?;
    Ok(json(&watch.run(id).await?))
}

pub(super) async fn machinery(watch: Data<dyn Watch>) -> HttpResponse {
    json(&watch.machinery().await)
}

/// Does something for a site; that whoever asks may ask was seen before.
pub(super) async fn act(name: Path<String>, watch: Data<dyn Watch>, action: Action) -> Result<HttpResponse, Problem> {
    Ok(json(&watch.act(&name, action).await?))
}
