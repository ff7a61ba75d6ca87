//! Workers that go away in the middle.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::field::{Field, at_a_time, check, config, errand, stop, told};
use super::web::{Web, alone};

/// How much a worker has under way at a time.
const UNDER_WAY: usize = 3;

fn web() -> Arc<Web> {
    Arc::new(Web { delay: Duration::from_millis(100), ..Web::tree(200) })
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_in_the_middle_loses_nothing_and_only_what_was_under_way_is_asked_for_twice() {
    let (field, web) = (Field::new(), web());
    let (a, life) = field.worker(&web, "a").await;
    let (b, _) = field.worker(&web, "b").await;
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    let dying = async {
        sleep(Duration::from_millis(750)).await;
        life.end();
    };
    let began = Instant::now();
    let config = config();
    let (found, ()) = tokio::join!(check(http, &config), dying);
    assert_eq!(told(&found), told(&check(alone(&self::web()), &config).await));
    let twice = web.times().into_values().filter(|times| *times == 2).count();
    assert!((1..=UNDER_WAY).contains(&twice), "{twice} were asked for twice");
    assert!(web.times().values().all(|times| *times <= 2), "{:?}", web.times());
    // A lease, a third of it, what the check takes, and one after the other of those that a worker has died with.
    assert!(began.elapsed() < Duration::from_secs(60), "took {:?}", began.elapsed());
    stop([b]).await;
    // Nobody waits for the dead one.
    drop(a);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_comes_back_by_the_same_name_has_its_jobs_done_at_once() {
    let (field, web) = (Field::new(), web());
    let named = async || field.worker_with(&web, "a", |worker| worker.name("host-1").concurrency(at_a_time(8))).await;
    let (first, life) = named().await;
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    let came_back = async {
        sleep(Duration::from_millis(750)).await;
        life.end();
        sleep(Duration::from_secs(1)).await;
        named().await.0
    };
    let began = Instant::now();
    let config = config();
    let (found, second) = tokio::join!(check(http, &config), came_back);
    assert_eq!(told(&found), told(&check(alone(&self::web()), &config).await));
    // 26 rounds of eight, and the second in which nobody was there.
    assert!(began.elapsed() < Duration::from_secs(10), "took {:?}", began.elapsed());
    stop([second]).await;
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_hands_back_what_it_has_and_nothing_is_asked_for_twice() {
    let (field, web) = (Field::new(), web());
    let ((a, _), (b, _)) = (field.worker(&web, "a").await, field.worker(&web, "b").await);
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    let stopping = async {
        sleep(Duration::from_millis(750)).await;
        stop([a]).await;
        let asked = web.asked.lock().iter().filter(|asked| asked.by == "a").count();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(
            web.asked.lock().iter().filter(|asked| asked.by == "a").count(),
            asked,
            "who is stopped has stopped"
        );
    };
    let config = config();
    let (found, ()) = tokio::join!(check(http, &config), stopping);
    assert_eq!(told(&found), told(&check(alone(&self::web()), &config).await));
    assert!(web.times().values().all(|times| *times == 1), "{:?}", web.times());
    assert!(field.jobs().await.iter().all(|job| job.attempt == 1), "being handed back is no attempt");
    stop([b]).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_waits_for_workers_and_goes_on_when_one_comes() {
    let (field, web) = (Field::new(), web());
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    let coming = async {
        sleep(Duration::from_secs(3_600)).await;
        assert!(web.asked.lock().is_empty());
        field.worker(&web, "late").await.0
    };
    let config = config();
    let (found, late) = tokio::join!(check(http, &config), coming);
    assert_eq!(told(&found), told(&check(alone(&self::web()), &config).await));
    stop([late]).await;
}
