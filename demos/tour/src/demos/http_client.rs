//! One client for all requests, and a download that goes on where it was cut.
mod server;

use std::io;
use std::path::Path;
use std::sync::Arc;

use patterns_core::cancel::timeout;
use patterns_core::exit_stack::transaction;
use patterns_core::fallback::NoFallback;
use patterns_core::gather::try_map_concurrent;
use patterns_core::outcome::BoxError;
use patterns_core::policy::{Policy, PolicyError, rank};
use patterns_core::retry::{Exponential, Jitter, Retry, RetryIf};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap,
    HeaderValue, IF_RANGE, RANGE,
};
use reqwest::{
    Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode,
    redirect,
};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use self::server::{CUT, KEY, Server, WHOLE, Wire, export};
use super::files::{Draft, names};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "http_client",
    "One client for all requests, so that connections are used again; a download that is cut goes on, and is whole.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const THERE: &str = "bytes there";

// ANCHOR: error
/// Why a request has not got what it was for.
#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("no answer")]
    Exchange(#[from] reqwest::Error),
    #[error("cut after {have} of {whole} bytes")]
    Cut { have: u64, whole: u64, source: Option<reqwest::Error> },
    #[error("the answer is not the rest, or does not say how long it is")]
    NotTheRest,
    #[error("the file can't be written")]
    File(#[from] io::Error),
}

impl ApiError {
    /// Whether another attempt may go better.
    fn is_transient(&self) -> bool {
        match self {
            Self::Status(status) => status.is_server_error(),
            Self::Exchange(_) | Self::Cut { .. } => true,
            Self::NotTheRest | Self::File(_) => false,
        }
    }
}
// ANCHOR_END: error

// ANCHOR: api
/// Whether an error is worth another attempt.
type IfTransient = RetryIf<fn(&ApiError) -> bool>;

/// A client of one API. All that use it share its connections.
struct Api {
    http: Client,
    base: String,
    again: Retry<Exponential, IfTransient>,
    /// The same, with a limit for each attempt.
    limited: Policy<rank::AttemptTimeout, NoFallback, Exponential, IfTransient>,
    /// Only to hold virtual time while bytes are on their way.
    wire: Wire,
}

impl Api {
    fn new(base: String, key: &str, wire: Wire) -> Result<Self, BoxError> {
        let mut key = HeaderValue::try_from(format!("Bearer {key}"))?;
        key.set_sensitive(true); // never in a log
        let http = plain()?
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, key)]))
            .connect_timeout(ms(1000))
            .read_timeout(ms(2000))
            // The key goes to the base, and nowhere else.
            .redirect(redirect::Policy::none())
            .build()?;
        let again = Retry::exponential(ms(50))
            .jitter(Jitter::None)
            .max_attempts(3)
            .retry_if(ApiError::is_transient as fn(&ApiError) -> bool);
        let limited =
            Policy::new().retry(again.clone()).attempt_timeout(ms(500));
        Ok(Self { http, base, again, limited, wire })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }
}
// ANCHOR_END: api

impl Api {
    // ANCHOR: get
    /// What is there; asked for again where that may go better.
    async fn get(&self, path: &str) -> Result<String, PolicyError<ApiError>> {
        let attempt = || self.wire.carry(text(self.request(Method::GET, path)));
        self.limited.run(attempt).await
    }

    /// Has something done. Once: without an answer nobody knows whether it is.
    async fn post(&self, path: &str, body: &str) -> Result<String, BoxError> {
        let request = self.request(Method::POST, path).body(body.to_owned());
        let exchange = self.wire.carry(text(request));
        Ok(timeout(ms(500), exchange).await??)
    }
    // ANCHOR_END: get

    // ANCHOR: whole
    /// Fetches a file to its place: all of it, or nothing.
    async fn download(
        &self,
        stage: &Stage,
        path: &str,
        place: &Path,
    ) -> Result<u64, BoxError> {
        let draft = Draft::create(place).await?;
        let fetched = transaction(draft, async |draft| {
            let (api, have, version) = (self, 0, None);
            let file = Download { api, path, draft, have, version };
            // There is one attempt at a time: nobody ever waits for it.
            let file = Mutex::new(file);
            let attempt = || async {
                stage.rests("download");
                let mut file = file.lock().await;
                let ended = self.wire.carry(file.go_on()).await;
                stage.level(THERE, file.have as usize);
                if let Err(error) = &ended {
                    say!(stage, "{error}");
                    stage.waits("download", "before it goes on");
                }
                ended
            };
            Ok(self.again.run(attempt).await?)
        });
        Ok(fetched.await?)
    }
    // ANCHOR_END: whole
}

// ANCHOR: send
/// Sends a request, and reads the answer to its end.
async fn text(request: RequestBuilder) -> Result<String, ApiError> {
    Ok(send(request).await?.text().await?)
}

/// Sends a request, and gives the answer if it is a good one.
async fn send(request: RequestBuilder) -> Result<Response, ApiError> {
    let answer = request.send().await?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        status => Err(ApiError::Status(status)),
    }
}
// ANCHOR_END: send

// ANCHOR: download
/// A file on its way.
struct Download<'a> {
    api: &'a Api,
    path: &'a str,
    draft: &'a mut Draft,
    /// How many bytes of it are in the draft.
    have: u64,
    /// Of which version they are.
    version: Option<HeaderValue>,
}

impl Download<'_> {
    /// Fetches what is missing, as far as the connection lasts.
    async fn go_on(&mut self) -> Result<u64, ApiError> {
        let request = self.api.request(Method::GET, self.path);
        let mut request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(version) = self.version.clone() {
            // The rest of this version, or all of another one.
            let range = format!("bytes={}-", self.have);
            request = request.header(RANGE, range).header(IF_RANGE, version);
        }
        let mut answer = send(request).await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            self.draft.clear().await?;
            self.have = 0;
        } else if !begins_at(&answer, self.have) {
            return Err(ApiError::NotTheRest);
        }
        self.version = answer.headers().get(ETAG).cloned();
        let rest = answer.content_length().ok_or(ApiError::NotTheRest)?;
        let whole = self.have + rest;
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    self.draft.file.write_all(&chunk).await?;
                    self.have += chunk.len() as u64;
                }
                Ok(None) if self.have == whole => return Ok(whole),
                cut => {
                    let (have, source) = (self.have, cut.err());
                    return Err(ApiError::Cut { have, whole, source });
                }
            }
        }
    }
}

/// Whether an answer is the part of a file from this byte on.
fn begins_at(answer: &Response, byte: u64) -> bool {
    let range = answer.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {byte}-")))
}
// ANCHOR_END: download

/// A client's builder: the server speaks no TLS, and is behind no proxy.
fn plain() -> Result<ClientBuilder, BoxError> {
    // Given to the client, so that the process needs no default provider.
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).no_proxy())
}

async fn play(stage: Stage) -> Result<(), BoxError> {
    let server = Server::start(&stage).await?;
    let api = Api::new(server.base(), KEY, server.wire())?;
    reuse(&stage, &server, &api).await?;
    troubles(&stage, &server, &api).await?;
    let folder = tempfile::tempdir()?;
    downloads(&stage, &server, &api, folder.path()).await?;
    Ok(())
}

async fn reuse(
    stage: &Stage,
    server: &Server,
    api: &Api,
) -> Result<(), BoxError> {
    stage.scene("five pages with one client, each is read for 20 ms");
    for page in 1..=5 {
        let html = visit(stage, api, 1, page).await?;
        say!(stage, "page {page}: {html}");
    }
    let (requests, opened) = (server.requests(), server.connections());
    say!(stage, "{requests} requests, connections: {opened}");
    assert!(opened == 1 || !stage.is_virtual());

    stage.scene("forty more, four at a time");
    // ANCHOR: reuse
    let pages = try_map_concurrent(6..=45, 4, |page| {
        visit(stage, api, page % 4 + 1, page)
    });
    let pages = pages.await?;
    let opened = server.connections();
    say!(stage, "{} requests, connections in all: {opened}", pages.len());
    // ANCHOR_END: reuse
    assert!(opened == 4 || !stage.is_virtual());
    Ok(())
}

// ANCHOR: visit
/// Fetches a page and reads it.
async fn visit(
    stage: &Stage,
    api: &Api,
    reader: u32,
    page: u32,
) -> Result<String, PolicyError<ApiError>> {
    // Begun before the answer: those come in any order.
    let work = stage.busy(format!("reader {reader}"), format!("page {page}"));
    let html = api.get(&format!("/page/{page}")).await?;
    sleep(ms(20)).await; // it reads; the connection is free meanwhile
    work.done();
    Ok(html)
}
// ANCHOR_END: visit

/// Takes a moment, in which the connection is free.
async fn read(stage: &Stage, reader: u32, page: u32) {
    let work = stage.busy(format!("reader {reader}"), format!("page {page}"));
    sleep(ms(20)).await;
    work.done();
}

async fn troubles(
    stage: &Stage,
    server: &Server,
    api: &Api,
) -> Result<(), BoxError> {
    stage.scene("what may go better is tried again, and nothing else");
    // ANCHOR: troubles
    let answer = api.get("/busy").await?;
    let attempts = server.asked("/busy").len();
    say!(stage, "/busy: {answer:?}, after {attempts} attempts");

    let start = Instant::now();
    stage.waits("client", "for an answer");
    let answer = api.get("/hangs").await?;
    stage.rests("client");
    say!(stage, "/hangs: {answer:?}, the first attempt took its 500 ms");
    stage.assert_took(start, ms(500 + 50));

    let error = api.get("/nowhere").await.expect_err("there is no such page");
    let cause = error.error().map(ToString::to_string).unwrap_or_default();
    let attempts = server.asked("/nowhere").len();
    say!(stage, "/nowhere: {cause}; attempts: {attempts}");

    let answer = api.post("/checks", "docs.example").await?;
    say!(stage, "a post to /checks: {answer:?}");
    let error = api.post("/full", "docs.example").await.expect_err("it is");
    let attempts = server.asked("/full").len();
    say!(stage, "a post to /full: {error}; attempts: {attempts}");
    // ANCHOR_END: troubles
    assert_eq!(attempts, 1, "a post is not made again");
    Ok(())
}

async fn downloads(
    stage: &Stage,
    server: &Server,
    api: &Api,
    folder: &Path,
) -> Result<(), BoxError> {
    let place = folder.join("export.csv");
    stage.bound(THERE, WHOLE);
    stage.level(THERE, 0);

    stage.scene("a download is cut, and goes on from there");
    // ANCHOR: downloads
    let bytes = api.download(stage, "/export/cut", &place).await?;
    let from = server.asked("/export/cut");
    say!(stage, "{bytes} bytes; asked for from {from:?}");
    assert!(fs::read(&place).await? == export(1));
    // ANCHOR_END: downloads
    say!(stage, "there is {:?}", names(folder).await?);
    assert_eq!(from, [0, CUT]);
    sleep(ms(50)).await;

    stage.scene("the file is another one when it goes on: all of that one");
    stage.level(THERE, 0);
    let bytes = api.download(stage, "/export/changes", &place).await?;
    let from = server.asked("/export/changes");
    say!(stage, "{bytes} bytes; asked for from {from:?}");
    assert!(fs::read(&place).await? == export(2), "nothing of the first");
    sleep(ms(50)).await;

    stage.scene("a server that always hangs up");
    stage.level(THERE, 0);
    let failed = api.download(stage, "/export/never", &place).await;
    let failed = failed.expect_err("it never sends anything");
    stage.fails("download", &failed);
    say!(stage, "{failed}");
    let is_old = fs::read(&place).await? == export(2);
    say!(stage, "there is {:?}", names(folder).await?);
    assert!(is_old, "what was there before stays");
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    let server = Server::start(&stage).await?;
    let folder = tempfile::tempdir()?;
    a_client_each(&stage, &server).await?;
    in_place(&stage, &server, &folder.path().join("export.csv")).await?;
    Ok(())
}

// ANCHOR: a_client_each
async fn get(url: &str) -> Result<String, BoxError> {
    let client = plain()?.build()?;
    let answer = client.get(url).bearer_auth(KEY).send().await?;
    Ok(answer.error_for_status()?.text().await?)
}
// ANCHOR_END: a_client_each

async fn a_client_each(stage: &Stage, server: &Server) -> Result<(), BoxError> {
    stage.scene("five pages, with a client for each of them");
    for page in 1..=5 {
        let url = format!("{}/page/{page}", server.base());
        let html = server.wire().carry(get(&url)).await?;
        read(stage, 1, page).await;
        say!(stage, "page {page}: {html}");
    }
    let (requests, opened) = (server.requests(), server.connections());
    say!(stage, "{requests} requests, connections: {opened}");
    assert_eq!(opened, requests);
    Ok(())
}

// ANCHOR: careless
/// Fetches a file, unless it has been fetched before.
async fn fetch(
    client: &Client,
    url: &str,
    place: &Path,
) -> Result<&'static str, BoxError> {
    if fs::try_exists(place).await? {
        return Ok("it is there already");
    }
    let answer = client.get(url).bearer_auth(KEY).send().await?;
    let mut answer = answer.error_for_status()?;
    let mut file = File::create(place).await?;
    while let Some(chunk) = answer.chunk().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok("fetched")
}
// ANCHOR_END: careless

async fn in_place(
    stage: &Stage,
    server: &Server,
    place: &Path,
) -> Result<(), BoxError> {
    stage.scene("a download, straight to its place, is cut");
    stage.bound(THERE, WHOLE);
    stage.level(THERE, 0);
    let client = plain()?.build()?;
    let url = format!("{}/export/cut", server.base());
    // ANCHOR: in_place
    for night in ["monday", "tuesday"] {
        let wire = server.wire();
        match wire.carry(fetch(&client, &url, place)).await {
            Ok(done) => say!(stage, "{night}: {done}"),
            Err(_) => say!(stage, "{night}: failed, tomorrow is a new day"),
        }
        sleep(ms(50)).await;
        let there = fs::metadata(place).await?.len();
        stage.level(THERE, there as usize);
        say!(stage, "{there} of {WHOLE} bytes are at its place");
        assert!(there < WHOLE as u64);
    }
    // ANCHOR_END: in_place
    say!(stage, "from now on it is there already, every night");
    sleep(ms(50)).await;
    Ok(())
}
