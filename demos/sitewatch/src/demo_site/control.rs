//! What lies under `/_control/`.
use serde::Serialize;

use super::answer::Response;
use super::request::Request;
use super::site::Shared;

/// Whether anything is different now, and how it is.
#[derive(Serialize)]
struct Changed {
    changed: bool,
    mended: bool,
}

/// The answer to a request for a control; `None` if it is for something else, or there are no controls.
pub(super) fn answer(site: &Shared, request: &Request) -> Option<Response> {
    if !site.settings.control {
        return None;
    }
    let control = request.path.strip_prefix("/_control/")?;
    Some(match (control, &*request.method) {
        ("fix", "POST") => json(&Changed { changed: site.set_mended(true), mended: true }),
        ("break", "POST") => json(&Changed { changed: site.set_mended(false), mended: false }),
        ("stats", "GET" | "POST") => json(&site.tally.stats()),
        ("fix" | "break", _) => Response::empty(405).header("allow", "POST"),
        ("stats", _) => Response::empty(405).header("allow", "GET, POST"),
        _ => Response::empty(404),
    })
}

fn json(value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("counts are plain data");
    Response::new(200, "application/json", text)
}
