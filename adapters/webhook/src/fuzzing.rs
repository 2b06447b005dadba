//! What the fuzz targets of `tests/fuzz` call that nobody else may.

use netvane_core::visit::Relayed;

use crate::proxied;

/// Reads a PROXY header with its length; `None` as long as the bytes may become one.
pub fn proxied(seen: &[u8]) -> Option<Result<(Relayed, usize), String>> {
    proxied::relayed(seen)
}
