//! Several servers' facts about one object made one.

use netvane_facts::registration::{Kind, Registration, State};

use super::Found;

impl Found {
    /// A registrar adds what the registry leaves out; a regional registry that was handed to knows better.
    pub(super) fn take(&mut self, facts: Registration) {
        match &mut self.registration {
            None => self.registration = Some(facts),
            Some(known) if known.state != State::Registered => {
                if facts.state != State::Unavailable || known.state == State::Unavailable {
                    *known = facts;
                }
            }
            Some(known) if facts.state == State::Registered && known.kind != Kind::Domain => {
                *known = facts
            }
            Some(known) if facts.state == State::Registered => fill(known, facts),
            Some(_) => {}
        }
    }
}

/// Fills only what is not said yet.
pub(super) fn fill(known: &mut Registration, more: Registration) {
    let Registration {
        registrar,
        registrant,
        status,
        nameservers,
        created,
        updated,
        expires,
        dnssec,
        ..
    } = more;

    match (&mut known.registrar, registrar) {
        (Some(known), Some(more)) => {
            let fields = [
                (&mut known.name, more.name),
                (&mut known.iana_id, more.iana_id),
                (&mut known.url, more.url),
                (&mut known.abuse_email, more.abuse_email),
                (&mut known.abuse_phone, more.abuse_phone),
            ];
            fields
                .into_iter()
                .for_each(|(known, more)| *known = known.take().or(more));
        }
        (none, more) => *none = none.take().or(more),
    }

    match (&mut known.registrant, registrant) {
        (Some(known), Some(more)) => {
            known.organization = known.organization.take().or(more.organization);
            known.country = known.country.take().or(more.country);
        }
        (none, more) => *none = none.take().or(more),
    }

    if known.status.is_empty() {
        known.status = status;
    }

    if known.nameservers.is_empty() {
        known.nameservers = nameservers;
    }

    for (known, more) in [
        (&mut known.created, created),
        (&mut known.updated, updated),
        (&mut known.expires, expires),
    ] {
        *known = known.take().or(more);
    }

    known.dnssec = known.dnssec.or(dnssec);
}

#[cfg(test)]
mod tests;
