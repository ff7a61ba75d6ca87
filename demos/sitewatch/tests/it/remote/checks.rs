//! What workers find is what one process finds.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::{DeadReason, JobState};
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use sitewatch::check::{Reply, Want};
use sitewatch::config::CheckConfig;
use sitewatch::fetch::{FetchError, HttpConfig};
use sitewatch::report::{Reason, Verdict};
use url::Url;

use super::cable::Life;
use super::field::{Field, check, config, errand, stop, told};
use super::web::{There, Web, alone};

/// Some of everything.
fn web() -> Web {
    Web::tree(60)
        .html(
            "http://s.test/59",
            "<base href=/deep/><a href='#here' id=here>1</a><a href=a>2</a>\n<img src=/pic><a href=/private/x>3</a>
                <a href=/moved>4</a><a href=/loop>5</a><a href=http://other.test/>6</a><a href=mailto:a@b.c>7</a>",
        )
        .html("http://s.test/deep/a", "<h1 id=caf\u{e9}>x</h1><a href='#caf%C3%A9'>1</a><a href='#gone'>2</a>")
        .with("http://s.test/pic", There::File)
        .with("http://s.test/moved", There::Redirect("/deep/a"))
        .with("http://s.test/loop", There::Redirect("/loop"))
        .with("http://other.test/", There::Failure(FetchError::Tls("certificate expired".to_owned())))
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_checked_by_two_workers_is_as_one_process_finds_it() {
    let (one, many) = (Arc::new(web()), Arc::new(Web { delay: Duration::from_millis(20), ..web() }));
    let field = Field::new();
    let ((a, _), (b, _)) = (field.worker(&many, "a").await, field.worker(&many, "b").await);
    let lead = field.lead(&many).await;
    for (name, config) in [
        ("all", config()),
        ("by level", CheckConfig { max_pages: Some(20), ..config() }),
        ("listed", {
            let mut config = config();
            config.report.all = true;
            config
        }),
    ] {
        let expected = check(alone(&one), &config).await;
        let found = check(lead.http(&config.http, errand(name)).unwrap(), &config).await;
        assert_eq!(told(&found), told(&expected), "{name}");
        assert_eq!(many.times(), one.times(), "{name}");
        assert!(many.times().values().all(|times| *times == 1), "{name}: {:?}", many.times());
        assert_eq!(many.askers(), ["a", "b"], "{name}: the work was shared, and the lead asked for nothing");
        many.asked.lock().clear();
        one.asked.lock().clear();
    }
    stop([a, b]).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_under_the_same_name_finds_what_was_asked_and_under_another_asks_anew() {
    let field = Field::new();
    let web = Arc::new(Web::tree(20));
    let (worker, _) = field.worker(&web, "a").await;
    let lead = field.lead(&web).await;
    let check = async |name| check(lead.http(&config().http, errand(name)).unwrap(), &config()).await;
    let first = check("a run").await;
    let requests = web.asked.lock().len();
    assert_eq!(told(&check("a run").await), told(&first));
    assert_eq!(web.asked.lock().len(), requests, "nothing was asked for a second time");
    check("another").await;
    assert_eq!(web.asked.lock().len(), 2 * requests);
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_wants_another_answer() {
    let field = Field::new();
    let web = Arc::new(Web::tree(2));
    let (worker, _) = field.worker(&web, "a").await;
    let http = field.lead(&web).await.http(&config().http, errand("confirm")).unwrap();
    let url = Url::parse("http://s.test/1").unwrap();
    for times in 1..=3 {
        assert!(matches!(http.fetch(&url, Want::Probe).await, Reply::IsHtml));
        assert_eq!(web.times()["http://s.test/1"], times);
    }
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_long_for_an_answer_comes_in_parts() {
    let mut page = String::new();
    // A multiplication that mixes bits, so that it does not shrink much.
    for n in 1_u64..=30_000 {
        let words = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        writeln!(page, "<a href='/#{words:016x}'>{n}</a>").unwrap();
    }
    let field = Field::new();
    let web = Arc::new(Web::default().html("http://s.test/", page));
    let (worker, _) = field.worker(&web, "a").await;
    let http = field.lead(&web).await.http(&config().http, errand("long")).unwrap();
    let (found, expected) = (check(http, &config()).await, check(alone(&web), &config()).await);
    assert_eq!(found.summary().broken(), 30_000, "none of these is on the page");
    assert_eq!(told(&found), told(&expected));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let jobs = field.jobs().await;
    let parts = jobs.iter().filter(|job| job.kind == "sitewatch.part.1").count();
    assert!(parts >= 2, "{parts} parts");
    assert!(jobs.iter().all(|job| job.output.as_ref().is_none_or(|output| output.len() < 1_000)));
    assert!(jobs.iter().all(|job| job.state == JobState::Done), "parts are no work that is left");
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_asked_at_all_is_told_of_each_link() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1));
    let (worker, _) = field.worker(&web, "a").await;
    // The lead would refuse it, too; it is a worker that has other ideas of what is possible.
    let lead = field.lead(&Arc::new(Web::default())).await.dial(Arc::new(|_, _| Ok(alone(&Arc::default()))));
    let settings = HttpConfig { user_agent: "impossible".to_owned(), ..config().http };
    let http = lead.http(&settings, errand("impossible")).unwrap();
    let reply = http.fetch(&Url::parse("http://s.test/").unwrap(), Want::Page).await;
    let words = "it said that there is no point in trying again: user_agent must be possible";
    let Reply::Known(verdict) = reply else { panic!("{reply:?}") };
    assert_eq!(verdict, Verdict::new(Reason::Failed).detail(words));
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_check_that_was_cancelled_has_asked_for_is_called_off() {
    let field = Field::new();
    let web = Arc::new(Web::tree(2));
    let http = field.lead(&web).await.http(&config().http, errand("cancelled")).unwrap();
    let token = CancelToken::new();
    let url = Url::parse("http://s.test/1").unwrap();
    let asking = Context::current().with_token(token.clone()).scope(http.fetch(&url, Want::Page));
    let cancelling = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(field.jobs().await[0].state, JobState::Waiting, "nobody is there to fetch it");
        token.cancel("enough");
    };
    let (reply, ()) = tokio::join!(asking, cancelling);
    assert!(matches!(reply, Reply::Failed(FetchError::Interrupted(_))), "{reply:?}");
    assert_eq!(field.jobs().await[0].state, JobState::Cancelled);
    // Whoever asks for it by the same name in another life does not take that for an answer.
    let (worker, _) = field.worker(&web, "late").await;
    let again = field.lead(&web).await.http(&config().http, errand("cancelled")).unwrap();
    assert!(matches!(again.fetch(&url, Want::Probe).await, Reply::IsHtml));
    assert!(matches!(again.fetch(&url, Want::Page).await, Reply::Outlined { .. }));
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_called_off_ends_with_the_time_of_its_check_and_is_no_answer_for_who_goes_on() {
    let (field, web, life) = (Field::new(), Arc::new(Web::tree(2)), Life::default());
    let lead = field.lead_of(&web, &life).await;
    let run = || errand("a run").within(Duration::from_secs(600));
    let http = lead.http(&config().http, run()).unwrap();
    let token = CancelToken::new();
    let url = Url::parse("http://s.test/1").unwrap();
    let asking = Context::current().with_token(token.clone()).scope(http.fetch(&url, Want::Page));
    let cancelling = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        life.set_away(true);
        token.cancel("enough");
    };
    let (reply, ()) = tokio::join!(asking, cancelling);
    assert!(matches!(reply, Reply::Failed(FetchError::Interrupted(_))), "{reply:?}");
    life.set_away(false);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(field.jobs().await[0].state, JobState::Waiting, "the engine has not heard that nobody wants it");
    let (worker, _) = field.worker(&web, "late").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(web.asked.lock().is_empty(), "it is not fetched for nobody");
    assert_eq!(field.jobs().await[0].dead, Some(DeadReason::Expired));

    let again = lead.http(&config().http, run()).unwrap();
    let reply = again.fetch(&url, Want::Page).await;
    assert!(matches!(reply, Reply::Outlined { .. }), "{reply:?}");
    stop([worker]).await;
}
