//! An engine that has ended for good, and a machine that can't fetch.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::Interrupt;
use sitewatch::check::{Reply, Want};
use sitewatch::fetch::{FetchError, FetchSetupError, Pacer};
use sitewatch::remote::PacedDial;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::cable::Life;
use super::field::{Field, config, errand, stop};
use super::web::{Web, alone};

/// Longer than anything here takes that is not waited for in vain.
const SOON: Duration = Duration::from_secs(30);

fn url() -> Url {
    Url::parse("http://s.test/1").unwrap()
}

/// That the asking has ended, and why; an answer of the host's it is not.
fn ended(reply: &Reply) -> String {
    match reply {
        Reply::Failed(FetchError::Interrupted(interrupt @ Interrupt::Cancelled(_))) => interrupt.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_has_ended_is_no_answer_of_the_host() {
    let (field, web, life) = (Field::new(), Arc::new(Web::tree(3)), Life::default());
    let http = field.lead_of(&web, &life).await.http(&config().http, errand("a run")).unwrap();
    let place = url();
    // It waits for a worker, and nobody comes.
    let waiting = timeout(SOON, http.fetch(&place, Want::Probe));
    let ending = async {
        sleep(Duration::from_secs(7)).await;
        life.refuse();
        // What is put now is not to be told as broken either.
        timeout(SOON, http.fetch(&Url::parse("http://s.test/2").unwrap(), Want::Probe)).await
    };
    let (waited, put) = tokio::join!(waiting, ending);
    for reply in [waited.unwrap(), put.unwrap()] {
        let why = ended(&reply);
        assert!(why.contains("a later version has written this"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_is_waited_for() {
    let (field, web, life) = (Field::new(), Arc::new(Web::tree(3)), Life::default());
    let (worker, _) = field.worker(&web, "a").await;
    let http = field.lead_of(&web, &life).await.http(&config().http, errand("a run")).unwrap();
    life.set_away(true);
    let place = url();
    let (reply, ()) = tokio::join!(http.fetch(&place, Want::Probe), async {
        sleep(Duration::from_secs(60)).await;
        assert!(web.asked.lock().is_empty());
        life.set_away(false);
    });
    assert!(matches!(reply, Reply::IsHtml), "{reply:?}");
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_says_that_its_engine_has_ended_but_not_that_it_is_away() {
    let (field, web) = (Field::new(), Arc::new(Web::tree(1)));
    let (worker, life) = field.worker(&web, "a").await;
    assert!(timeout(SOON, worker.refused()).await.is_err(), "it is there");
    life.set_away(true);
    assert!(timeout(SOON, worker.refused()).await.is_err(), "it may come back");
    life.refuse();
    let why = timeout(SOON, worker.refused()).await.unwrap();
    assert!(why.is_final() && why.to_string().contains("a later version has written this"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_a_machine_can_not_fetch_is_left_to_others() {
    let (field, web) = (Field::new(), Arc::new(Web::tree(2)));
    let unable: PacedDial = Arc::new(|_, _| Err(FetchSetupError::Client("no certificates are trusted".into())));
    let (poor, _) = field.worker_with(&web, "poor", |worker| worker.dial(unable)).await;
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    let place = url();
    let (reply, able) = tokio::join!(http.fetch(&place, Want::Probe), async {
        // Long after all attempts, if these were any.
        sleep(Duration::from_secs(3_600)).await;
        let jobs = field.jobs().await;
        assert!(jobs.iter().all(|job| !job.state.is_over()), "{jobs:?}");
        stop([poor]).await;
        field.worker(&web, "able").await.0
    });
    assert!(matches!(reply, Reply::IsHtml), "{reply:?}");
    assert_eq!(web.askers(), ["able"]);
    stop([able]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_can_not_be_told_is_told_later() {
    let (field, web, life) = (Field::new(), Arc::new(Web::default()), Life::default());
    let pacers: Arc<Mutex<Vec<Arc<dyn Pacer>>>> = Arc::default();
    let kept = Arc::clone(&pacers);
    let keeping: PacedDial = Arc::new(move |_, pacer| {
        kept.lock().push(pacer);
        Ok(alone(&Arc::default()))
    });
    let (one, other) = (field.lead_of(&web, &life).await, field.lead(&web).await);
    let _asking = [one, other].map(|lead| lead.dial(keeping.clone()).http(&config().http, errand("a run")).unwrap());
    let (one, other) = {
        let pacers = pacers.lock();
        (Arc::clone(&pacers[0]), Arc::clone(&pacers[1]))
    };
    life.set_away(true);
    let began = Instant::now();
    let wait = Duration::from_secs(60);
    tokio::join!(one.pause("s.test:80", wait), async {
        sleep(Duration::from_secs(20)).await;
        life.set_away(false);
    });
    assert!(began.elapsed() < Duration::from_secs(30), "told as soon as it could be: {:?}", began.elapsed());
    other.turn("s.test:80").await.unwrap();
    let waited = began.elapsed();
    assert!(wait <= waited + Duration::from_millis(1) && waited < wait + Duration::from_secs(1), "{waited:?}");

    // There is an end to it: a pause that is over need not be told.
    life.set_away(true);
    let began = Instant::now();
    timeout(SOON, one.pause("s.test:80", Duration::from_secs(4))).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(4));
}
