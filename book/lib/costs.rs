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
    ("jobs", "jobs_"),
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

/// What one row of the benchmarks measured.
#[derive(Clone, Debug)]
pub struct Row {
    /// Such as `queue_1p1c_ct`.
    pub name: String,
    /// One for each implementation.
    pub lines: Vec<Line>,
    /// What it was measured on, and how.
    pub note: String,
}

/// What one implementation took, over all rounds.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub implementation: String,
    /// `ours`, `peer` or `limit`.
    pub kind: String,
    /// Of the numbers, such as `ns/item`.
    pub unit: String,
    /// The best round.
    pub min: f64,
    /// The middle one.
    pub median: f64,
    /// The worst.
    pub max: f64,
}

/// The rows that begin so, in the order of their names.
///
/// # Errors
///
/// Where a result can't be read, or isn't what the benchmarks write.
pub fn rows(prefix: &str) -> Result<Vec<Row>, BoxError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let results = root.ok_or("no workspace")?.join("benches/results");
    let mut files: Vec<_> = fs::read_dir(&results)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut rows = Vec::new();
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            rows.push(row(
                &name,
                &serde_json::from_str(&fs::read_to_string(&path)?)?,
            )?);
        }
    }
    if rows.is_empty() {
        return Err(format!("no results begin with {prefix}").into());
    }
    Ok(rows)
}

fn row(name: &str, file: &Value) -> Result<Row, BoxError> {
    let mut lines = Vec::new();
    for line in file["results"].as_array().ok_or("no results")? {
        let number = |key: &str| {
            line[key].as_f64().ok_or(format!("{name} has no {key}"))
        };
        lines.push(Line {
            implementation: text(&line["implementation"])?.to_owned(),
            kind: text(&line["kind"])?.to_owned(),
            unit: text(&line["unit"])?.to_owned(),
            min: number("min")?,
            median: number("median")?,
            max: number("max")?,
        });
    }
    Ok(Row { name: name.to_owned(), lines, note: note(file)? })
}

/// The table of the rows that begin so, with what they were measured on and how.
///
/// # Errors
///
/// Those of [`rows`].
pub fn table(prefix: &str) -> Result<String, BoxError> {
    let mut table =
        "| | | min | median | max |\n|---|---|--:|--:|--:|\n".to_owned();
    let mut notes = BTreeSet::new();
    for Row { name, lines, note } in rows(prefix)? {
        let unit = &lines.first().ok_or("empty results")?.unit;
        writeln!(table, "| **`{name}`** | {unit} | | | |")?;
        for Line { implementation, kind, min, median, max, .. } in lines {
            writeln!(
                table,
                "| {implementation} | {kind} | {min:.1} | {median:.1} | {max:.1} |",
            )?;
        }
        notes.insert(note);
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
