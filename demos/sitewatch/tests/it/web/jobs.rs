//! The pages about a queue: its workers and its jobs, and the buttons on them.

use std::sync::atomic::Ordering;

use actix_web::test::TestRequest;
use sitewatch::service::{JobState, JobView, QueueView, WorkerView};

use super::Place;
use crate::jobs_fake::{DEAD, FakeJobs, QUEUE, RUNS, WAITS, brief, job, queue, worker};
use crate::web_fake::{Fake, ago};

fn place(jobs: FakeJobs) -> Place {
    Place::new(Fake { jobs: Some(jobs), ..Fake::default() })
}

#[tokio::test]
async fn who_is_there_is_shown_with_what_each_does_and_what_waits() {
    let silent = WorkerView { silent_ms: Some(12_000), ..worker("c", 3) };
    let many = (0..8).map(|number| brief(&job(number, &format!("{number:032x}"), JobState::Running))).collect();
    let busy = WorkerView { running: 8, silent_ms: Some(100), jobs: many, ..worker("d", 4) };
    let paused =
        QueueView { paused: true, lag_ms: None, ready: 0, waiting: 0, dead: 0, ..queue("sitewatch.fetch.docs") };
    let mut jobs = FakeJobs::default();
    jobs.workers.extend([silent, busy]);
    jobs.queues.push(paused);
    let page = place(jobs).get("/workers").await;
    for part in [
        "<title>4 here · Workers · sitewatch</title>",
        "aria-current=\"page\">Workers</a>",
        "</span>Leads</span>",
        "</span>There</span>",
        "</span>Silent</span><span class=\"note\">for 12.0 s</span>",
        "https://example.org/<wbr>docs/<wbr>8.html",
        "<summary>3 more</summary>",
        "href=\"/jobs?state=dead&amp;queue=sitewatch.fetch\">1</a>",
        "data-label=\"Oldest\">12.5 s</td>",
        "</span>Open</span>",
        "</span>Paused</span>",
    ] {
        page.shows(part);
    }
    let nobody = place(FakeJobs { workers: Vec::new(), queues: Vec::new(), ..FakeJobs::default() });
    let page = nobody.get("/workers").await;
    page.shows("No worker is there");
    page.shows("Nothing was put yet");
}

#[tokio::test]
async fn a_queue_that_nobody_takes_from_is_told_from_one_that_is_busy() {
    let idle = QueueView { running: 0, lag_ms: Some(60_001), ..queue(QUEUE) };
    for (queue, is_told) in [
        (idle.clone(), true),
        (QueueView { lag_ms: Some(60_000), ..idle.clone() }, false),
        (QueueView { lag_ms: None, ready: 0, ..idle.clone() }, false),
        (QueueView { running: 1, ..idle.clone() }, false),
        // The word for that is there already.
        (QueueView { paused: true, ..idle }, false),
    ] {
        let page = place(FakeJobs { queues: vec![queue.clone()], ..FakeJobs::default() }).get("/workers").await;
        assert_eq!(page.body.contains("nobody takes them"), is_told, "{queue:?}");
    }
}

#[tokio::test]
async fn who_may_cancel_a_job_is_told_what_comes_of_it() {
    let place = place(FakeJobs::default());
    let known = place.known().await;
    let told = "If it is cancelled, the check tells of its link as failed";
    for (id, is_told) in [(WAITS, true), (RUNS, true), (DEAD, false)] {
        let uri = format!("/jobs/{id}");
        assert_eq!(known.get(&uri).await.body.contains(told), is_told, "{id}");
        place.get(&uri).await.lacks(told);
    }
    let another = JobView { about: None, ..job(7, WAITS, JobState::Waiting) };
    let place = self::place(FakeJobs { jobs: vec![another], ..FakeJobs::default() });
    place.known().await.get(&format!("/jobs/{WAITS}")).await.lacks(told);
}

#[tokio::test]
async fn jobs_are_listed_by_state_and_queue_and_the_dead_with_their_reason() {
    let place = place(FakeJobs::default());
    let all = place.get("/jobs").await;
    for id in [DEAD, RUNS, WAITS] {
        all.shows(&format!("href=\"/jobs/{id}\""));
    }
    let dead = place.get("/jobs?state=dead").await;
    dead.shows("<title>Dead · Jobs · sitewatch</title>");
    dead.shows("its last attempt failed");
    dead.shows("the settings have no such user agent");
    dead.shows("href=\"/jobs?state=dead\" aria-current=\"true\">Dead</a>");
    dead.lacks(RUNS);
    place.get("/jobs?queue=other").await.shows("No job is like that");
    place.get("/jobs?queue=sitewatch.fetch&state=nothing").await.shows("of sitewatch.fetch");
}

#[tokio::test]
async fn jobs_beyond_a_page_are_on_the_next() {
    let jobs: Vec<JobView> =
        (1..=60).rev().map(|number| job(number, &format!("{number:032x}"), JobState::Waiting)).collect();
    let place = place(FakeJobs { jobs, ..FakeJobs::default() });
    let first = place.get("/jobs?queue=sitewatch.fetch").await;
    assert_eq!(first.body.matches("<tr data-row").count(), 50);
    first.shows("rel=\"next\" href=\"/jobs?queue=sitewatch.fetch&amp;before=11\"");
    first.lacks(">Latest</a>");
    let second = place.get("/jobs?queue=sitewatch.fetch&before=11").await;
    assert_eq!(second.body.matches("<tr data-row").count(), 10);
    second.shows("href=\"/jobs?queue=sitewatch.fetch\">Latest</a>");
    second.lacks("rel=\"next\"");
    place.get("/jobs?before=1").await.shows("No job is before that");
}

#[tokio::test]
async fn a_job_is_shown_with_what_it_works_on() {
    let place = place(FakeJobs::default());
    let page = place.get(&format!("/jobs/{DEAD}")).await;
    for part in [
        "<h1>Job 9</h1>",
        "</span>Dead</span>",
        "href=\"https://example.org/docs/9.html\"",
        "its last attempt failed",
        "the settings have no such user agent",
        "<dd>10</dd>",
        "What it works on",
        "&quot;want&quot;: &quot;page&quot;",
    ] {
        page.shows(part);
    }
    page.lacks("What came of it");
    let missing = place.get("/jobs/7").await;
    assert_eq!(missing.status, 404);
    missing.shows("there is no job &quot;7&quot;");
}

#[tokio::test]
async fn each_button_about_a_queue_does_what_it_says_and_leads_back_with_the_message() {
    let place = place(FakeJobs::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    let mut expected = Vec::new();
    for (of, action, back) in [
        (DEAD, "retry", "/jobs?state=dead"),
        (RUNS, "cancel", "/jobs"),
        (QUEUE, "pause", "/workers"),
        (QUEUE, "resume", "/workers"),
        (QUEUE, "retry", "/workers"),
    ] {
        let uri = format!("/{}/{of}/{action}", if of == QUEUE { "queues" } else { "jobs" });
        let answer = place.ask(known.press(&uri, &csrf, back)).await;
        assert_eq!((answer.status, answer.header("location")), (303, back), "{uri}");
        let said = answer.cookie().to_owned();
        let next = place.ask(TestRequest::get().uri("/workers").insert_header(("cookie", said))).await;
        next.shows(&format!("{of}: {action}, as &lt;asked&gt;"));
        expected.push((of.to_owned(), action.to_owned()));
    }
    let elsewhere = place.ask(known.press(&format!("/jobs/{DEAD}/retry"), &csrf, "//evil.example")).await;
    assert_eq!(elsewhere.header("location"), format!("/jobs/{DEAD}"));
    expected.push((DEAD.to_owned(), "retry".to_owned()));
    for (uri, csrf, status) in [
        (format!("/jobs/{DEAD}/retry"), "x", 403),
        (format!("/jobs/{DEAD}/explode"), &*csrf, 404),
        ("/jobs/7/retry".to_owned(), &*csrf, 404),
        ("/queues/other/pause".to_owned(), &*csrf, 404),
    ] {
        assert_eq!(place.ask(known.press(&uri, csrf, "/")).await.status, status, "{uri}");
    }
    let stranger = TestRequest::post().uri(&format!("/jobs/{DEAD}/retry")).set_form([("csrf", ""), ("back", "/")]);
    assert_eq!(place.ask(stranger).await.status, 401);
    assert_eq!(place.get(&format!("/jobs/{DEAD}/retry")).await.status, 405, "a link must not press a button");
    assert_eq!(*place.fake.jobs.as_ref().unwrap().changed.lock(), expected);
}

#[tokio::test]
async fn the_buttons_about_jobs_are_those_that_make_sense_and_for_who_may_press_them() {
    let later = JobView { due: ago(-60), ..job(1, WAITS, JobState::Waiting) };
    let now = JobView { due: ago(1), ..job(1, WAITS, JobState::Waiting) };
    for (one, there) in [
        (later, &["retry", "cancel"][..]),
        (now, &["cancel"]),
        (job(1, WAITS, JobState::Running), &["cancel"]),
        (job(1, WAITS, JobState::Dead), &["retry"]),
        (job(1, WAITS, JobState::Cancelled), &["retry"]),
        (job(1, WAITS, JobState::Done), &[]),
    ] {
        let state = one.state;
        let place = place(FakeJobs { jobs: vec![one], ..FakeJobs::default() });
        let known = place.known().await;
        for uri in ["/jobs", &format!("/jobs/{WAITS}")] {
            let (mine, stranger) = (known.get(uri).await, place.get(uri).await);
            for action in ["retry", "cancel"] {
                let form = format!("action=\"/jobs/{WAITS}/{action}\"");
                assert_eq!(mine.body.contains(&form), there.contains(&action), "{uri}: {state}: {action}");
                stranger.lacks(&form);
            }
        }
    }
    for (paused, dead, there) in [(false, 0, &["pause"][..]), (true, 0, &["resume"]), (false, 3, &["pause", "retry"])] {
        let queues = vec![QueueView { paused, dead, ..queue(QUEUE) }];
        let place = place(FakeJobs { queues, ..FakeJobs::default() });
        let (mine, stranger) = (place.known().await.get("/workers").await, place.get("/workers").await);
        for action in ["pause", "resume", "retry"] {
            let form = format!("action=\"/queues/{QUEUE}/{action}\"");
            assert_eq!(mine.body.contains(&form), there.contains(&action), "{paused} {dead}: {action}");
            stranger.lacks(&form);
        }
    }
}

#[tokio::test]
async fn without_a_queue_the_pages_say_so_and_none_leads_to_them() {
    let alone = Place::new(Fake { jobs: None, ..Fake::default() });
    for uri in ["/workers", "/jobs", "/jobs/7"] {
        let page = alone.get(uri).await;
        assert_eq!(page.status, 200, "{uri}");
        page.shows("This service fetches by itself");
        page.lacks("href=\"/workers\"");
    }
    alone.get("/").await.lacks("href=\"/workers\"");
    Place::new(Fake::default()).get("/").await.shows("href=\"/workers\"");
}

#[tokio::test]
async fn a_queue_that_is_away_is_told_with_its_reason() {
    let place = place(FakeJobs::default());
    place.fake.jobs.as_ref().unwrap().down.store(true, Ordering::Relaxed);
    for uri in ["/workers", "/jobs", &format!("/jobs/{DEAD}")] {
        let page = place.get(uri).await;
        assert_eq!((page.status, page.header("retry-after")), (503, "10"), "{uri}");
        page.shows("<h1>The queue doesn't answer</h1>");
        page.shows("the queue does not answer: connection refused");
    }
    assert_eq!(place.get("/").await.status, 200);
}
