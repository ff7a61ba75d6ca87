use std::time::Duration;

use patterns_core::retry::Exponential;

/// How long a channel gathers notices, and how often it tries.
///
/// # Defaults
///
/// Gathered for 1 minute; 8 attempts, 30 seconds after the first and then twice as long each time, up to 1 hour: a bit
/// more than an hour in all.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::Policy;
/// use std::time::Duration;
///
/// let policy = Policy { wait: Duration::ZERO, ..Policy::default() };
/// assert_eq!(policy.pause(1), Duration::from_secs(30));
/// assert_eq!(policy.pause(7), Duration::from_secs(1_920));
/// assert_eq!(policy.pause(9), policy.longest);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How old the oldest notice is when it is sent, with all that came meanwhile.
    pub wait: Duration,
    /// After how many attempts in vain a notice is given up; 0 is taken for 1.
    pub attempts: u32,
    /// The pause after the first attempt in vain; each further one is twice as long.
    pub backoff: Duration,
    /// The longest of these pauses.
    pub longest: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(60),
            attempts: 8,
            backoff: Duration::from_secs(30),
            longest: Duration::from_secs(60 * 60),
        }
    }
}

/// After so many doublings, every pause is the longest.
const DOUBLINGS: u32 = 64;

impl Policy {
    /// How long to wait after so many attempts in vain, from 1.
    #[must_use]
    pub fn pause(&self, attempts: u32) -> Duration {
        let number = attempts.clamp(1, DOUBLINGS) as usize - 1;
        // It never ends.
        Exponential::new(self.backoff).nth(number).unwrap_or(self.longest).min(self.longest)
    }
}
