//! The registry of IEEE: who holds which prefix.

use std::{io::Read, sync::LazyLock};

use flate2::read::GzDecoder;

use super::MacAddress;

/// Prefixes with their holders, sorted, compressed with gzip: prefix, tab, holder.
static COMPRESSED: &[u8] = include_bytes!("../../../../config/data/mac-vendors.tsv.gz");

/// Largest size of the registry as text, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// The holder of blocks that IEEE assigns in smaller parts.
const AUTHORITY: &str = "IEEE Registration Authority";

/// The registry as text; read at the first lookup, in about 10 ms.
static REGISTRY: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    // A test reads the same bytes, so this cannot fail.
    let _ = GzDecoder::new(COMPRESSED)
        .take(MAX_BYTES)
        .read_to_string(&mut text);
    text
});

/// A registered prefix with its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendor {
    /// The prefix: 6, 7 or 9 hexadecimal digits in lower case.
    pub prefix: String,
    /// The holder; `None` for a block that is assigned in smaller parts, if the part is not known.
    pub name: Option<&'static str>,
}

/// Finds the longest registered prefix of an address. For a group, that of the holder who defines it.
pub fn vendor(address: &MacAddress) -> Option<Vendor> {
    let digits = address.digits();
    let individual = address.individual_digits();

    let (prefix, name) = longest_prefix(digits).or_else(|| longest_prefix(&individual))?;
    let is_divided = name == AUTHORITY && prefix.len() < digits.len();
    Some(Vendor {
        prefix: prefix.to_owned(),
        name: (!is_divided).then_some(name),
    })
}

fn longest_prefix(digits: &str) -> Option<(&'static str, &'static str)> {
    [9, 7, 6]
        .into_iter()
        .find_map(|length| find(digits.get(..length)?))
}

/// Searches the lines of the registry for a prefix, by bisection over bytes.
fn find(prefix: &str) -> Option<(&'static str, &'static str)> {
    let text: &'static str = REGISTRY.as_str();
    let (mut low, mut high) = (0, text.len());

    while low < high {
        let middle = text.floor_char_boundary(low + (high - low) / 2);
        let start = text[low..middle].rfind('\n').map_or(low, |at| low + at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let (found, name) = text[start..end].split_once('\t')?;
        match found.cmp(prefix) {
            std::cmp::Ordering::Equal => return Some((found, name)),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// All prefixes with their holders, for the test of the file.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    REGISTRY.lines().filter_map(|line| line.split_once('\t'))
}
