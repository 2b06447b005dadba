//! Completes a draft: holder, registrar and state.

use super::{
    super::super::{
        super::{Kind, Registrant, Registration, RegistrationState, countries, values},
        objects::Contact,
        phrases,
    },
    Draft, fill,
};

impl Draft<'_> {
    /// Fills in the holder from the contact that its handle refers to.
    fn resolve_holder(&mut self) {
        let is_holder = |contact: &Contact| {
            contact.holder
                || self
                    .handle
                    .as_ref()
                    .is_some_and(|handle| contact.handles.contains(handle))
        };
        let found = self.contacts.iter().find(|(_, contact)| is_holder(contact));

        // `registrant: EXAMPLE-CZ` names a contact, not an organization.
        let by_handle = |holder: &String| {
            self.handle.as_deref() == Some(holder.to_lowercase().as_str())
                && (found.is_some() || !self.contacts.is_empty() && holder.contains(['-', '_']))
        };
        if self.holder.as_ref().is_some_and(by_handle) {
            self.holder = None;
        }

        if let Some((_, contact)) = found {
            // A holder that is named in the object of the domain is better than its contact person.
            if self.holder.is_none() {
                fill(&mut self.organization, || contact.organization());
                fill(&mut self.country, || contact.country.clone());
            }
        }
    }

    /// The country on the last line of an address block that is no telephone number or mail address.
    fn block_country(&self) -> Option<String> {
        if self.block.len() < 3 {
            return None;
        }
        let is_contact =
            |line: &&String| line.contains('@') || line.bytes().any(|b| b.is_ascii_digit());
        let last = self
            .block
            .iter()
            .rev()
            .take(4)
            .find(|line| !is_contact(line))?;
        let bare = last.trim();
        let code = bare.len() != 2 || bare.bytes().all(|b| b.is_ascii_uppercase());
        code.then(|| countries::code(bare))
            .flatten()
            .or_else(|| countries::after_comma(bare))
    }

    /// Returns the registration. `has_name`: one of the entries of `text` is the name of a domain.
    pub(in super::super) fn finish(mut self, text: &str, has_name: bool) -> Registration {
        self.resolve_holder();
        let country = self.country.take().or_else(|| self.block_country());
        let by_form = |name: &String| self.legal || values::is_organization(name);
        let organization = self
            .organization
            .take()
            .or(self.holder.take())
            .or(self.holder_name.take().filter(by_form));

        self.out.registrant = Some(Registrant {
            organization,
            country,
        });
        self.registrar.name = self.registrar_name();
        self.out.registrar = Some(std::mem::take(&mut self.registrar));
        let mut out = std::mem::take(&mut self.out).tidy();
        out.state = self.final_state(&out, text, has_name);

        if matches!(
            out.state,
            RegistrationState::Available | RegistrationState::Throttled
        ) {
            return Registration {
                state: out.state,
                ..Registration::empty(Kind::Domain)
            };
        }

        out
    }

    /// The name of the registrar. If it is only a handle, the name in the object of the registrar is better.
    fn registrar_name(&mut self) -> Option<String> {
        let handle = |name: &String| {
            !name.contains(' ') && name.bytes().any(|b| b.is_ascii_digit() || b == b'-')
        };
        let plain = self.registrar.name.take();
        let full = self
            .registrar_organization
            .take()
            .or(self.registrar_name.take());

        match plain {
            Some(plain) if full.is_some() && (handle(&plain) || !plain.contains(' ')) => full,
            plain => plain.or(full).or(self.through.take()),
        }
    }

    fn final_state(&self, out: &Registration, text: &str, has_name: bool) -> RegistrationState {
        let facts = out.created.is_some() || out.expires.is_some() || !out.nameservers.is_empty();
        let facts = facts || out.registrar.as_ref().is_some_and(|r| r.name.is_some());

        match self.state {
            Some(RegistrationState::Reserved) if out.created.is_none() => {
                RegistrationState::Reserved
            }
            Some(RegistrationState::Available) if !facts || out.registrar.is_none() => {
                RegistrationState::Available
            }
            _ if facts => RegistrationState::Registered,
            state => state
                .or_else(|| phrases::state(text, self.query))
                .unwrap_or_else(|| {
                    let has_data = out.registrant.is_some()
                        || has_name && !out.status.is_empty()
                        || out.updated.is_some();
                    if has_data {
                        RegistrationState::Registered
                    } else {
                        RegistrationState::Unavailable
                    }
                }),
        }
    }
}
