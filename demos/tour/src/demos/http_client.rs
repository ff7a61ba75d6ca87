//! One client for all requests, and a download that goes on where it was cut.
mod api;
mod download;
mod error;
mod scenes;
mod server;

use std::path::Path;

use patterns_core::outcome::BoxError;
use reqwest::Client;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use self::api::{Api, plain};
use self::scenes::{downloads, reuse, troubles};
use self::server::{KEY, Server, WHOLE};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "http_client",
    "One client for all requests, so that connections are used again; a download that is cut goes on, and is whole.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const THERE: &str = "bytes there";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let server = Server::start(&stage).await?;
    let api = Api::new(server.base(), KEY, server.wire())?;
    reuse(&stage, &server, &api).await?;
    troubles(&stage, &server, &api).await?;
    let folder = tempfile::tempdir()?;
    downloads(&stage, &server, &api, folder.path()).await?;
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

/// Takes a moment, in which the connection is free.
async fn read(stage: &Stage, reader: u32, page: u32) {
    let work = stage.busy(format!("reader {reader}"), format!("page {page}"));
    sleep(ms(20)).await;
    work.done();
}

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
