//! A site whose attempts take time: each check ends when its own limits say so. And pages as large as they may be.
mod proxy;

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::fetch::{Fetcher, HttpConfig, Private};
use sitewatch::report::{Format, Reason, Report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::bounded;
use crate::support::reply::Reply;
use crate::support::server::Server;

/// How long a check of ours may take: its limits are a few seconds, and pages are read by a program that may not have
/// been optimized.
const BOUND: Duration = Duration::from_secs(120);

const DRIP: Duration = Duration::from_millis(20);

/// Answers until the client has had enough.
async fn serve(mut socket: TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if socket.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let ok: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n";
    match path {
        "/silence" => std::future::pending::<()>().await,
        "/slow-head" => {
            // One header: after a hundred of them the client would have had enough.
            socket.write_all(&[ok, &b"x: "[..]].concat()).await?;
            loop {
                socket.write_all(b"y").await?;
                sleep(DRIP).await;
            }
        }
        "/slow-body" => {
            socket.write_all(&[ok, &b"\r\n"[..]].concat()).await?;
            loop {
                socket.write_all(b"<p>").await?;
                sleep(DRIP).await;
            }
        }
        "/slow-chunks" => {
            socket.write_all(&[ok, &b"transfer-encoding: chunked\r\n\r\n"[..]].concat()).await?;
            loop {
                socket.write_all(b"1\r\n").await?;
                sleep(DRIP).await;
                socket.write_all(b"x\r\n").await?;
            }
        }
        "/hints" => loop {
            socket.write_all(&b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100)).await?;
        },
        "/long" | "/elsewhere" if method == "HEAD" => {
            socket.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n").await?;
        }
        "/long" | "/elsewhere" => {
            socket.write_all(&[ok, &b"\r\n"[..]].concat()).await?;
            loop {
                socket.write_all(&[b' '; 64 * 1024]).await?;
            }
        }
        "/nothing" => {
            // Empty blocks that are stored and not compressed, of which nothing comes out, for ever.
            socket.write_all(&[ok, &b"content-encoding: deflate\r\n\r\n\x78\x9c"[..]].concat()).await?;
            loop {
                socket.write_all(&[0_u8, 0, 0, 0xff, 0xff].repeat(10_000)).await?;
            }
        }
        _ => socket.write_all(&page(path)).await?,
    }
    socket.shutdown().await
}

/// Pages as large as they may be.
fn page(path: &str) -> Vec<u8> {
    const MILLION: usize = 1_000_000;
    let body = match path {
        "/never-answered" => list(&NEVER_ANSWERED),
        "/never-finished" => list(&NEVER_FINISHED),
        "/large" => list(&LARGE),
        "/links" => "<a href=/well>".repeat(MILLION),
        "/attribute" => format!("<a title='{}' href=/well>x</a>", "x".repeat(16 * MILLION)),
        "/deep" => "<div>".repeat(MILLION),
        "/pictures" => "<svg><template><a>".repeat(MILLION / 2),
        "/zeros" => "\0".repeat(8 * MILLION),
        "/candidates" => format!("<img alt='{}' srcset='{}'>", "t".repeat(100), "/well, ".repeat(MILLION)),
        "/bases" => format!("<base href='/{}/'>{}", "b".repeat(4_000), "<a href=x>".repeat(MILLION)),
        "/well" => String::new(),
        _ => return b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec(),
    };
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn list(paths: &[&str]) -> String {
    paths.iter().map(|path| format!("<a href={path}>{path}</a>\n")).collect()
}

const NEVER_ANSWERED: [&str; 3] = ["/silence", "/slow-head", "/hints"];

const NEVER_FINISHED: [&str; 2] = ["/slow-body", "/slow-chunks"];

const LARGE: [&str; 6] = ["/links", "/attribute", "/deep", "/pictures", "/zeros", "/candidates"];

/// A server until it is dropped, and its address.
async fn server() -> (JoinSet<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut accepting = JoinSet::new();
    accepting.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            connections.spawn(async move {
                // The client goes when it has had enough, which is the point of it.
                let _ = serve(socket).await;
            });
        }
    });
    (accepting, address)
}

fn http(address: &str) -> HttpConfig {
    let private_hosts = vec![address.to_owned()];
    HttpConfig { rate: 0.0, retries: 0, private: Private::Refuse, private_hosts, ..HttpConfig::default() }
}

async fn check(http: HttpConfig, address: &str, path: &str) -> Report {
    let mut config = CheckConfig { http, ..CheckConfig::default() };
    config.report.format = Some(Format::Json);
    let target = Target::parse(&format!("http://{address}{path}"), None).unwrap();
    timeout(BOUND, Checker::new(config).run(&target)).await.expect("it ends within its limits").unwrap()
}

/// What is said of each link of this page, where an answer may take so many seconds to come, and so many altogether.
async fn verdicts(address: &str, path: &str, read: u64, total: u64) -> HashMap<String, String> {
    let (read_timeout, total_timeout) = (Duration::from_secs(read), Duration::from_secs(total));
    let http = HttpConfig { per_host: 8, read_timeout, total_timeout, ..http(address) };
    let report = check(http, address, path).await;
    report.links().iter().map(|link| (link.text.to_owned(), link.verdict.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_is_ended_by_its_own_limit_and_told_for_what_it_is() {
    let (_server, address) = server().await;
    // The other limit is out of reach: else it might come first on a machine that stalls. And the list itself, which
    // obeys the same one, has some time to come.
    let (unanswered, unfinished) =
        tokio::join!(verdicts(&address, "/never-answered", 4, 60), verdicts(&address, "/never-finished", 60, 4));
    let all = |paths: &[&str], words: &str| -> HashMap<String, String> {
        paths.iter().map(|&path| (path.to_owned(), words.to_owned())).collect()
    };
    assert_eq!(unanswered, all(&NEVER_ANSWERED, "no answer in time: no answer for 4s"));
    assert_eq!(unfinished, all(&NEVER_FINISHED, "no answer in time: not finished within 4s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_as_large_as_they_may_be_are_read() {
    let (_server, address) = server().await;
    let report = check(http(&address), &address, "/large").await;
    assert_eq!(report.summary().pages, 2 + LARGE.len() as u64, "these, their list, and the one that they link to");
    let listed: Vec<_> = report.links().iter().map(|link| (link.page, link.verdict.reason)).collect();
    let [candidates, links] = ["/candidates", "/links"].map(|path| format!("http://{address}{path}"));
    assert_eq!(listed, [(&*candidates, Reason::TooManyLinks), (&*links, Reason::TooManyLinks)]);
    // Of a million links and a million candidates.
    let counts: HashMap<_, _> = report.summary().counts.reasons().collect();
    assert_eq!(counts[&Reason::BeyondLimit], 2 * (1_000_000 - 50_001));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_base_does_not_make_every_link_of_a_page_as_long_in_memory() {
    let (_server, address) = server().await;
    let report = check(http(&address), &address, "/bases").await;
    // Fifty thousand keys of four kilobytes each would be two hundred megabytes: fewer links are looked at.
    let counts: HashMap<_, _> = report.summary().counts.reasons().collect();
    assert_eq!(counts[&Reason::TooManyLinks], 1);
    assert!(counts[&Reason::BeyondLimit] > 1_000_000 - 20_000, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_refused_also_where_nothing_comes_out_of_it() {
    let (_server, address) = server().await;
    let fetcher = Fetcher::new(&HttpConfig { max_body: 1_000_000, ..http(&address) }).unwrap();
    for path in ["/long", "/nothing"] {
        let url = format!("http://{address}{path}").parse().unwrap();
        let error = timeout(BOUND, fetcher.page(&url)).await.expect("it ends").result.unwrap_err();
        assert_eq!(error.to_string(), "body larger than 1000000 bytes", "{path}");
    }
}

#[tokio::test]
async fn a_bomb_in_brotli_is_refused_before_it_goes_off() {
    bounded(async {
        let (text, mut bomb) = (vec![b' '; 15 * 1024 * 1024], Vec::new());
        let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
        brotli::BrotliCompress(&mut text.as_slice(), &mut bomb, &params).expect("a vector takes everything");
        assert!(bomb.len() * 1_000 < text.len(), "{}", bomb.len());
        let server = Server::start(move |_| Reply::html("").header("Content-Encoding", "br").body(&bomb)).await;
        let fetcher = Fetcher::new(&HttpConfig::default()).unwrap();
        let error = fetcher.page(&server.url("/")).await.result.unwrap_err();
        assert_eq!(error.to_string(), "body that decompresses to more than 200 times what was sent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_there_is_something_is_known_without_reading_it_to_its_end() {
    let (_server, address) = server().await;
    let fetcher = Fetcher::new(&HttpConfig { rate: 0.0, ..HttpConfig::default() }).unwrap();
    let start = Instant::now();
    let url = format!("http://{address}/elsewhere").parse().unwrap();
    timeout(BOUND, fetcher.probe(&url)).await.expect("it ends").result.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
