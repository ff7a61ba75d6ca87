use std::io::ErrorKind;
use std::time::Duration;

use sitewatch::fetch::{FetchError, Fetcher, Phase};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use url::Url;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::{Server, refusing};

const SHORT: Duration = Duration::from_millis(200);

async fn error(fetcher: &Fetcher, url: &Url) -> FetchError {
    fetcher.page(url).await.result.expect_err("nothing here works")
}

#[tokio::test]
async fn a_status_that_is_no_success_is_the_error() {
    bounded(async {
        let server = Server::start(|request| Reply::status(request.path[1..].parse().unwrap()).body("sorry")).await;
        let fetcher = fetcher();
        for status in [300, 304, 400, 404, 410, 418, 500, 999] {
            let error = error(&fetcher, &server.url(&format!("/{status}"))).await;
            assert_eq!(error.status(), Some(status));
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_dns_error() {
    bounded(async {
        let error = error(&fetcher(), &"http://nobody-has-this-name.invalid/".parse().unwrap()).await;
        assert_eq!(error.code(), "dns", "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_refused() {
    bounded(async {
        let (_held, refused) = refusing();
        let error = error(&fetcher(), &refused).await;
        assert!(matches!(error, FetchError::Connect(ErrorKind::ConnectionRefused)), "{error:?}");
        assert_eq!(error.to_string(), "connection refused");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_a_tls_error() {
    bounded(async {
        let server = Server::start_tls(|_| Reply::html("")).await;
        let error = error(&fetcher(), &server.url("/")).await;
        assert_eq!(error.code(), "tls", "{error:?}");
        assert!(error.to_string().starts_with("certificate "), "{error}");
        assert!(server.log().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    bounded(async {
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", plain.local_addr().unwrap()).parse().unwrap();
        let answer = async {
            let (mut socket, _) = plain.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            socket
        };
        let fetcher = fetcher();
        let (_socket, error) = tokio::join!(answer, error(&fetcher, &url));
        assert_eq!(error.code(), "tls", "{error:?}");
        assert!(error.to_string().starts_with("no secure connection: "), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_handshake_that_is_not_answered_is_a_timeout_while_connecting() {
    bounded(async {
        // The kernel accepts; nobody else does.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", silent.local_addr().unwrap()).parse().unwrap();
        let fetcher = fetcher_with(|config| config.connect_timeout = SHORT);
        let error = error(&fetcher, &url).await;
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Connect, limit: SHORT }), "{error:?}");
        assert_eq!(error.to_string(), "no connection within 200ms");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout_while_reading() {
    bounded(async {
        let server = Server::start(|_| Reply::raw([Step::Hang])).await;
        let fetcher = fetcher_with(|config| config.read_timeout = SHORT);
        let error = error(&fetcher, &server.url("/")).await;
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Read, limit: SHORT }), "{error:?}");
        assert_eq!(error.to_string(), "no answer for 200ms");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_timeout_while_reading() {
    bounded(async {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nsome".to_vec();
        let server = Server::start(move |_| Reply::raw([Step::Send(head.clone()), Step::Hang])).await;
        let fetcher = fetcher_with(|config| config.read_timeout = SHORT);
        let error = error(&fetcher, &server.url("/")).await;
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Read, .. }), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_trickles_for_ever_is_a_total_timeout() {
    bounded(async {
        let server = Server::start(|_| {
            let mut steps =
                vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\n".to_vec())];
            for _ in 0..500 {
                steps.extend([Step::Send(b"x".to_vec()), Step::Wait(Duration::from_millis(20))]);
            }
            Reply::raw(steps)
        })
        .await;
        let fetcher = fetcher_with(|config| {
            config.read_timeout = Duration::from_secs(2);
            config.total_timeout = Duration::from_millis(300);
        });
        let error = error(&fetcher, &server.url("/")).await;
        assert!(matches!(error, FetchError::Timeout { phase: Phase::Total, .. }), "{error:?}");
        assert_eq!(error.to_string(), "not finished within 300ms");
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_a_reset() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/reset" => Reply::raw([Step::Reset]),
            "/closed" => Reply::raw([Step::Close]),
            _ => Reply::bytes("HTTP/1.1 200 OK\r\nContent-"),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/reset", "/closed", "/in-the-head"] {
            let error = error(&fetcher, &server.url(path)).await;
            assert_eq!(error.code(), "reset", "{path}: {error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_protocol_error() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/greeting" => Reply::bytes("220 mail.example ESMTP\r\n"),
            _ => Reply::bytes(format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", "x".repeat(500_000))),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/greeting", "/huge-head"] {
            let error = error(&fetcher, &server.url(path)).await;
            assert_eq!(error.code(), "protocol", "{path}: {error:?}");
            assert!(error.to_string().starts_with("not an HTTP answer: "), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_scheme_that_is_not_http_is_a_protocol_error() {
    bounded(async {
        let error = error(&fetcher(), &"ftp://127.0.0.1/x".parse().unwrap()).await;
        assert_eq!(error.code(), "protocol", "{error:?}");
    })
    .await;
}
