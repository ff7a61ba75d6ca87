use std::error::Error;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Names a job for ever: 128 bits, written as 32 hexadecimal digits.
///
/// A job is entered once for each id. So whoever may ask twice for the same work gives it [an id that follows from what
/// it is](Self::of), and needs no other care.
///
/// # Examples
///
/// ```
/// use actors::jobs::JobId;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let id = JobId::of(&["nightly", "2026-05-01T03:00:00Z"]);
/// assert_eq!(id, JobId::of(&["nightly", "2026-05-01T03:00:00Z"]));
/// // Where a part ends is a part of it.
/// assert_ne!(JobId::of(&["ab", "c"]), JobId::of(&["a", "bc"]));
/// assert_ne!(JobId::random(), JobId::random());
///
/// assert_eq!(id.to_string().parse::<JobId>()?, id);
/// assert!("no id".parse::<JobId>().is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u128);

impl JobId {
    /// One that nobody else has. Ids made later are greater, as far as the wall clock tells, so that an index of them
    /// grows at its end.
    #[must_use]
    pub fn random() -> Self {
        // As in RFC 9562's version 7: 48 bits of milliseconds, and the rest random.
        let millis = u128::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
        Self((millis << 80) | (rand::random::<u128>() >> 48))
    }

    /// The id of what these words name: the first half of the SHA-256 of the words, each behind its length. Nobody can
    /// choose words so that they get the id of others.
    #[must_use]
    pub fn of(words: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for word in words {
            hash.update((word.len() as u64).to_be_bytes());
            hash.update(word.as_bytes());
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize().as_slice()[..16]);
        Self(u128::from_be_bytes(half))
    }

    /// That of these bits.
    #[must_use]
    pub fn from_u128(bits: u128) -> Self {
        Self(bits)
    }

    /// Its bits.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0
    }

    /// Bits for a generator of random numbers that is to say the same wherever it is asked.
    #[allow(clippy::cast_possible_truncation, reason = "each half is taken")]
    pub(crate) fn seed(self) -> u64 {
        (self.0 >> 64) as u64 ^ self.0 as u64
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoJobId(String);

impl fmt::Display for NoJobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no id of a job, expected 32 hexadecimal digits", self.0)
    }
}

impl Error for NoJobId {}

impl FromStr for JobId {
    type Err = NoJobId;

    fn from_str(text: &str) -> Result<Self, NoJobId> {
        let no_id = || NoJobId(text.to_owned());
        // `from_str_radix` would take a sign.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(no_id());
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| no_id())
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Tells one delivery of a job from all others of the same job: each take has a greater one than the take before. What
/// comes with an older one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
