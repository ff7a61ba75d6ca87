use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use sitewatch::fetch::FetchError;
use tokio::task::JoinSet;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::{Server, refusing};

/// A server with this robots.txt.
async fn with_robots(robots: Reply) -> Server {
    Server::start(move |request| match &*request.path {
        "/robots.txt" => robots.clone(),
        _ => Reply::html(""),
    })
    .await
}

fn text(body: &str) -> Reply {
    Reply::status(200).header("Content-Type", "text/plain").body(body)
}

#[tokio::test]
async fn what_robots_txt_disallows_is_not_allowed() {
    bounded(async {
        let server = with_robots(text(
            "User-agent: sitewatch\nDisallow: /private\nDisallow: /*?secret\n\nUser-agent: *\nDisallow: /",
        ))
        .await;
        let fetcher = fetcher();
        fetcher.allowed(&server.url("/")).await.unwrap();
        fetcher.allowed(&server.url("/public?open#part")).await.unwrap();
        for path in ["/private/x", "/public?secret"] {
            let error = fetcher.allowed(&server.url(path)).await.unwrap_err();
            assert_eq!(error.to_string(), "disallowed by robots.txt", "{path}");
        }
        assert_eq!(server.log().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_hundred_that_ask_at_once_make_one_request() {
    bounded(async {
        let server = with_robots(text("User-agent: *\nDisallow: /x").after(Duration::from_millis(100))).await;
        let fetcher = fetcher();
        let mut tasks = JoinSet::new();
        for _ in 0..100 {
            let (fetcher, url) = (fetcher.clone(), server.url("/x"));
            tasks.spawn(async move { fetcher.robots(&url).await.unwrap() });
        }
        let all = tasks.join_all().await;
        assert!(all.iter().all(|robots| Arc::ptr_eq(robots, &all[0])));
        assert_eq!(server.hits("/robots.txt"), 1);
    })
    .await;
}

#[tokio::test]
async fn when_the_one_that_asks_is_cancelled_the_next_asks_again() {
    bounded(async {
        let server = with_robots(text("User-agent: *\nDisallow: /x").after(Duration::from_secs(1))).await;
        let fetcher = fetcher();
        let url = server.url("/x");
        let token = CancelToken::new();
        let (first, second, dropped, ()) = tokio::join!(
            Context::current().with_token(token.clone()).scope(fetcher.robots(&url)),
            fetcher.allowed(&url),
            tokio::time::timeout(Duration::from_millis(250), fetcher.robots(&url)),
            async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                token.cancel("enough");
            }
        );
        assert!(first.unwrap_err().is_interrupted());
        assert!(dropped.is_err());
        assert!(matches!(second, Err(FetchError::Robots { status: None })));
        assert_eq!(server.hits("/robots.txt"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_site_without_robots_txt_allows_everything() {
    bounded(async {
        let loops = Reply::redirect(302, "/robots.txt");
        for reply in [Reply::status(404), Reply::status(403), loops, text("<html>no such page</html>")] {
            let server = with_robots(reply.clone()).await;
            assert!(fetcher().allowed(&server.url("/x")).await.is_ok(), "{reply:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_robots_txt_that_the_server_fails_to_serve_forbids_everything() {
    bounded(async {
        let server = with_robots(Reply::status(500)).await;
        let fetcher = fetcher();
        for _ in 0..2 {
            let error = fetcher.allowed(&server.url("/")).await.unwrap_err();
            assert!(matches!(error, FetchError::Robots { status: Some(500) }));
            assert!(error.to_string().starts_with("robots.txt can't be read (500 "), "{error}");
        }
        assert_eq!(server.log().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_host_that_can_not_be_reached_is_reported_as_such_and_not_as_forbidden() {
    bounded(async {
        let fetcher = fetcher();
        let (_held, refused) = refusing();
        assert!(matches!(fetcher.allowed(&refused).await, Err(FetchError::Connect(_))));
        let server = with_robots(Reply::raw([Step::Reset])).await;
        assert!(matches!(fetcher.allowed(&server.url("/")).await, Err(FetchError::Reset)));
    })
    .await;
}

#[tokio::test]
async fn ignoring_robots_does_not_even_ask() {
    bounded(async {
        let server = with_robots(text("User-agent: *\nDisallow: /")).await;
        fetcher_with(|config| config.ignore_robots = true).allowed(&server.url("/")).await.unwrap();
        assert!(server.log().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_crawl_delay_slows_the_host_down_and_no_other() {
    bounded(async {
        let server = with_robots(text("User-agent: *\nCrawl-delay: 0.2")).await;
        let other = with_robots(Reply::status(404)).await;
        // The slower of the two counts.
        let fetcher = fetcher_with(|config| config.rate = 100.0);
        for server in [&server, &other] {
            fetcher.allowed(&server.url("/")).await.unwrap();
            for _ in 0..4 {
                fetcher.page(&server.url("/")).await.result.unwrap();
            }
        }
        let took = |server: &Server| {
            let log = server.log();
            log[4].at - log[0].at
        };
        assert!(took(&server) >= Duration::from_millis(750), "{:?}", took(&server));
        assert!(took(&other) < took(&server));
    })
    .await;
}

#[tokio::test]
async fn only_the_beginning_of_a_huge_robots_txt_is_read() {
    bounded(async {
        let body = format!("User-agent: *\nDisallow: /x\n{}", "# padding\n".repeat(200_000));
        let server = with_robots(text(&body)).await;
        let fetcher = fetcher_with(|config| config.max_body = 1000);
        assert!(fetcher.allowed(&server.url("/x")).await.is_err());
        fetcher.allowed(&server.url("/y")).await.unwrap();
    })
    .await;
}
