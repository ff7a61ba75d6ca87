//! A section that nothing cuts in half.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::cancel::{shield, timeout};
use patterns_core::outcome::BoxError;
use patterns_core::reaper::Reaper;
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "shield",
    "A commit section finishes although its caller times out, is cancelled or aborted, and somebody waits for it.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// A page and the index that leads to it: of use only together.
type Disk = Arc<Mutex<Vec<&'static str>>>;

async fn play(stage: Stage) -> Result<(), BoxError> {
    timed_out(&stage).await;
    aborted(&stage).await;
    limited(&stage).await;
    Ok(())
}

// ANCHOR: timed_out
async fn timed_out(stage: &Stage) {
    stage.scene("the caller times out in the middle of a commit");
    let (start, disk) = (Instant::now(), Disk::default());
    let save = async {
        stage.works("caller 1", "saves");
        let section = commit(stage.clone(), disk.clone(), "commit 1");
        let saved = timeout(ms(50), shield(ms(1000), section)).await;
        let elapsed = saved.expect_err("the commit takes longer");
        stage.stops("caller 1", "out of time");
        say!(stage, "the caller: {elapsed}");
        stage.assert_took(start, ms(50));
    };
    // Whoever is left with a section waits for it:
    // here the root, that is what a main function is wrapped in.
    Reaper::new().run(save).await;
    stage.assert_took(start, ms(100));
    say!(stage, "on disk: {:?}", disk.lock());
    assert_eq!(*disk.lock(), ["page", "index"]);
}
// ANCHOR_END: timed_out

// ANCHOR: aborted
async fn aborted(stage: &Stage) {
    stage.scene("the caller is aborted, and its group waits for the commit");
    let disk = Disk::default();
    let settled = TaskGroup::new("crawl")
        .grace(ms(20))
        .policy(CollectAll)
        .run(async |group| {
            let (on, to) = (stage.clone(), disk.clone());
            let saver = group.spawn("saver", async move {
                let work = on.busy("caller 2", "saves");
                shield(ms(1000), commit(on.clone(), to, "commit 2")).await?;
                work.done();
                Ok::<_, BoxError>(())
            });
            sleep(ms(50)).await;
            saver.cancel("the user stops the crawl");
            let failed = saver.await.expect_err("its grace is too short");
            say!(stage, "{failed}");
            Ok(())
        })
        .await;
    say!(stage, "the group has ended; on disk: {:?}", disk.lock());
    assert_eq!(settled.stragglers.len(), 1);
    assert_eq!(*disk.lock(), ["page", "index"]);
}
// ANCHOR_END: aborted

// ANCHOR: limited
async fn limited(stage: &Stage) {
    stage.scene("nothing lasts for ever: a section has a limit of its own");
    let section = commit(stage.clone(), Disk::default(), "commit 3");
    let saved = shield(ms(30), section).await;
    let error = saved.expect_err("the commit takes longer");
    stage.stops("commit 3", &error);
    say!(stage, "{error}");
    assert!(error.is_elapsed());
}
// ANCHOR_END: limited

// ANCHOR: commit
async fn commit(stage: Stage, disk: Disk, name: &'static str) {
    stage.works(name, "writes the page");
    sleep(ms(50)).await;
    disk.lock().push("page");
    say!(stage, "{name}: the page is written");
    stage.works(name, "writes the index");
    sleep(ms(50)).await;
    disk.lock().push("index");
    stage.rests(name);
    say!(stage, "{name}: the index is written");
}
// ANCHOR_END: commit

// ANCHOR: broken
async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same without a shield");
    let disk = Disk::default();
    let section = commit(stage.clone(), disk.clone(), "commit");
    let saved = timeout(ms(70), section).await;
    let elapsed = saved.expect_err("the commit takes longer");
    stage.stops("commit", "dropped");
    say!(stage, "the caller: {elapsed}");
    say!(stage, "on disk: {:?}, and nothing leads to it", disk.lock());
    assert_eq!(*disk.lock(), ["page"]);
    Ok(())
}
// ANCHOR_END: broken
