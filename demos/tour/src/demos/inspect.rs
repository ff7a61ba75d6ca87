//! What a running program waits for.
use std::sync::Arc;

use patterns_core::inspect;
use patterns_core::outcome::BoxError;
use patterns_core::queue::WorkQueue;
use patterns_core::semaphore::Semaphore;
use patterns_core::task_group::{CollectAll, TaskGroup};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "inspect",
    "A look at a program that stands still: every group and task, what it waits for, and who waits in a circle.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let cache = Semaphore::builder(1).name("cache").build()?;
    let index = Semaphore::builder(1).name("index").build()?;
    let pages = WorkQueue::<u32>::bounded(1);

    stage.scene("two tasks take the same two things, in different order");
    let settled = TaskGroup::new("crawl")
        .grace(ms(100))
        .policy(CollectAll)
        .run(async |group| {
            // ANCHOR: spawns
            group.spawn(
                "saver",
                takes(stage.clone(), "saver", cache.clone(), index.clone()),
            );
            group.spawn(
                "reader",
                takes(stage.clone(), "reader", index.clone(), cache.clone()),
            );
            let idle = pages.clone();
            group.spawn("worker", async move {
                idle.get().await.map(|job| job.ack())
            });
            let on = stage.clone();
            group.spawn("upload", async move {
                let _work = on.busy("upload", "sends the report");
                // A wait that is not of this crate can be given a name.
                inspect::label("the answer of the store", sleep(ms(60_000)))
                    .await;
                Ok::<_, BoxError>(())
            });
            // ANCHOR_END: spawns
            // ANCHOR: look
            sleep(ms(200)).await;
            let tree = inspect::tree();
            stage.say(&tree);
            assert_eq!(
                tree.stuck.len(),
                1,
                "the saver and the reader wait for each other"
            );
            let crawl = tree.group("crawl").expect("it is running");
            assert_eq!((crawl.live, crawl.tasks.len()), (4, 4));
            say!(
                stage,
                "and for a machine: {} bytes of JSON",
                tree.to_json().len()
            );
            group.cancel("they would never end");
            Ok(())
            // ANCHOR_END: look
        })
        .await;
    let (cancelled, aborted) =
        (settled.counts.cancelled, settled.stragglers.len());
    say!(
        stage,
        "{cancelled} tasks were cancelled, {aborted} of them aborted after their grace"
    );
    assert!(inspect::tree().groups.is_empty(), "nothing is left");
    Ok(())
}

// ANCHOR: takes
async fn takes(
    stage: Stage,
    me: &'static str,
    first: Semaphore,
    second: Semaphore,
) -> Result<(), BoxError> {
    let _first = first.acquire().await?;
    stage.works(me, format!("has the {}", first.status().name));
    sleep(ms(50)).await;
    stage.waits(me, format!("for the {}", second.status().name));
    let second = second.acquire().await;
    match &second {
        Ok(_) => {
            stage.rests(me);
            say!(stage, "{me} has both after all");
        }
        Err(error) => stage.stops(me, error),
    }
    second.map(drop).map_err(BoxError::from)
}
// ANCHOR_END: takes

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the same with plain locks and plain tasks");
    let (cache, index) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    // ANCHOR: broken
    for (me, first, second) in
        [("saver", &cache, &index), ("reader", &index, &cache)]
    {
        let (stage, first, second) =
            (stage.clone(), Arc::clone(first), Arc::clone(second));
        tokio::spawn(async move {
            let _first = first.lock().await;
            stage.works(me, "has one lock");
            sleep(ms(50)).await;
            stage.waits(me, "for the other");
            let _second = second.lock().await;
            say!(stage, "{me} has both");
        });
    }
    sleep(ms(300)).await;
    say!(stage, "nothing happens, and nobody says why");
    say!(stage, "what can be seen of it: {:?}", inspect::tree().to_string());
    // ANCHOR_END: broken
    assert!(inspect::tree().groups.is_empty());
    let waiting = stage
        .recording()
        .bars
        .iter()
        .filter(|bar| bar.waits() && bar.to.is_none())
        .count();
    assert_eq!(waiting, 2);
    Ok(())
}
