//! What the pages show, and that they need no script and obey nobody's text.

use std::sync::atomic::Ordering;

use actix_web::test::TestRequest;
use sitewatch::service::{Activity, ComponentView, Health, MachineryView, RunState, RunView, SiteView};

use super::Place;
use crate::web_fake::{Fake, finding, run, site};

/// One address of each page.
const PAGES: [&str; 9] = [
    "/",
    "/sites/docs",
    "/sites/docs?by=page",
    "/sites/docs/runs/9",
    "/machinery",
    "/workers",
    "/jobs",
    "/jobs/000000000000000000000000000000dd",
    "/login",
];

#[tokio::test]
async fn each_page_shows_what_there_is() {
    let place = Place::new(Fake::default());
    let overview = place.get("/").await;
    for part in ["data-site=\"docs\"", "href=\"/sites/docs\"", "every 6h", "5 min ago", "1,200 pages, 1 new", "in 5 h"]
    {
        overview.shows(part);
    }
    let site = place.get("/sites/docs").await;
    for part in [
        "<h1>docs</h1>",
        "404 Not Found",
        "<code>dns</code>",
        "the host name does not resolve: no such host",
        "https://example.org/gone-1.html",
        "https://example.org/docs/a.html",
        ":12:8",
        "the manual",
        "for 10 h",
        "href=\"/sites/docs/runs/8\"",
        "no answer in time",
        "from 2 to 2, at most 2",
    ] {
        site.shows(part);
    }
    let run = place.get("/sites/docs/runs/9").await;
    for part in ["<h1>Check 9</h1>", "34,000", "1 min 5 s", "began", "after 1,200 pages"] {
        run.shows(part);
    }
    let machinery = place.get("/machinery").await;
    for part in ["keeper", "urgent", "computing", "every six hours", "11 done", "stands on store", "<pre>root\n</pre>"]
    {
        machinery.shows(part);
    }
    place.get("/login").await.shows("type=\"password\"");
}

#[tokio::test]
async fn each_page_is_whole_without_scripts() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    for uri in PAGES {
        let page = if uri == "/login" { place.get(uri).await } else { known.get(uri).await };
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{uri}");
        assert!(page.body.starts_with("<!DOCTYPE html>") && page.body.ends_with("</html>"), "{uri}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{uri}");
        page.shows("<a class=\"skip\" href=\"#main\">");
        // What a browser would not run or apply for our policy, and what would be needed to make up for it.
        for inline in [" style=", " onclick=", " onload=", "<style", "javascript:"] {
            page.lacks(inline);
        }
        assert_eq!(page.body.matches("<script").count(), 1, "{uri}");
        for form in page.body.split("<form").skip(1) {
            let tag = form.split_once('>').unwrap().0;
            assert!(tag.contains(" method=\"") && tag.contains(" action=\"/"), "{uri}: {tag}");
            assert!(form.split_once("</form>").unwrap().0.contains("<button"), "{uri}: no button in {tag}");
        }
        // Whatever opens is closed: an element of a drawing that is not would take the rest of the page into it.
        for name in ["main", "section", "table", "form", "div", "ul", "svg", "path", "rect", "details", "dl"] {
            let (open, close) = (format!("<{name}"), format!("</{name}>"));
            let opened = page.body.match_indices(&open);
            let opened = opened.filter(|(at, _)| matches!(page.body.as_bytes()[at + open.len()], b' ' | b'>')).count();
            assert_eq!(opened, page.body.matches(&close).count(), "{uri}: <{name}>");
        }
    }
}

#[tokio::test]
async fn texts_of_others_are_shown_and_not_obeyed() {
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}";
    let mut broken = finding(1, hostile, "<script>alert(1)</script>", hostile);
    (broken.text, broken.url, broken.redirects) =
        (hostile.to_owned(), "javascript:alert(1)".to_owned(), vec![" data:text/html,x".to_owned()]);
    let last = RunView { why: Some(hostile.to_owned()), ..run(9, RunState::Failed) };
    let named =
        SiteView { target: hostile.to_owned(), schedule: hostile.to_owned(), last: Some(last.clone()), ..site("docs") };
    let mut fake = Fake {
        sites: vec![named, site(hostile)],
        findings: vec![broken],
        runs: vec![last],
        reasons: vec![hostile.to_owned()],
        ..Fake::default()
    };
    fake.runs[0].timeline[0].what = hostile.to_owned();
    let machinery = &mut fake.machinery;
    machinery.tasks = hostile.to_owned();
    (machinery.actors[0].name, machinery.timers[0].counts) = (hostile.to_owned(), hostile.to_owned());
    (machinery.pools[0].state, machinery.workers[0].name) = (hostile.to_owned(), hostile.to_owned());
    let (name, state, after) = (hostile.to_owned(), hostile.to_owned(), vec!["store".to_owned()]);
    machinery.components.push(ComponentView { name, state, ready: false, after });
    let jobs = fake.jobs.as_mut().unwrap();
    for job in &mut jobs.jobs {
        (job.about, job.worker) = (Some("javascript:alert(1)".to_owned()), Some(hostile.to_owned()));
        (job.error, job.payload, job.output) =
            (Some(hostile.to_owned()), Some(hostile.to_owned()), Some(hostile.to_owned()));
    }
    (jobs.workers[0].jobs[0].about, jobs.workers[0].name) = (Some(hostile.to_owned()), Some(hostile.to_owned()));
    jobs.queues[0].name = hostile.to_owned();

    let place = Place::new(fake);
    let known = place.known().await;
    let query = "?q=%3Cscript%3Ealert(1)%3C/script%3E%22%3E%3Cimg%20src=x";
    for uri in PAGES.map(str::to_owned).into_iter().chain([format!("/{query}"), format!("/sites/docs{query}")]) {
        let page = known.get(&uri).await;
        for harm in ["<script>alert", "<img src=x", "href=\"javascript:", "href=\" data:", "href=\"data:", "\u{202e}"] {
            page.lacks(harm);
        }
        if page.status == 200 {
            page.shows("&lt;script&gt;");
        }
    }
}

#[tokio::test]
async fn links_to_elsewhere_tell_nothing_about_us() {
    let page = Place::new(Fake::default()).get("/sites/docs").await;
    let tags: Vec<&str> = page.body.split("<a ").skip(1).map(|rest| rest.split_once('>').unwrap().0).collect();
    let outside: Vec<&&str> = tags.iter().filter(|tag| tag.contains("href=\"http")).collect();
    assert_eq!(outside.len(), 5, "the site itself, two pages and two targets");
    assert!(outside.iter().all(|tag| tag.contains("rel=\"noreferrer noopener\"")), "{outside:?}");
}

#[tokio::test]
async fn each_state_is_said_in_a_word() {
    for (health, word) in [
        (Health::Ok, "OK"),
        (Health::Broken, "Broken links"),
        (Health::Failing, "Check failed"),
        (Health::Unknown, "Not checked yet"),
    ] {
        let sites = vec![SiteView { health, ..site("docs") }];
        Place::new(Fake { sites, ..Fake::default() }).get("/sites/docs").await.shows(&format!("</span>{word}</span>"));
    }
    for (activity, word) in
        [(Activity::Waiting, "Waiting for its turn"), (Activity::Checking, "Checking"), (Activity::Paused, "Paused")]
    {
        let paused = activity == Activity::Paused;
        let sites = vec![SiteView { activity, paused, ..site("docs") }];
        Place::new(Fake { sites, ..Fake::default() }).get("/").await.shows(&format!("</span>{word}</span>"));
    }
    // A check that goes on while its site is paused already.
    let sites = vec![SiteView { activity: Activity::Checking, paused: true, ..site("docs") }];
    let page = Place::new(Fake { sites, ..Fake::default() }).get("/").await;
    page.shows("</span>Checking</span>");
    page.shows("</span>Paused</span>");
    page.shows("when resumed");
    for (state, word) in [
        (RunState::Running, "Running"),
        (RunState::Done, "Done"),
        (RunState::Cancelled, "Cancelled"),
        (RunState::Failed, "Failed"),
        (RunState::Skipped, "Skipped"),
        (RunState::Missed, "Missed"),
    ] {
        let place = Place::new(Fake { runs: vec![run(9, state)], ..Fake::default() });
        place.get("/sites/docs/runs/9").await.shows(&format!("</span>{word}</span>"));
    }
}

#[tokio::test]
async fn arrows_between_components_are_those_that_do_not_follow_from_others_and_go_around_boxes() {
    let component = |name: &str, after: &[&str]| ComponentView {
        name: name.to_owned(),
        state: "ready".to_owned(),
        ready: true,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
    };
    let components = vec![
        component("store", &[]),
        component("workers", &[]),
        component("keeper", &["store"]),
        component("schedules", &["store", "workers", "keeper"]),
    ];
    let machinery = MachineryView { components, ..MachineryView::default() };
    let page = Place::new(Fake { machinery, ..Fake::default() }).get("/machinery").await;
    assert_eq!(page.body.matches("marker-end=").count(), 3, "that schedules stand on the store follows");
    assert_eq!(
        page.body.matches("class=\"arrow\"").count(),
        4,
        "the one from the workers has a part beside the keeper"
    );
    page.shows("stands on store, workers, keeper");
    for nothing in ["No actor runs here", "No site has a timer", "No tasks are known now", "Nothing keeps connections"]
    {
        page.shows(nothing);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let place = Place::new(Fake::default());
    for (uri, detail) in [
        ("/nothing", "No page has this address"),
        ("/sites/nothing", "there is no site &quot;nothing&quot;"),
        ("/sites/docs/runs/1", "there is no run 1"),
        ("/sites/docs/runs/first", "No page has this address"),
        ("/sites/nothing/runs/9", "there is no run 9"),
        ("/sites/nothing/findings.txt", "there is no site &quot;nothing&quot;"),
        ("/assets/style.0000000000000000.css", "No page has this address"),
    ] {
        let page = place.get(uri).await;
        assert_eq!(page.status, 404, "{uri}");
        page.shows(detail);
        page.shows("href=\"/\"");
    }
    let post = place.ask(TestRequest::post().uri("/machinery")).await;
    assert_eq!(post.status, 405);
    assert_eq!(place.get("/sites/docs/check").await.status, 405, "a link must not press a button");
}

#[tokio::test]
async fn a_database_that_is_away_is_told_with_its_reason() {
    let place = Place::new(Fake::default());
    place.fake.down.store(true, Ordering::Relaxed);
    for uri in ["/", "/sites/docs", "/sites/docs/runs/9", "/sites/docs/findings.txt"] {
        let page = place.get(uri).await;
        assert_eq!((page.status, page.header("retry-after")), (503, "10"), "{uri}");
        page.shows("the database does not answer: connection refused");
        page.shows("<h1>The database doesn't answer</h1>");
    }
    assert_eq!(place.get("/machinery").await.status, 200);
}

#[tokio::test]
async fn what_is_in_the_way_of_the_service_is_on_every_page() {
    let place = Place::new(Fake { reasons: vec!["the disk is full".to_owned()], ..Fake::default() });
    for uri in PAGES {
        let page = place.get(uri).await;
        page.shows("the disk is full");
        page.shows("<title>Trouble: ");
    }
    Place::new(Fake::default()).get("/").await.lacks("can't do all of its work");
}

#[tokio::test]
async fn what_checks_wait_for_is_on_every_page_but_the_service_is_not_in_trouble() {
    let place = Place::new(Fake { stalled: vec!["is there a worker?".to_owned()], ..Fake::default() });
    for uri in PAGES {
        let page = place.get(uri).await;
        page.shows("A check doesn't get on.");
        page.shows("<li>is there a worker?</li>");
        page.lacks("can't do all of its work");
        page.lacks("<title>Trouble: ");
    }
    assert_eq!(place.get("/readyz").await.status, 200);
    Place::new(Fake::default()).get("/").await.lacks("class=\"banner\"");
}

#[tokio::test]
async fn a_script_gets_the_part_of_a_page_that_it_asks_for() {
    let place = Place::new(Fake::default());
    let part = |part: &'static str| TestRequest::get().uri("/sites/docs").insert_header(("x-fragment", part));
    let main = place.ask(part("main")).await;
    assert!(main.body.starts_with("<main id=\"main\""), "{}", main.body);
    assert!(main.body.ends_with("</main>"));
    main.shows("gone-1.html");
    main.shows("data-title=\"2 broken · docs · sitewatch\"");
    let status = place.ask(part("status")).await;
    status.shows("id=\"status\"");
    status.shows("120 pages read");
    status.lacks("gone-1.html");
}
