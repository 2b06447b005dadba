//! Proofs that a name, or a type at a name, does not exist: NSEC (RFC 4035 §5.4) and NSEC3 (RFC 5155 §8). The signatures
//! of the records are verified before.

use data_encoding::BASE32_DNSSEC;
use hickory_resolver::proto::{
    dnssec::rdata::{DNSSECRData, NSEC, NSEC3},
    rr::{Name, RData, Record, RecordType, RecordTypeSet},
};

/// Most iterations of NSEC3 that are computed; RFC 9276 wants none.
const MAX_ITERATIONS: u16 = 500;

/// The records of one response that deny existence.
#[derive(Default)]
pub(super) struct Denials<'a> {
    nsec: Vec<(&'a Name, &'a NSEC)>,
    nsec3: Vec<Hashed<'a>>,
}

/// An NSEC3 record with its owner's hash in base32, in lower case.
struct Hashed<'a> {
    owner: String,
    zone: Name,
    record: &'a NSEC3,
}

/// The closest ancestor of a name that exists, and the name one label longer on the way to it.
struct Encloser {
    name: Name,
    next_closer: Name,
}

impl<'a> Denials<'a> {
    /// Collects the records of a zone in a section. NSEC3 records with other parameters than the first are left out.
    pub(super) fn new(zone: &Name, section: &'a [Record]) -> Self {
        let mut all = Self::default();
        for record in section.iter().filter(|record| zone.zone_of(&record.name)) {
            match &record.data {
                RData::DNSSEC(DNSSECRData::NSEC(nsec)) => all.nsec.push((&record.name, nsec)),
                RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
                    all.nsec3.extend(Hashed::new(zone, &record.name, nsec3));
                }
                _ => {}
            }
        }

        if let Some(first) = all.nsec3.first().map(|hashed| hashed.record) {
            all.nsec3.retain(|other| {
                other.record.salt() == first.salt()
                    && other.record.iterations() == first.iterations()
            });
        }
        all
    }

    /// Whether it is proved that a child zone has no DS records, as the parent's keys say.
    pub(super) fn deny_ds(&self, child: &Name) -> bool {
        self.deny_type(child, RecordType::DS)
    }

    /// Whether it is proved that neither the name exists nor a wildcard that would stand for it (NXDOMAIN).
    pub(super) fn deny_name(&self, name: &Name) -> bool {
        self.encloser(name).is_some_and(|encloser| {
            self.covers(&encloser.next_closer) && self.covers(&wildcard(&encloser.name))
        })
    }

    /// Whether it is proved that a name has no records of this type (NODATA).
    pub(super) fn deny_type(&self, name: &Name, rtype: RecordType) -> bool {
        if let Some((types, _)) = self.types(name) {
            return lacks(types, rtype);
        }
        if self.is_empty_non_terminal(name) {
            return true;
        }

        let Some(encloser) = self.encloser(name) else {
            return false;
        };
        // Delegations without keys may be left out of the chain (RFC 5155 §6).
        if rtype == RecordType::DS && self.opts_out(&encloser.next_closer) {
            return true;
        }
        let at_wildcard = self.types(&wildcard(&encloser.name));
        self.covers(&encloser.next_closer)
            && at_wildcard.is_some_and(|(types, _)| lacks(types, rtype))
    }

    /// Whether it is proved that an answer may come from the wildcard with this number of labels (RFC 4035 §5.3.4): there
    /// is no closer name.
    pub(super) fn allow_wildcard(&self, name: &Name, labels: u8) -> bool {
        let next_closer = name.trim_to(usize::from(labels) + 1);
        self.covers(&next_closer) || (self.nsec3.is_empty() && self.covers(name))
    }

    /// The types at a name that exists, and whether it is a delegation or an alias of a subtree.
    fn types(&self, name: &Name) -> Option<(&RecordTypeSet, bool)> {
        let plain = self.nsec.iter().find(|(owner, _)| *owner == name);
        if let Some((_, nsec)) = plain {
            return Some((nsec.type_set(), nsec.is_ancestor_delegation()));
        }
        let hash = self.hash(name)?;
        let hashed = self.nsec3.iter().find(|hashed| hashed.owner == hash)?;
        let record = hashed.record;
        Some((record.type_set(), record.is_ancestor_delegation()))
    }

    /// Whether a record spans the place where the name would be, so that it does not exist.
    fn covers(&self, name: &Name) -> bool {
        self.nsec
            .iter()
            .any(|(owner, nsec)| spans(owner, nsec, name))
            || self.hash(name).is_some_and(|hash| {
                let mut hashed = self.nsec3.iter();
                hashed.any(|hashed| hashed.spans(&hash))
            })
    }

    /// Whether an NSEC3 record with the opt-out flag spans the place of this name.
    fn opts_out(&self, name: &Name) -> bool {
        self.hash(name).is_some_and(|hash| {
            self.nsec3
                .iter()
                .any(|hashed| hashed.record.opt_out() && hashed.spans(&hash))
        })
    }

    /// Whether the name has no records and names below it do: the next name after it is below.
    fn is_empty_non_terminal(&self, name: &Name) -> bool {
        self.nsec
            .iter()
            .any(|(owner, nsec)| spans(owner, nsec, name) && name.zone_of(nsec.next_domain_name()))
    }

    /// The closest encloser of a name that does not exist.
    fn encloser(&self, name: &Name) -> Option<Encloser> {
        let at = |labels: usize| Encloser {
            name: name.trim_to(labels),
            next_closer: name.trim_to(labels + 1),
        };

        // With NSEC, the record that spans the name shows it: both its names exist.
        let span = self
            .nsec
            .iter()
            .find(|(owner, nsec)| spans(owner, nsec, name));
        if let Some((owner, nsec)) = span {
            let shared = common(owner, name).max(common(nsec.next_domain_name(), name));
            return (shared < name.iter().count()).then(|| at(shared));
        }

        let zone = self.nsec3.first().map(|hashed| &hashed.zone)?;
        let longest = name.iter().count().checked_sub(1)?;
        for labels in (zone.iter().count()..=longest).rev() {
            if let Some((_, ends_zone)) = self.types(&name.trim_to(labels)) {
                return (!ends_zone).then(|| at(labels));
            }
        }
        None
    }

    /// The hash of a name with the parameters of the NSEC3 records, in base32; `None` without such records.
    fn hash(&self, name: &Name) -> Option<String> {
        let first = self.nsec3.first()?.record;
        let hash = first
            .hash_algorithm()
            .hash(first.salt(), name, first.iterations());
        Some(BASE32_DNSSEC.encode(hash.ok()?.as_ref()))
    }
}

impl<'a> Hashed<'a> {
    /// An NSEC3 record of this zone; `None` if its owner is not one label below, or it is too costly.
    fn new(zone: &Name, owner: &Name, record: &'a NSEC3) -> Option<Self> {
        let hash = owner.iter().next()?;
        let is_usable = owner.base_name() == *zone && record.iterations() <= MAX_ITERATIONS;
        let hash = String::from_utf8(hash.to_ascii_lowercase()).ok()?;
        is_usable.then(|| Self {
            owner: hash,
            zone: zone.clone(),
            record,
        })
    }

    fn spans(&self, hash: &str) -> bool {
        let next = BASE32_DNSSEC.encode(self.record.next_hashed_owner_name());
        let (owner, next) = (self.owner.as_str(), next.as_str());
        if owner < next {
            owner < hash && hash < next
        } else {
            // The last one of the zone, whose next name is the first.
            owner < hash || hash < next
        }
    }
}

/// Whether an NSEC record spans the place of a name. One of a delegation says nothing of what is below (RFC 6840 §4.1).
fn spans(owner: &Name, nsec: &NSEC, name: &Name) -> bool {
    let next = nsec.next_domain_name();
    let is_below = owner.zone_of(name) && nsec.is_ancestor_delegation();
    // The next name of the last one is the apex.
    let is_before_next = name < next || next <= owner;
    owner < name && is_before_next && !is_below
}

/// Whether a name with these types has none of this type, and no alias instead.
fn lacks(types: &RecordTypeSet, rtype: RecordType) -> bool {
    let has = |rtype| types.contains(rtype);
    // DS records are in the parent, everything else in the zone itself (RFC 6840 §4.1).
    let is_right_side = if rtype == RecordType::DS {
        !has(RecordType::SOA)
    } else {
        !has(RecordType::NS) || has(RecordType::SOA)
    };
    !has(rtype) && !has(RecordType::CNAME) && is_right_side
}

/// Number of labels that two names have in common, from the root on.
fn common(one: &Name, other: &Name) -> usize {
    let most = one.iter().count().min(other.iter().count());
    (0..=most)
        .rev()
        .find(|labels| one.trim_to(*labels) == other.trim_to(*labels))
        .unwrap_or(0)
}

/// The wildcard below a name; the name itself where that would be too long.
fn wildcard(name: &Name) -> Name {
    name.prepend_label("*").unwrap_or_else(|_| name.clone())
}

#[cfg(test)]
mod tests;
