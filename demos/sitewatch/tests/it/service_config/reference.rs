//! The reference of all keys.
use sitewatch::service::config::{reference, schema};

#[test]
fn every_key_has_a_row_with_its_type_and_its_meaning() {
    let (schema, reference) = (schema(), reference());
    let definitions = schema["$defs"].as_object().unwrap();
    let tables = definitions.values().filter_map(|definition| definition.get("properties"));
    let is_table = |property: &serde_json::Value| {
        let target = property.get("$ref").or_else(|| property.get("additionalProperties")?.get("$ref"));
        let name = target.and_then(|target| target.as_str()?.strip_prefix("#/$defs/"));
        name.is_some_and(|name| definitions[name].get("properties").is_some())
    };
    let mut rows = 0;
    for (key, property) in tables.chain([&schema["properties"]]).flat_map(|table| table.as_object().unwrap()) {
        if is_table(property) {
            continue;
        }
        rows += 1;
        let start = format!("| `{key}` | ");
        let of_key: Vec<&str> = reference.lines().filter(|line| line.starts_with(&start)).collect();
        assert!(!of_key.is_empty(), "{key}");
        for row in of_key {
            let cells: Vec<&str> = row.split(" | ").collect();
            assert_eq!(cells.len(), 4, "{row}");
            assert!(!cells[1].is_empty() && cells[3].len() > 10, "{row}");
        }
    }
    assert_eq!(rows, reference.lines().filter(|line| line.starts_with("| `")).count(), "and there is no other row");
}

#[test]
fn types_and_defaults_are_told_in_words() {
    let reference = reference();
    for row in [
        "| `grace` | [duration](#duration) | `\"20s\"` | How long a stop may take, ",
        "| `workers` | whole number |  | Threads that read pages; at least 1. One per CPU if not set. |",
        "| `runs` | [duration](#duration) | `\"90d\"` | ",
        "| `max_pages` | whole number | `100000` | ",
        "| `external` | `true` or `false` | `true` | ",
        "| `exclude` | [patterns](#patterns) |  | ",
        "| `scope` | [scope](#scope) | `\"path\"` | ",
        "| `token` | [secret](#secret) |  | ",
        "| `listen` | [addresses](#addresses) | `[\"127.0.0.1:8080\"]` | ",
        "| `notify` | list of text | `[]` | ",
        "| `rate` | number | `10.0` | ",
        "| `overlap` | `\"skip\"`, `\"queue\"`, `\"allow\"` or `\"cancel\"` | `\"skip\"` | ",
        "| `kind` | `\"webhook\"`, `\"command\"` or `\"mail\"` |  | ",
        "| `on` | list of `\"broken\"`, `\"fixed\"` or `\"failing\"` | `[\"broken\",\"fixed\",\"failing\"]` | ",
    ] {
        assert!(reference.contains(&format!("\n{row}")), "{row} is not in\n{reference}");
    }
    let overlap = reference.lines().find(|line| line.starts_with("| `overlap`")).unwrap();
    assert!(
        overlap.ends_with(
            "`\"allow\"`: both run at the same time; up to 16 may; `\"cancel\"`: the one before is stopped. |"
        )
    );
    for heading in [
        "## At the top",
        "## `[defaults]`, `[sites.NAME]`",
        "## `[defaults.http]`, `[sites.NAME.http]`",
        "## `[notify.NAME]`",
        "### duration",
    ] {
        assert!(reference.lines().any(|line| line == heading), "{heading}");
    }
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(reference(), reference());
    let keys: Vec<String> = reference().lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let top: Vec<&String> = keys.iter().take(4).collect();
    assert!(top.is_sorted(), "by their keys: {top:?}");
}
