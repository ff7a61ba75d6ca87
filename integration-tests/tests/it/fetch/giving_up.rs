use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use sitewatch::fetch::{FetchError, HttpConfig};
use tokio::time::Instant;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::Server;

const SHORT: Duration = Duration::from_millis(100);

async fn hanging() -> Server {
    Server::start(|request| match &*request.path {
        "/hang" => Reply::raw([Step::Hang]),
        "/body" => Reply::raw([
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nsome".to_vec()),
            Step::Hang,
        ]),
        "/later" => Reply::status(503).header("Retry-After", "30"),
        "/busy" => Reply::status(503),
        _ => Reply::html(""),
    })
    .await
}

#[tokio::test]
async fn a_cancelled_token_ends_every_kind_of_wait() {
    bounded(async {
        let server = hanging().await;
        let one_at_a_time = |config: &mut HttpConfig| (config.per_host, config.retries) = (1, 9);
        for path in ["/hang", "/body", "/later", "/busy"] {
            let fetcher = fetcher_with(one_at_a_time);
            let token = CancelToken::new();
            let start = Instant::now();
            let (url, waiting) = (server.url(path), server.url("/waiting"));
            let context = Context::current().with_token(token.clone());
            let ((first, second), ()) = tokio::join!(
                // The second one waits for the seat or the turn of the first.
                context.scope(async { tokio::join!(fetcher.page(&url), fetcher.page(&waiting)) }),
                async {
                    tokio::time::sleep(SHORT).await;
                    token.cancel("enough");
                }
            );
            // Half a minute is what `/later` asks for.
            assert!(start.elapsed() < Duration::from_secs(10), "{path}");
            assert!(matches!(first.result, Err(FetchError::Interrupted(_))), "{path}: {first:?}");
            if path != "/busy" {
                assert!(matches!(second.result, Err(FetchError::Interrupted(_))), "{path}: {second:?}");
                assert_eq!(second.attempts, 0, "{path}");
            }
            let message = first.result.unwrap_err().to_string();
            assert!(message.contains("enough"), "{message}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_ambient_deadline_is_reported_as_the_callers_and_not_as_a_timeout() {
    bounded(async {
        let server = hanging().await;
        let fetcher = fetcher();
        let url = server.url("/hang");
        let deadline = Instant::now() + SHORT;
        let fetched = Context::current().with_deadline(deadline).scope(fetcher.page(&url)).await;
        assert!(matches!(fetched.result, Err(FetchError::Interrupted(why)) if why.is_deadline()));
        assert_eq!(fetched.attempts, 1);
    })
    .await;
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    bounded(async {
        let server = hanging().await;
        let fetcher = fetcher();
        let url = server.url("/");
        let fetched = Context::current().with_deadline(Instant::now()).scope(fetcher.page(&url)).await;
        assert!(matches!(fetched.result, Err(FetchError::Interrupted(why)) if why.is_deadline()));
        assert_eq!((fetched.attempts, server.log().len()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_backoff_that_the_deadline_cuts_short_is_not_even_begun() {
    bounded(async {
        let server = hanging().await;
        let fetcher = fetcher_with(|config| config.retries = 9);
        let url = server.url("/later");
        let deadline = Instant::now() + Duration::from_secs(10);
        let fetched = Context::current().with_deadline(deadline).scope(fetcher.page(&url)).await;
        assert_eq!(fetched.result.unwrap_err().status(), Some(503));
        assert!(Instant::now() < deadline - Duration::from_secs(5));
    })
    .await;
}

#[tokio::test]
async fn dropping_a_fetch_gives_its_seat_back() {
    bounded(async {
        let server = hanging().await;
        let fetcher = fetcher_with(|config| config.per_host = 1);
        fetcher.page(&server.url("/")).await.result.unwrap();
        for path in ["/hang", "/body"] {
            let url = server.url(path);
            // Both the one that is sent and the one that waits for it are dropped.
            let both = async { tokio::join!(fetcher.page(&url), fetcher.page(&url)) };
            let is_asked = async {
                while server.hits(path) == 0 {
                    tokio::time::sleep(SHORT / 10).await;
                }
                tokio::time::sleep(SHORT).await;
            };
            tokio::select! {
                _ = both => panic!("it is never answered"),
                () = is_asked => {}
            }
            assert_eq!(server.hits(path), 1);
            fetcher.page(&server.url("/")).await.result.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_fetch_is_not_held_against_the_host() {
    bounded(async {
        let server = hanging().await;
        let fetcher = fetcher();
        let url = server.url("/hang");
        for _ in 0..6 {
            let deadline = Instant::now() + SHORT / 4;
            let fetched = Context::current().with_deadline(deadline).scope(fetcher.page(&url)).await;
            assert!(fetched.result.unwrap_err().is_interrupted());
        }
        fetcher.page(&server.url("/")).await.result.unwrap();
    })
    .await;
}
