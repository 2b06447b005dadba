//! Policies that a domain publishes in DNS about its mail: SPF (RFC 7208), DKIM keys (RFC 6376) and DMARC (RFC
//! 9989).
//!
//! Everything here reads text that was looked up elsewhere. A record with a mistake is read to its end, so that every
//! mistake can be shown at its place.

pub mod dkim;
pub mod dmarc;
pub mod spf;
