use sitewatch::fetch::{Answer, Hop};

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::Reply;
use crate::support::server::Server;

#[tokio::test]
async fn redirects_of_each_kind_are_followed_and_recorded_in_order() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/301" => Reply::redirect(301, "302"),
            "/302" => Reply::redirect(302, "/303"),
            "/303" => Reply::redirect(303, "?307"),
            "/303?307" => Reply::redirect(307, "/308"),
            "/308" => Reply::redirect(308, "/end"),
            _ => Reply::html("end"),
        })
        .await;
        let fetched = fetcher().page(&server.url("/301#part")).await;
        let chain = ["/301#part", "/302#part", "/303#part", "/303?307#part", "/308#part"];
        let expected: Vec<_> = chain
            .into_iter()
            .zip([301, 302, 303, 307, 308])
            .map(|(path, status)| Hop { url: server.url(path), status })
            .collect();
        assert_eq!(fetched.redirects, expected);
        assert_eq!(fetched.url, server.url("/end#part"));
        assert_eq!(fetched.result.unwrap().body.as_deref(), Some(&b"end"[..]));
    })
    .await;
}

#[tokio::test]
async fn a_probe_follows_redirects_with_head_and_reads_no_body() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/" => Reply::redirect(302, "/end"),
            _ => Reply::html("end"),
        })
        .await;
        let fetched = fetcher().probe(&server.url("/")).await;
        assert_eq!(fetched.redirects, [Hop { url: server.url("/"), status: 302 }]);
        assert_eq!(fetched.result.unwrap().body, None);
        assert_eq!(server.methods("/end"), ["HEAD"]);
    })
    .await;
}

#[tokio::test]
async fn a_loop_is_found_at_its_first_repetition() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/a" => Reply::redirect(302, "/b"),
            "/b" => Reply::redirect(302, "/c"),
            "/c" => Reply::redirect(302, "/b#again"),
            _ => Reply::redirect(301, "/self"),
        })
        .await;
        let fetcher = fetcher();
        let fetched = fetcher.page(&server.url("/a")).await;
        assert_eq!(fetched.result.unwrap_err().code(), "redirect-loop");
        assert_eq!(fetched.redirects.len(), 2);
        assert_eq!(fetched.url, server.url("/c"));
        assert_eq!(server.log().len(), 3);
        assert_eq!(fetcher.page(&server.url("/self")).await.result.unwrap_err().code(), "redirect-loop");
    })
    .await;
}

#[tokio::test]
async fn a_chain_without_end_stops_at_the_limit() {
    bounded(async {
        let server = Server::start(|request| {
            let number: u32 = request.path[1..].parse().unwrap();
            Reply::redirect(302, &format!("/{}", number + 1))
        })
        .await;
        let fetched = fetcher_with(|config| config.max_redirects = 3).page(&server.url("/0")).await;
        assert_eq!(fetched.result.unwrap_err().to_string(), "more than 3 redirects");
        assert_eq!(fetched.redirects.len(), 3);
        assert_eq!(server.log().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_a_bad_redirect() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/nowhere" => Reply::status(302),
            "/scheme" => Reply::redirect(302, "javascript:alert(1)"),
            _ => Reply::redirect(302, "http://[::"),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/nowhere", "/scheme", "/malformed"] {
            let fetched = fetcher.page(&server.url(path)).await;
            assert_eq!(fetched.result.unwrap_err().code(), "bad-redirect", "{path}");
            assert_eq!(fetched.url, server.url(path));
        }
    })
    .await;
}

#[tokio::test]
async fn a_redirect_may_lead_to_another_host() {
    bounded(async {
        let target = Server::start(|_| Reply::status(404)).await;
        let location = target.url("/gone").to_string();
        let server = Server::start(move |_| Reply::redirect(301, &location)).await;
        let fetched = fetcher().page(&server.url("/")).await;
        assert_eq!(fetched.url, target.url("/gone"));
        assert_eq!(fetched.result.unwrap_err().to_string(), "404 Not Found");
    })
    .await;
}

#[tokio::test]
async fn a_single_visit_has_the_redirect_as_its_answer() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/" => Reply::redirect(302, "end#own"),
            "/bad" => Reply::status(302),
            _ => Reply::html("end"),
        })
        .await;
        let fetcher = fetcher();
        let to = Answer::Redirect { status: 302, to: server.url("/end#own") };
        assert_eq!(fetcher.visit_page(&server.url("/#part")).await.result.unwrap(), to);
        assert_eq!(fetcher.visit_probe(&server.url("/")).await.result.unwrap(), to);
        assert_eq!(server.hits("/end"), 0);
        assert_eq!(fetcher.visit_page(&server.url("/bad")).await.result.unwrap_err().code(), "bad-redirect");
        let page = fetcher.visit_page(&server.url("/end")).await;
        assert!(matches!(page.result, Ok(Answer::Page(page)) if page.body.as_deref() == Some(b"end")));
    })
    .await;
}
