use std::time::Duration;

use sitewatch::fetch::{FetchError, Fetcher};
use tokio::task::JoinSet;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::Reply;
use crate::support::server::{Server, refusing};

/// Fetches so many pages of this server at the same time.
async fn at_once(fetcher: &Fetcher, server: &Server, count: usize) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (fetcher, url) = (fetcher.clone(), server.url(&format!("/{number}")));
        tasks.spawn(async move { fetcher.page(&url).await.result.map(drop) });
    }
    for fetched in tasks.join_all().await {
        fetched.expect("the server answers");
    }
}

#[tokio::test]
async fn a_host_has_at_most_so_many_requests_at_a_time() {
    bounded(async {
        let server = Server::start(|_| Reply::html("").after(Duration::from_millis(50))).await;
        at_once(&fetcher_with(|config| config.per_host = 3), &server, 20).await;
        assert_eq!(server.peak(), 3);
        assert!(server.connections() <= 3);
    })
    .await;
}

#[tokio::test]
async fn hosts_do_not_wait_for_each_other() {
    bounded(async {
        let slow = Server::start(|_| Reply::html("").after(Duration::from_secs(5))).await;
        let quick = Server::start(|_| Reply::html("")).await;
        let fetcher = fetcher_with(|config| config.per_host = 1);
        let url = slow.url("/");
        tokio::select! {
            _ = fetcher.page(&url) => panic!("the slow one is slow"),
            () = at_once(&fetcher, &quick, 10) => {}
        }
    })
    .await;
}

#[tokio::test]
async fn a_host_gets_no_more_than_its_rate() {
    bounded(async {
        let server = Server::start(|_| Reply::html("")).await;
        at_once(&fetcher_with(|config| config.rate = 20.0), &server, 11).await;
        let log = server.log();
        // Ten intervals of 50 ms, less what the first burst and the timer's grain may save.
        assert!(log[10].at - log[0].at >= Duration::from_millis(400), "{:?}", log[10].at - log[0].at);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_links_to_a_host_that_refuses_make_one_attempt() {
    bounded(async {
        let (_held, url) = refusing();
        let fetcher = fetcher_with(|config| config.rate = 10.0);
        let mut tasks = JoinSet::new();
        for number in 0..1000 {
            let (fetcher, url) = (fetcher.clone(), url.join(&number.to_string()).unwrap());
            tasks.spawn(async move { fetcher.probe(&url).await });
        }
        let all = tasks.join_all().await;
        assert!(all.iter().all(|fetched| matches!(fetched.result, Err(FetchError::Connect(_)))));
        assert_eq!(all.iter().map(|fetched| fetched.attempts).sum::<u32>(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_host_that_can_not_be_reached_does_not_speak_for_another_port() {
    bounded(async {
        let fetcher = fetcher();
        let (_held, refused) = refusing();
        fetcher.page(&refused).await.result.unwrap_err();
        let server = Server::start(|_| Reply::html("")).await;
        fetcher.page(&server.url("/")).await.result.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_host_that_comes_back_is_not_given_up() {
    bounded(async {
        let server = Server::start(|_| Reply::html("")).await;
        let fetcher = fetcher();
        let url = server.url("/");
        fetcher.page(&url).await.result.unwrap();
        drop(server);
        // Its pooled connection is found dead, then the port is.
        while !matches!(fetcher.page(&url).await.result, Err(FetchError::Connect(_))) {}
        let again = fetcher.page(&url).await;
        assert_eq!((again.result.unwrap_err().code(), again.attempts), ("connect", 1));
        // But not for ever.
        let mut attempts = 0;
        while fetcher.page(&url).await.attempts == 1 {
            attempts += 1;
        }
        assert!((1..5).contains(&attempts), "{attempts}");
    })
    .await;
}
