//! The chain of trust zone by zone (RFC 4035 §5): keys that a parent's DS records name, and what they sign.
//!
//! Unlike [`super::validate`], which asks a resolver for one verdict, this checks messages that the servers of each zone
//! sent, so that the broken link can be named.

use domain::base::{Rtype, iana::OptRcode};
use hickory_resolver::proto::{
    dnssec::{
        PublicKey, TrustAnchors, Verifier,
        rdata::{DNSKEY, DNSSECRData, DS, RRSIG},
    },
    op::Message as HickoryMessage,
    rr::{Name, RData, Record, RecordType},
};

use super::{Dns, Message, client::wire_name, denial::Denials, validate::signature_fault};

/// Most signatures that are verified of one message; more are the KeyTrap attack (CVE-2023-50387).
const MAX_VERIFICATIONS: usize = 24;

/// Most keys or DS records of one zone that are read.
const MAX_KEYS: usize = 24;

/// What is known of the keys of a zone.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The keys are trusted: what they sign is secure.
    Secure(ZoneKeys),
    /// The parent proves that the zone has no keys, or none of an algorithm that is supported.
    Insecure,
    /// The keys or the proof are missing or wrong, in words.
    Bogus(String),
}

/// The trusted keys of a zone.
#[derive(Debug, Clone)]
pub struct ZoneKeys {
    zone: Name,
    keys: Vec<DNSKEY>,
}

/// The DS records of a zone in the answer of its parent.
#[derive(Debug, Clone)]
pub enum Delegation {
    /// DS records whose signature is valid (RFC 4034 §5).
    Signed(DsRecords),
    /// No DS records, which the parent proves.
    Unsigned,
    /// The records or the proof are not signed correctly, in words.
    Bogus(String),
}

/// DS records that a trusted parent signed.
#[derive(Debug, Clone)]
pub struct DsRecords(Vec<DS>);

impl Dns {
    /// Whether the root of the settings has a trust anchor: the one on the Internet, or one with a key in the settings.
    pub fn has_anchor(&self) -> bool {
        self.0.has_anchor
    }

    /// Checks the keys of the root, or of a zone that has a trust anchor.
    pub fn trust_anchored_keys(&self, zone: &str, answer: &Message) -> Trust {
        let anchors: &TrustAnchors = &self.0.anchors;
        let is_trusted = |key: &DNSKEY| anchors.contains(key.public_key());
        trust_keys(
            zone,
            answer,
            is_trusted,
            "none of the keys is a trust anchor",
        )
    }
}

impl DsRecords {
    /// Whether one of the DS records names a key of the zone, by its key tag; the digest may be wrong.
    pub fn name_a_key(&self, answer: &Message) -> bool {
        let message = parse(answer);
        let records = message.iter().flat_map(|message| &message.answers);
        let mut tags = records.filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => key.calculate_key_tag().ok(),
            _ => None,
        });
        tags.any(|tag| self.0.iter().any(|ds| ds.key_tag() == tag))
    }

    /// Checks the keys of a zone, the answer to a DNSKEY query, with the DS records of its parent.
    pub fn trust_keys(&self, zone: &str, answer: &Message) -> Trust {
        let Some(name) = wire_name(zone) else {
            return Trust::Bogus("not a valid DNS name".into());
        };
        // Algorithms that nobody here can check make a zone insecure (RFC 4035 §5.2).
        let is_supported =
            |ds: &&DS| ds.algorithm().is_supported() && ds.digest_type().is_supported();
        let supported: Vec<&DS> = self.0.iter().filter(is_supported).collect();
        if supported.is_empty() {
            return Trust::Insecure;
        }
        let is_trusted = |key: &DNSKEY| {
            let tag = key.calculate_key_tag().ok();
            supported
                .iter()
                .any(|ds| Some(ds.key_tag()) == tag && ds.covers(&name, key).unwrap_or(false))
        };
        trust_keys(
            zone,
            answer,
            is_trusted,
            "none of the keys matches a DS record of the parent",
        )
    }
}

/// Trusts all keys of a zone if one that is trusted signs them.
fn trust_keys(
    zone: &str,
    answer: &Message,
    is_trusted: impl Fn(&DNSKEY) -> bool,
    why_not: &str,
) -> Trust {
    let (Some(name), Some(message)) = (wire_name(zone), parse(answer)) else {
        return Trust::Bogus("the keys cannot be read".into());
    };
    let records = message.answers.iter();
    let keys: Vec<DNSKEY> = records
        .filter(|record| record.name == name)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key.clone()),
            _ => None,
        })
        .take(MAX_KEYS)
        .collect();
    if keys.is_empty() {
        return Trust::Bogus(
            "the zone has no keys (DNSKEY), although its parent has DS records".into(),
        );
    }

    let trusted = keys.iter().filter(|key| key.zone_key() && !key.revoke());
    let trusted: Vec<DNSKEY> = trusted.filter(|key| is_trusted(key)).cloned().collect();
    if trusted.is_empty() {
        return Trust::Bogus(why_not.to_owned());
    }
    let entry = ZoneKeys {
        zone: name.clone(),
        keys: trusted,
    };
    if !entry.sign(&message.answers, &name, RecordType::DNSKEY) {
        return Trust::Bogus(explain(answer, "the trusted keys do not sign the key set"));
    }
    Trust::Secure(ZoneKeys { zone: name, keys })
}

impl ZoneKeys {
    /// Reads what the parent says about the keys of a child zone: in a referral, or the answer to a DS query.
    pub fn delegation(&self, child: &str, answer: &Message) -> Delegation {
        let (Some(name), Some(message)) = (wire_name(child), parse(answer)) else {
            return Delegation::Bogus("the answer of the parent cannot be read".into());
        };
        for section in [&message.answers, &message.authorities] {
            let of_child = section.iter().filter(|record| record.name == name);
            let ds: Vec<DS> = of_child
                .filter_map(|record| match &record.data {
                    RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
                    _ => None,
                })
                .take(MAX_KEYS)
                .collect();
            if ds.is_empty() {
                continue;
            }
            if self.sign(section, &name, RecordType::DS) {
                return Delegation::Signed(DsRecords(ds));
            }
            let text = "the DS records are not signed by the keys of the parent";
            return Delegation::Bogus(explain(answer, text));
        }

        match self.denials(&message.authorities) {
            Some(denials) if denials.deny_ds(&name) => Delegation::Unsigned,
            _ => Delegation::Bogus("the parent does not prove that there are no DS records".into()),
        }
    }

    /// Checks the answer to a query, or the denial of one.
    ///
    /// # Errors
    /// The reason why it is bogus, in words.
    pub fn check_answer(&self, name: &str, rtype: Rtype, answer: &Message) -> Result<(), String> {
        let message = parse(answer).ok_or("the answer cannot be read")?;
        if message.answers.is_empty() {
            return self.check_denial(name, rtype, answer, &message);
        }

        let mut sets: Vec<(&Name, RecordType)> = Vec::new();
        for record in &message.answers {
            let set = (&record.name, record.record_type());
            // Records of other zones, to which an alias leads, have other keys.
            if set.1 != RecordType::RRSIG && self.zone.zone_of(set.0) && !sets.contains(&set) {
                sets.push(set);
            }
        }
        for (name, rtype) in sets.into_iter().take(MAX_KEYS) {
            let from_dname = rtype == RecordType::CNAME && has_dname(&message.answers, name);
            if !from_dname && !self.sign(&message.answers, name, rtype) {
                let text = format!("the {rtype} records are not signed by the keys of the zone");
                return Err(explain(answer, &text));
            }
            if let Some(labels) = wildcard_labels(&message.answers, name, rtype) {
                let denials = self.denials(&message.authorities);
                if !denials.is_some_and(|denials| denials.allow_wildcard(name, labels)) {
                    return Err(format!(
                        "the {rtype} records come from a wildcard, and it is not proved that there is no closer name"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Checks an answer without records.
    fn check_denial(
        &self,
        name: &str,
        rtype: Rtype,
        answer: &Message,
        message: &HickoryMessage,
    ) -> Result<(), String> {
        let Some(denials) = self.denials(&message.authorities) else {
            let text = "the denial is not signed by the keys of the zone";
            return Err(explain(answer, text));
        };
        let name = wire_name(name).ok_or("not a valid DNS name")?;
        let rtype = RecordType::from(u16::from(rtype));
        let (is_proved, what) = match answer.rcode {
            OptRcode::NXDOMAIN => (denials.deny_name(&name), "name does not exist"),
            _ => (
                denials.deny_type(&name, rtype),
                "name has no records of this type",
            ),
        };
        is_proved
            .then_some(())
            .ok_or_else(|| format!("the signed denial does not prove that the {what}"))
    }

    /// The denials of existence of a section, NSEC (RFC 4034) or NSEC3 (RFC 5155); `None` without one, or if one is not
    /// signed.
    fn denials<'a>(&self, section: &'a [Record]) -> Option<Denials<'a>> {
        let denials = section
            .iter()
            .filter(|record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3));
        let mut number = 0;
        for record in denials.take(MAX_KEYS + 1) {
            number += 1;
            if !self.sign(section, &record.name, record.record_type()) {
                return None;
            }
        }
        (1..=MAX_KEYS)
            .contains(&number)
            .then(|| Denials::new(&self.zone, section))
    }

    /// Whether one of the keys signs the records of this name and type, at this time.
    fn sign(&self, section: &[Record], name: &Name, rtype: RecordType) -> bool {
        let of_name = |record: &&Record| record.name == *name;
        let records: Vec<&Record> = section
            .iter()
            .filter(of_name)
            .filter(|record| record.record_type() == rtype)
            .collect();
        let signatures = section.iter().filter(of_name).filter_map(signature);
        let usable = signatures.filter(|rrsig| {
            let input = rrsig.input();
            input.type_covered == rtype && input.signer_name == self.zone && is_current(rrsig)
        });

        let with_tag = |rrsig: &RRSIG, key: &DNSKEY| {
            key.calculate_key_tag().ok() == Some(rrsig.input().key_tag)
                && key.zone_key()
                && key.public_key().algorithm() == rrsig.input().algorithm
        };
        let pairs = usable.flat_map(|rrsig| self.keys.iter().map(move |key| (rrsig, key)));
        pairs
            .filter(|(rrsig, key)| with_tag(rrsig, key))
            .take(MAX_VERIFICATIONS)
            .any(|(rrsig, key)| {
                let class = records.first().map(|record| record.dns_class);
                class.is_some_and(|class| {
                    let records = records.iter().copied();
                    key.verify_rrsig(name, class, rrsig, records).is_ok()
                })
            })
    }
}

fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => Some(rrsig),
        _ => None,
    }
}

/// Labels of the wildcard that a set of records comes from (RFC 4035 §5.3.4); `None` if it has a name of its own.
fn wildcard_labels(section: &[Record], name: &Name, rtype: RecordType) -> Option<u8> {
    section
        .iter()
        .filter(|record| record.name == *name)
        .filter_map(signature)
        .filter(|rrsig| rrsig.input().type_covered == rtype)
        .map(|rrsig| rrsig.input().num_labels)
        .find(|labels| *labels < name.num_labels())
}

/// Whether a signature is valid at this time, in the serial number arithmetic of RFC 4034 §3.1.5.
fn is_current(rrsig: &RRSIG) -> bool {
    let now = super::validate::now();
    let since_start = now.wrapping_sub(rrsig.input().sig_inception.get()) as i32;
    let until_end = rrsig.input().sig_expiration.get().wrapping_sub(now) as i32;
    since_start >= 0 && until_end >= 0
}

/// Whether a CNAME is synthesized from a DNAME, which is signed instead (RFC 6672 §5.3.1).
fn has_dname(section: &[Record], name: &Name) -> bool {
    let dname = RecordType::from(u16::from(Rtype::DNAME));
    section
        .iter()
        .any(|record| record.record_type() == dname && record.name.zone_of(name))
}

fn parse(answer: &Message) -> Option<HickoryMessage> {
    HickoryMessage::from_vec(&answer.octets).ok()
}

/// A fault of the signatures themselves, such as an expired one, or else this text.
fn explain(answer: &Message, otherwise: &str) -> String {
    signature_fault(answer, super::validate::now()).unwrap_or_else(|| otherwise.to_owned())
}
