use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use patterns_core::rate_limit::{KeyedRateLimiter, Quota};

/// How many addresses are kept in mind. Where all are busy, a new one has to wait.
const ADDRESSES: usize = 10_000;

/// How long whoever comes has to wait while so many are guessing.
const CROWDED: Duration = Duration::from_secs(60);

/// Bounds how often a token is tried.
#[derive(Debug)]
pub(super) struct Attempts(KeyedRateLimiter<IpAddr>);

impl Default for Attempts {
    fn default() -> Self {
        Self(KeyedRateLimiter::new(Quota::per_minute(10).burst(10)).max_keys(ADDRESSES))
    }
}

impl Attempts {
    /// Takes one of this peer's attempts.
    ///
    /// # Errors
    ///
    /// After how long there is another.
    pub(super) fn take(&self, peer: Option<IpAddr>) -> Result<(), Duration> {
        let peer = network(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        self.0.try_acquire(&peer).map_err(|error| error.wait().unwrap_or(CROWDED))
    }
}

/// Whoever has an IPv6 address usually has all of its network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}
