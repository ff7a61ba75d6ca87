use std::sync::LazyLock;

use actix_web::HttpResponse;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::access::Access;
use super::operation::Operation;
use super::problem::MEDIA_TYPE;
use super::{Problem, ProblemKind, table};

/// The schema of the JSON report, which is kept by hand and documented.
const REPORT: &str = include_str!("../../../docs/report.schema.json");

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// The API as an OpenAPI 3.1 document: what `/api/v1/openapi.json` answers.
///
/// It is made of the table that also mounts the routes, and of the types that are answered, so it can't differ from
/// what is served. It is the same on every call.
///
/// # Examples
///
/// ```
/// let document = sitewatch::web::api::document();
/// assert_eq!(document["openapi"], "3.1.0");
/// assert_eq!(document["paths"]["/api/v1/sites/{name}/check"]["post"]["security"][0]["token"], serde_json::json!([]));
/// assert!(document["paths"]["/api/v1/sites/{name}/check"]["get"].is_null());
/// ```
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for operation in table::operations() {
        let described = describe(&operation, &mut schemas);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.key()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sitewatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What sitewatch knows of the sites that it watches, and what it can be asked to do.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "web.token of the settings" },
            },
        },
    })
}

fn describe(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = names(&operation.path).map(in_path).collect();
    parameters.extend(operation.keys().map(|(key, schema)| in_query(key, schema)));
    let mut responses = Map::new();
    for answer in &operation.answers {
        let schema = answer.schema.map_or_else(|| json_schema!({ "type": "string" }), |schema| schema(schemas));
        // Parameters such as a charset are no part of what it is.
        let media_type = answer.media_type.split(';').next().unwrap_or_default();
        respond(&mut responses, answer.status, operation.summary, media_type, &schema);
    }
    let kinds: &[ProblemKind] = match operation.access {
        Access::Open => &[ProblemKind::BadQuery],
        Access::Read => &[ProblemKind::BadQuery, ProblemKind::TokenNeeded],
        Access::Act => &[ProblemKind::BadQuery, ProblemKind::TokenNeeded, ProblemKind::CrossSite],
    };
    let problem = schemas.subschema_for::<Problem>();
    for kind in kinds.iter().chain(&operation.problems) {
        respond(&mut responses, kind.status(), kind.title(), MEDIA_TYPE, &problem);
    }
    json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "security": security(operation.access),
        "responses": responses,
    })
}

fn respond(responses: &mut Map<String, Value>, status: u16, words: &str, media_type: &str, schema: &Schema) {
    let response =
        responses.entry(status.to_string()).or_insert_with(|| json!({ "description": words, "content": {} }));
    response["content"][media_type] = json!({ "schema": schema });
}

/// The parameters of a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn in_path(name: &str) -> Value {
    let (kind, words) = match name {
        "id" => ("integer", "The number of a run"),
        "job" => ("string", "The id of a job: 32 hexadecimal digits"),
        "queue" => ("string", "The name of a queue"),
        _ => ("string", "The name of a site in the settings"),
    };
    json!({ "name": name, "in": "path", "required": true, "description": words, "schema": { "type": kind } })
}

fn in_query(key: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    let mut description = None;
    if let Some(map) = schema.as_object_mut() {
        description = map.remove("description");
        // What is not in a query is none; nothing in it can say so.
        if map.get("default").is_some_and(Value::is_null) {
            map.remove("default");
        }
        let kinds = map.get("type").and_then(Value::as_array);
        if let Some(kind) = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned()) {
            map.insert("type".to_owned(), kind);
        }
    }
    json!({ "name": key, "in": "query", "required": false, "description": description, "schema": schema })
}

/// The first that is fulfilled is enough. Whether a token is needed to look is a setting.
fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Read => json!([{}, { "token": [] }]),
        Access::Act => json!([{ "token": [] }]),
    }
}

/// The schema of the JSON report.
pub(super) fn report_schema(schemas: &mut SchemaGenerator) -> Schema {
    let mut report: Value = serde_json::from_str(REPORT).expect("a test reads it");
    rebase(&mut report);
    schemas.definitions_mut().insert("Report".to_owned(), report);
    Schema::new_ref("#/components/schemas/Report".to_owned())
}

/// Its references are from its root, which is not the root of the document.
fn rebase(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
                    Some(name) if key == "$ref" => *value = format!("#/components/schemas/Report/$defs/{name}").into(),
                    _ => rebase(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(rebase),
        _ => {}
    }
}

/// The schema of the document itself, which is whatever OpenAPI says.
pub(super) fn any_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "required": ["openapi", "info", "paths"] })
}

pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}
