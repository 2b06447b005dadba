//! Entry points for the fuzz targets in `tests/fuzz`. Not for other use.

use mail_auth::{
    AuthenticatedMessage,
    common::{parse::TxtRecordParser, verify::DomainKey},
};
use netvane_facts::mailpolicy::{dkim, dmarc, spf};

/// Whether the headers of a signed message, including its signatures, could be parsed.
pub fn authenticated(message: &[u8]) -> bool {
    AuthenticatedMessage::parse(message).is_some()
}

/// Parses a TXT record as each kind of policy or key it can hold.
pub fn policies(record: &[u8]) -> [bool; 4] {
    let text = String::from_utf8_lossy(record);
    [
        spf::parse(&text).faults.is_empty(),
        DomainKey::parse(record).is_ok(),
        dkim::parse(&text).faults.is_empty(),
        dmarc::parse(&text).is_applicable(),
    ]
}
