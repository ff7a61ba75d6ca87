//! What is wrong with a cron expression, in words.

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Words that stand for an expression.
const NAMES: &str = "@hourly, @daily, @weekly, @monthly and @yearly";

/// What the fields are, and what they can be. The first and the last can be left out.
const FIELDS: [(&str, &str); 7] = [
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, or L for the last"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of the week", "0 to 7, or SUN to SAT"),
    ("year", "1 to 9999"),
];

/// Why a scheduler would not take a cron expression.
pub(super) fn problem_of(expression: &str, zone: Option<&TimeZone>) -> Option<String> {
    // By croner nothing matches such a list, and it would look for nothing for thousands of years.
    if expression.split_whitespace().any(|field| field.split(',').any(str::is_empty)) {
        return Some("a list has an empty item".to_owned());
    }
    let Ok(cron) = expression.parse::<Cron>() else { return Some(in_words(expression)) };
    let now = zone?.to_datetime(Timestamp::now());
    cron.find_next_occurrence(&now, false).is_err().then(|| "it never comes".to_owned())
}

/// Of an expression that can't be read, which field it is, found by reading each by itself.
fn in_words(expression: &str) -> String {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let known = match *fields {
        [name] if name.starts_with('@') => return format!("there is no {name}, only {NAMES}"),
        [_, _, _, _, _] => &FIELDS[1..6],
        [_, _, _, _, _, _] => &FIELDS[..6],
        [_, _, _, _, _, _, _] => &FIELDS[..],
        _ => return format!("it has {} fields, and not 5, or 6 with the second first", fields.len()),
    };
    let can_be = |at: usize| {
        let mut alone = vec!["*"; fields.len()];
        alone[at] = fields[at];
        alone.join(" ").parse::<Cron>().is_ok()
    };
    match known.iter().enumerate().find(|(at, _)| !can_be(*at)) {
        Some((at, (name, values))) => format!("the {name} is {:?}, and can be {values}", fields[at]),
        None => "these fields can't be together".to_owned(),
    }
}
