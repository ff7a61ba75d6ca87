use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;
use sitewatch::report::{Format, Reason, Style};

use super::samples::{awkward, written};

const DOCS: &str = include_str!("../../../docs/report.md");
const SCHEMA: &str = include_str!("../../../docs/report.schema.json");

/// As much of JSON Schema as the schema uses; anything else in it is an error.
fn validate(schema: &Value, root: &Value, value: &Value, at: &str) {
    let Some(rules) = schema.as_object() else { panic!("{at}: a schema is an object") };
    for (rule, wanted) in rules {
        let holds = match rule.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                validate(root.pointer(pointer).expect("it is defined"), root, value, at);
                true
            }
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "type" => {
                let kinds = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
                kinds.iter().any(|kind| is(kind.as_str().unwrap(), value))
            }
            "minimum" => value.as_u64() >= wanted.as_u64(),
            "pattern" => Regex::new(wanted.as_str().unwrap()).unwrap().is_match(value.as_str().unwrap()),
            "required" => wanted.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                let items = value.as_array().unwrap();
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| validate(wanted, root, item, &format!("{at}[{index}]")));
                true
            }
            "properties" => {
                let object = value.as_object().unwrap();
                for (key, inner) in object {
                    let schema = wanted.get(key).unwrap_or_else(|| panic!("{at}.{key} is not in the schema"));
                    validate(schema, root, inner, &format!("{at}.{key}"));
                }
                true
            }
            "propertyNames" => {
                value.as_object().unwrap().keys().for_each(|key| validate(wanted, root, &key.clone().into(), at));
                true
            }
            "additionalProperties" => {
                value.as_object().unwrap().values().for_each(|inner| validate(wanted, root, inner, at));
                true
            }
            other => panic!("{at}: this test does not know the rule {other}"),
        };
        assert!(holds, "{at}: {value} breaks {rule} {wanted}");
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("this test does not know the type {other}"),
    }
}

#[test]
fn the_json_report_is_as_the_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for all in [false, true] {
        let style = Style { all, ..Style::default() };
        let report: Value = serde_json::from_str(&written(&awkward(), Format::Json, style)).unwrap();
        validate(&schema, &schema, &report, "report");
    }
}

#[test]
fn the_schema_refuses_what_is_not_a_report() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let good: Value = serde_json::from_str(&written(&awkward(), Format::Json, Style::default())).unwrap();
    let mut bad = vec![good.clone(), good.clone(), good.clone()];
    bad[0]["links"][0]["status"] = "fine".into();
    bad[1]["summary"].as_object_mut().unwrap().remove("pages");
    bad[2]["links"][0]["line"] = "1".into();
    for bad in bad {
        assert!(std::panic::catch_unwind(|| validate(&schema, &schema, &bad, "report")).is_err());
    }
}

#[test]
fn every_reason_and_every_key_is_documented() {
    let codes: BTreeSet<&str> =
        Regex::new("`([a-z0-9_-]+)`").unwrap().captures_iter(DOCS).map(|c| c.extract::<1>().1[0]).collect();
    for reason in Reason::PLAIN {
        let code = reason.code().to_string();
        assert!(codes.contains(code.as_str()), "{code} is not in docs/report.md");
        let row = DOCS.lines().find(|line| {
            line.starts_with('|') && line.contains(&format!("`{code}`")) && line.contains(reason.status().as_str())
        });
        assert!(row.is_some(), "{code} is not documented as {}", reason.status());
    }
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for object in [&schema, &schema["$defs"]["summary"], &schema["$defs"]["link"]] {
        for key in object["properties"].as_object().unwrap().keys() {
            assert!(codes.contains(key.as_str()), "{key} is not in docs/report.md");
        }
    }
}
