use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::{Server, refusing};

/// A server that answers with `failure` so many times, and then with a page.
async fn failing(times: usize, failure: Reply) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(
        move |_| {
            if asked.fetch_add(1, Ordering::SeqCst) < times { failure.clone() } else { Reply::html("at last") }
        },
    )
    .await
}

#[tokio::test]
async fn what_is_transient_gets_further_attempts() {
    bounded(async {
        for failure in [Reply::status(503), Reply::status(429), Reply::status(502), Reply::raw([Step::Reset])] {
            let server = failing(1, failure.clone()).await;
            let fetched = fetcher_with(|config| config.retries = 2).page(&server.url("/")).await;
            assert_eq!(fetched.result.unwrap().status, 200, "{failure:?}");
            assert_eq!(fetched.attempts, 2, "{failure:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn attempts_come_to_an_end() {
    bounded(async {
        let server = failing(9, Reply::status(503)).await;
        let fetched = fetcher_with(|config| config.retries = 1).page(&server.url("/")).await;
        assert_eq!(fetched.result.unwrap_err().status(), Some(503));
        assert_eq!((fetched.attempts, server.log().len()), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn what_is_permanent_gets_one_attempt() {
    bounded(async {
        let server = failing(9, Reply::status(500)).await;
        let fetcher = fetcher_with(|config| config.retries = 5);
        assert_eq!(fetcher.page(&server.url("/")).await.attempts, 1);
        let (_held, refused) = refusing();
        assert_eq!(fetcher.page(&refused).await.attempts, 1);
    })
    .await;
}

#[tokio::test]
async fn a_retry_after_holds_for_every_request_to_that_host() {
    bounded(async {
        let server = failing(1, Reply::status(429).header("Retry-After", "3")).await;
        let other = failing(0, Reply::status(500)).await;
        let fetcher = fetcher_with(|config| config.retries = 1);
        let second = async {
            // Once the first has its answer.
            while server.log().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            fetcher.page(&other.url("/")).await.result.unwrap();
            assert_eq!(server.log().len(), 1, "another host does not wait");
            fetcher.page(&server.url("/second")).await
        };
        let first_url = server.url("/first");
        let (first, second) = tokio::join!(fetcher.page(&first_url), second);
        assert_eq!((first.result.unwrap().status, first.attempts), (200, 2));
        assert_eq!((second.result.unwrap().status, second.attempts), (200, 1));
        let log = server.log();
        assert_eq!(log.len(), 3);
        for request in &log[1..] {
            assert!(request.at - log[0].at >= Duration::from_millis(2_950), "{}", request.path);
        }
    })
    .await;
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_is_not_waited_for() {
    bounded(async {
        let server = failing(1, Reply::status(429).header("Retry-After", "3600")).await;
        let fetcher = fetcher_with(|config| config.retries = 2);
        let fetched = fetcher.page(&server.url("/")).await;
        assert_eq!(fetched.result.unwrap_err().to_string(), "429 Too Many Requests");
        assert_eq!(fetched.attempts, 1);
        fetcher.page(&server.url("/")).await.result.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_retry_after_date_is_relative_to_the_date_of_the_answer() {
    bounded(async {
        let failure = Reply::status(503)
            .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT");
        let server = failing(1, failure).await;
        fetcher_with(|config| config.retries = 1).page(&server.url("/")).await.result.unwrap();
        let log = server.log();
        assert!(log[1].at - log[0].at >= Duration::from_millis(950));
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_replaced_unnoticed() {
    bounded(async {
        let server = Server::start(|_| {
            Reply::raw([
                Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok".to_vec()),
                Step::Close,
            ])
        })
        .await;
        let fetcher = fetcher();
        for _ in 0..5 {
            assert_eq!(fetcher.page(&server.url("/")).await.result.unwrap().status, 200);
        }
    })
    .await;
}
