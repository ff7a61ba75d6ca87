use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, RETRY_AFTER};
use maud::html;

use super::Visit;
use super::layout::{Nav, Page};
use super::query::href;
use super::text::shown;
use crate::service::WatchError;

/// Why there is no such page, or why a button did nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    heading: &'static str,
    detail: String,
    /// Whether logging in would help.
    login: bool,
    header: Option<(HeaderName, String)>,
}

impl Refusal {
    fn new(status: StatusCode, heading: &'static str, detail: impl Into<String>) -> Self {
        Self { status, heading, detail: detail.into(), login: false, header: None }
    }

    pub(super) fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing is here", "No page has this address.")
    }

    pub(super) fn wrong_method() -> Self {
        let mut refusal = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That can't be done here",
            "This address is either for looking or for pressing a button, and this was the other.",
        );
        refusal.header = Some((ALLOW, "GET, HEAD, POST".to_owned()));
        refusal
    }

    pub(super) fn cross_site() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Not from there",
            "A page of another site asked for this. Go to the page here, and press the button there.",
        )
    }

    pub(super) fn stale_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This page was too old",
            "Nothing was done. Load the page again, and press the button once more.",
        )
    }

    pub(super) fn login_needed() -> Self {
        let what = "Nothing was done: the buttons are for those who know the token.";
        Self { login: true, ..Self::new(StatusCode::UNAUTHORIZED, "Log in first", what) }
    }

    pub(super) fn too_many_attempts(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let what = format!("The token was tried too often from where you are. Try again in {seconds} s.");
        let header = Some((RETRY_AFTER, seconds.to_string()));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Wait a little", what) }
    }

    /// Something that is needed does not answer, for now.
    fn away(heading: &'static str, detail: String) -> Self {
        let header = Some((RETRY_AFTER, "10".to_owned()));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, heading, detail) }
    }

    /// The page that says so.
    pub(super) fn page(self, visit: &Visit) -> Page {
        let content = html! {
            section.sorry {
                p.code { (self.status.as_u16()) }
                h1 { (self.heading) }
                p { (shown(&self.detail)) }
                p {
                    @if self.login { a.button.primary href=(href("/login", &[("next", back(visit))])) { "Log in" } " " }
                    a.button href="/" { "All sites" }
                }
            }
        };
        Page { status: self.status, header: self.header, ..Page::new(self.heading.to_owned(), Nav::Other, content) }
    }
}

/// Where it goes on after logging in: not at an address that only takes what a button sends.
fn back(visit: &Visit) -> &str {
    if visit.request.method().is_safe() { visit.here() } else { "/" }
}

impl From<WatchError> for Refusal {
    fn from(error: WatchError) -> Self {
        let detail = error.to_string();
        match error {
            WatchError::NoSuchSite(_) => Self::new(StatusCode::NOT_FOUND, "No such site", detail),
            WatchError::NoSuchRun(_) => Self::new(StatusCode::NOT_FOUND, "No such check", detail),
            WatchError::NoSuchJob(_) => Self::new(StatusCode::NOT_FOUND, "No such job", detail),
            WatchError::NoSuchQueue(_) => Self::new(StatusCode::NOT_FOUND, "No such queue", detail),
            WatchError::NoQueue => Self::new(StatusCode::NOT_FOUND, "No queue", detail),
            WatchError::QueueAway(_) => Self::away("The queue doesn't answer", detail),
            WatchError::NotLive(_) => Self::new(StatusCode::CONFLICT, "Nothing runs here", detail),
            _ => Self::away("The database doesn't answer", detail),
        }
    }
}
