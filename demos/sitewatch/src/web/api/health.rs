use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::access::Access;
use super::read;
use crate::service::Watch;

/// The process answers: that is all it says, so that it is not killed for what a restart would not mend.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// Whether the service can do its work: for anyone, as a load balancer has no token. Why not is for those who may look,
/// since reasons name what is inside.
pub(super) async fn readyz(request: HttpRequest, watch: Data<dyn Watch>) -> HttpResponse {
    let mut readiness = watch.readiness().await;
    if Access::Read.admit(&request).is_err() {
        readiness.reasons.clear();
    }
    let mut answer = read::json(&readiness);
    if !readiness.ready {
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    answer
}
