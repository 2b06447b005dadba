//! Merges the answers of several servers about one object.

use netvane_facts::registration::{Kind, Registration, RegistrationState};

use super::RegistryAnswer;

impl RegistryAnswer {
    /// Merges an answer: a registrar's fills gaps of the registry's; that of a regional registry replaces the referring one.
    pub(super) fn take(&mut self, facts: Registration) {
        match &mut self.registration {
            None => self.registration = Some(facts),
            Some(registration) if registration.state != RegistrationState::Registered => {
                if facts.state != RegistrationState::Unavailable
                    || registration.state == RegistrationState::Unavailable
                {
                    *registration = facts;
                }
            }
            Some(registration)
                if facts.state == RegistrationState::Registered
                    && registration.kind != Kind::Domain =>
            {
                if says_more(registration, &facts) {
                    *registration = facts;
                }
            }
            Some(registration) if facts.state == RegistrationState::Registered => {
                fill(registration, facts)
            }
            Some(_) => {}
        }
    }
}

/// Whether the answer of a server that was referred to replaces the referring one: not if only the first one names the
/// holder. A server of a provider (rwhois) may list the block alone.
fn says_more(registration: &Registration, facts: &Registration) -> bool {
    let holder = |facts: &Registration| {
        let network = facts.network.as_ref();
        network.is_some_and(|network| network.organization.is_some() || network.name.is_some())
    };
    holder(facts) || !holder(registration)
}

/// Fills only the empty fields of `registration`.
pub(super) fn fill(registration: &mut Registration, more: Registration) {
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

    match (&mut registration.registrar, registrar) {
        (Some(registration), Some(more)) => {
            let fields = [
                (&mut registration.name, more.name),
                (&mut registration.iana_id, more.iana_id),
                (&mut registration.url, more.url),
                (&mut registration.abuse_email, more.abuse_email),
                (&mut registration.abuse_phone, more.abuse_phone),
            ];
            fields
                .into_iter()
                .for_each(|(registration, more)| *registration = registration.take().or(more));
        }
        (none, more) => *none = none.take().or(more),
    }

    match (&mut registration.registrant, registrant) {
        (Some(registration), Some(more)) => {
            registration.organization = registration.organization.take().or(more.organization);
            registration.country = registration.country.take().or(more.country);
        }
        (none, more) => *none = none.take().or(more),
    }

    if registration.status.is_empty() {
        registration.status = status;
    }

    if registration.nameservers.is_empty() {
        registration.nameservers = nameservers;
    }

    for (registration, more) in [
        (&mut registration.created, created),
        (&mut registration.updated, updated),
        (&mut registration.expires, expires),
    ] {
        *registration = registration.take().or(more);
    }

    registration.dnssec = registration.dnssec.or(dnssec);
}

#[cfg(test)]
mod tests;
