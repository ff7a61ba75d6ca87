//! When a site is checked, as a file has it.

use std::fmt;
use std::time::Duration;

use actors::scheduler::{CatchUp, Overlap};
use jiff::tz::TimeZone;
use patterns_core::outcome::catch_panic;
use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::super::{ScheduleConfig, When};
use super::cron;
use super::site::SiteTable;

/// How many checks of a site wait for their turn behind another one.
const PLACES: usize = 10;

/// How old a check may be that is made up for.
const WITHIN: Duration = Duration::from_secs(86_400);

/// How many checks are made up for.
const AT_MOST: u32 = 10;

/// What happens when a check is due and the one before has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Overlap")]
pub(crate) enum OverlapName {
    /// It is skipped.
    #[default]
    Skip,
    /// It waits for its turn, with at most 9 others.
    Queue,
    /// Both run at the same time; up to 16 may.
    Allow,
    /// The one before is stopped.
    Cancel,
}

impl OverlapName {
    fn policy(self) -> Overlap {
        match self {
            Self::Skip => Overlap::Skip,
            Self::Queue => Overlap::Queue(PLACES),
            Self::Allow => Overlap::Allow,
            Self::Cancel => Overlap::CancelOther,
        }
    }
}

/// What happens to checks that were due while sitewatch did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CatchUp")]
pub(crate) enum CatchUpName {
    /// None is made up for.
    Skip,
    /// One is made up for, however many those are.
    #[default]
    Latest,
    /// Those of the last day are made up for, at most 10, one after the other; needs an `overlap` of `"queue"`.
    All,
}

impl CatchUpName {
    fn policy(self) -> CatchUp {
        match self {
            Self::Skip => CatchUp::Skip,
            Self::Latest => CatchUp::Latest,
            Self::All => CatchUp::All { within: WITHIN, at_most: AT_MOST },
        }
    }
}

impl SiteTable {
    pub(super) fn schedule(&self, findings: &mut Findings) -> Option<ScheduleConfig> {
        // What `[defaults]` say may go well with what each site says.
        let is_alone = self.catch_up == CatchUpName::All && self.overlap != OverlapName::Queue;
        if is_alone && self.target.is_some() {
            findings.refuse("catch_up", "needs an overlap of \"queue\": otherwise only the first would be made up for");
        }
        let zone = match TimeZone::get(&self.time_zone) {
            Ok(zone) => Some(zone),
            Err(_) => {
                findings.refuse("time_zone", "expected the IANA name of a time zone, such as Europe/Berlin");
                None
            }
        };
        let when = match (self.every, &self.cron) {
            (Some(_), Some(_)) => {
                findings.refuse("cron", "every is set too, and a site has one of them");
                return None;
            }
            (Some(period), None) => {
                if period.is_zero() {
                    findings.refuse("every", "must be longer than nothing");
                }
                When::Every(period)
            }
            (None, Some(expression)) => {
                if let Some(problem) = cron::problem_of(expression, zone.as_ref()) {
                    findings.refuse("cron", format!("expected a cron expression such as \"0 3 * * *\": {problem}"));
                }
                When::Cron { expression: expression.clone(), time_zone: self.time_zone.clone() }
            }
            (None, None) => When::ByHand,
        };
        let (overlap, catch_up) = (self.overlap.policy(), self.catch_up.policy());
        Some(ScheduleConfig { when, jitter: self.jitter, overlap, catch_up })
    }
}

/// A period, or `"never"`, which says no more than nothing at all but for a site that would inherit one.
pub(super) fn deserialize_period<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    match Option::<Period>::deserialize(deserializer)? {
        Some(Period(period)) => Ok(period),
        None => Ok(None),
    }
}

const EXPECTED: &str = "a duration such as \"6h\", or \"never\"";

struct Period(Option<Duration>);

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
                if text.trim() == "never" {
                    return Ok(Period(None));
                }
                // humantime 2.4 panics where a second too much comes in milliseconds.
                let period = catch_panic(|| humantime::parse_duration(text.trim()));
                match period {
                    Ok(Ok(period)) => Ok(Period(Some(period))),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
