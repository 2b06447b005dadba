//! A signed zone with many keys of one tag and many signatures by them (KeyTrap, CVE-2023-50387).

use data_encoding::BASE64;
use netvane_test_dns::oversized::{header, question, record};
use netvane_tests::{Dice, Scratch};
use ring::signature::{Ed25519KeyPair, KeyPair};

const A: u16 = 1;
const RRSIG: u16 = 46;
const DNSKEY: u16 = 48;
/// The zone in wire format.
const ZONE: &[u8] = b"\x04trap\x04test\0";
/// Bytes of a modulus of 4,096 bits: the larger, the more a signature costs to verify.
const MODULUS: usize = 512;

/// The keys of the zone.
#[derive(Clone)]
pub(crate) struct Trap {
    /// DNSKEY data of the key that the trust anchor names, which signs the set of keys.
    anchor: Vec<u8>,
    seed: [u8; 32],
    /// DNSKEY data of keys with one tag.
    keys: Vec<Vec<u8>>,
}

impl Trap {
    pub(crate) fn new() -> Self {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed");
        let anchor = [&[1, 1, 3, 15][..], pair.public_key().as_ref()].concat();
        let mut dice = Dice::new(50387);
        let mut modulus: Vec<u8> = (0..MODULUS).map(|_| dice.below(256) as u8).collect();
        modulus[0] |= 0x80;
        modulus[MODULUS - 1] |= 1;

        // The tag is a sum of 16-bit words (RFC 4034 appendix B): exchanged words keep it.
        let keys = (0..60)
            .map(|number| {
                let mut modulus = modulus.clone();
                for byte in [4, 5] {
                    modulus.swap(byte, byte + 2 * (number + 1));
                }
                [&[1, 0, 3, 8, 3, 1, 0, 1][..], &modulus].concat()
            })
            .collect();
        Self { anchor, seed, keys }
    }

    /// Writes the trust anchor to the file `anchor` of a directory.
    pub(crate) fn anchor_file(&self) -> Scratch {
        let directory = Scratch::new();
        let key = BASE64.encode(&self.anchor[4..]);
        directory.file(
            "anchor",
            format!("trap.test. 3600 IN DNSKEY 257 3 15 {key}\n"),
        );
        directory
    }

    /// Answers a query with so many keys, or with an address and so many signatures.
    pub(crate) fn response(&self, query: &[u8], keys: usize, signatures: usize) -> Vec<u8> {
        let asked = question(query);
        let rtype = u16::from_be_bytes([asked[asked.len() - 4], asked[asked.len() - 3]]);
        let name = &asked[..asked.len() - 4];
        let owner = [0xc0, 12];
        let records = match rtype {
            DNSKEY if name.eq_ignore_ascii_case(ZONE) => {
                let mut set: Vec<&[u8]> = self.keys[..keys].iter().map(Vec::as_slice).collect();
                set.push(&self.anchor);
                set.sort_unstable();
                let mut records: Vec<_> =
                    set.iter().map(|key| record(&owner, DNSKEY, key)).collect();
                records.push(record(&owner, RRSIG, &self.sign(&set)));
                records
            }
            A if name.ends_with(ZONE) => {
                let mut records = vec![record(&owner, A, &[192, 0, 2, 1])];
                records.extend((0..signatures).map(|number| {
                    let start = signature_start(A, 8, name, tag(&self.keys[0]));
                    let guess = vec![number as u8 + 1; MODULUS];
                    record(&owner, RRSIG, &[start, guess].concat())
                }));
                records
            }
            _ => Vec::new(),
        };
        let mut wire = header(query, 0x8180, u16::try_from(records.len()).expect("few"));
        wire.extend(records.concat());
        wire
    }

    /// Signs a sorted set of keys; returns the data of the RRSIG (RFC 4034 §3.1.8.1).
    fn sign(&self, set: &[&[u8]]) -> Vec<u8> {
        let start = signature_start(DNSKEY, 15, ZONE, tag(&self.anchor));
        let mut signed = start.clone();
        for key in set {
            signed.extend(record(ZONE, DNSKEY, key));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.seed).expect("a seed");
        [&start, pair.sign(&signed).as_ref()].concat()
    }
}

/// The data of an RRSIG up to its signature; valid from 1970 to 2038.
fn signature_start(covered: u16, algorithm: u8, owner: &[u8], tag: u16) -> Vec<u8> {
    let labels = if owner == ZONE { 2 } else { 3 };
    let mut data = covered.to_be_bytes().to_vec();
    data.extend([algorithm, labels]);
    for time in [256_u32, 0x7fff_fffe, 1] {
        data.extend(time.to_be_bytes());
    }
    data.extend(tag.to_be_bytes());
    data.extend(ZONE);
    data
}

/// The tag of a key (RFC 4034 appendix B).
fn tag(key: &[u8]) -> u16 {
    let sum: u32 = key
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0)))
        .sum();
    (sum + (sum >> 16)) as u16
}
