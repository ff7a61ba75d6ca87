//! What Prometheus is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix_web::App;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::web::Data;
use sitewatch::service::Watch;
use sitewatch::web::api::{self, meters};

use super::{auth, get};
use crate::api_fake::Fake;

/// Each line of the answer that is of one of these metrics.
fn lines<'a>(text: &'a str, wanted: &[&str]) -> Vec<&'a str> {
    let of = |line: &&str| wanted.iter().any(|name| line.starts_with(name));
    text.lines().filter(|line| !line.starts_with('#')).filter(of).collect()
}

#[tokio::test]
async fn what_is_counted_and_what_is_are_shown_together() {
    let (recorder, handle) = meters::recorder();
    let count = || metrics::counter!("sitewatch_checks_total", "site" => "docs", "outcome" => "done").increment(1);
    metrics::with_local_recorder(&recorder, count);
    let watch: Data<dyn Watch> = Data::from(Fake::new() as Arc<dyn Watch>);
    let app = App::new().app_data(auth(false)).app_data(watch).app_data(Data::new(handle)).configure(api::routes);
    let body = call_and_read_body(&init_service(app).await, TestRequest::get().uri("/metrics").to_request()).await;
    let text = std::str::from_utf8(&body).unwrap();
    let names = ["sitewatch_checks_total", "sitewatch_ready"];
    assert_eq!(lines(text, &names), ["sitewatch_checks_total{site=\"docs\",outcome=\"done\"} 1", "sitewatch_ready 1"]);
}

#[tokio::test]
async fn what_is_comes_from_the_sites_and_the_queue() {
    let answer = get(&Fake::new(), "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let ended = crate::api_fake::ago(5).as_second();
    let expected = format!(
        "sitewatch_ready 1
sitewatch_sites{{health=\"unknown\"}} 0
sitewatch_sites{{health=\"ok\"}} 0
sitewatch_sites{{health=\"broken\"}} 1
sitewatch_sites{{health=\"failing\"}} 1
sitewatch_broken_links{{site=\"blog\"}} 0
sitewatch_broken_links{{site=\"docs\"}} 2
sitewatch_site_activity{{site=\"blog\",activity=\"idle\"}} 0
sitewatch_site_activity{{site=\"blog\",activity=\"waiting\"}} 0
sitewatch_site_activity{{site=\"blog\",activity=\"checking\"}} 0
sitewatch_site_activity{{site=\"blog\",activity=\"paused\"}} 1
sitewatch_site_activity{{site=\"docs\",activity=\"idle\"}} 0
sitewatch_site_activity{{site=\"docs\",activity=\"waiting\"}} 0
sitewatch_site_activity{{site=\"docs\",activity=\"checking\"}} 1
sitewatch_site_activity{{site=\"docs\",activity=\"paused\"}} 0
sitewatch_last_check_timestamp_seconds{{site=\"blog\"}} {ended}
sitewatch_last_check_timestamp_seconds{{site=\"docs\"}} {ended}
sitewatch_workers 2
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"waiting\"}} 1200
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"ready\"}} 1100
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"running\"}} 1
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"done\"}} 34000
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"dead\"}} 1
sitewatch_jobs{{queue=\"sitewatch.fetch\",state=\"cancelled\"}} 2
sitewatch_jobs_lag_seconds{{queue=\"sitewatch.fetch\"}} 12.5
sitewatch_queue_paused{{queue=\"sitewatch.fetch\"}} 0"
    );
    let info = format!("sitewatch_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    let all = lines(answer.text(), &["sitewatch_"]);
    assert_eq!(all[0], info);
    assert_eq!(all[1..].join("\n"), expected);
    // Each has its words.
    for line in all {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(answer.text().contains(&format!("# TYPE {name} gauge\n{name}")), "{name}");
    }
}

#[tokio::test]
async fn without_a_database_it_is_told_that_there_is_none() {
    let fake = Fake::new();
    fake.set_down(true);
    let answer = get(&fake, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(lines(answer.text(), &["sitewatch_ready"]), ["sitewatch_ready 0"]);
    assert!(lines(answer.text(), &["sitewatch_sites", "sitewatch_broken_links"]).is_empty());
}

#[tokio::test]
async fn without_a_queue_or_an_answer_of_it_there_is_nothing_of_jobs() {
    let names = ["sitewatch_jobs", "sitewatch_queue", "sitewatch_workers"];
    let alone = Arc::new(Fake { jobs: None, ..Fake::with(Vec::new()) });
    let away = Fake::new();
    away.jobs.as_ref().unwrap().down.store(true, Ordering::Relaxed);
    for fake in [alone, away] {
        let answer = get(&fake, "/metrics").await;
        assert!(lines(answer.text(), &names).is_empty(), "{}", answer.text());
        assert_eq!(lines(answer.text(), &["sitewatch_ready"]), ["sitewatch_ready 1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_says_nothing_keeps_nobody_from_the_rest_of_the_metrics() {
    let fake = Fake::new();
    fake.jobs.as_ref().unwrap().hangs.store(true, Ordering::Relaxed);
    let began = tokio::time::Instant::now();
    let answer = get(&fake, "/metrics").await;
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(lines(answer.text(), &["sitewatch_jobs"]).is_empty());
    assert_eq!(lines(answer.text(), &["sitewatch_ready"]), ["sitewatch_ready 1"]);
}

#[tokio::test(start_paused = true)]
async fn upkeep_goes_on_for_as_long_as_it_is_polled() {
    let (_recorder, handle) = meters::recorder();
    let minute = tokio::time::timeout(std::time::Duration::from_secs(60), meters::upkeep(handle)).await;
    assert!(minute.is_err());
}
