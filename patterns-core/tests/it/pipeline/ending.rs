use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::outcome::{BoxError, ErrorGroup, FailureKind};
use patterns_core::pipeline::{Pipeline, StageError};
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use super::pass;
use crate::support::{Log, ms, secs};

/// Works until it is told to stop, then cleans up for two seconds.
async fn works_until_told(number: u32, log: Log) -> Result<u32, BoxError> {
    let slept = context::sleep(secs(3600)).await;
    if slept.is_err() {
        sleep(secs(2)).await;
        log.add(format!("{number} cleaned"));
    }
    slept?;
    Ok(number)
}

/// A step under which item 1 fails after a second, and the others work until they are told to stop.
async fn fails_at_one(number: u32, log: Log) -> Result<u32, BoxError> {
    if number == 1 {
        sleep(secs(1)).await;
        return Err("no such page".into());
    }
    works_until_told(number, log).await
}

#[tokio::test(start_paused = true)]
async fn the_first_error_names_stage_and_item_and_stops_all_with_their_cleanup() {
    let (log, start) = (Log::default(), Instant::now());
    let failed = Pipeline::from_items("import", 0..10)
        .stage("fetch", 3, {
            let log = log.clone();
            move |number| fails_at_one(number, log.clone())
        })
        .collect()
        .await
        .unwrap_err();
    assert_eq!(failed.to_string(), "import: fetch: item 1: no such page");
    let item = failed.first().unwrap();
    assert_eq!((item.stage(), item.item(), item.error().to_string().as_str()), ("fetch", 1, "no such page"));
    assert_eq!(item.place().file(), file!());
    assert_eq!(failed.errors().first().path().to_string(), "import/fetch");
    assert_eq!(failed.errors().leaves().count(), 1, "who was only told to stop is no failure");

    let mut cleaned = log.all();
    cleaned.sort();
    assert_eq!(cleaned, ["0 cleaned", "2 cleaned"]);
    assert_eq!(start.elapsed(), secs(3));

    let report = failed.report();
    assert_eq!((report.entered(), report.delivered(), report.failed()), (4, 0, 1));
    assert_eq!((report.abandoned(), report.inside()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_of_its_item_with_text_and_place() {
    let failed = Pipeline::from_items("import", 0..10)
        .stage("parse", 2, async |number: u32| {
            assert!(number != 3, "bad page");
            Ok::<_, Infallible>(number)
        })
        .collect()
        .await
        .unwrap_err();
    let item = failed.first().unwrap();
    assert_eq!((item.stage(), item.item()), ("parse", 3));
    let panic = item.panic().unwrap();
    assert_eq!(panic.message(), "bad page");
    assert!(panic.place().unwrap().contains("ending.rs"));
    assert_eq!(failed.report().failed(), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_and_panics_of_the_source_stop_it_too() {
    let failed = Pipeline::from_try_stream("import", stream::iter([Ok(1), Err("disk is gone"), Ok(3)]))
        .stage("pass", 2, pass)
        .collect()
        .await
        .unwrap_err();
    assert_eq!(failed.to_string(), "import: source: item 1: disk is gone");

    let items = stream::iter(0..5).inspect(|number| assert!(*number < 2, "broken source"));
    let failed = Pipeline::from_stream("import", items).stage("pass", 2, pass).collect().await.unwrap_err();
    let item = failed.first().unwrap();
    assert_eq!((item.stage(), item.item(), item.panic().unwrap().message()), ("source", 2, "broken source"));
}

#[tokio::test(start_paused = true)]
async fn errors_and_panics_of_the_sink_stop_it_too() {
    let full = Pipeline::from_items("import", 0..).for_each(async |number: u32| match number {
        2 => Err("disk is full"),
        _ => Ok(()),
    });
    let failed = full.await.unwrap_err();
    assert_eq!(failed.to_string(), "import: item 2: disk is full");
    assert_eq!(failed.first().unwrap().stage(), "sink");
    assert_eq!((failed.report().delivered(), failed.report().failed()), (2, 1));

    let broken = Pipeline::from_items("import", 0..).for_each(async |number: u32| {
        assert!(number < 2, "broken sink");
        Ok::<_, Infallible>(())
    });
    let failed = broken.await.unwrap_err();
    let item = failed.first().unwrap();
    assert_eq!((item.stage(), item.panic().unwrap().message()), ("sink", "broken sink"));
}

#[tokio::test(start_paused = true)]
async fn errors_of_a_stage_that_is_a_stream_are_numbered_by_what_it_makes() {
    let failed = Pipeline::from_items("import", 0..20)
        .through("pairs", |items| {
            items.chunks(2).map(|pair| if pair[0] < 6 { Ok(pair) } else { Err(format!("bad pair {pair:?}")) })
        })
        .collect()
        .await
        .unwrap_err();
    assert_eq!(failed.to_string(), "import: pairs: item 3: bad pair [6, 7]");
}

#[tokio::test(start_paused = true)]
async fn several_that_fail_at_the_same_time_are_all_told() {
    let failed = Pipeline::from_items("import", 0..3)
        .unordered_stage("fetch", 3, async |number: u32| {
            sleep(secs(1)).await;
            Err::<u32, _>(format!("bad {number}"))
        })
        .collect()
        .await
        .unwrap_err();
    let mut texts: Vec<_> = failed.errors().errors_of::<StageError>().map(|(_, error)| error.to_string()).collect();
    texts.sort();
    assert_eq!(texts, ["item 0: bad 0", "item 1: bad 1", "item 2: bad 2"]);
    assert_eq!(failed.report().failed(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stage_behind_a_failed_one_never_takes_what_it_got_for_the_whole() {
    let run = async |bad: u32| {
        let log = Log::default();
        let end = {
            let log = log.clone();
            stream::once(async move { log.add("saw the end") }).filter_map(async |()| None::<u32>)
        };
        let result = Pipeline::from_items("import", 0..3)
            .stage("fetch", 1, move |number| async move { if number == bad { Err("bad page") } else { Ok(number) } })
            .through("total", |items| items.chain(end).map(Ok::<_, Infallible>))
            .collect()
            .await;
        (result.is_ok(), log.has("saw the end"))
    };
    assert_eq!(run(99).await, (true, true));
    assert_eq!(run(2).await, (false, false), "and neither after the last but one item");
    assert_eq!(run(0).await, (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_context_stops_all_stages_and_the_report_says_where_everything_was() {
    let token = CancelToken::new();
    let pipeline = Pipeline::from_items("import", 0..).stage("work", 2, async |number: u32| {
        context::sleep(secs(1)).await?;
        Ok::<_, Interrupt>(number)
    });
    let run = Context::current().with_token(token.clone()).scope(pipeline.collect());
    let (result, ()) = tokio::join!(run, async {
        sleep(ms(2500)).await;
        token.cancel("enough");
    });
    let failed = result.unwrap_err();
    assert!(failed.is_cancelled() && failed.first().is_none());
    assert_eq!(failed.errors().cause().unwrap().message(), "enough");
    let report = failed.report();
    assert_eq!((report.entered(), report.delivered(), report.failed()), (7, 4, 0));
    assert_eq!((report.abandoned(), report.inside()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_context_stops_stages_that_never_wait() {
    let token = CancelToken::new();
    let pipeline = Pipeline::from_items("import", 0_u64..).stage("work", 2, async |number| Ok::<_, Infallible>(number));
    let mut seen = 0;
    let run = pipeline.for_each(async |_| {
        seen += 1;
        if seen == 1_000 {
            token.cancel("enough");
        }
        Ok::<_, Infallible>(())
    });
    let failed = Context::current().with_token(token.clone()).scope(run).await.unwrap_err();
    assert!(failed.is_cancelled());
    assert_eq!(failed.report().delivered(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_it_is_cancelled() {
    let start = Instant::now();
    let pipeline = Pipeline::from_items("import", 0..).stage("work", 2, async |number: u32| {
        context::sleep(secs(1)).await?;
        Ok::<_, Interrupt>(number)
    });
    let context = Context::current().with_deadline(start + ms(2500));
    let failed = context.scope(pipeline.collect()).await.unwrap_err();
    assert!(failed.is_cancelled());
    assert_eq!(start.elapsed(), ms(2500));
}

#[tokio::test(start_paused = true)]
async fn dropped_it_hands_its_workers_over_and_their_cleanup_finishes() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    let monitor = root
        .run(async {
            let pipeline = Pipeline::from_items("import", 0..).stage("work", 2, {
                let log = log.clone();
                move |number| works_until_told(number, log.clone())
            });
            let monitor = pipeline.monitor();
            assert!(timeout(secs(1), pipeline.collect()).await.is_err());
            assert_eq!(monitor.report().stage("work").unwrap().in_flight, 2);
            monitor
        })
        .await;
    let mut cleaned = log.all();
    cleaned.sort();
    assert_eq!(cleaned, ["0 cleaned", "1 cleaned"]);
    assert_eq!(start.elapsed(), secs(3));
    let report = monitor.report();
    assert_eq!((report.entered(), report.abandoned(), report.inside()), (3, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_deaf_is_aborted_after_the_grace_and_named() {
    let start = Instant::now();
    let failed = Pipeline::from_items("import", 0..2)
        .stage("work", 2, async |number: u32| {
            sleep(if number == 0 { secs(3600) } else { secs(1) }).await;
            Err::<u32, _>("bad page")
        })
        .grace(secs(3))
        .collect()
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), secs(4));
    let kinds: Vec<_> = failed.errors().leaves().map(|leaf| (leaf.path().to_string(), leaf.kind())).collect();
    let work = || "import/work".to_owned();
    assert_eq!(kinds, [(work(), FailureKind::Error), (work(), FailureKind::Straggler)]);
    assert_eq!((failed.report().failed(), failed.report().abandoned()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_item_is_delivered_failed_or_dropped_and_counted_so() {
    struct Item {
        number: u32,
        dropped: Arc<AtomicUsize>,
    }
    impl Drop for Item {
        fn drop(&mut self) {
            self.dropped.fetch_add(1, SeqCst);
        }
    }
    let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let delivered = Mutex::new(Vec::new());
    let items = {
        let (made, dropped) = (Arc::clone(&made), Arc::clone(&dropped));
        (0..).map(move |number| {
            made.fetch_add(1, SeqCst);
            Item { number, dropped: Arc::clone(&dropped) }
        })
    };
    let failed = Pipeline::from_items("import", items)
        .buffer(3)
        .stage("slow", 4, async |item: Item| {
            context::sleep(ms(u64::from(item.number % 7))).await?;
            Ok::<_, Interrupt>(item)
        })
        .buffer(2)
        .unordered_stage("check", 3, async |item: Item| {
            sleep(ms(u64::from(item.number % 3))).await;
            if item.number == 40 { Err("bad item") } else { Ok(item) }
        })
        .for_each(async |item: Item| {
            delivered.lock().push(item);
            Ok::<_, Infallible>(())
        })
        .await
        .unwrap_err();
    let report = failed.report();
    let (made, delivered) = (made.load(SeqCst) as u64, delivered.lock().len() as u64);
    assert_eq!((report.entered(), report.delivered(), report.failed()), (made, delivered, 1));
    assert_eq!(report.failed() + report.abandoned() + report.inside(), dropped.load(SeqCst) as u64);
    assert!(report.stages.iter().all(|stage| stage.in_flight == 0));
}

#[tokio::test(start_paused = true)]
async fn in_a_group_its_errors_are_a_subtree() {
    let result = TaskGroup::new("night").run(async |group| {
        let import = group.spawn("import", async {
            let pages = Pipeline::from_items("pages", ["1", "two"]);
            let pages = pages.stage("parse", 1, async |text: &'static str| text.parse::<u32>());
            pages.collect().await.map_err(|failed| failed.into_errors())
        });
        Ok(import.await?.len())
    });
    let errors: ErrorGroup = result.await.unwrap_err();
    assert_eq!(errors.first().path().to_string(), "night/import/pages/parse");
    assert_eq!(errors.errors_of::<StageError>().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn cancelled_with_its_group_it_is_no_failure_of_its_own() {
    let result = TaskGroup::new("night").run(async |group| {
        group.spawn("import", async {
            let pages = Pipeline::from_items("pages", 0..).stage("fetch", 2, async |number: u32| {
                context::sleep(secs(1)).await?;
                Ok::<_, Interrupt>(number)
            });
            pages.collect().await
        });
        group.spawn("index", async {
            sleep(ms(1500)).await;
            Err::<(), _>(io::Error::other("disk is full"))
        });
        Ok(())
    });
    assert_eq!(result.await.unwrap_err().to_string(), "night: index: disk is full");
}
