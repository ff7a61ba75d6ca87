//! Cron expressions in a time zone: croner knows the expression, jiff the zone, and the two rules for clocks that are
//! set forwards and backwards are here.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A cron expression in a time zone.
pub(in crate::scheduler) struct Cron {
    cron: croner::Cron,
    zone: TimeZone,
    zone_name: String,
    /// It runs whenever the clock reads so, and not at fixed times of the day.
    by_reading: bool,
}

/// What is wrong with an expression or a zone.
#[derive(Debug)]
pub(in crate::scheduler) enum CronProblem {
    Expression(String),
    Zone(jiff::Error),
}

impl Cron {
    pub(in crate::scheduler) fn parse(expression: &str, zone: &str) -> Result<Self, CronProblem> {
        // croner takes a list without items for one that nothing matches, and then looks for it for thousands of years.
        if expression.split_whitespace().any(|field| field.split(',').any(str::is_empty)) {
            return Err(CronProblem::Expression("a list has an empty item".to_owned()));
        }
        let cron: croner::Cron = expression
            .parse()
            .map_err(|error: croner::errors::CronError| CronProblem::Expression(error.to_string()))?;
        let zone_name = zone.to_owned();
        let zone = TimeZone::get(zone).map_err(CronProblem::Zone)?;
        let pattern = cron.pattern.to_string();
        let fields: Vec<&str> = pattern.split_whitespace().collect();
        // Minute and hour come first, or after the seconds.
        let seconds = usize::from(fields.len() > 5);
        let by_reading = fields.iter().skip(seconds).take(2).any(|field| field.contains('*'));
        Ok(Self { cron, zone, zone_name, by_reading })
    }

    /// The first instant later than `at`; `None` if there is none before the year 5000.
    pub(super) fn after(&self, at: Timestamp) -> Option<Timestamp> {
        if self.by_reading { self.reading_after(at) } else { self.time_after(at) }
    }

    /// By reading: every instant at which the clocks there read what matches. Readings that are left out never come,
    /// those that come twice count twice.
    fn reading_after(&self, at: Timestamp) -> Option<Timestamp> {
        // Between two changes of the clocks, readings and instants go together.
        let (mut from, mut inclusive) = (at, false);
        loop {
            let offset = self.zone.to_offset(from);
            let change = self.zone.following(from).next().map(|change| change.timestamp());
            let reading = self.cron.find_next_occurrence(&offset.to_datetime(from), inclusive).ok()?;
            let found = offset.to_timestamp(reading).ok()?;
            match change {
                Some(change) if found >= change => (from, inclusive) = (change, true),
                _ => return Some(found),
            }
        }
    }

    /// By time of day: each time that matches counts once.
    fn time_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut time = self.zone.to_datetime(at);
        loop {
            time = self.cron.find_next_occurrence(&time, false).ok()?;
            // Not so in an hour that is repeated: its times came in the hour before.
            let found = self.first_at(time)?;
            if found > at {
                return Some(found);
            }
        }
    }

    /// When the clocks first read `time`, or, if they never do, when they are set past it.
    fn first_at(&self, time: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(time);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { after, .. } => {
                // By the clocks as they are afterwards, it is shortly before the change.
                let before = after.to_timestamp(time).ok()?;
                self.zone.following(before).next().map(|change| change.timestamp())
            }
            _ => ambiguous.earlier().ok(),
        }
    }

    /// What the clocks there read at `at`.
    pub(super) fn reading(&self, at: Timestamp) -> String {
        format!("{} in {}", self.zone.to_datetime(at), self.zone_name)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cron")
            .field("expression", &self.cron.pattern.to_string())
            .field("zone", &self.zone_name)
            .finish_non_exhaustive()
    }
}
