//! Sizes in bytes as people write them: `"16MiB"`. For `#[serde(with = "patterns_core::settings::size")]`
//! on a `u64`, a `usize` or an `Option` of them.
//!
//! `kB`, `MB`, `GB`, `TB` are powers of 1000; `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024; a plain
//! number is bytes. Upper and lower case are the same. A bare `K` or `M` is refused, as people
//! disagree about what it means.
//!
//! # Examples
//!
//! ```
//! use patterns_core::settings::{Settings, size};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Limits {
//!     #[serde(with = "patterns_core::settings::size")]
//!     body: u64,
//!     #[serde(with = "patterns_core::settings::size")]
//!     cache: Option<usize>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limits: Limits = Settings::new().set("body", "1.5 MiB", "--body").set("cache", "4096", "--cache").load()?;
//! assert_eq!((limits.body, limits.cache), (1_572_864, Some(4096)));
//!
//! assert_eq!(size::parse("10kB"), Some(10_000));
//! assert_eq!(size::parse("10k"), None);
//! assert_eq!(size::format(16 << 20), "16MiB");
//! # Ok(()) }
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const EXPECTED: &str = "a size in bytes such as \"16MiB\"";

/// Largest first, as [`format`] looks for the largest that divides.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// The number of bytes that a text means; nothing where it is no size, no whole number of bytes, or
/// too large.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim();
    let (_, bytes) =
        UNITS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit) || (*name == "B" && unit.is_empty()))?;
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || (fraction.is_empty() && number.contains('.')) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(bytes)?;
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let part = fraction.checked_mul(bytes.into())?;
    if part % scale != 0 {
        return None;
    }
    whole.checked_add(u64::try_from(part / scale).ok()?)
}

/// A size in the largest binary unit that divides it, else in bytes; [`parse`] reads it back.
#[must_use]
pub fn format(bytes: u64) -> String {
    let binary = &UNITS[..4];
    match binary.iter().find(|(_, unit)| bytes != 0 && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// A `u64`, a `usize`, or an `Option` of them.
pub trait HumanSize: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn of(bytes: Option<u64>) -> Option<Self>;
    #[doc(hidden)]
    fn get(&self) -> Option<u64>;
}

impl HumanSize for u64 {
    fn of(bytes: Option<u64>) -> Option<Self> {
        bytes
    }

    fn get(&self) -> Option<u64> {
        Some(*self)
    }
}

impl HumanSize for usize {
    fn of(bytes: Option<u64>) -> Option<Self> {
        bytes?.try_into().ok()
    }

    fn get(&self) -> Option<u64> {
        u64::try_from(*self).ok()
    }
}

impl<T: HumanSize> HumanSize for Option<T> {
    fn of(bytes: Option<u64>) -> Option<Self> {
        match bytes {
            None => Some(None),
            some => T::of(some).map(Some),
        }
    }

    fn get(&self) -> Option<u64> {
        self.as_ref().and_then(T::get)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for usize {}
    impl<T: Sealed> Sealed for Option<T> {}
}

/// Writes a size as text: `"16MiB"`.
///
/// # Errors
///
/// The serializer's.
pub fn serialize<T: HumanSize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.get().map(format).serialize(serializer)
}

/// Reads a size from a text with a unit, or from a number of bytes.
///
/// # Errors
///
/// Where it is something else, or too large for the type.
pub fn deserialize<'de, T: HumanSize, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let bytes = Option::<Bytes>::deserialize(deserializer)?.map(|Bytes(bytes)| bytes);
    T::of(bytes).ok_or_else(|| de::Error::custom(format_args!("expected {EXPECTED}")))
}

/// A number of bytes, written either way.
struct Bytes(u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Bytes, E> {
                let invalid = |_| E::invalid_value(de::Unexpected::Signed(bytes), &self);
                u64::try_from(bytes).map(Bytes).map_err(invalid)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
                parse(text).map(Bytes).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
