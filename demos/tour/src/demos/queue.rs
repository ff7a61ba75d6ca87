//! Work that is handed out and answered for.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::cancel::move_on_after;
use patterns_core::outcome::BoxError;
use patterns_core::queue::{GetError, WorkQueue};
use patterns_core::task_group::TaskGroup;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

use crate::{Demo, Stage, ms, site};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "queue",
    "Producers wait for room, consumers answer for what they took, and join knows when all is done, in a cycle too.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const ROOM: usize = 4;
const PAGES: u32 = 40;

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("four producers are faster than eight consumers, and the queue has room for four");
    let queue = WorkQueue::bounded(ROOM);
    stage.bound("waiting", ROOM);
    let checked = Arc::new(Mutex::new(Vec::new()));
    TaskGroup::new("check")
        .run(async |group| {
            for n in 1..=8 {
                let consumer = consume(
                    stage.clone(),
                    queue.clone(),
                    n,
                    Arc::clone(&checked),
                );
                group.spawn(format!("consumer {n}"), consumer);
            }
            let mut producers = Vec::new();
            for n in 1..=4 {
                producers.push(group.spawn(
                    format!("producer {n}"),
                    produce(stage.clone(), queue.clone(), n),
                ));
            }
            for producer in producers {
                producer.await?;
            }
            // Everything is put. Now wait until everything is answered for.
            queue.join().await?;
            let stats = queue.stats();
            say!(
                stage,
                "join returns: {} put, {} acknowledged, {} in work",
                stats.put,
                stats.acked,
                stats.in_flight
            );
            assert_eq!((stats.put, stats.acked, stats.in_flight), (40, 40, 0));
            // The consumers wait for more. Closing tells them that there won't be any.
            queue.close();
            Ok(())
        })
        .await?;
    say!(
        stage,
        "all consumers have ended; never more than {} links waited",
        queue.stats().peak_depth
    );
    assert!(queue.stats().peak_depth <= ROOM);
    let mut checked = std::mem::take(&mut *checked.lock());
    checked.sort_unstable();
    assert_eq!(
        checked,
        (0..40).collect::<Vec<_>>(),
        "nothing is lost, and nothing done twice"
    );

    stage.scene("a job that nobody answers goes back");
    let queue = WorkQueue::bounded(1);
    queue.put("docs.example/start").await?;
    let job = queue.get().await?;
    say!(stage, "a worker takes {} and forgets it", *job);
    drop(job);
    let job = queue.get().await?;
    say!(stage, "another gets {}: attempt {}", *job, job.attempt());
    assert_eq!(job.attempt(), 2);
    job.ack();
    queue.join().await?;

    stage.scene("a crawl is a cycle: pages bring up pages");
    let frontier =
        WorkQueue::builder(ROOM).dedupe_by(|page: &u32| *page).build()?;
    TaskGroup::new("crawl")
        .run(async |group| {
            for name in ["worker 1", "worker 2"] {
                group.spawn(name, crawl(stage.clone(), frontier.clone(), name));
            }
            frontier.put(1).await?;
            // Empty is not the end: somebody may be reading the page that leads to more.
            frontier.join().await?;
            frontier.close();
            Ok(())
        })
        .await?;
    let stats = frontier.stats();
    say!(
        stage,
        "the crawl has ended: {} pages read, {} links to known ones",
        stats.acked,
        stats.duplicates
    );
    assert_eq!(stats.acked, u64::from(PAGES));
    say!(
        stage,
        "pages that were found in others never waited for room: at most {} did",
        stats.peak_depth
    );
    assert!(stats.peak_depth > ROOM);
    Ok(())
}

async fn produce(
    stage: Stage,
    queue: WorkQueue<u32>,
    n: u32,
) -> Result<(), BoxError> {
    let me = format!("producer {n}");
    for link in (n - 1) * 10..n * 10 {
        stage.works(me.clone(), format!("finds link {link}"));
        sleep(ms(5)).await;
        stage.waits(me.clone(), "for room");
        queue.put(link).await?;
        stage.level("waiting", queue.len());
    }
    stage.rests(me.clone());
    say!(stage, "{me} has put its ten links");
    Ok(())
}

async fn consume(
    stage: Stage,
    queue: WorkQueue<u32>,
    n: u32,
    checked: Arc<Mutex<Vec<u32>>>,
) -> Result<(), GetError> {
    let me = format!("consumer {n}");
    loop {
        let job = match queue.get().await {
            Err(end) if end.is_closed() => return Ok(()),
            job => job?,
        };
        stage.level("waiting", queue.len());
        let check = stage.busy(me.clone(), format!("checks link {}", *job));
        sleep(ms(40)).await;
        check.done();
        checked.lock().push(*job);
        job.ack();
    }
}

async fn crawl(
    stage: Stage,
    frontier: WorkQueue<u32>,
    me: &'static str,
) -> Result<(), GetError> {
    loop {
        let job = match frontier.get().await {
            Err(end) if end.is_closed() => return Ok(()),
            job => job?,
        };
        let read = stage.busy(me, format!("reads page {}", *job));
        sleep(ms(10)).await;
        job.put_all(site::links(*job, PAGES)).expect("nobody shuts it down");
        job.ack();
        read.done();
        stage.level("waiting", frontier.len());
    }
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("the crawl with two tasks, and a channel with room for four from each to the other");
    let (put_link, links) = mpsc::channel(ROOM);
    let (put_page, pages) = mpsc::channel(ROOM);
    let both = async {
        tokio::join!(
            fetch(&stage, links, put_page),
            parse(&stage, pages, put_link)
        )
    };
    assert!(
        move_on_after(ms(500), both).await.is_none(),
        "it does not get anywhere"
    );
    let recording = stage.recording();
    let read = recording
        .bars
        .iter()
        .filter(|bar| bar.lane == "parse" && !bar.waits())
        .count();
    say!(
        stage,
        "nothing has moved for a while: {read} of {PAGES} pages are read, and each waits for the other"
    );
    assert_eq!(
        recording
            .bars
            .iter()
            .filter(|bar| bar.waits() && bar.to.is_none())
            .count(),
        2
    );
    say!(
        stage,
        "more room only moves the size of the site at which it stops; a WorkQueue has no such size"
    );
    Ok(())
}

async fn fetch(stage: &Stage, mut links: Receiver<u32>, pages: Sender<u32>) {
    while let Some(page) = links.recv().await {
        stage.works("fetch", format!("asks for page {page}"));
        sleep(ms(10)).await;
        stage.waits("fetch", format!("for room, to hand page {page} on"));
        if pages.send(page).await.is_err() {
            return;
        }
        stage.rests("fetch");
    }
}

async fn parse(stage: &Stage, mut pages: Receiver<u32>, links: Sender<u32>) {
    let mut seen = std::collections::HashSet::from([1]);
    let _ = links.send(1).await;
    while let Some(page) = pages.recv().await {
        stage.works("parse", format!("reads page {page}"));
        sleep(ms(2)).await;
        for link in site::links(page, PAGES)
            .into_iter()
            .filter(|link| seen.insert(*link))
        {
            stage.waits("parse", format!("for room, to put link {link}"));
            if links.send(link).await.is_err() {
                return;
            }
        }
        stage.rests("parse");
        say!(stage, "page {page} is read");
    }
}
