//! What is answered, and what is refused.

use actix_web::test::TestRequest;
use serde_json::json;
use sitewatch::service::{Action, FindingQuery, RunState};

use super::{TOKEN, ask, ask_of, auth, get, post};
use crate::api_fake::{self, Fake};

#[tokio::test]
async fn what_is_known_is_answered_as_it_is() {
    let fake = Fake::new();
    assert_eq!(get(&fake, "/api/v1/sites").await.json(), json!(api_fake::sites()));
    assert_eq!(get(&fake, "/api/v1/sites/docs").await.json(), json!(api_fake::sites()[1]));
    let run = api_fake::run(7, "docs", RunState::Done);
    assert_eq!(get(&fake, "/api/v1/runs/7").await.json(), json!(run));
    let found = get(&fake, "/api/v1/sites/docs/findings").await.json();
    assert_eq!(found, json!({ "total": 2, "items": fake.findings }));
    assert_eq!(get(&fake, "/api/v1/machinery").await.json()["tasks"], "root\n");
    assert_eq!(get(&fake, "/healthz").await.text(), "ok\n");
    assert_eq!(get(&fake, "/readyz").await.json(), json!({ "ready": true, "reasons": [] }));
}

#[tokio::test]
async fn what_is_of_now_is_not_kept() {
    let fake = Fake::new();
    for uri in ["/api/v1/sites", "/api/v1/sites/nothing", "/api/v1/sites/docs/report", "/readyz", "/metrics"] {
        assert_eq!(get(&fake, uri).await.header("cache-control"), "no-store", "{uri}");
    }
}

#[tokio::test]
async fn runs_are_of_a_site_or_of_all_and_as_many_as_wanted() {
    let fake = Fake::new();
    for (uri, expected) in [
        ("/api/v1/runs", &[9, 8, 7][..]),
        ("/api/v1/runs?limit=2", &[9, 8]),
        ("/api/v1/runs?before=9&limit=1", &[8]),
        ("/api/v1/runs?limit=0", &[9, 8, 7]),
        ("/api/v1/sites/docs/runs", &[9, 7]),
        ("/api/v1/sites/docs/runs?before=9", &[7]),
    ] {
        let runs = get(&fake, uri).await.json();
        let ids: Vec<i64> = runs.as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, expected, "{uri}");
    }
}

#[tokio::test]
async fn every_key_of_a_query_is_taken() {
    let fake = Fake::new();
    let uri = "/api/v1/sites/docs/findings?fixed=true&reason=http-404&page=a%20b&text=x%26y&limit=3&offset=4";
    assert_eq!(get(&fake, uri).await.status, 200);
    let (reason, page, text) = (Some("http-404".to_owned()), Some("a b".to_owned()), Some("x&y".to_owned()));
    assert_eq!(*fake.queries.lock(), [FindingQuery { fixed: true, reason, page, text, limit: 3, offset: 4 }]);
}

#[tokio::test]
async fn an_unknown_key_is_refused_by_its_name_wherever_it_is() {
    let fake = Fake::new();
    for uri in ["/api/v1/sites", "/api/v1/runs", "/api/v1/sites/docs/findings", "/healthz", "/metrics"] {
        let answer = get(&fake, &format!("{uri}?limt=3&offfset=1")).await;
        assert_eq!(answer.problem(), (400, "bad-query".to_owned()), "{uri}");
        assert!(answer.detail().starts_with("unknown query keys \"limt\", \"offfset\"; "), "{}", answer.detail());
    }
    let answer = get(&fake, "/api/v1/runs?limt=3").await;
    assert_eq!(answer.detail(), "unknown query key \"limt\"; known: before, limit");
    let answer = ask(&fake, post("/api/v1/sites/docs/check?force=true")).await;
    assert_eq!(answer.detail(), "unknown query key \"force\"; none is known here");
    assert!(fake.acted.lock().is_empty());
}

#[tokio::test]
async fn every_value_that_makes_no_sense_is_told_with_its_key() {
    let fake = Fake::new();
    let answer = get(&fake, "/api/v1/runs?limit=-1&before=x").await;
    assert_eq!(answer.problem(), (400, "bad-query".to_owned()));
    let detail = answer.detail();
    assert!(detail.starts_with("limit = \"-1\": ") && detail.contains("; before = \"x\": "), "{detail}");
    for uri in ["/api/v1/runs?limit=1&limit=2", "/api/v1/sites/docs/report?format=pdf"] {
        assert_eq!(get(&fake, uri).await.problem(), (400, "bad-query".to_owned()), "{uri}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_by_kind() {
    let fake = Fake::new();
    for (uri, kind) in [
        ("/api/v1/sites/nothing", "no-such-site"),
        ("/api/v1/sites/nothing/runs", "no-such-site"),
        ("/api/v1/sites/nothing/findings", "no-such-site"),
        ("/api/v1/sites/nothing/report", "no-such-site"),
        ("/api/v1/runs/1", "no-such-run"),
        ("/api/v1/runs/first", "no-such-run"),
        ("/api/v1/runs/99999999999999999999", "no-such-run"),
        ("/api/v1", "no-such-path"),
        ("/api/v1/sites/docs/nothing", "no-such-path"),
    ] {
        assert_eq!(get(&fake, uri).await.problem(), (404, kind.to_owned()), "{uri}");
    }
    assert_eq!(get(&fake, "/api/v1/sites/nothing").await.detail(), "there is no site \"nothing\"");
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused_with_those_that_it_does() {
    let fake = Fake::new();
    for (request, allow) in [
        (post("/api/v1/sites"), "GET, HEAD"),
        (TestRequest::delete().uri("/api/v1/sites/docs"), "GET, HEAD"),
        (TestRequest::get().uri("/api/v1/sites/docs/check"), "POST"),
        (TestRequest::put().uri("/healthz"), "GET, HEAD"),
    ] {
        let answer = ask(&fake, request).await;
        assert_eq!(answer.problem(), (405, "method-not-allowed".to_owned()));
        assert_eq!(answer.header("allow"), allow);
    }
    let head = TestRequest::default().method(actix_web::http::Method::HEAD).uri("/api/v1/sites");
    assert_eq!(ask(&fake, head).await.status, 200);
}

#[tokio::test]
async fn a_database_that_is_away_is_told_and_the_process_lives() {
    let fake = Fake::new();
    fake.set_down(true);
    let answer = get(&fake, "/api/v1/sites").await;
    assert_eq!(answer.problem(), (503, "unavailable".to_owned()));
    assert_eq!(answer.detail(), "the database does not answer: connection refused");
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let ready = get(&fake, "/readyz").await;
    assert_eq!(ready.status, 503);
    let reasons = ["the database does not answer: connection refused"];
    assert_eq!(ready.json(), json!({ "ready": false, "reasons": reasons }));
    assert_eq!(get(&fake, "/healthz").await.status, 200);
    fake.set_down(false);
    assert_eq!(get(&fake, "/readyz").await.status, 200);
}

#[tokio::test]
async fn nothing_is_done_for_who_has_not_the_token() {
    let fake = Fake::new();
    let uri = "/api/v1/sites/docs/check";
    let wrong = TestRequest::post().uri(uri).insert_header(("authorization", "Bearer 0123456789abcdef-tokem"));
    let basic = TestRequest::post().uri(uri).insert_header(("authorization", format!("Basic {TOKEN}")));
    for request in [TestRequest::post().uri(uri), wrong, basic] {
        let answer = ask(&fake, request).await;
        assert_eq!(answer.problem(), (401, "token-needed".to_owned()));
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"sitewatch\"");
    }
    assert!(fake.acted.lock().is_empty());
}

#[tokio::test]
async fn each_action_is_done_for_who_has_the_token() {
    let fake = Fake::new();
    for action in Action::ALL {
        let answer = ask(&fake, post(&format!("/api/v1/sites/docs/{action}"))).await;
        assert_eq!(answer.json(), json!({ "changed": true, "message": format!("docs: {action}, as asked") }));
    }
    let expected: Vec<_> = Action::ALL.into_iter().map(|action| ("docs".to_owned(), action)).collect();
    assert_eq!(*fake.acted.lock(), expected);
    assert_eq!(ask(&fake, post("/api/v1/sites/nothing/check")).await.problem(), (404, "no-such-site".to_owned()));

    let at_rest = std::sync::Arc::new(Fake { at_rest: true, ..Fake::with(Vec::new()) });
    let answer = ask(&at_rest, post("/api/v1/sites/docs/pause")).await;
    assert_eq!(answer.problem(), (409, "not-live".to_owned()));
}

#[tokio::test]
async fn a_page_of_another_site_can_do_nothing() {
    let fake = Fake::new();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let answer = ask(&fake, post("/api/v1/sites/docs/check").insert_header((name, value))).await;
        assert_eq!(answer.problem(), (403, "cross-site".to_owned()), "{name}: {value}");
    }
    assert!(fake.acted.lock().is_empty());
}

#[tokio::test]
async fn looking_needs_the_token_where_the_settings_say_so() {
    let fake = Fake::new();
    fake.set_down(true);
    for uri in ["/api/v1/machinery", "/api/v1/runs", "/metrics"] {
        let answer = ask_of(auth(true), &fake, TestRequest::get().uri(uri)).await;
        assert_eq!(answer.problem(), (401, "token-needed".to_owned()), "{uri}");
    }
    let known = || ("authorization", format!("Bearer {TOKEN}"));
    let request = TestRequest::get().uri("/api/v1/machinery").insert_header(known());
    assert_eq!(ask_of(auth(true), &fake, request).await.status, 200);

    // Whether it is ready is for anyone, why not is not.
    let ready = |request| ask_of(auth(true), &fake, request);
    let stranger = ready(TestRequest::get().uri("/readyz")).await;
    assert_eq!((stranger.status, stranger.json()["reasons"].clone()), (503, json!([])));
    let friend = ready(TestRequest::get().uri("/readyz").insert_header(known())).await;
    assert_eq!(friend.json()["reasons"].as_array().unwrap().len(), 1);
    assert_eq!(ready(TestRequest::get().uri("/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_report_has_every_open_finding_in_each_format() {
    let many =
        (0..2_500).map(|id| api_fake::finding(id, "https://example.org/docs/a.html", "http-404", "404 Not Found"));
    let fake = std::sync::Arc::new(Fake::with(many.collect()));
    let report = get(&fake, "/api/v1/sites/docs/report").await;
    assert_eq!(report.header("content-type"), "application/json");
    let json = report.json();
    assert_eq!(json["links"].as_array().unwrap().len(), 2_500);
    assert_eq!(json["target"], "https://example.org/docs/");
    let summary = &json["summary"];
    assert_eq!((&summary["broken"], &summary["ok"], &summary["pages"]), (&json!(2_500), &json!(33_000), &json!(1_200)));
    assert_eq!((&summary["complete"], &summary["elapsed_ms"]), (&json!(true), &json!(65_000)));

    let fake = Fake::new();
    for (format, media_type, part) in [
        ("json", "application/json", "\"message\":\"the host name does not resolve: no such host\""),
        ("junit", "application/xml", "<testsuite"),
        ("markdown", "text/markdown; charset=utf-8", "gone"),
        (
            "human",
            "text/plain; charset=utf-8",
            "2 broken among 33,002 links on 1,200 pages of https://example.org/docs/",
        ),
    ] {
        let report = get(&fake, &format!("/api/v1/sites/docs/report?format={format}")).await;
        assert_eq!(report.header("content-type"), media_type);
        assert!(report.text().contains(part), "{}", report.text());
    }
}

#[tokio::test]
async fn a_report_of_a_site_that_was_never_checked_to_the_end_is_partial() {
    let report = get(&Fake::new(), "/api/v1/sites/blog/report").await.json();
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["summary"]["stopped"], "no check came to its end yet");
    assert_eq!(report["summary"]["failed"], "the start page can't be fetched: no answer in time");
    let docs = get(&Fake::new(), "/api/v1/sites/docs/report").await.json();
    assert_eq!(docs["summary"]["failed"], serde_json::Value::Null, "its latest check came to its end");
}
