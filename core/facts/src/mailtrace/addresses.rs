//! The class of an address as the contract writes it.

use std::net::IpAddr;

use crate::ip_class;

/// The class name as in the JSON data: `global`, `private`, …
pub(super) fn class(address: IpAddr) -> String {
    ip_class::classify(address).kind.as_str().to_owned()
}
