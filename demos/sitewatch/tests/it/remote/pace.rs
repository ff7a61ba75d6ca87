//! One rate for each host, whoever asks it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sitewatch::check::{Reply, Want};
use sitewatch::config::CheckConfig;
use sitewatch::fetch::HttpConfig;
use tokio::time::{Instant, sleep};
use url::Url;

use super::field::{Field, check, config, errand, stop};
use super::web::{There, Web};

/// A timer is a millisecond late at most.
const GRAIN: Duration = Duration::from_millis(1);

fn at_rate(rate: f64) -> CheckConfig {
    let http = HttpConfig { rate, per_host: 16, ..HttpConfig::default() };
    CheckConfig { http, ..CheckConfig::default() }
}

#[tokio::test(start_paused = true)]
async fn all_workers_together_ask_no_more_often_than_one_may() {
    let field = Field::new();
    // Slow enough that several are under way at a time.
    let web = Arc::new(Web { delay: Duration::from_millis(350), ..Web::tree(60) });
    let mut workers = Vec::new();
    for name in ["a", "b", "c"] {
        workers.push(field.worker(&web, name).await.0);
    }
    let config = at_rate(10.0);
    let http = field.lead(&web).await.http(&config.http, errand("a run")).unwrap();
    let began = Instant::now();
    check(http, &config).await;
    assert_eq!(web.askers(), ["a", "b", "c"]);
    let soon = Duration::from_millis(100) - GRAIN;
    assert!(web.gaps().iter().all(|gap| *gap >= soon), "{:?}", web.gaps());
    // And it is a rate that can be reached, not a crawl.
    let requests = u32::try_from(web.asked.lock().len()).unwrap();
    assert!(began.elapsed() < Duration::from_millis(150) * requests, "{requests} took {:?}", began.elapsed());
    stop(workers).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_robots_txt_says_of_the_pace_holds_for_all_workers() {
    let field = Field::new();
    let crawl_delay = Duration::from_secs(2);
    let web = Arc::new(Web { delay: Duration::from_millis(10), crawl_delay, ..Web::tree(12) });
    let ((a, _), (b, _)) = (field.worker(&web, "a").await, field.worker(&web, "b").await);
    let config = at_rate(10.0);
    let http = field.lead(&web).await.http(&config.http, errand("a run")).unwrap();
    check(http, &config).await;
    assert!(web.gaps().iter().all(|gap| *gap >= crawl_delay - GRAIN), "{:?}", web.gaps());
    assert!(web.gaps().len() >= 11);
    stop([a, b]).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_one_worker_for_a_pause_has_it_from_all_also_where_there_is_no_rate() {
    for rate in [0.0, 20.0] {
        let field = Field::new();
        let wait = Duration::from_secs(30);
        let web = Web::tree(200).with("http://s.test/busy", There::Busy(wait));
        let web = Arc::new(Web { delay: Duration::from_millis(100), ..web });
        let ((a, _), (b, _)) = (field.worker(&web, "a").await, field.worker(&web, "b").await);
        let lead = field.lead(&web).await;
        let config = at_rate(rate);
        let checking = async { check(lead.http(&config.http, errand("a run")).unwrap(), &config).await };
        let busy = async {
            sleep(Duration::from_secs(2)).await;
            let http = lead.http(&config.http, errand("another")).unwrap();
            http.fetch(&Url::parse("http://s.test/busy").unwrap(), Want::Probe).await
        };
        let (report, reply) = tokio::join!(checking, busy);
        assert!(matches!(reply, Reply::Other) && report.summary().is_complete());
        let asked = web.asked.lock().clone();
        let sent_away = asked.iter().find(|asked| asked.url.ends_with("busy")).unwrap().at + web.delay;
        // What has its turn already goes on.
        let (from, to) = (sent_away + Duration::from_millis(500), sent_away + wait - GRAIN);
        let meanwhile: Vec<_> = asked.iter().filter(|asked| from < asked.at && asked.at < to).collect();
        assert!(meanwhile.is_empty(), "at {rate}/s: {meanwhile:?}");
        assert!(asked.iter().any(|asked| asked.at >= to && !asked.url.ends_with("busy")), "somebody had to wait");
        stop([a, b]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_host_no_more_are_under_way_at_a_time_than_may_be_of_one_process() {
    let field = Field::new();
    let web = Arc::new(Web { delay: Duration::from_secs(1), ..Web::tree(64) });
    // As many as they like.
    let worker = async |name| field.worker_with(&web, name, |worker| worker).await.0;
    let (a, b) = (worker("a").await, worker("b").await);
    let config = config();
    let http = field.lead(&web).await.http(&config.http, errand("a run")).unwrap();
    check(http, &config).await;
    let at: Vec<Instant> = web.asked.lock().iter().map(|asked| asked.at).collect();
    let under_way = |now: Instant| at.iter().filter(|at| **at <= now && now < **at + web.delay).count();
    let most = at.iter().map(|at| under_way(*at)).max();
    assert_eq!(most, Some(config.http.per_host));
    stop([a, b]).await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_asked_for_one_page_at_a_time_is_so_by_all_workers_whoever_has_room_for_more() {
    let field = Field::new();
    let web = Arc::new(Web { delay: Duration::from_secs(1), ..Web::tree(8).with("http://other.test/", There::File) });
    let worker = async |name| field.worker_with(&web, name, |worker| worker).await.0;
    let (a, b) = (worker("a").await, worker("b").await);
    let settings = HttpConfig { per_host: 1, ..config().http };
    let http = field.lead(&web).await.http(&settings, errand("confirm")).unwrap();
    let urls: Vec<Url> = (1..8).map(|n| Url::parse(&format!("http://s.test/{n}")).unwrap()).collect();
    let other = Url::parse("http://other.test/").unwrap();
    let began = Instant::now();
    let many = join_all(urls.iter().map(|url| http.fetch(url, Want::Probe)));
    let (replies, took) = tokio::join!(many, async {
        assert!(matches!(http.fetch(&other, Want::Probe).await, Reply::Other));
        began.elapsed()
    });
    assert!(replies.iter().all(|reply| matches!(reply, Reply::IsHtml)), "{replies:?}");
    assert!(took < Duration::from_secs(3), "another host waits for nobody: {took:?}");
    let of_host = |asked: &&super::web::Asked| asked.url.starts_with("http://s.test/");
    let mut at: Vec<Instant> = web.asked.lock().iter().filter(of_host).map(|asked| asked.at).collect();
    at.sort_unstable();
    assert_eq!(at.len(), 7);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= web.delay), "{at:?}");
    stop([a, b]).await;
}
