//! The class of an address as the contract writes it.

use std::net::IpAddr;

use crate::ip_class;

/// `global`, `private`, …
pub(super) fn class(address: IpAddr) -> String {
    ip_class::classify(address).kind.as_str().to_owned()
}
