//! Durations in days and less: `"90d"`, and not `"2months 29days 3h 4m 48s"`, as humantime would have it. For
//! `#[serde(with = "time")]`.

use std::time::Duration;

use serde::{Serialize, Serializer};

pub(in crate::service::config) use patterns_core::settings::duration::deserialize;

/// A duration, or perhaps none.
pub(in crate::service::config) trait Perhaps {
    fn get(&self) -> Option<Duration>;
}

impl Perhaps for Duration {
    fn get(&self) -> Option<Duration> {
        Some(*self)
    }
}

impl Perhaps for Option<Duration> {
    fn get(&self) -> Option<Duration> {
        *self
    }
}

pub(in crate::service::config) fn serialize<T: Perhaps, S: Serializer>(
    time: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.get().map(text_of).serialize(serializer)
}

/// A duration as people write it.
pub(in crate::service::config) fn text_of(time: Duration) -> String {
    const DAY: u64 = 86_400;
    let days = time.as_secs() / DAY;
    let rest = time - Duration::from_secs(days * DAY);
    match (days, rest.is_zero()) {
        (0, _) => humantime::format_duration(rest).to_string(),
        (days, true) => format!("{days}d"),
        (days, false) => format!("{days}d {}", humantime::format_duration(rest)),
    }
}
