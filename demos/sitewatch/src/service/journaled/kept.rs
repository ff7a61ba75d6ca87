//! Answers as they are kept, and as they are given again.

use std::sync::Arc;

use patterns_core::context::Interrupt;
use url::Url;

use crate::check::Reply;
use crate::fetch::FetchError;
use crate::html::Outline;
pub(super) use crate::remote::hash;
use crate::report::{Reason, Verdict};
use crate::store::Noted;

/// What a page held: what [`hash`] says of it, and what was found in it.
pub(super) type Held = (String, Arc<Outline>);

/// An answer as it is kept, but for what a page holds; none where whoever asked was to stop before it came.
pub(super) fn noted(answer: Reply) -> Result<Noted, Interrupt> {
    Ok(match answer {
        Reply::Html { .. } | Reply::Read(_) | Reply::Outlined { .. } | Reply::IsHtml => Noted::Html,
        Reply::Other | Reply::NotModified => Noted::Other,
        Reply::Redirect { status, to } => Noted::Redirect { status, to: to.into() },
        Reply::Failed(FetchError::Interrupted(interrupt)) => return Err(interrupt),
        Reply::Failed(error) => failed((&error).into()),
        Reply::Known(verdict) => failed(verdict),
    })
}

fn failed(verdict: Verdict) -> Noted {
    Noted::Failed { reason: verdict.reason.code().to_string(), detail: verdict.detail.map(Into::into) }
}

/// An answer that was kept.
pub(super) fn reply(noted: Noted, outline: Option<Held>) -> Reply {
    match (noted, outline) {
        (Noted::Html, Some((_, outline))) => Reply::Read(outline),
        (Noted::Html, None) => Reply::IsHtml,
        (Noted::Other, _) => Reply::Other,
        (Noted::Redirect { status, to }, _) => match Url::parse(&to) {
            Ok(to) => Reply::Redirect { status, to },
            Err(error) => Reply::Known(Verdict::new(Reason::BadRedirect).detail(error.to_string())),
        },
        (Noted::Failed { reason, detail }, _) => {
            let verdict = Verdict::new(reason.parse().unwrap_or(Reason::Failed));
            Reply::Known(match detail {
                Some(detail) => verdict.detail(detail),
                None => verdict,
            })
        }
    }
}
