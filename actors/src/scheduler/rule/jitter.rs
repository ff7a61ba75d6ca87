//! A delay for each instant that is the same on every machine and in every life of a process.

use std::time::Duration;

use jiff::Timestamp;

/// A delay below `most` for this instant of the schedule of this name, spread evenly.
///
/// The hash is [FNV-1a] of the name and the instant's nanoseconds, finished as [MurmurHash3] does, since FNV leaves
/// the high bits of short keys alike. It must never change: schedulers that share a store agree on it.
///
/// [FNV-1a]: https://datatracker.ietf.org/doc/draft-eastlake-fnv/
/// [MurmurHash3]: https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
pub(in crate::scheduler) fn jitter(name: &str, at: Timestamp, most: Duration) -> Duration {
    let instant = at.as_nanosecond().to_le_bytes();
    let fnv = name
        .bytes()
        .chain([0xff])
        .chain(instant)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let hash = mixed ^ (mixed >> 33);
    let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    // The upper half of the product is below `most`.
    let below = (u128::from(hash) * u128::from(most)) >> 64;
    Duration::from_nanos(u64::try_from(below).unwrap_or(0))
}
