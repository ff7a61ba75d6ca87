use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use serde::Serialize;

use super::machine::{Machine, root, versions};
use super::measure::Measured;
use super::options::Options;

/// Fewer rounds have no median worth keeping.
const ROUNDS: usize = 5;

#[derive(Serialize)]
struct File<'a> {
    machine: &'a str,
    date: String,
    versions: BTreeMap<String, String>,
    command: String,
    results: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    row: &'a str,
    implementation: &'a str,
    kind: &'a str,
    unit: &'a str,
    min: f64,
    median: f64,
    max: f64,
}

impl Measured {
    /// Writes `benches/results/<row>.json` and says where; or says why not.
    pub(crate) fn write(&self, machine: &Machine, options: &Options) -> Result<String, String> {
        if let Some(busy) = machine.busy() {
            return Err(busy);
        }
        if self.rounds < ROUNDS {
            return Err(format!("{} rounds are too few, {ROUNDS} are needed", self.rounds));
        }
        if self.disturbed > 0 {
            return Err("others used the machine in the meantime".to_owned());
        }
        let path = format!("benches/results/{}.json", self.row);
        let file = File {
            machine: &machine.description,
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            versions: versions(),
            command: options.command(),
            results: self.lines(),
        };
        let mut text = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
        text.push('\n');
        let cannot = |error| format!("cannot write {path}: {error}");
        fs::create_dir_all(root().join("benches/results")).map_err(cannot)?;
        fs::write(root().join(&path), text).map_err(cannot)?;
        Ok(path)
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
        self.results
            .iter()
            .map(|figures| Line {
                row: self.row,
                implementation: figures.implementation,
                kind: figures.kind.as_str(),
                unit: self.unit,
                min: rounded(figures.min),
                median: rounded(figures.median),
                max: rounded(figures.max),
            })
            .collect()
    }
}
