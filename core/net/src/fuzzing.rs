//! What the fuzz targets of `tests/fuzz` call that nobody else may.

use mail_auth::{
    AuthenticatedMessage,
    common::{parse::TxtRecordParser, verify::DomainKey},
    dmarc::Dmarc,
    spf::Spf,
};

/// Whether the headers of a signed message, its signatures among them, could be read.
pub fn authenticated(message: &[u8]) -> bool {
    AuthenticatedMessage::parse(message).is_some()
}

/// Reads a TXT record as each kind of policy or key that one may hold.
pub fn policies(record: &[u8]) -> [bool; 3] {
    [
        Spf::parse(record).is_ok(),
        DomainKey::parse(record).is_ok(),
        Dmarc::parse(record).is_ok(),
    ]
}
