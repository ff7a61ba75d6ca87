use actix_web::HttpRequest;
use actix_web::error::QueryPayloadError;
use actix_web::web::Query;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{Problem, ProblemKind};
use crate::report::Format;

/// How many runs are given where nobody says how many.
const RUNS: u64 = 50;

/// How many runs are given at most.
const MOST_RUNS: u64 = 1_000;

/// How many mistakes of one query are told.
const TOLD: usize = 10;

/// Which runs are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunQuery {
    /// How many at most, up to 1000; 0 for the default of 50.
    pub limit: u64,
    /// Only runs before the one of this number.
    pub before: Option<i64>,
}

impl RunQuery {
    /// How many runs that is.
    pub(super) fn count(self) -> u64 {
        if self.limit == 0 { RUNS } else { self.limit.min(MOST_RUNS) }
    }
}

/// How a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportQuery {
    /// The format: `json` unless it is said.
    #[schemars(schema_with = "formats")]
    pub format: Format,
}

impl Default for ReportQuery {
    fn default() -> Self {
        Self { format: Format::Json }
    }
}

fn formats(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "enum": Format::ALL.map(Format::as_str) })
}

/// The query of a request. That its keys are known was seen before.
///
/// # Errors
///
/// [`ProblemKind::BadQuery`], which names every value that makes no sense with its key.
pub(super) fn parse<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = request.query_string();
    // Each pair on its own first: read together, a wrong value would not be told with its key, nor a second one at all.
    let wrong = query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let why = words(&Query::<T>::from_query(pair).err()?);
        let (key, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(format!("{key} = {value:?}: {why}"))
    });
    let wrong: Vec<String> = wrong.take(TOLD).collect();
    if !wrong.is_empty() {
        return Err(Problem::new(ProblemKind::BadQuery, wrong.join("; ")));
    }
    let parsed = Query::<T>::from_query(query).map_err(|error| Problem::new(ProblemKind::BadQuery, words(&error)))?;
    Ok(parsed.into_inner())
}

fn words(error: &QueryPayloadError) -> String {
    match error {
        QueryPayloadError::Deserialize(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// Refuses a query with other keys than these.
///
/// # Errors
///
/// [`ProblemKind::BadQuery`], which names the others, and those that are known.
pub(super) fn refuse_unknown(query: &str, known: &[String]) -> Result<(), Problem> {
    let keys = form_urlencoded::parse(query.as_bytes()).map(|(key, _)| key.into_owned());
    let unknown: Vec<String> =
        keys.filter(|key| !known.contains(key)).take(TOLD).map(|key| format!("{key:?}")).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let known = if known.is_empty() { "none is known here".to_owned() } else { format!("known: {}", known.join(", ")) };
    let which = if unknown.len() == 1 { "unknown query key" } else { "unknown query keys" };
    Err(Problem::new(ProblemKind::BadQuery, format!("{which} {}; {known}", unknown.join(", "))))
}
