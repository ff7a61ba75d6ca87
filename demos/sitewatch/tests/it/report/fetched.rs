use std::io::ErrorKind;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context};
use sitewatch::fetch::{FetchError, Fetched, Hop, Page, Phase, Validators};
use sitewatch::report::{Reason, Status, Verdict};
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn fetched(hops: &[(&str, u16)], result: Result<Page, FetchError>) -> Fetched {
    let redirects = hops.iter().map(|(from, status)| Hop { url: url(from), status: *status }).collect();
    Fetched { url: url("https://a.b/end"), redirects, result, attempts: 1 }
}

fn page() -> Page {
    Page { status: 200, content_type: None, charset: None, body: None, validators: Validators::default() }
}

#[test]
fn a_page_at_its_own_address_is_ok() {
    assert_eq!(Verdict::from(&fetched(&[], Ok(page()))), Verdict::new(Reason::Ok));
}

#[test]
fn redirects_are_listed_without_the_link_itself_and_are_as_permanent_as_the_least() {
    let verdict = |statuses: [u16; 2]| {
        Verdict::from(&fetched(&[("http://a.b/", statuses[0]), ("https://a.b/", statuses[1])], Ok(page())))
    };
    let chain = ["https://a.b/", "https://a.b/end"];
    assert_eq!(verdict([301, 308]), Verdict::new(Reason::MovedPermanently).redirects(chain));
    assert_eq!(verdict([301, 302]), Verdict::new(Reason::MovedTemporarily).redirects(chain));
}

#[test]
fn a_redirect_that_ends_in_an_error_is_broken_and_keeps_its_chain() {
    let verdict = Verdict::from(&fetched(&[("http://a.b/", 301)], Err(FetchError::Status(404))));
    assert_eq!(verdict, Verdict::new(Reason::HttpStatus(404)).redirects(["https://a.b/end"]));
}

#[tokio::test(start_paused = true)]
async fn every_error_has_its_reason_and_says_more_only_where_there_is_more() {
    let token = CancelToken::new();
    token.cancel("SIGINT");
    let interrupt =
        Context::current().with_token(token).scope(context::sleep(Duration::from_secs(1))).await.unwrap_err();
    let second = Duration::from_secs(1);
    let cases = [
        (FetchError::Dns { temporary: false }, "dns", "the host name does not resolve"),
        (FetchError::Dns { temporary: true }, "dns", "the host name does not resolve: host name lookup failed for now"),
        (FetchError::Connect(ErrorKind::ConnectionRefused), "refused", "the connection was refused"),
        (FetchError::Connect(ErrorKind::HostUnreachable), "unreachable", "the host can't be reached: host unreachable"),
        (FetchError::Tls("certificate expired".into()), "tls", "no secure connection: certificate expired"),
        (FetchError::Timeout { phase: Phase::Read, limit: second }, "timeout", "no answer in time: no answer for 1s"),
        (FetchError::Reset, "reset", "the connection broke off"),
        (FetchError::RedirectLoop, "redirect-loop", "redirects in a circle"),
        (FetchError::TooManyRedirects { limit: 3 }, "too-many-redirects", "too many redirects: more than 3 redirects"),
        (FetchError::BadEncoding, "bad-encoding", "the answer can't be decompressed"),
        (
            FetchError::Private { address: [10, 0, 0, 7].into() },
            "private-address",
            "leads to a private address, which is not asked for: 10.0.0.7",
        ),
        (
            FetchError::BodySwells { times: 200 },
            "too-large",
            "there, but too large to look for its fragment: body that decompresses to more than 200 times what was sent",
        ),
        (FetchError::Interrupted(interrupt), "interrupted", "the check was stopped before"),
    ];
    for (error, code, words) in cases {
        let verdict = Verdict::from(&error);
        assert_eq!((verdict.reason.code().to_string().as_str(), verdict.to_string().as_str()), (code, words));
    }
    let skipped = [
        FetchError::BodyTooLarge { limit: 1 },
        FetchError::BodySwells { times: 1 },
        FetchError::UrlTooLong { limit: 1 },
        FetchError::Robots { status: None },
        FetchError::Robots { status: Some(503) },
    ];
    assert!(skipped.iter().all(|error| Verdict::from(error).status() == Status::Skipped));
}
