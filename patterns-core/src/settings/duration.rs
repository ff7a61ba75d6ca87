//! Durations as people write them: `"1m 30s"`. For `#[serde(with = "patterns_core::settings::duration")]`
//! on a [`Duration`] or an `Option<Duration>`.
//!
//! # Examples
//!
//! ```
//! use patterns_core::settings::Settings;
//! use serde::{Deserialize, Serialize};
//! use std::time::Duration;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Http {
//!     #[serde(with = "patterns_core::settings::duration")]
//!     timeout: Duration,
//!     #[serde(with = "patterns_core::settings::duration")]
//!     pause: Option<Duration>,
//! }
//!
//! impl Default for Http {
//!     fn default() -> Self {
//!         Self { timeout: Duration::from_secs(30), pause: None }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let http: Http = Settings::new().set("timeout", "1m 30s", "--timeout").load()?;
//! assert_eq!(http.timeout, Duration::from_secs(90));
//! assert_eq!(http.pause, None);
//!
//! let refused = Settings::new().set("timeout", "soon", "--timeout").load::<Http>().err().unwrap();
//! assert_eq!(refused.to_string(), r#"--timeout: timeout = "soon": expected a duration such as "1m 30s""#);
//! # Ok(()) }
//! ```

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::outcome::catch_panic;

/// A [`Duration`] or an `Option<Duration>`.
pub trait HumanDuration: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn of(duration: Option<Duration>) -> Option<Self>;
    #[doc(hidden)]
    fn get(&self) -> Option<Duration>;
}

impl HumanDuration for Duration {
    fn of(duration: Option<Duration>) -> Option<Self> {
        duration
    }

    fn get(&self) -> Option<Duration> {
        Some(*self)
    }
}

impl HumanDuration for Option<Duration> {
    fn of(duration: Option<Duration>) -> Option<Self> {
        Some(duration)
    }

    fn get(&self) -> Option<Duration> {
        *self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::time::Duration {}
    impl Sealed for Option<std::time::Duration> {}
}

/// Writes a duration as text: `"1m 30s"`.
///
/// # Errors
///
/// The serializer's.
pub fn serialize<T: HumanDuration, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.get().map(|duration| humantime::format_duration(duration).to_string()).serialize(serializer)
}

/// Reads a duration from a text of numbers with units, from `ns` to `years`.
///
/// # Errors
///
/// Where it is something else, or longer than a [`Duration`] holds; a number without a unit is refused
/// unless it is `"0"`, as nobody can know the unit.
pub fn deserialize<'de, T: HumanDuration, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let refused = || de::Error::custom("expected a duration such as \"1m 30s\"");
    let duration = match Option::<Text>::deserialize(deserializer)? {
        Some(Text(text)) => Some(parse(text.trim()).ok_or_else(refused)?),
        None => None,
    };
    T::of(duration).ok_or_else(refused)
}

fn parse(text: &str) -> Option<Duration> {
    // humantime 2.4 panics where a second too much comes in milliseconds: "18446744073709551615s 1000ms".
    catch_panic(|| humantime::parse_duration(text)).ok()?.ok()
}

/// A text, which says in its own words what is expected where it is none.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a duration such as \"1m 30s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
