//! What is done with the client.
use std::path::Path;

use patterns_core::gather::try_map_concurrent;
use patterns_core::outcome::BoxError;
use patterns_core::policy::PolicyError;
use tokio::fs;
use tokio::time::{Instant, sleep};

use super::THERE;
use super::api::Api;
use super::error::ApiError;
use super::server::{CUT, Server, WHOLE, export};
use crate::demos::files::Listing;
use crate::{Stage, ms};

pub(super) async fn reuse(
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

pub(super) async fn troubles(
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

pub(super) async fn downloads(
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
    say!(stage, "there is {}", Listing::of(folder).await?);
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
    say!(stage, "there is {}", Listing::of(folder).await?);
    assert!(is_old, "what was there before stays");
    Ok(())
}
