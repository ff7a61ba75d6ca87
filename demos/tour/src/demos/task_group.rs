//! Tasks that don't outlive the block that started them.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use patterns_core::context;
use patterns_core::outcome::BoxError;
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::time::sleep;

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "task_group",
    "The first error asks the siblings to stop, all of them clean up before the group ends, and every error is kept.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let shop = Host::answering("shop.example", |_, _| (ms(250), 503));
    first_error(&stage, &shop).await;
    cancel_one(&stage).await?;
    collect_all(&stage, &shop).await;
    Ok(())
}

// ANCHOR: first_error
async fn first_error(stage: &Stage, shop: &Host) {
    stage.scene("three hosts are crawled, and one of them fails");
    let errors = TaskGroup::new("site")
        .run(async |group| {
            group.spawn("docs", crawl(stage.clone(), "docs", true));
            group.spawn("blog", crawl(stage.clone(), "blog", false));
            group.spawn("shop", fetch(stage.clone(), "shop", shop.clone()));
            Ok(())
        })
        .await
        .expect_err("the shop is down");
    say!(stage, "the group has ended, after the last cleanup; its errors are");
    stage.say(errors.tree());
    // The shop's, and the one of the blog's cleanup.
    // That docs stopped when it was asked to is no error.
    let paths: Vec<_> =
        errors.leaves().map(|leaf| leaf.path().to_string()).collect();
    assert_eq!(paths, ["site/shop", "site/blog"]);
}
// ANCHOR_END: first_error

// ANCHOR: cancel_one
async fn cancel_one(stage: &Stage) -> Result<(), BoxError> {
    stage.scene("one child is asked to stop; the others are not concerned");
    let host = Host::new("home.example", ms(300));
    let page = TaskGroup::new("site")
        .run(async |group| {
            let docs = group.spawn("docs", crawl(stage.clone(), "docs", true));
            let home = group.spawn("home", fetch(stage.clone(), "home", host));
            sleep(ms(150)).await;
            docs.cancel("docs have not changed");
            let failed = docs.await.expect_err("it was cancelled");
            let ran_for = failed.ran_for().as_millis();
            say!(stage, "{} ended after {ran_for} ms", failed.path());
            let cause = failed.cause().expect("it was cancelled");
            let (why, by) = (cause.message(), cause.origin());
            say!(stage, "why: {why}; asked for by {by}");
            say!(stage, "where: {}", cause.place());
            Ok(home.await?)
        })
        .await?;
    say!(stage, "home/{page} was fetched all the same");
    assert_eq!(page, 1);
    Ok(())
}
// ANCHOR_END: cancel_one

// ANCHOR: collect_all
async fn collect_all(stage: &Stage, shop: &Host) {
    stage.scene("CollectAll: nobody is stopped by a sibling's error");
    let home = Host::new("home.example", ms(400));
    let settled = TaskGroup::new("site")
        .policy(CollectAll)
        .run(async |group| {
            let shop =
                group.spawn("shop", fetch(stage.clone(), "shop", shop.clone()));
            let home = group.spawn("home", fetch(stage.clone(), "home", home));
            Ok([shop.outcome().await.is_ok(), home.outcome().await.is_ok()])
        })
        .await;
    let counts = settled.counts;
    say!(stage, "{} child succeeded, {} failed", counts.ok, counts.failed);
    assert_eq!((counts.ok, counts.failed), (1, 1));
    assert_eq!(settled.value, Some([false, true]));
}
// ANCHOR_END: collect_all

// ANCHOR: crawl
/// Reads pages until it is asked to stop; then cleans up, which may fail.
async fn crawl(
    stage: Stage,
    name: &'static str,
    can_save: bool,
) -> Result<(), BoxError> {
    loop {
        let page = stage.busy(name, "reads a page");
        let Err(interrupt) = context::sleep(ms(100)).await else {
            page.done();
            continue;
        };
        page.stopped(&interrupt);
        say!(stage, "{name}: {interrupt}");
        stage.cleans_up(name, "saves");
        sleep(ms(60)).await;
        if can_save {
            stage.rests(name);
            say!(stage, "{name}: saved");
            return Err(interrupt.into());
        }
        stage.fails(name, "the disk is full");
        say!(stage, "{name}: cannot save");
        return Err("cannot save: the disk is full".into());
    }
}
// ANCHOR_END: crawl

async fn fetch(
    stage: Stage,
    name: &'static str,
    host: Host,
) -> Result<u32, FetchError> {
    let page = stage.busy(name, "fetches a page");
    page.ended(host.get(1).await)
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("two tasks of nobody's, and a `?`");
    let saved = Arc::new(AtomicU32::new(0));
    let error = check(&stage, &saved).await.expect_err("the shop is down");
    let by_then = saved.load(SeqCst);
    say!(
        stage,
        "check has failed: {error}; {by_then} page was saved, and we close the database"
    );
    sleep(ms(300)).await;
    let after = saved.load(SeqCst) - by_then;
    say!(
        stage,
        "{after} pages were \"saved\" after that, and nobody knows that somebody still tries"
    );
    assert!(after > 0);
    Ok(())
}

// ANCHOR: check
async fn check(stage: &Stage, saved: &Arc<AtomicU32>) -> Result<(), BoxError> {
    let docs = tokio::spawn(save(stage.clone(), Arc::clone(saved)));
    let shop = tokio::spawn(fetch(
        stage.clone(),
        "shop",
        Host::answering("shop.example", |_, _| (ms(150), 503)),
    ));
    // The mistake: this returns at once, and what was spawned above goes on.
    shop.await??;
    docs.await?;
    Ok(())
}

async fn save(stage: Stage, saved: Arc<AtomicU32>) {
    for page in 1.. {
        stage.works("docs", format!("saves page {page}"));
        sleep(ms(100)).await;
        saved.fetch_add(1, SeqCst);
        say!(stage, "docs: saved page {page}");
    }
}
// ANCHOR_END: check
