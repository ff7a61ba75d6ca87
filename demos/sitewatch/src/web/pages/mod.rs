//! The pages, and the buttons on them.
mod act;
mod badge;
mod bar;
mod chart;
mod findings;
mod graph;
mod groups;
mod job;
mod jobs;
mod layers;
mod layout;
mod login;
mod machinery;
mod overview;
mod query;
mod refusal;
mod run;
mod runs;
mod site;
mod table;
mod text;
mod visit;
mod workers;

use actix_web::web::{self, ServiceConfig, resource};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};

use layout::Page;
use refusal::Refusal;
pub(super) use visit::{LoginNeeded, Visit};

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(page("/", overview::overview))
        .service(page("/machinery", machinery::machinery))
        .service(page("/workers", workers::workers))
        .service(page("/jobs", jobs::jobs))
        .service(page("/jobs/{job}", job::job))
        .service(form("/jobs/{job}/{action}", act::act_on_job))
        .service(form("/queues/{queue}/{action}", act::act_on_queue))
        .service(
            resource("/login")
                .route(reads().to(login::ask))
                .route(web::post().to(login::log_in))
                .default_service(web::to(wrong_method)),
        )
        .service(form("/logout", login::log_out))
        .service(page("/assets/{file}", super::assets::asset))
        .service(page("/sites/{name}", site::site))
        .service(page("/sites/{name}/findings.txt", findings::as_text))
        .service(page("/sites/{name}/runs/{id}", run::run))
        .service(form("/sites/{name}/{action}", act::act));
}

/// By GET, and by HEAD.
pub(super) fn reads() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn page<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path).route(reads().to(handler)).default_service(web::to(wrong_method))
}

fn form<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path).route(web::post().to(handler)).default_service(web::to(wrong_method))
}

async fn wrong_method(visit: Visit) -> HttpResponse {
    visit.answer(Err(Refusal::wrong_method())).await
}

/// For addresses that nothing has.
pub(super) async fn nothing_here(visit: Result<Visit, LoginNeeded>) -> HttpResponse {
    missing(visit).await
}

/// That nothing has this address is no secret: who may not look is told no more than that.
pub(super) async fn missing(visit: Result<Visit, LoginNeeded>) -> HttpResponse {
    match visit {
        Ok(visit) => visit.answer(Err(Refusal::nothing_here())).await,
        Err(_) => HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("nothing has this address\n"),
    }
}
