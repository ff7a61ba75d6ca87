//! Who sitewatch says that it is, and what a worker asks at all.

use std::sync::Arc;
use std::time::Duration;

use sitewatch::check::{Reply, Want};
use sitewatch::fetch::{HttpConfig, Private};
use sitewatch::service::config::{Secret, ServiceConfig, load};
use tokio::time::timeout;
use url::Url;

use super::field::{Field, config, errand, stop};
use super::web::Web;

/// The settings of a worker that knows who we are at `docs`.
fn settings() -> ServiceConfig {
    settings_of("http://s.test/")
}

/// The same, where that is here.
fn settings_of(docs: &str) -> ServiceConfig {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sitewatch.toml");
    let text =
        format!("[sites.docs]\ntarget = '{docs}'\nauth.bearer = 'hunter2'\n[sites.open]\ntarget = 'http://o.test/'");
    std::fs::write(&file, text).unwrap();
    load::<String, String>(&file, []).unwrap()
}

fn url() -> Url {
    Url::parse("http://s.test/").unwrap()
}

/// The settings of a check of `docs`, as its service has them.
fn known() -> HttpConfig {
    HttpConfig {
        credentials: [("authorization".to_owned(), Secret::new("Bearer hunter2"))].into(),
        credential_hosts: vec!["s.test".to_owned()],
        ..config().http
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_are_not_in_the_queue_and_only_who_has_them_takes_what_needs_them() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1));
    let (stranger, _) = field.worker(&web, "stranger").await;
    let http = field.lead(&web).await.http(&known(), errand("a run").identity("docs")).unwrap();
    let place = url();
    let (fetched, acquaintance) = tokio::join!(http.fetch(&place, Want::Probe), async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(web.asked.lock().is_empty(), "who does not know them leaves it alone");
        field.worker_with(&web, "acquaintance", |worker| worker.identities(&settings())).await.0
    });
    assert!(matches!(fetched, Reply::IsHtml));
    assert_eq!((web.askers(), acquaintance.sites()), (vec!["acquaintance"], &["docs".to_owned()][..]));
    let clients = web.clients.lock().clone();
    let (_, used) = clients.iter().find(|(by, _)| *by == "acquaintance").unwrap();
    assert_eq!(used.credentials["authorization"].expose(), "Bearer hunter2");
    assert_eq!(used.credential_hosts, ["s.test"], "by whose own settings they go where they belong");
    let jobs = field.jobs().await;
    assert_eq!(jobs.len(), 1);
    assert!(!format!("{jobs:?}").contains("hunter2"));
    assert_eq!(jobs[0].queue, "sitewatch.fetch.docs");
    stop([stranger, acquaintance]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_elsewhere_is_asked_for_as_anyone_also_where_nobody_has_the_credentials() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1).html("http://other.test/", "").html("http://s.test:8080/", ""));
    let (stranger, _) = field.worker(&web, "stranger").await;
    let http = field.lead(&web).await.http(&known(), errand("a run").identity("docs")).unwrap();
    for place in ["http://other.test/", "http://s.test:8080/"] {
        let place = Url::parse(place).unwrap();
        let fetched = timeout(Duration::from_secs(60), http.fetch(&place, Want::Probe)).await;
        assert!(matches!(fetched, Ok(Reply::IsHtml)), "{place}: {fetched:?}");
    }
    let jobs = field.jobs().await;
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        assert_eq!(job.queue, "sitewatch.fetch");
        assert!(!job.payload.contains("identity") && job.payload.contains(r#""credential_hosts":[]"#), "{job:?}");
    }
    stop([stranger]).await;
}

#[tokio::test(start_paused = true)]
async fn who_knows_another_site_by_that_name_hands_back_what_is_not_for_his() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1));
    // Of another service, or of one whose target has changed since.
    let namesake = settings_of("http://elsewhere.test/");
    let (namesake, _) = field.worker_with(&web, "namesake", |worker| worker.identities(&namesake)).await;
    let http = field.lead(&web).await.http(&known(), errand("a run").identity("docs")).unwrap();
    let place = url();
    let (fetched, acquaintance) = tokio::join!(http.fetch(&place, Want::Probe), async {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert!(web.asked.lock().is_empty(), "neither as anyone nor as somebody else");
        stop([namesake]).await;
        field.worker_with(&web, "acquaintance", |worker| worker.identities(&settings())).await.0
    });
    assert!(matches!(fetched, Reply::IsHtml), "{fetched:?}");
    assert_eq!(web.askers(), ["acquaintance"]);
    stop([acquaintance]).await;
}

#[tokio::test(start_paused = true)]
async fn who_has_credentials_does_what_needs_none_as_anyone() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1));
    let (worker, _) = field.worker_with(&web, "a", |worker| worker.identities(&settings())).await;
    let http = field.lead(&web).await.http(&config().http, errand("a run")).unwrap();
    assert!(matches!(http.fetch(&url(), Want::Probe).await, Reply::IsHtml));
    let clients = web.clients.lock().clone();
    let (_, used) = clients.iter().find(|(by, _)| *by == "a").unwrap();
    assert!(used.credentials.is_empty() && used.credential_hosts.is_empty());
    stop([worker]).await;
}

#[tokio::test(start_paused = true)]
async fn the_settings_of_a_job_hold_at_the_worker_but_for_what_that_refuses_itself() {
    let field = Field::new();
    let web = Arc::new(Web::tree(1));
    let http = HttpConfig {
        private: Private::Allow,
        private_hosts: vec!["wiki.internal".to_owned()],
        retries: 7,
        headers: [("x-check".to_owned(), "yes".to_owned())].into(),
        ..config().http
    };
    let lead = field.lead(&web).await;
    for (name, refuses) in [("trusting", false), ("careful", true)] {
        let with = |worker: sitewatch::remote::WorkerBuilder| match refuses {
            true => worker.refuse_private(["intranet.test"]),
            false => worker,
        };
        let (worker, _) = field.worker_with(&web, name, with).await;
        let asking = lead.http(&http, errand(name)).unwrap();
        assert!(matches!(asking.fetch(&url(), Want::Probe).await, Reply::IsHtml));
        let clients = web.clients.lock().clone();
        let (_, used) = clients.iter().find(|(by, _)| *by == name).unwrap();
        let mut expected = http.clone();
        if refuses {
            (expected.private, expected.private_hosts) = (Private::Refuse, vec!["intranet.test".to_owned()]);
        }
        assert_eq!(*used, expected, "{name}");
        stop([worker]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_serves_for_an_errand_and_the_next_has_its_own() {
    let field = Field::new();
    let web = Arc::new(Web::tree(8));
    let (worker, _) = field.worker(&web, "a").await;
    let lead = field.lead(&web).await;
    for name in ["first", "second"] {
        let http = lead.http(&config().http, errand(name)).unwrap();
        for n in 1..8 {
            let url = Url::parse(&format!("http://s.test/{n}")).unwrap();
            let fetched = timeout(Duration::from_secs(60), http.fetch(&url, Want::Probe)).await.unwrap();
            assert!(matches!(fetched, Reply::IsHtml));
        }
    }
    assert_eq!(web.clients.lock().iter().filter(|(by, _)| *by == "a").count(), 2);
    stop([worker]).await;
}
