//! Who may ask for what. Who it is that asks, is for [`auth`](crate::web::auth) to say.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::{Problem, ProblemKind};
use crate::web::auth::{Auth, authorised};

/// The header that shows that a page of ours asks, and not just a browser that has our cookie.
const CSRF: &str = "x-csrf-token";

/// Who may use an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone.
    Open,
    /// Anyone, or only who has the token: a setting.
    Read,
    /// Only who has the token, or has logged in with it.
    Act,
}

impl Access {
    /// Lets a request in.
    ///
    /// # Errors
    ///
    /// - [`ProblemKind::TokenNeeded`]: it is by nobody who is known.
    /// - [`ProblemKind::CrossSite`]: it is by a browser that somebody else's page may have made ask.
    pub(super) fn admit(self, request: &HttpRequest) -> Result<(), Problem> {
        if self == Self::Open {
            return Ok(());
        }
        // Where nobody keeps the token, nobody has it.
        let Some(auth) = request.app_data::<Data<Auth>>() else { return Err(unknown()) };
        match self {
            Self::Open => Ok(()),
            Self::Read if !auth.reading_needs_token() => Ok(()),
            Self::Read => known(request),
            Self::Act => may_act(auth, request),
        }
    }
}

fn may_act(auth: &Auth, request: &HttpRequest) -> Result<(), Problem> {
    if auth.is_cross_site(request) {
        return Err(Problem::new(ProblemKind::CrossSite, "a page of another site asks for this"));
    }
    known(request)?;
    // It is by a program, or by a page that may read what it asks for.
    if auth.has_token(request) {
        return Ok(());
    }
    let given = request.headers().get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if auth.csrf_holds(request, given) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::CrossSite,
        "a request by way of a session needs its token in the header X-CSRF-Token",
    ))
}

fn known(request: &HttpRequest) -> Result<(), Problem> {
    if authorised(request) { Ok(()) } else { Err(unknown()) }
}

fn unknown() -> Problem {
    Problem::new(ProblemKind::TokenNeeded, "this needs the token of the settings, as \"Authorization: Bearer TOKEN\"")
}
