use jiff::{SignedDuration, Timestamp};

/// How long ago something was, or in how long it will be: `now`, `3 min ago`, `in 5 h`.
///
/// # Examples
///
/// ```
/// use jiff::{SignedDuration, Timestamp};
/// use sitewatch::cli::remote::relative;
///
/// let now: Timestamp = "2026-11-26T15:00:00Z".parse()?;
/// assert_eq!(relative(now, now - SignedDuration::from_mins(3)), "3 min ago");
/// assert_eq!(relative(now, now + SignedDuration::from_hours(5)), "in 5 h");
/// assert_eq!(relative(now, now - SignedDuration::from_hours(24 * 9)), "9 d ago");
/// assert_eq!(relative(now, now + SignedDuration::from_secs(29)), "now");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn relative(now: Timestamp, at: Timestamp) -> String {
    let away = at.duration_since(now);
    match amount(away.abs()) {
        None => "now".to_owned(),
        Some(amount) if away.is_negative() => format!("{amount} ago"),
        Some(amount) => format!("in {amount}"),
    }
}

/// In the largest unit of which there are one and a half at least; none is less than half a minute.
fn amount(away: SignedDuration) -> Option<String> {
    let minutes = (away.as_secs() + 30) / 60;
    match minutes {
        0 => None,
        1..90 => Some(format!("{minutes} min")),
        90..2_160 => Some(format!("{} h", (minutes + 30) / 60)),
        _ => Some(format!("{} d", (minutes + 720) / 1_440)),
    }
}

/// An instant in UTC, to the second: `2026-11-26 15:00:00Z`.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
