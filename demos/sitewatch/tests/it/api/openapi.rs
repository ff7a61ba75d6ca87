//! The document says what is served, no more and no less.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use sitewatch::web::api;

use super::{Answer, ask, get, post};
use crate::api_fake::Fake;
use crate::jobs_fake::{DEAD, QUEUE};

/// Address, method and description of each operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(|(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

/// The address of something that is there.
fn filled(path: &str) -> String {
    path.replace("{name}", "docs").replace("{id}", "7").replace("{job}", DEAD).replace("{queue}", QUEUE)
}

async fn answer(fake: &Arc<Fake>, path: &str, method: &str) -> Answer {
    match method {
        "get" => get(fake, &filled(path)).await,
        "post" => ask(fake, post(&filled(path))).await,
        other => panic!("{other} {path} is not asked for here"),
    }
}

/// Whether an answer is documented: its status, its media type, and the schema of its JSON.
fn validate(document: &Value, operation: &Value, answer: &Answer, at: &str) {
    let response = &operation["responses"][answer.status.to_string()];
    let media_type = answer.header("content-type").split(';').next().unwrap();
    let content = &response["content"][media_type];
    assert!(content.is_object(), "{at}: {} {media_type} is not documented: {response}", answer.status);
    if !media_type.ends_with("json") {
        return;
    }
    // References are from the root.
    let mut schema = content["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{at}: {error}"));
    let body = answer.json();
    let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{at}: {errors:?} in {body}");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_made() {
    let served = get(&Fake::new(), "/api/v1/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.json(), api::document());
    assert_eq!(api::document(), api::document());
}

#[tokio::test]
async fn everything_that_is_served_is_in_the_document() {
    let document = api::document();
    let documented: BTreeSet<String> = operations(&document).into_iter().map(|(path, ..)| path).collect();
    let expected = [
        "/api/v1/jobs",
        "/api/v1/jobs/{job}",
        "/api/v1/jobs/{job}/cancel",
        "/api/v1/jobs/{job}/retry",
        "/api/v1/machinery",
        "/api/v1/openapi.json",
        "/api/v1/queues",
        "/api/v1/queues/{queue}/pause",
        "/api/v1/queues/{queue}/resume",
        "/api/v1/queues/{queue}/retry",
        "/api/v1/runs",
        "/api/v1/runs/{id}",
        "/api/v1/sites",
        "/api/v1/sites/{name}",
        "/api/v1/sites/{name}/cancel",
        "/api/v1/sites/{name}/check",
        "/api/v1/sites/{name}/findings",
        "/api/v1/sites/{name}/pause",
        "/api/v1/sites/{name}/report",
        "/api/v1/sites/{name}/resume",
        "/api/v1/sites/{name}/runs",
        "/api/v1/workers",
        "/healthz",
        "/metrics",
        "/readyz",
    ];
    assert_eq!(documented, expected.map(str::to_owned).into());
    // And an address takes no method that is not documented.
    let fake = Fake::new();
    for path in &documented {
        for (method, request) in [("get", TestRequest::get()), ("post", post("/")), ("put", TestRequest::put())] {
            let status = ask(&fake, request.uri(&filled(path))).await.status;
            assert_eq!(document["paths"][path][method].is_object(), status != 405, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_as_its_schema_says() {
    let (document, fake) = (api::document(), Fake::new());
    for down in [false, true] {
        fake.set_down(down);
        for (path, method, operation) in operations(&document) {
            let at = format!("{method} {path}, down: {down}");
            let answer = answer(&fake, &path, &method).await;
            assert!(down || answer.status == 200, "{at}: {}", answer.status);
            validate(&document, &operation, &answer, &at);
        }
    }
    fake.set_down(false);
    for format in ["json", "junit", "markdown", "human"] {
        let report = get(&fake, &format!("/api/v1/sites/docs/report?format={format}")).await;
        validate(&document, &document["paths"]["/api/v1/sites/{name}/report"]["get"], &report, format);
    }
}

#[tokio::test]
async fn every_refusal_is_as_its_schema_says() {
    let (document, fake) = (api::document(), Fake::new());
    for (path, method, operation) in operations(&document) {
        let request = if method == "get" { TestRequest::get() } else { post("/") };
        let unknown = ask(&fake, request.uri(&format!("{}?no_such_key=1", filled(&path)))).await;
        assert_eq!(unknown.status, 400, "{method} {path}");
        validate(&document, &operation, &unknown, &path);
        if path.contains('{') {
            let elsewhere = path.replace("{name}", "nothing").replace("{id}", "1");
            let elsewhere = elsewhere.replace("{job}", "1").replace("{queue}", "nothing");
            let missing = answer(&fake, &elsewhere, &method).await;
            assert_eq!(missing.status, 404, "{method} {path}");
            validate(&document, &operation, &missing, &path);
        }
    }
}

#[test]
fn a_schema_refuses_what_is_not_answered() {
    let document = api::document();
    let schema = json!({ "$ref": "#/components/schemas/SiteView", "components": document["components"] });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let good = json!(crate::api_fake::sites()[1]);
    assert!(validator.is_valid(&good));
    let broken = |change: fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad
    };
    assert!(!validator.is_valid(&broken(|site| site["health"] = "fine".into())));
    assert!(!validator.is_valid(&broken(|site| site["broken"] = "2".into())));
    assert!(!validator.is_valid(&broken(|site| drop(site.as_object_mut().unwrap().remove("last")))));
    assert!(!validator.is_valid(&broken(|site| site["last"]["numbers"]["pages"] = Value::Null)));
}

#[tokio::test]
async fn what_needs_the_token_is_documented_to() {
    let (document, fake) = (api::document(), Fake::new());
    for (path, method, operation) in operations(&document) {
        let request = if method == "get" { TestRequest::get() } else { TestRequest::post() };
        let status = ask(&fake, request.uri(&filled(&path))).await.status;
        assert_eq!(operation["security"] == json!([{ "token": [] }]), status == 401, "{method} {path}: {status}");
    }
}

#[tokio::test]
async fn every_documented_key_is_known_and_has_words() {
    let (document, fake) = (api::document(), Fake::new());
    let mut keys = 0;
    for (path, _, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            assert!(parameter["description"].as_str().is_some_and(|words| !words.is_empty()), "{path}: {name}");
            assert!(parameter["schema"]["type"].is_string(), "{path}: {parameter}");
            if parameter["in"] == "query" {
                keys += 1;
                let detail = get(&fake, &format!("{}?{name}=", filled(&path))).await;
                assert!(!detail.text().contains("unknown query key"), "{path}: {name}: {}", detail.text());
            }
        }
    }
    assert_eq!(keys, 6 + 2 + 2 + 1 + 4);
}

#[test]
fn every_name_is_there_once_and_every_reference_leads_somewhere() {
    let document = api::document();
    let ids: Vec<String> = operations(&document).iter().map(|(.., it)| it["operationId"].to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads out"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
