//! A check that is stopped says what it knows.

use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::report::{Reason, Status};
use url::Url;

use super::web::{Answer, Web};

#[tokio::test(start_paused = true)]
async fn a_stopped_check_reports_what_was_checked_and_that_it_is_partial() {
    let mut web = Web::default()
        .html("http://site.test/", "<a href=quick>1</a><a href=gone>2</a><a href=slow>3</a>")
        .html("http://site.test/quick", "");
    web.answers.insert("http://site.test/slow".into(), (Answer::File, Duration::from_secs(600)));
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let checker = Checker::new(CheckConfig::default()).http(web.shared());
    let target = Target::Site(Url::parse("http://site.test/").unwrap());
    let started = tokio::time::Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        token.cancel("SIGINT");
    };
    let (report, ()) = tokio::join!(context.scope(checker.run(&target)), stop);
    let report = report.unwrap();
    assert!(started.elapsed() < Duration::from_secs(35), "took {:?}", started.elapsed());
    assert!(!report.summary().is_complete());
    assert_eq!(report.summary().broken(), 1);
    assert_eq!(report.summary().counts.with(Status::Skipped).collect::<Vec<_>>(), [(Reason::Interrupted, 1)]);
}
