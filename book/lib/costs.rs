//! Tables of what the benchmarks measured, from `benches/results`.
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use patterns_core::outcome::BoxError;
use serde_json::Value;

/// Patterns with a table in `costs/`, each with what its rows begin with.
pub const ALL: &[(&str, &str)] = &[
    ("cancel", "cancel_"),
    ("circuit_breaker", "breaker_"),
    ("connection_pool", "pool_"),
    ("context", "context_"),
    ("policy", "policy_"),
    ("queue", "queue_"),
    ("rate_limit", "rate_limit_"),
    ("retry", "retry_"),
    ("runtime", "actor_"),
    ("scheduler", "timers_"),
    ("semaphore", "semaphore_"),
    ("task_group", "group_"),
    ("worker_pool", "workers_"),
];

/// The table of the rows that begin so, with what they were measured on and how.
///
/// # Errors
///
/// Where a result can't be read, or isn't what the benchmarks write.
pub fn table(prefix: &str) -> Result<String, BoxError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let results = root.ok_or("no workspace")?.join("benches/results");
    let mut files: Vec<_> = fs::read_dir(&results)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut table =
        "| | | min | median | max |\n|---|---|--:|--:|--:|\n".to_owned();
    let mut notes = BTreeSet::new();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !name.starts_with(prefix) {
            continue;
        }
        let file: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let lines = file["results"].as_array().ok_or("no results")?;
        let unit = text(&lines.first().ok_or("empty results")?["unit"])?;
        writeln!(table, "| **`{name}`** | {unit} | | | |")?;
        for line in lines {
            let number = |key: &str| {
                line[key].as_f64().ok_or(format!("{name} has no {key}"))
            };
            writeln!(
                table,
                "| {} | {} | {:.1} | {:.1} | {:.1} |",
                text(&line["implementation"])?,
                text(&line["kind"])?,
                number("min")?,
                number("median")?,
                number("max")?,
            )?;
        }
        notes.insert(note(&file)?);
    }
    for note in notes {
        write!(table, "\n{note}\n")?;
    }
    Ok(table)
}

fn note(file: &Value) -> Result<String, BoxError> {
    let versions = &file["versions"];
    let rust = text(&versions["rustc"])?;
    let rust = rust.split(' ').next().unwrap_or_default();
    let date = text(&file["date"])?;
    let day = date.split('T').next().unwrap_or_default();
    Ok(format!(
        "Measured by `{}` on {day}: commit {}, Rust {rust}, tokio {}, {}.",
        text(&file["command"])?,
        text(&versions["commit"])?,
        text(&versions["tokio"])?,
        text(&file["machine"])?,
    ))
}

fn text(value: &Value) -> Result<&str, BoxError> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}
