//! MAC addresses (IEEE 802, EUI-48 and EUI-64) and the holders of their prefixes.

mod address;
mod vendors;

pub use address::{MacAddress, MacKind};
pub use vendors::{Vendor, vendor};

#[cfg(test)]
mod tests;
