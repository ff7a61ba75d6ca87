//! Random numbers that mean the same in every version of this crate, so that a seed in a bug report stays good.
//!
//! Each is made from scratch of the seed and of what it is for, so that a call more at one place changes nothing
//! at another. The mixing is that of splitmix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
//! Generators", OOPSLA 2014.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw(u64);

/// The number for one rule and one call.
pub(super) fn draw(seed: u64, at: &str, number: u64, rule: usize) -> Draw {
    let place = at.bytes().fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)));
    Draw(mix(mix(place ^ number) ^ rule as u64))
}

impl Draw {
    /// Another one.
    pub(super) fn again(self) -> Self {
        Self(mix(self.0))
    }

    /// From 0 to 1, not included.
    pub(super) fn fraction(self) -> f64 {
        // The 53 bits that an `f64` holds.
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `min` to `max`, both included, to the nanosecond.
    pub(super) fn between(self, min: Duration, max: Duration) -> Duration {
        let spread = u64::try_from(max.saturating_sub(min).as_nanos()).unwrap_or(u64::MAX);
        let nanos = match spread.checked_add(1) {
            Some(values) => self.0 % values,
            None => self.0,
        };
        min.saturating_add(Duration::from_nanos(nanos))
    }
}

fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // Vigna's reference code, seeded with 0: its first two numbers.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn fractions_and_durations_keep_to_their_limits() {
        let second = Duration::from_secs(1);
        for number in 0..1_000 {
            let draw = draw(7, "here", number, 0);
            assert!((0.0..1.0).contains(&draw.fraction()));
            assert!((second..=second * 3).contains(&draw.between(second, second * 3)));
            assert_eq!(draw.between(second, second), second);
        }
        assert!(Draw(u64::MAX).fraction() < 1.0);
        assert!(Draw(u64::MAX).between(second, Duration::MAX) > second);
    }
}
