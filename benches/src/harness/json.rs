use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use serde::Serialize;

use super::machine::{Machine, root, versions};
use super::measure::Measured;

/// Fewer rounds have no median worth keeping.
const ROUNDS: usize = 5;

#[derive(Serialize)]
struct File<'a> {
    machine: &'a str,
    date: String,
    versions: BTreeMap<String, String>,
    command: &'a str,
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
    pub(crate) fn write(&self, machine: &Machine, command: &str) -> Result<String, String> {
        if let Some(why) = machine.busy().or_else(|| self.refused()) {
            return Err(why);
        }
        let path = format!("benches/results/{}.json", self.row);
        let text = self.json(&machine.description, command)?;
        let cannot = |error| format!("cannot write {path}: {error}");
        fs::create_dir_all(root().join("benches/results")).map_err(cannot)?;
        fs::write(root().join(&path), text).map_err(cannot)?;
        Ok(path)
    }

    /// Why these figures are not worth keeping.
    pub(crate) fn refused(&self) -> Option<String> {
        if self.rounds < ROUNDS {
            return Some(format!("{} rounds are too few, {ROUNDS} are needed", self.rounds));
        }
        (self.disturbed > 0).then(|| "others used the machine in the meantime".to_owned())
    }

    pub(crate) fn json(&self, machine: &str, command: &str) -> Result<String, String> {
        let file = File {
            machine,
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            versions: versions(),
            command,
            results: self.lines(),
        };
        let text = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
        Ok(text + "\n")
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
