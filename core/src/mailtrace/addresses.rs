//! The class of an address as the contract writes it.

use std::net::IpAddr;

use crate::scope;

/// `global`, `private`, …
pub(super) fn class(address: IpAddr) -> String {
    scope::classify(address).kind.as_str().to_owned()
}
