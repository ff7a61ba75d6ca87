use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use sitewatch::fetch::FetchError;

use super::{fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::Server;

const TEXT: &str = "<p>the same again and again and again and again</p>";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

fn br(mut bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut compressed, &BrotliEncoderParams::default())
        .expect("a vector takes everything");
    compressed
}

fn encoded(encoding: &str, body: &[u8]) -> Reply {
    Reply::html("").header("Content-Encoding", encoding).body(body)
}

#[tokio::test]
async fn compressed_bodies_are_decompressed() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/gzip" => encoded("gzip", &gzip(TEXT.as_bytes())),
            "/br" => encoded("br", &br(TEXT.as_bytes())),
            _ => encoded("deflate", &deflate(TEXT.as_bytes())),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/gzip", "/br", "/deflate"] {
            let page = fetcher.page(&server.url(path)).await.result.unwrap();
            assert_eq!(page.body.as_deref(), Some(TEXT.as_bytes()), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_decompressed_is_a_bad_encoding() {
    bounded(async {
        let whole = gzip(TEXT.as_bytes());
        let half = whole[..whole.len() / 2].to_vec();
        let server = Server::start(move |request| match &*request.path {
            "/plain" => encoded("gzip", TEXT.as_bytes()),
            "/half" => encoded("gzip", &half),
            _ => encoded("br", &[0xff; 64]),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/plain", "/half", "/noise"] {
            let error = fetcher.page(&server.url(path)).await.result.unwrap_err();
            assert_eq!(error.code(), "bad-encoding", "{path}: {error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_limit_holds_for_what_comes_out_of_decompression() {
    bounded(async {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        assert!(bomb.len() < 100_000);
        let server = Server::start(move |_| encoded("gzip", &bomb)).await;
        let fetcher = fetcher_with(|config| config.max_body = 1_000_000);
        let error = fetcher.page(&server.url("/")).await.result.unwrap_err();
        assert!(matches!(error, FetchError::BodyTooLarge { limit: 1_000_000 }), "{error:?}");
        assert_eq!(error.to_string(), "body larger than 1000000 bytes");
    })
    .await;
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/announced" => Reply::html(&"x".repeat(1001)),
            "/unannounced" => {
                Reply::bytes(format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}", "x".repeat(1001)))
            }
            _ => Reply::html(&"x".repeat(1000)),
        })
        .await;
        let fetcher = fetcher_with(|config| config.max_body = 1000);
        assert_eq!(fetcher.page(&server.url("/")).await.result.unwrap().body.unwrap().len(), 1000);
        for path in ["/announced", "/unannounced"] {
            let error = fetcher.page(&server.url(path)).await.result.unwrap_err();
            assert_eq!(error.code(), "body-too-large", "{path}: {error:?}");
            // Its mere existence is another matter.
            fetcher.probe(&server.url(path)).await.result.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_long_is_not_waited_for() {
    bounded(async {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1001\r\n\r\n".to_vec();
        let server = Server::start(move |_| Reply::raw([Step::Send(head.clone()), Step::Hang])).await;
        let error = fetcher_with(|config| config.max_body = 1000).page(&server.url("/")).await.result.unwrap_err();
        assert_eq!(error.code(), "body-too-large", "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_a_reset() {
    bounded(async {
        let server = Server::start(|request| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
            match &*request.path {
                "/length" => Reply::bytes(format!("{head}Content-Length: 100\r\n\r\nshort")),
                _ => Reply::bytes(format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n")),
            }
        })
        .await;
        let fetcher = fetcher();
        for path in ["/length", "/chunked"] {
            let error = fetcher.page(&server.url(path)).await.result.unwrap_err();
            assert_eq!(error.code(), "reset", "{path}: {error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_longer_than_announced_ends_where_it_was_announced_to() {
    bounded(async {
        let server = Server::start(|_| {
            Reply::bytes("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nfour and more")
        })
        .await;
        let fetcher = fetcher();
        for _ in 0..2 {
            let page = fetcher.page(&server.url("/")).await.result.unwrap();
            assert_eq!(page.body.as_deref(), Some(&b"four"[..]));
        }
        assert_eq!(server.connections(), 2, "what follows is never taken for the next answer");
    })
    .await;
}
