//! Bodies that are packed in odd ways, over a real connection.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sitewatch::fetch::{FetchError, Fetcher, HttpConfig};

use super::attacks::gzip;
use super::server::{Server, answer, packed};

const TEXT: &[u8] = b"<p>the same again and again and again and again</p>";

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn body(answer: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    let server = Server::start(move |_| answer.clone()).await;
    let fetcher = Fetcher::new(&HttpConfig { rate: 0.0, retries: 0, ..HttpConfig::default() }).unwrap();
    fetcher.page(&server.url("/")).await.result.map(|page| page.body.unwrap())
}

#[tokio::test]
async fn a_body_may_be_packed_twice_and_named_in_any_way_that_http_knows() {
    for (encoding, packed_body) in [
        ("gzip", gzip(TEXT)),
        ("X-GZip", gzip(TEXT)),
        ("Deflate", deflate(TEXT)),
        ("deflate, gzip", gzip(&deflate(TEXT))),
        ("gzip , gzip", gzip(&gzip(TEXT))),
        ("gzip, identity", gzip(TEXT)),
        ("none", TEXT.to_vec()),
    ] {
        assert_eq!(body(packed(encoding, packed_body)).await.unwrap(), TEXT, "{encoding}");
    }
    let two_lines = "content-type: text/html\r\ncontent-encoding: deflate\r\ncontent-encoding: gzip\r\n";
    assert_eq!(body(answer("200 OK", two_lines, gzip(&deflate(TEXT)))).await.unwrap(), TEXT);
    assert_eq!(body(packed("gzip", "")).await.unwrap(), b"");
}

#[tokio::test]
async fn a_body_that_is_cut_or_packed_otherwise_is_a_bad_encoding() {
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    for (encoding, packed_body) in [
        ("gzip", half(gzip(TEXT))),
        ("deflate", half(deflate(TEXT))),
        ("deflate", gzip(TEXT)),
        ("gzip, gzip", gzip(TEXT)),
        ("deflate, gzip", gzip(&half(deflate(TEXT)))),
        ("br", TEXT.to_vec()),
        ("gzip, gzip, gzip", gzip(&gzip(&gzip(TEXT)))),
    ] {
        assert_eq!(body(packed(encoding, packed_body)).await.unwrap_err().code(), "bad-encoding", "{encoding}");
    }
}

#[tokio::test]
async fn the_ratio_is_a_setting() {
    let text = vec![b' '; 3 * 1024 * 1024];
    let packed_body = gzip(&text);
    let server = Server::start(move |_| packed("gzip", &packed_body)).await;
    let page = async |max_ratio| {
        let config = HttpConfig { rate: 0.0, retries: 0, max_ratio, ..HttpConfig::default() };
        Fetcher::new(&config).unwrap().page(&server.url("/")).await.result.map(|page| page.body.unwrap())
    };
    let error = page(10).await.unwrap_err();
    assert_eq!(error.to_string(), "body that decompresses to more than 10 times what was sent");
    assert_eq!(page(100_000).await.unwrap(), text);
}
