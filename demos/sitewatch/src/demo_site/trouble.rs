//! What is behind the link on a fault's page.
use super::answer::{Answer, Response};
use super::bomb::bomb;
use super::site::Shared;
use super::{Fault, page};

/// How many redirects there are in a row.
const HOPS: u32 = 12;

/// Says a thousand bytes, and sends a few.
const SHORT: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n<title>Short</title><p>This is not all, as ";

/// How a mail server greets.
const MAIL: &[u8] = b"220 mail.example.org ESMTP\r\n";

/// The answer for what lies below a fault's page; the request is the nth for it, from 1. `None` if nothing is there.
pub(super) fn answer(site: &Shared, fault: Fault, rest: &str, nth: u64) -> Option<Answer> {
    let well = || Response::html(page::plain("This page is well"));
    let below = |rest: &str| format!("/faults/{fault}/{rest}");
    Some(match (fault, rest) {
        (Fault::RedirectChain, hop) => match hop.parse::<u32>() {
            Ok(hop @ 1..=HOPS) => Response::redirect(302, &below(&(hop + 1).to_string())).into(),
            Ok(hop) if hop == HOPS + 1 => well().into(),
            _ => return None,
        },
        (Fault::Moved, "here") => well().into(),
        (Fault::RedirectLoop, "back") => Response::redirect(302, &below("target")).into(),
        (_, other) if other != "target" => return None,
        (Fault::Missing, _) if !site.is_mended() => return None,
        (Fault::ErrorOnce, _) if nth == 1 => Response::empty(500).into(),
        (Fault::Flapping, _) if nth.is_multiple_of(3) => Response::empty(500).into(),
        (Fault::Moved, _) => Response::redirect(301, &below("here")).into(),
        (Fault::RedirectLoop, _) => Response::redirect(302, &below("back")).into(),
        (Fault::RedirectElsewhere, _) => {
            Response::redirect(302, &format!("http://localhost:{}/elsewhere/", site.port)).into()
        }
        (Fault::RedirectNowhere, _) => Response::empty(302).into(),
        (Fault::Slow, _) => Answer::After(site.settings.slow, well()),
        (Fault::Reset, _) => Answer::Reset,
        (Fault::ShortBody, _) => Answer::Raw(SHORT),
        (Fault::NotHttp, _) => Answer::Raw(MAIL),
        (Fault::Silent, _) => Answer::Silent,
        (Fault::GzipBomb, _) => Response::new(200, "text/html", bomb()).header("content-encoding", "gzip").into(),
        (Fault::Missing | Fault::Typo | Fault::ErrorOnce | Fault::Flapping | Fault::MissingFragment, _) => {
            well().into()
        }
        (Fault::Scattered | Fault::Schemes | Fault::Private | Fault::Malformed | Fault::Calendar, _) => return None,
    })
}
