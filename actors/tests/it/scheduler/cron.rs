//! Cron expressions: what they mean, and what they mean when clocks are set.
//!
//! The oracle goes through every minute (or second) with jiff and compares what clocks read with the fields of
//! the expression, which it reads for itself.

use actors::scheduler::{ScheduleError, Scheduler, VirtualClock};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Instants, at, secs, start_at, start_with};

/// Zones with changes of an hour, of half and of two, at one, at midnight and around it, in both hemispheres, by
/// fixed rules and by the moon; with winter time as the exception, and with offsets that are no whole hours.
const ZONES: [&str; 22] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Chatham",
];

/// Expressions for times of the day, for every so often, and for both at once.
const EXPRESSIONS: [&str; 14] = [
    "30 2 * * *",
    "0 0 * * *",
    "15 1-3 * * *",
    "0,30 0,2 * * *",
    "59 23 * * 6,0",
    "0 3 * * 0",
    "45 1 1-15 * 5",
    "10-50/20 0-4/2 * * *",
    "*/15 * * * *",
    "0 * * * *",
    "*/20 2 * * *",
    "7 */2 * * *",
    "30 0-5,*/12 * * *",
    "* 2 29 2,3,10,11 *",
];

/// An expression of five fields, read by hand.
struct Fields {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    any_day: bool,
    any_weekday: bool,
    /// Every so often, and not at times of the day.
    by_reading: bool,
}

fn field(text: &str, first: i8, last: i8) -> Vec<i8> {
    let number = |text: &str| text.parse::<i8>().unwrap();
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, 1), |(range, step)| (range, number(step)));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (first, last),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        values.extend((from..=to).step_by(step.unsigned_abs().into()));
    }
    values
}

impl Fields {
    fn read(expression: &str) -> Self {
        let parts: Vec<&str> = expression.split(' ').collect();
        Self {
            minutes: field(parts[0], 0, 59),
            hours: field(parts[1], 0, 23),
            days: field(parts[2], 1, 31),
            months: field(parts[3], 1, 12),
            weekdays: field(parts[4], 0, 6),
            any_day: parts[2] == "*",
            any_weekday: parts[4] == "*",
            by_reading: parts[0].contains('*') || parts[1].contains('*'),
        }
    }

    fn matches(&self, reading: DateTime) -> bool {
        if !self.minutes.contains(&reading.minute()) || !self.hours.contains(&reading.hour()) {
            return false;
        }
        let day = self.days.contains(&reading.day());
        let weekday = self.weekdays.contains(&reading.weekday().to_sunday_zero_offset());
        let date = match (self.any_day, self.any_weekday) {
            // As cron has it since 1979: of two that are given, either will do.
            (false, false) => day || weekday,
            (_, true) => day,
            (true, false) => weekday,
        };
        date && self.months.contains(&reading.month())
    }
}

/// What clocks read at each step of some time.
fn readings(zone: &TimeZone, from: Timestamp, until: Timestamp, step: i64) -> Vec<(Timestamp, DateTime)> {
    let seconds = (from.as_second()..until.as_second()).step_by(usize::try_from(step).unwrap());
    seconds.map(|second| Timestamp::from_second(second).unwrap()).map(|at| (at, zone.to_datetime(at))).collect()
}

/// The instants of an expression in some time, of which what clocks read is known. The first reading is before it.
fn oracle(readings: &[(Timestamp, DateTime)], matches: impl Fn(DateTime) -> bool, by_reading: bool) -> Vec<Timestamp> {
    let step = SignedDuration::from_secs(readings[1].0.as_second() - readings[0].0.as_second());
    let mut latest = readings[0].1;
    let mut found = Vec::new();
    for (at, reading) in &readings[1..] {
        let is_due = if by_reading {
            matches(*reading)
        } else {
            // Any time that has been reached or passed over for the first time.
            let mut is_due = false;
            while latest < *reading {
                latest = latest.checked_add(step).unwrap();
                is_due |= matches(latest);
            }
            is_due
        };
        if is_due {
            found.push(*at);
        }
    }
    found
}

fn scheduler_at(now: Timestamp) -> Scheduler {
    start_with(Scheduler::builder().clock(VirtualClock::starting_at(now)))
}

/// The instants of `expression` from now on, before `until`.
async fn preview(
    scheduler: &Scheduler,
    expression: &str,
    zone: &str,
    until: Timestamp,
    about: usize,
) -> Vec<Timestamp> {
    let schedule = scheduler.cron(format!("{expression} {zone}"), expression, zone).run(async || {}).await.unwrap();
    let next = schedule.preview(about + 2);
    next.into_iter().map(|next| next.instant).take_while(|instant| *instant < until).collect()
}

#[tokio::test(start_paused = true)]
async fn around_every_change_of_twenty_two_zones_the_instants_are_those_of_the_oracle() {
    let mut changes = 0;
    for zone_name in ZONES {
        let zone = TimeZone::get(zone_name).unwrap();
        let year = at("2024-01-01T00:00:00Z");
        let next_year = at("2025-01-01T00:00:00Z");
        for change in zone.following(year).take_while(|change| change.timestamp() < next_year) {
            changes += 1;
            let from = change.timestamp() - SignedDuration::from_hours(30);
            let until = change.timestamp() + SignedDuration::from_hours(30);
            let readings = readings(&zone, from, until, 60);
            let scheduler = scheduler_at(from);
            for expression in EXPRESSIONS {
                let fields = Fields::read(expression);
                let expected = oracle(&readings, |reading| fields.matches(reading), fields.by_reading);
                let found = preview(&scheduler, expression, zone_name, until, expected.len()).await;
                assert_eq!(found, expected, "{expression} in {zone_name} around {}", change.timestamp());
            }
        }
    }
    // Most zones have two.
    assert!(changes >= 40, "only {changes} changes were found: is this machine's time zone database complete?");
}

/// The day that Samoa left out, to be on the other side of the date line.
#[tokio::test(start_paused = true)]
async fn a_whole_day_that_does_not_exist_is_no_different() {
    let zone = TimeZone::get("Pacific/Apia").unwrap();
    let (from, until) = (at("2011-12-28T00:00:00Z"), at("2012-01-02T00:00:00Z"));
    let readings = readings(&zone, from, until, 60);
    let scheduler = scheduler_at(from);
    for expression in EXPRESSIONS {
        let fields = Fields::read(expression);
        let expected = oracle(&readings, |reading| fields.matches(reading), fields.by_reading);
        let found = preview(&scheduler, expression, "Pacific/Apia", until, expected.len()).await;
        assert_eq!(found, expected, "{expression}");
    }
}

#[tokio::test(start_paused = true)]
async fn over_a_year_the_instants_are_those_of_the_oracle() {
    for zone_name in ["Europe/Berlin", "Australia/Lord_Howe"] {
        let zone = TimeZone::get(zone_name).unwrap();
        let (from, until) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let readings = readings(&zone, from, until, 60);
        let scheduler = scheduler_at(from);
        let expressions =
            ["30 2 * * *", "0 */6 * * 1-5", "15 10 1,15 * *", "0 12 13 * 5", "45 23 31 * *", "0 0 29 2 *", "5 4 * 8 6"];
        for expression in expressions {
            let fields = Fields::read(expression);
            let expected = oracle(&readings, |reading| fields.matches(reading), fields.by_reading);
            // A year without its own 29 of February has an instant all the same, later.
            let found = preview(&scheduler, expression, zone_name, until, expected.len()).await;
            assert_eq!(found, expected, "{expression} in {zone_name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn seconds_are_no_different_from_minutes() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for change in ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"].map(at) {
        let from = change - SignedDuration::from_mins(150);
        let until = change + SignedDuration::from_mins(150);
        let readings = readings(&zone, from, until, 1);
        let scheduler = scheduler_at(from);
        for (expression, second) in [("*/20 30 2 * * *", 20), ("*/20 */30 * * * *", 20), ("*/30 59 1-3 * * *", 30)] {
            let fields = Fields::read(&expression[5..]);
            let matches = |reading: DateTime| reading.second() % second == 0 && fields.matches(reading);
            let expected = oracle(&readings, matches, fields.by_reading);
            let found = preview(&scheduler, expression, "Europe/Berlin", until, expected.len()).await;
            assert_eq!(found, expected, "{expression}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_croner_adds_to_cron_is_understood() {
    let scheduler = scheduler_at(at("2026-01-01T00:00:00Z"));
    let cases = [
        ("0 9 L * *", "2026-01-31T09:00:00Z"),
        ("0 9 * * FRI#2", "2026-01-09T09:00:00Z"),
        ("0 9 15W * *", "2026-01-15T09:00:00Z"),
        ("0 9 * FEB MON", "2026-02-02T09:00:00Z"),
        ("30 0 9 * * * 2030", "2030-01-01T09:00:30Z"),
        ("@monthly", "2026-02-01T00:00:00Z"),
        ("@hourly", "2026-01-01T01:00:00Z"),
    ];
    for (expression, first) in cases {
        let schedule = scheduler.cron(expression, expression, "UTC").run(async || {}).await.unwrap();
        assert_eq!(schedule.preview(1)[0].instant, at(first), "{expression}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_makes_no_sense_or_never_comes_is_refused_with_the_reason() {
    let scheduler = scheduler_at(at("2026-01-01T00:00:00Z"));
    let nonsense =
        ["", "* * *", "61 * * * *", "* 25 * * *", "* * * * mondays", "1,,2 * * * *", ", * * * *", "a b c d e"];
    for expression in nonsense {
        let error = scheduler.cron("x", expression, "UTC").run(async || {}).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Expression { .. }), "{expression}: {error}");
    }
    for expression in ["0 0 31 2 *", "0 0 0 1 1 * 2020"] {
        let error = scheduler.cron("x", expression, "UTC").run(async || {}).await.unwrap_err();
        assert_eq!(error.to_string(), format!("schedule `x`: the expression `{expression}`: it never comes"));
    }
    let error = scheduler.cron("x", "0 0 * * *", "Mars/Olympus").run(async || {}).await.unwrap_err();
    assert!(matches!(error, ScheduleError::TimeZone { ref time_zone, .. } if time_zone == "Mars/Olympus"));
    assert!(scheduler.cron("x", "0 0 * * *", "UTC").times(0).run(async || {}).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_it_says_through_both_nights() {
    for (wall, time) in [("2026-03-28T23:30:00Z", "01:00:00"), ("2026-10-24T23:30:00Z", "00:30:00")] {
        let (scheduler, _) = start_at(wall);
        let instants = Instants::default();
        let berlin = scheduler.cron("berlin", "30 2 * * *", "Europe/Berlin").run(instants.job(secs(0))).await.unwrap();
        let london = scheduler.cron("london", "30 1 * * *", "Europe/London").run(instants.job(secs(0))).await.unwrap();
        let expected = [&berlin, &london].map(|schedule| schedule.preview(1)[0].instant);
        tokio::time::sleep(secs(3 * 3600)).await;
        assert_eq!((instants.all(), instants.times()), (expected.to_vec(), vec![time.to_owned(); 2]), "from {wall} on");
        assert_eq!([berlin, london].map(|schedule| schedule.status().counts.late), [0, 0]);
    }
}
