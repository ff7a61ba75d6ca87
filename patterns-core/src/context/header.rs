use std::fmt;
use std::time::Duration;

/// A text that is not a timeout as gRPC writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimeoutError(String);

impl fmt::Display for ParseTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a timeout: expected one to eight digits and a unit (H, M, S, m, u or n)", self.0)
    }
}

impl std::error::Error for ParseTimeoutError {}

const UNITS: [(char, u128); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60 * 1_000_000_000),
    ('H', 3600 * 1_000_000_000),
];

/// The finest unit in which the value fits eight digits, rounded down: never a later deadline.
pub(super) fn format(timeout: Duration) -> String {
    let nanos = timeout.as_nanos();
    let (unit, size) = UNITS.into_iter().find(|(_, size)| nanos / size <= 99_999_999).unwrap_or(UNITS[UNITS.len() - 1]);
    format!("{}{unit}", (nanos / size).min(99_999_999))
}

pub(super) fn parse(text: &str) -> Result<Duration, ParseTimeoutError> {
    let bad = || ParseTimeoutError(text.to_owned());
    let unit = text.chars().next_back().ok_or_else(bad)?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let (_, size) = UNITS.into_iter().find(|(known, _)| *known == unit).ok_or_else(bad)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let nanos = digits.parse::<u128>().map_err(|_| bad())? * size;
    let secs = u64::try_from(nanos / 1_000_000_000).map_err(|_| bad())?;
    let rest = u32::try_from(nanos % 1_000_000_000).map_err(|_| bad())?;
    Ok(Duration::new(secs, rest))
}
