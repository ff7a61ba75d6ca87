//! A site that tries everything: a check of it ends within its limits, and says of each attempt what it was.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::fetch::{HttpConfig, Private};
use sitewatch::report::{Format, Reason, Report};
use tokio::time::timeout;

use super::server::{Server, answer, html, missing, packed, redirect};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Small limits, and no private address but the server's own.
fn config(server: &Server) -> CheckConfig {
    let http = HttpConfig {
        rate: 0.0,
        retries: 0,
        per_host: 8,
        max_body: 4 * 1024 * 1024,
        read_timeout: Duration::from_secs(10),
        private: Private::Refuse,
        private_hosts: vec![server.authority()],
        ..HttpConfig::default()
    };
    let mut config = CheckConfig { max_pages: Some(PAGES), max_links: 100, http, ..CheckConfig::default() };
    // Then what is skipped is listed as well.
    config.report.format = Some(Format::Json);
    config
}

const PAGES: u64 = 30;

/// What is on the start page: what it is called, where it leads, and what is said of it.
fn attempts(inside: u16) -> Vec<(&'static str, String, &'static str, &'static str)> {
    let at = |host: &str| format!("http://{host}:{inside}/");
    vec![
        ("bomb", "bomb".into(), "too-large", "decompresses to more than 200 times what was sent"),
        ("packed three times", "thrice".into(), "bad-encoding", "the answer can't be decompressed"),
        ("ten thousand headers", "headers".into(), "protocol", "message head is too large"),
        ("a header of ten megabytes", "header".into(), "protocol", "message head is too large"),
        ("a status without an end", "status".into(), "protocol", "message head is too large"),
        ("hints and no answer", "hints".into(), "reset", "the connection broke off"),
        ("a chunk's extension", "extension".into(), "protocol", "chunk extensions over limit"),
        ("trailers", "trailers".into(), "protocol", "chunk trailers bytes over limit"),
        ("a body without an end", "long".into(), "too-large", "body larger than 4194304 bytes"),
        (
            "a redirect that is too long",
            "far".into(),
            "url-too-long",
            "longer than 8,192 bytes, which is not asked for",
        ),
        ("a redirect inside", "inside".into(), "private-address", "which is not asked for: 127.0.0.1"),
        ("a circle", "circle".into(), "redirect-loop", "redirects in a circle"),
        ("a chain", "chain/0".into(), "too-many-redirects", "too many redirects"),
        ("a cloud's secrets", at("169.254.169.254"), "private-address", "which is not asked for: 169.254.169.254"),
        ("a name", at("localhost"), "private-address", "leads to a private address, which is not asked for: "),
        ("an address as a number", at("2130706433"), "private-address", "which is not asked for: 127.0.0.1"),
        ("an address in IPv6", at("[::ffff:7f00:1]"), "private-address", "which is not asked for: ::ffff:127.0.0.1"),
        (
            "a link that is too long",
            "x".repeat(10_000),
            "url-too-long",
            "longer than 8,192 bytes, which is not asked for",
        ),
    ]
}

/// The site, all but its start page.
fn site(path: &str, inside: u16, bomb: &[u8]) -> Vec<u8> {
    let next = |before: &str| path[before.len()..].parse::<u32>().unwrap() + 1;
    let chunked = |body: String| answer("200 OK", "content-type: text/html\r\ntransfer-encoding: chunked\r\n", body);
    match path {
        "/bomb" => packed("gzip", bomb),
        "/thrice" => packed("gzip, gzip, gzip", gzip(&gzip(&gzip(b"x")))),
        "/headers" => answer("200 OK", &"x: y\r\n".repeat(10_000), ""),
        "/header" => answer("200 OK", &format!("x: {}\r\n", "y".repeat(10_000_000)), ""),
        "/status" => answer(&format!("200 {}", "O".repeat(1_000_000)), "", ""),
        "/hints" => b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20_000),
        "/extension" => chunked(format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000))),
        "/trailers" => chunked(format!("5\r\nhello\r\n0\r\nx: {}\r\n\r\n", "y".repeat(100_000))),
        "/long" => html(" ".repeat(5 * 1024 * 1024)),
        "/far" => redirect(&format!("/{}", "x".repeat(9_000))),
        "/inside" => redirect(&format!("http://127.0.0.1:{inside}/")),
        "/circle" => redirect("/circle"),
        path if path.starts_with("/chain/") => redirect(&format!("/chain/{}", next("/chain/"))),
        path if path.starts_with("/calendar/") => html(format!("<a href={}>the next month</a>", next("/calendar/"))),
        // What follows is no attempt at anything that is refused: it has to be read, and is.
        "/crowd" => html("<a href=/well>x</a>".repeat(1_000)),
        "/deep" => html("<div><svg><template>".repeat(30_000)),
        "/open" => html(format!("<a href=/well>x</a><script>{}", "<!--<script".repeat(30_000))),
        "/zeros" => html("\0<\0".repeat(100_000)),
        "/attribute" => html(format!("<a title='{}' href=/well>x</a>", "x".repeat(2_000_000))),
        "/data" => html(format!("<img src='data:image/png;base64,{}'>", "x".repeat(2_000_000))),
        "/well" => html(""),
        _ => missing(),
    }
}

/// `page:line:column -> code: message` of what is not ok, by the text of its link.
fn said(report: &Report, page: &str) -> HashMap<String, (String, String)> {
    let links = report.links().iter().filter(|link| link.page == page);
    links
        .map(|link| (link.text.to_owned(), (link.verdict.reason.code().to_string(), link.verdict.to_string())))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_told_for_what_it_is_and_the_check_ends() {
    let inside = Server::start(|_| html("<a href=more>secrets</a>")).await;
    let port = inside.port();
    let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
    let links = attempts(port);
    let well = ["calendar/0", "crowd", "deep", "open", "zeros", "attribute", "data"];
    let start: String = links
        .iter()
        .map(|(name, href, ..)| format!("<a href='{href}'>{name}</a>\n"))
        .chain(well.iter().map(|href| format!("<a href={href}>{href}</a>\n")))
        .collect();
    let server = Server::start(move |path| if path == "/" { html(&start) } else { site(path, port, &bomb) }).await;

    let checker = Checker::new(config(&server));
    let target = Target::Site(server.url("/"));
    let report = timeout(Duration::from_secs(120), checker.run(&target)).await.expect("it ends").unwrap();

    let page = server.url("/").to_string();
    let mut said = said(&report, &page);
    for (name, _, code, message) in &links {
        let (told, words) = said.remove(*name).unwrap_or_else(|| panic!("nothing is said of {name}"));
        assert_eq!(told, *code, "{name}: {words}");
        assert!(words.contains(message), "{name}: {words}");
    }
    assert!(said.is_empty(), "something is said of what is well: {said:?}");
    assert!(inside.asked().is_empty(), "{:?}", inside.asked());

    // The calendar has no end but the limit.
    assert_eq!(report.summary().pages, PAGES);
    // Of the crowd a hundred links were looked at, and it is said at which one that ended.
    let crowd = report.links().by_page().find(|page| page.page().ends_with("/crowd")).unwrap();
    let told: Vec<_> = crowd.iter().map(|link| (link.line, link.column, link.verdict.reason)).collect();
    assert_eq!(told, [(1, 100 * 19 + 1, Reason::TooManyLinks)]);
    let counts: HashMap<_, _> = report.summary().counts.reasons().collect();
    assert_eq!((counts[&Reason::TooManyLinks], counts[&Reason::BeyondLimit]), (1, 899));
}
