//! Name lookup that finds public addresses only.
//!
//! The client connects to what this gives, and looks nothing up again. So a name whose addresses change from one moment
//! to the next (DNS rebinding) gains nothing.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::address::is_public;

/// The name has addresses, and all of them are private: this is the first.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a private address")]
pub(super) struct PrivateOnly(pub(super) IpAddr);

/// The system's lookup, less the private addresses that it finds.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The client puts the URL's own port in.
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(public(found)?.into_iter()) as Addrs)
        })
    }
}

/// The public ones among these addresses; an error if there are others only.
fn public(mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, PrivateOnly> {
    let private = found.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
    found.retain(|address| is_public(address.ip()));
    match private {
        Some(address) if found.is_empty() => Err(PrivateOnly(address)),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn of_a_name_with_both_kinds_of_addresses_the_public_ones_are_left_in_order() {
        let found = addresses(&["10.0.0.7", "8.8.8.8", "::1", "2606:4700::1111"]);
        assert_eq!(public(found).unwrap(), addresses(&["8.8.8.8", "2606:4700::1111"]));
    }

    #[test]
    fn a_name_with_private_addresses_only_is_an_error_that_names_the_first() {
        let error = public(addresses(&["fe80::1", "127.0.0.1"])).unwrap_err();
        assert_eq!(error.to_string(), "fe80::1 is a private address");
    }

    #[test]
    fn a_name_without_addresses_is_not_our_business() {
        assert!(public(Vec::new()).unwrap().is_empty());
    }
}
