//! ClientHellos of our own: of TLS 1.0 to 1.2 (RFC 5246 §7.4.1.2), which offer what old servers support, and of
//! TLS 1.3, which ask for what rustls does not.

use netvane_facts::target::Host;

/// Versions that are tried, the newest first: TLS 1.2, 1.1 and 1.0.
pub(super) const VERSIONS: [u16; 3] = [0x0303, 0x0302, 0x0301];

/// Cipher suites: current ones first, then CBC, 3DES and RC4, with and without forward secrecy.
const SUITES: [u16; 35] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f, 0xccaa, 0xc023, 0xc027, 0xc024,
    0xc028, 0xc009, 0xc013, 0xc00a, 0xc014, 0x0067, 0x006b, 0x0033, 0x0039, 0x009c, 0x009d, 0x003c,
    0x003d, 0x002f, 0x0035, 0xc012, 0xc008, 0x0016, 0x000a, 0xc011, 0x0005, 0x0004,
    // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3).
    0x00ff,
];

/// Groups: X25519, P-256, P-384, P-521.
const GROUPS: [u16; 4] = [29, 23, 24, 25];

/// Signatures: RSA-PSS, RSA and ECDSA with SHA-2, Ed25519, and both with SHA-1.
const SIGNATURES: [u16; 12] = [
    0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0807, 0x0201, 0x0203,
];

/// Cipher suites of TLS 1.3 with SHA-256; every server has the first (RFC 8446 §9.1).
const SUITES_13: [u16; 2] = [0x1301, 0x1303];

/// Builds the record. `random` need not be secret, since no key is ever agreed.
pub(super) fn build(version: u16, name: &Host, random: [u8; 32]) -> Vec<u8> {
    record(version, &SUITES, random, &extensions(version, name))
}

/// Builds the record of a client that supports TLS 1.3, with this public key of X25519, and TLS 1.2
/// (RFC 8446 §4.1.2).
pub(super) fn build_13(name: &Host, random: [u8; 32], public_key: &[u8]) -> Vec<u8> {
    let suites = [&SUITES_13[..], &SUITES].concat();
    let mut all = extensions(0x0303, name);
    let mut add = |number: u16, content: &[u8]| {
        all.extend(number.to_be_bytes());
        all.extend(with_length(content));
    };

    // supported_versions and key_share.
    add(43, &[4, 3, 4, 3, 3]);
    let share = [&GROUPS[0].to_be_bytes()[..], &with_length(public_key)].concat();
    add(51, &with_length(&share));

    record(0x0303, &suites, random, &all)
}

fn record(version: u16, suites: &[u16], random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend(random);
    body.push(0);
    body.extend(with_length(&numbers(suites)));
    body.extend([1, 0]);
    body.extend(with_length(extensions));

    let [_, high, middle, low] = (body.len() as u32).to_be_bytes();
    let mut message = vec![1, high, middle, low];
    message.extend(body);

    // Old servers want TLS 1.0 as the version of the first record.
    let mut record = vec![0x16, 3, 1];
    record.extend(with_length(&message));
    record
}

fn extensions(version: u16, name: &Host) -> Vec<u8> {
    let mut all = Vec::new();
    let mut add = |number: u16, content: &[u8]| {
        all.extend(number.to_be_bytes());
        all.extend(with_length(content));
    };

    if let Host::Name(name) = name {
        let mut entry = vec![0];
        entry.extend(with_length(name.as_str().trim_end_matches('.').as_bytes()));
        add(0, &with_length(&entry));
    }
    // status_request: OCSP, no responders, no extensions.
    add(5, &[1, 0, 0, 0, 0]);
    add(10, &with_length(&numbers(&GROUPS)));
    add(11, &[1, 0]);
    if version >= 0x0303 {
        add(13, &with_length(&numbers(&SIGNATURES)));
    }
    // signed_certificate_timestamp and extended_master_secret.
    add(18, &[]);
    add(23, &[]);

    all
}

fn numbers(all: &[u16]) -> Vec<u8> {
    all.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Content after its length in two bytes. All content here is short.
fn with_length(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let mut all = length.to_be_bytes().to_vec();
    all.extend(content);
    all
}
