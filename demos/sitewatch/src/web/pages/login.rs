//! Where the token is given, and the session ends.

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{Data, Form};
use actix_web::{Error, HttpRequest, HttpResponse};
use jiff::Timestamp;
use maud::html;
use serde::Deserialize;

use super::act::Sent;
use super::layout::{Nav, Page};
use super::query::is_local;
use super::{Refusal, Visit};
use crate::service::Watch;
use crate::web::auth::Auth;
use crate::web::web::Shell;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    token: String,
    /// Where it goes on.
    next: String,
}

/// The form. Whoever has logged in already is sent on.
pub(super) async fn ask(
    request: HttpRequest,
    auth: Data<Auth>,
    watch: Data<dyn Watch>,
    shell: Data<Shell>,
) -> HttpResponse {
    let visit = Visit::stranger(&request, &auth, &watch, &shell);
    let next = visit.query("next");
    if visit.csrf.is_some() {
        return see(&next);
    }
    let wrong = visit.query("wrong") == "1";
    visit.answer(Ok(page(&visit, &next, wrong))).await
}

pub(super) async fn log_in(
    request: HttpRequest,
    auth: Data<Auth>,
    watch: Data<dyn Watch>,
    shell: Data<Shell>,
    form: Result<Form<Given>, Error>,
) -> HttpResponse {
    let visit = Visit::stranger(&request, &auth, &watch, &shell);
    if auth.is_cross_site(&request) {
        return visit.answer(Err(Refusal::cross_site())).await;
    }
    let Given { token, next } = form.map(Form::into_inner).unwrap_or_default();
    if let Err(wait) = auth.attempt(&request) {
        return visit.answer(Err(Refusal::too_many_attempts(wait))).await;
    }
    if !auth.is_token(token.trim()) {
        return visit.answer(Ok(page(&visit, &next, true))).await;
    }
    with_session(see(&next), &auth, &request)
}

/// Logs in who comes by a link with the token, and sends them to the address without it, so that it is in no history
/// that they show around; none if there is no token in the address.
pub(super) fn by_link(request: &HttpRequest) -> Option<HttpResponse> {
    let auth = request.app_data::<Data<Auth>>()?;
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let (_, token) = pairs.find(|(key, _)| key == "token")?;
    if request.method() != Method::GET {
        return None;
    }
    if let Err(wait) = auth.attempt(request) {
        let seconds = (wait.as_secs() + 1).to_string();
        let answer = HttpResponse::TooManyRequests()
            .insert_header((header::RETRY_AFTER, seconds.as_str()))
            .content_type("text/plain; charset=utf-8")
            .body(format!("the token was tried too often from where you are; try again in {seconds} s\n"));
        return Some(answer);
    }
    if !auth.is_token(&token) {
        return Some(see("/login?wrong=1"));
    }
    Some(with_session(see("/"), auth, request))
}

pub(super) async fn log_out(visit: Visit, form: Result<Form<Sent>, Error>) -> HttpResponse {
    if let Err(refusal) = Sent::admit(form, &visit) {
        return visit.answer(Err(refusal)).await;
    }
    let mut answer = visit.back("/", "You have logged out.");
    append(&mut answer, &visit.auth.no_session_cookie(&visit.request));
    answer
}

fn with_session(mut answer: HttpResponse, auth: &Auth, request: &HttpRequest) -> HttpResponse {
    append(&mut answer, &auth.session_cookie(request, Timestamp::now()));
    answer
}

fn append(answer: &mut HttpResponse, cookie: &str) {
    // A cookie of ours is letters, digits and dots.
    if let Ok(value) = header::HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn see(next: &str) -> HttpResponse {
    let next = if is_local(next) { next } else { "/" };
    HttpResponse::SeeOther().insert_header((header::LOCATION, next)).finish()
}

fn page(visit: &Visit, next: &str, wrong: bool) -> Page {
    let content = html! {
        section.login {
            h1 { "Log in" }
            p {
                "Who has the token can have sites checked, and pause, resume and cancel that."
                @if !visit.auth.reading_needs_token() { " To look around, none is needed." }
            }
            @if wrong { p.wrong #wrong role="alert" { "That is not the token." } }
            form method="post" action="/login" {
                input type="hidden" name="next" value=(next);
                label for="token" { "Token" }
                input #token type="password" name="token" required autocomplete="current-password"
                    aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("wrong")];
                button.primary type="submit" { "Log in" }
            }
            p.dim {
                "It is in the settings, under " code { "web.token" }
                ". If there is none, sitewatch makes one up whenever it starts, and prints a link with it where it was "
                "started."
            }
            @if !visit.auth.reading_needs_token() { p { a href="/" { "Go on without it" } } }
        }
    };
    let page = Page::new("Log in".to_owned(), Nav::Other, content);
    if wrong { Page { status: StatusCode::UNAUTHORIZED, ..page } } else { page }
}
