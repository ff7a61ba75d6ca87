//! What is counted of checks, by the service itself.

use std::sync::Arc;
use std::time::Duration;

use sitewatch::service::config::When;
use sitewatch::service::{Action, RunState, RunView, Service, Watch};
use sitewatch::web::api::meters;

use super::setup::{clock, config, dial, idle, site, stop};
use super::web::Web;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn each_check_that_ended_or_did_not_begin_is_counted_by_what_became_of_it() {
    let (recorder, handle) = meters::recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let folder = tempfile::tempdir().unwrap();
    let page = "<a href=a>a</a> <a href=b>b</a>";
    let web = Web::new([("http://s.test/", page), ("http://s.test/a", "")]);
    let config = config(folder.path(), [("s", site("http://s.test/", When::Every(HOUR)))]);
    let clock = clock();
    let start = async || {
        let service = Service::builder(config.clone()).dial(dial(Arc::clone(&web))).clock(clock.clone());
        service.start().await.unwrap()
    };
    let service = start().await;
    idle(&service).await;
    // It is 0:00, and something is broken, which is mended for 1:00; at 2:00 nothing can be checked.
    web.put("http://s.test/b", "");
    tokio::time::sleep(HOUR).await;
    idle(&service).await;
    web.remove("http://s.test/");
    tokio::time::sleep(HOUR).await;
    idle(&service).await;
    // The check of 3:00 takes 80 minutes, so that there is none at 4:00.
    web.put("http://s.test/", page);
    web.delay(40 * MINUTE);
    tokio::time::sleep(2 * HOUR + 30 * MINUTE).await;
    idle(&service).await;
    // It is 4:30, and there is one that is cancelled.
    web.delay(2 * MINUTE);
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    tokio::time::sleep(MINUTE).await;
    assert!(service.act("s", Action::Cancel).await.unwrap().changed);
    idle(&service).await;
    web.delay(Duration::ZERO);
    // At 5:00 it is paused, and from 6:00 to 9:00 nobody is there.
    assert!(service.act("s", Action::Pause).await.unwrap().changed);
    tokio::time::sleep(HOUR).await;
    assert!(service.act("s", Action::Resume).await.unwrap().changed);
    stop(service).await;
    tokio::time::sleep(4 * HOUR).await;
    let service = start().await;
    idle(&service).await;
    tokio::time::sleep(MINUTE).await;

    // What was counted is what the history says.
    let (runs, text) = (service.runs(Some("s"), 1_000, None).await.unwrap(), handle.render());
    let sum = |of: fn(&RunView) -> u64| runs.iter().map(of).sum::<u64>();
    let times = |state: RunState| runs.iter().filter(|run| run.state == state).map(|run| run.times).sum::<u64>();
    let says = |name: &str, value: u64| {
        assert!(value > 0, "{name}: this shows nothing: {runs:#?}");
        assert!(text.contains(&format!("\n{name} {value}\n")), "{name} is not {value}: {text}\n{runs:#?}");
    };
    for (outcome, state) in [
        ("done", RunState::Done),
        ("cancelled", RunState::Cancelled),
        ("failed", RunState::Failed),
        ("skipped", RunState::Skipped),
        ("missed", RunState::Missed),
    ] {
        says(&format!("sitewatch_checks_total{{site=\"s\",outcome=\"{outcome}\"}}"), times(state));
    }
    says("sitewatch_pages_fetched_total", sum(|run| run.numbers.fetched));
    says("sitewatch_links_newly_broken_total{site=\"s\"}", sum(|run| run.numbers.newly_broken));
    says("sitewatch_links_fixed_total{site=\"s\"}", sum(|run| run.numbers.fixed));
    // How long they took is told in seconds, and of those only that came to their end.
    let all = times(RunState::Done);
    says("sitewatch_check_seconds_count", all);
    says("sitewatch_check_seconds_bucket{le=\"3600\"}", all - 1);
    says("sitewatch_check_seconds_bucket{le=\"14400\"}", all);
    for help in [
        "sitewatch_checks_total Checks that ended or did not begin",
        "sitewatch_check_seconds How long a check took that came to its end",
    ] {
        assert!(text.contains(&format!("# HELP {help}\n")), "{text}");
    }
    stop(service).await;
}
