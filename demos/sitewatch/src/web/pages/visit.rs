use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use jiff::Timestamp;

use super::query::{href, is_local};
use super::{Page, Refusal, layout};
use crate::service::{Readiness, Watch};
use crate::web::auth::{Auth, authorised};
use crate::web::web::Shell;

/// A request by somebody who may look, and all that it takes to answer it.
pub(in crate::web) struct Visit {
    pub(in crate::web) watch: Data<dyn Watch>,
    pub(super) request: HttpRequest,
    pub(super) auth: Data<Auth>,
    pub(super) shell: Data<Shell>,
    /// The same for all of a page.
    pub(super) now: Timestamp,
    /// What its forms need; none if nobody has logged in.
    pub(super) csrf: Option<String>,
}

/// Nobody may look who hasn't given the token: who asks is sent to where it is given.
#[derive(Debug, thiserror::Error)]
#[error("the token is needed to look")]
pub(in crate::web) struct LoginNeeded {
    /// Where the token is given; none for a script, which can't.
    login: Option<String>,
}

impl Visit {
    fn of(request: &HttpRequest) -> Result<Self, LoginNeeded> {
        // Whatever mounts the pages gives them these.
        let (Some(auth), Some(watch), Some(shell)) = (
            request.app_data::<Data<Auth>>(),
            request.app_data::<Data<dyn Watch>>(),
            request.app_data::<Data<Shell>>(),
        ) else {
            return Err(LoginNeeded { login: None });
        };
        if auth.reading_needs_token() && !authorised(request) {
            let page = !request.headers().contains_key("x-fragment") && request.path() != "/events";
            return Err(LoginNeeded { login: page.then(|| href("/login", &[("next", here(request))])) });
        }
        Ok(Self::stranger(request, auth, watch, shell))
    }

    /// A request by anybody at all: for the page that asks for the token.
    pub(super) fn stranger(
        request: &HttpRequest,
        auth: &Data<Auth>,
        watch: &Data<dyn Watch>,
        shell: &Data<Shell>,
    ) -> Self {
        Self {
            watch: watch.clone(),
            request: request.clone(),
            auth: auth.clone(),
            shell: shell.clone(),
            now: Timestamp::now(),
            csrf: auth.csrf(request),
        }
    }

    /// A value of the query, without blanks around it; empty if it isn't there.
    pub(super) fn query(&self, key: &str) -> String {
        let mut pairs = url::form_urlencoded::parse(self.request.query_string().as_bytes());
        pairs.find(|(known, _)| known == key).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    /// The part of the page that a script wants, if one asks.
    pub(super) fn fragment(&self) -> Option<&str> {
        self.request.headers().get("x-fragment").and_then(|part| part.to_str().ok())
    }

    /// The address that was asked for.
    pub(super) fn here(&self) -> &str {
        here(&self.request)
    }

    /// Whether whoever asks has the token.
    pub(super) fn is_known(&self) -> bool {
        authorised(&self.request)
    }

    /// Whether whoever asks may be told anything.
    fn may_look(&self) -> bool {
        !self.auth.reading_needs_token() || self.is_known()
    }

    /// The answer with this page, or with the reason why there is none.
    pub(super) async fn answer(&self, page: Result<Page, Refusal>) -> HttpResponse {
        let page = page.unwrap_or_else(|refusal| refusal.page(self));
        let mut answer = HttpResponse::build(page.status);
        answer.content_type("text/html; charset=utf-8");
        if let Some((name, value)) = &page.header {
            answer.insert_header((name, value.as_str()));
        }
        let readiness = match self.may_look() {
            true => self.watch.readiness().await,
            false => Readiness { ready: true, reasons: Vec::new() },
        };
        if self.fragment().is_some() {
            return answer.body(layout::main(&page, &readiness).into_string());
        }
        let said = self.auth.said(&self.request, self.now);
        if let Some((_, cookie)) = &said {
            answer.append_header((header::SET_COOKIE, cookie.as_str()));
        }
        answer.body(layout::document(self, &page, &readiness, said.as_ref().map(|(said, _)| &**said)).into_string())
    }

    /// Leads somebody who has pressed a button back to a page, which shows the message.
    pub(super) fn back(&self, to: &str, message: &str) -> HttpResponse {
        let to = if is_local(to) { to } else { "/" };
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, to))
            .append_header((header::SET_COOKIE, self.auth.said_cookie(&self.request, message, self.now)))
            .finish()
    }
}

impl FromRequest for Visit {
    type Error = LoginNeeded;
    type Future = Ready<Result<Self, LoginNeeded>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl ResponseError for LoginNeeded {
    fn status_code(&self) -> StatusCode {
        if self.login.is_some() { StatusCode::SEE_OTHER } else { StatusCode::UNAUTHORIZED }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match &self.login {
            Some(login) => answer.insert_header((header::LOCATION, login.as_str())),
            None => answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"sitewatch\"")),
        };
        answer.content_type("text/plain; charset=utf-8").body(format!("{self}\n"))
    }
}

fn here(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("/", |here| here.as_str())
}
