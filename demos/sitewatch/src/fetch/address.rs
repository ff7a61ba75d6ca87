//! Which addresses are anybody's to reach.
//!
//! After IANA's registries of
//! [special-purpose addresses](https://www.iana.org/assignments/iana-ipv4-special-registry/), and stricter than those
//! in small things: of `2001::/23`, which holds protocols and no servers, nothing counts as public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether a URL of the web says itself that it is of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the address is one of the public internet, which means the same host to everybody.
///
/// An IPv6 address that stands for one of IPv4 (mapped, NAT64, 6to4) is what that one is.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network (RFC 791), loopback, private networks (RFC 1918).
        [0 | 10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] => false,
        // Shared by a provider's customers (RFC 6598).
        [100, 64..=127, ..] => false,
        // Link-local (RFC 3927), where clouds keep the secrets of their machines.
        [169, 254, ..] => false,
        // Protocols (RFC 6890), relays that were given up (RFC 7526), benchmarks (RFC 2544).
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => false,
        // Documentation (RFC 5737).
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => false,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // Mapped (RFC 4291), and translated by a well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => embedded(g, h),
        // 6to4 (RFC 3056).
        [0x2002, ..] => embedded(b, c),
        // Protocols (RFC 2928), Teredo among them, which may hold any address of IPv4 in disguise.
        [0x2001, 0..=0x1ff, ..] => false,
        // Documentation (RFC 3849, RFC 9637).
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Of all the rest only this eighth has been given out: loopback, link-local, unique local and multicast
        // addresses lie outside of it.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn the_first_and_the_last_of_every_private_net_are_private_and_their_neighbours_public() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "255.255.255.255"),
        ] {
            assert!(!is(first) && !is(last), "{first} to {last}");
            let number = |address: &str| u32::from(address.parse::<Ipv4Addr>().unwrap());
            for beside in [number(first).checked_sub(1), number(last).checked_add(1)].into_iter().flatten() {
                let address = Ipv4Addr::from(beside);
                assert!(is_public(address.into()), "{address}");
            }
        }
    }

    #[test]
    fn of_ipv6_only_what_is_given_out_to_networks_is_public() {
        for private in [
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fdff::1",
            "ff02::1",
            "100::1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(!is(private), "{private}");
        }
        for public in ["2000::1", "2001:200::1", "2606:4700::1111", "2a00:1450::1", "3fff:1000::1", "3ffe::1"] {
            assert!(is(public), "{public}");
        }
    }

    #[test]
    fn an_address_that_stands_for_another_is_what_that_one_is() {
        for (private, public) in [
            ("::ffff:127.0.0.1", "::ffff:93.184.216.34"),
            ("::ffff:169.254.169.254", "::ffff:8.8.8.8"),
            ("64:ff9b::10.0.0.1", "64:ff9b::8.8.8.8"),
            ("2002:7f00:1::", "2002:808:808::"),
            ("2002:c0a8:101::1", "2002:5db8:d822::1"),
        ] {
            assert!(!is(private), "{private}");
            assert!(is(public), "{public}");
        }
        // Teredo hides the client's address by turning its bits around: none of it is taken for public.
        assert!(!is("2001:0:808:808:8000:63bf:f5ff:fff6"));
    }
}
