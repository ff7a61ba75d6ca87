use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::service::WatchError;

/// How the body of a refusal is marked.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// After how many seconds to ask again for what is unavailable.
const RETRY_AFTER: &str = "10";

/// Why a request was refused, as the body of the answer says it: `application/problem+json`, by [RFC 9457].
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
///
/// # Examples
///
/// ```
/// use sitewatch::service::WatchError;
/// use sitewatch::web::api::{Problem, ProblemKind};
///
/// let problem = Problem::from(WatchError::NoSuchSite("docs".to_owned()));
/// assert_eq!(problem, Problem::new(ProblemKind::NoSuchSite, "there is no site \"docs\""));
/// let json = serde_json::to_value(&problem)?;
/// assert_eq!(json["type"], "urn:sitewatch:no-such-site");
/// assert_eq!(json["status"], 404);
/// assert!(serde_json::from_str::<Problem>("{\"type\": \"about:blank\"}").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[error("{detail}")]
pub struct Problem {
    /// What kind of problem it is: stable, for programs.
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The kind in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong with this request, in a sentence.
    pub detail: String,
}

/// What kind of [`Problem`] it is; it implies the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub enum ProblemKind {
    /// 400: the query has keys that are not known, or values that make no sense.
    #[serde(rename = "urn:sitewatch:bad-query")]
    BadQuery,
    /// 401: the token is missing or wrong.
    #[serde(rename = "urn:sitewatch:token-needed")]
    TokenNeeded,
    /// 403: a page of somebody else's asks, by way of a browser that is logged in here.
    #[serde(rename = "urn:sitewatch:cross-site")]
    CrossSite,
    /// 404: no site of this name is in the settings.
    #[serde(rename = "urn:sitewatch:no-such-site")]
    NoSuchSite,
    /// 404: there is no run of this number.
    #[serde(rename = "urn:sitewatch:no-such-run")]
    NoSuchRun,
    /// 404: there is no job of this id.
    #[serde(rename = "urn:sitewatch:no-such-job")]
    NoSuchJob,
    /// 404: no queue of this name ever had a job.
    #[serde(rename = "urn:sitewatch:no-such-queue")]
    NoSuchQueue,
    /// 404: the service has no queue, as it fetches by itself.
    #[serde(rename = "urn:sitewatch:no-queue")]
    NoQueue,
    /// 404: nothing has this address.
    #[serde(rename = "urn:sitewatch:no-such-path")]
    NoSuchPath,
    /// 405: this can't be done with this address; `Allow` says what can.
    #[serde(rename = "urn:sitewatch:method-not-allowed")]
    MethodNotAllowed,
    /// 409: only a running service can do this.
    #[serde(rename = "urn:sitewatch:not-live")]
    NotLive,
    /// 503: what is asked for is not to be had for now.
    #[serde(rename = "urn:sitewatch:unavailable")]
    Unavailable,
}

impl ProblemKind {
    /// The status of an answer with such a problem.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadQuery => 400,
            Self::TokenNeeded => 401,
            Self::CrossSite => 403,
            Self::NoSuchSite | Self::NoSuchRun | Self::NoSuchPath => 404,
            Self::NoSuchJob | Self::NoSuchQueue | Self::NoQueue => 404,
            Self::MethodNotAllowed => 405,
            Self::NotLive => 409,
            Self::Unavailable => 503,
        }
    }

    /// The kind in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::BadQuery => "the query makes no sense",
            Self::TokenNeeded => "a token is needed",
            Self::CrossSite => "another site asks",
            Self::NoSuchSite => "no such site",
            Self::NoSuchRun => "no such run",
            Self::NoSuchJob => "no such job",
            Self::NoSuchQueue => "no such queue",
            Self::NoQueue => "no queue",
            Self::NoSuchPath => "no such address",
            Self::MethodNotAllowed => "no such method",
            Self::NotLive => "only a running service can do this",
            Self::Unavailable => "not available for now",
        }
    }
}

impl Problem {
    /// A problem of this kind; the detail is a sentence without a full stop.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, title: kind.title().to_owned(), status: kind.status(), detail: detail.into() }
    }
}

impl From<WatchError> for Problem {
    fn from(error: WatchError) -> Self {
        let kind = match &error {
            WatchError::NoSuchSite(_) => ProblemKind::NoSuchSite,
            WatchError::NoSuchRun(_) => ProblemKind::NoSuchRun,
            WatchError::NoSuchJob(_) => ProblemKind::NoSuchJob,
            WatchError::NoSuchQueue(_) => ProblemKind::NoSuchQueue,
            WatchError::NoQueue => ProblemKind::NoQueue,
            WatchError::NotLive(_) => ProblemKind::NotLive,
            WatchError::Unavailable(_) | WatchError::NoAnswer(_) | WatchError::QueueAway(_) => ProblemKind::Unavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.content_type(MEDIA_TYPE).insert_header((header::CACHE_CONTROL, "no-store"));
        match self.kind {
            ProblemKind::TokenNeeded => answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"sitewatch\"")),
            ProblemKind::Unavailable => answer.insert_header((header::RETRY_AFTER, RETRY_AFTER)),
            _ => &mut answer,
        };
        answer.json(self)
    }
}
