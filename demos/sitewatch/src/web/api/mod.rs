//! The service for programs: JSON under `/api/v1`, health, and metrics.
//!
//! | method | address | answer |
//! |---|---|---|
//! | GET | `/api/v1/sites` | every [`SiteView`](crate::service::SiteView) |
//! | GET | `/api/v1/sites/{name}` | one of them |
//! | GET | `/api/v1/sites/{name}/findings` | a part of its [`FindingView`](crate::service::FindingView)s, by [`FindingQuery`](crate::service::FindingQuery) |
//! | GET | `/api/v1/sites/{name}/runs` | its [`RunView`](crate::service::RunView)s, by [`RunQuery`] |
//! | GET | `/api/v1/sites/{name}/report` | [its open findings](open_findings) in a [format](ReportQuery) of `sitewatch check` |
//! | GET | `/api/v1/runs` | the runs of all sites, by [`RunQuery`] |
//! | GET | `/api/v1/runs/{id}` | one of them, with its timeline |
//! | GET | `/api/v1/machinery` | the [`MachineryView`](crate::service::MachineryView) |
//! | GET | `/api/v1/workers` | every [`WorkerView`](crate::service::WorkerView) of the queue |
//! | GET | `/api/v1/queues` | every [`QueueView`](crate::service::QueueView) |
//! | GET | `/api/v1/jobs` | [`JobView`](crate::service::JobView)s, by [`JobQuery`](crate::service::JobQuery) |
//! | GET | `/api/v1/jobs/{job}` | one of them, with its payload and output |
//! | GET | `/api/v1/openapi.json` | [`document`] |
//! | POST | `/api/v1/sites/{name}/check`, `/pause`, `/resume`, `/cancel` | [`Acted`](crate::service::Acted) |
//! | POST | `/api/v1/jobs/{job}/retry`, `/cancel` | the same |
//! | POST | `/api/v1/queues/{queue}/pause`, `/resume`, `/retry` | the same; the last has all its dead jobs done again |
//! | GET | `/healthz` | `ok`, as long as the process answers |
//! | GET | `/readyz` | [`Readiness`](crate::service::Readiness), with 200 or 503 |
//! | GET | `/metrics` | what [`meters`] documents |
//!
//! One table mounts the routes, and makes the OpenAPI document. Whatever can be got can be asked for by HEAD too.
//!
//! # Refusals
//!
//! Every refusal is a [`Problem`]. A key that is not known, in the query of any address, is one: a filter that is
//! misspelt would otherwise be no filter. Numbers beyond what is allowed are taken for the most that is allowed.
//!
//! # Who may
//!
//! Whoever acts needs the token, as `Authorization: Bearer TOKEN`, or the session of somebody who logged in on the web
//! page. A browser sends a session's cookie by itself, whoever made it ask. So a request by way of a session needs the
//! header `X-CSRF-Token` too, and any that a browser marks as another site's is refused. Looking needs the token where
//! the settings say so, and then `/metrics` as well. `/healthz` and `/readyz` are for anyone; the reasons why the
//! service is not ready are for those who may look.
//!
//! # Where it is mounted
//!
//! [`routes`] needs these in the `app_data`: `Data<dyn Watch>`, [`Data<Auth>`](crate::web::auth::Auth), and
//! `Data<PrometheusHandle>` where a recorder is installed.
mod access;
mod health;
mod jobs;
pub mod meters;
mod openapi;
mod operation;
mod problem;
mod query;
mod read;
mod report;
mod table;
pub(crate) mod words;

use actix_web::web::{self, ServiceConfig};

pub use openapi::document;
pub use problem::{Problem, ProblemKind};
pub use query::{ReportQuery, RunQuery};
pub use report::open_findings;

/// Mounts the API, at the addresses that the [module](self) lists, and answers all others below `/api/v1` with 404.
///
/// # Examples
///
/// ```
/// use actix_web::{App, test};
/// use sitewatch::web::api;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app = test::init_service(App::new().configure(api::routes)).await;
/// let health = test::TestRequest::get().uri("/healthz").to_request();
/// assert_eq!(test::call_and_read_body(&app, health).await, "ok\n");
///
/// let nothing = test::TestRequest::get().uri("/api/v1/nothing").to_request();
/// assert_eq!(test::call_service(&app, nothing).await.status(), 404);
/// # }
/// ```
pub fn routes(config: &mut ServiceConfig) {
    for operation in table::operations() {
        operation.mount(config);
    }
    config.service(web::scope("/api/v1").default_service(web::to(operation::no_such_path)));
}
