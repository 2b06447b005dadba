//! What the entries of a text add up to: holder, registrar, state.

use super::{
    super::super::{
        super::{Kind, Registrant, Registration, State, countries, values},
        objects::Contact,
        phrases,
    },
    Draft, fill,
};

impl Draft<'_> {
    /// Looks the holder's handle up among the contacts of the text.
    fn resolve(&mut self) {
        let wanted = |contact: &Contact| {
            contact.holder
                || self
                    .handle
                    .as_ref()
                    .is_some_and(|handle| contact.handles.contains(handle))
        };
        if let Some((_, contact)) = self.contacts.iter().find(|(_, contact)| wanted(contact)) {
            fill(&mut self.organization, || contact.organization());
            fill(&mut self.country, || contact.country.clone());
        }
    }

    /// The country on the last line of an address block, after telephone numbers and the like are set aside.
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
        code.then(|| countries::code(bare)).flatten()
    }

    /// The registration that the entries of `text` say. `named`: one of them is a domain's name.
    pub(in super::super) fn finish(mut self, text: &str, named: bool) -> Registration {
        self.resolve();
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
        self.registrar.name = self.name_of_registrar();
        self.out.registrar = Some(std::mem::take(&mut self.registrar));
        let mut out = std::mem::take(&mut self.out).tidy();
        out.state = self.state(&out, text, named);

        if matches!(out.state, State::Available | State::Throttled) {
            return Registration {
                state: out.state,
                ..Registration::empty(Kind::Domain)
            };
        }

        out
    }

    /// A registrar given by a handle is better known by the name in its own object.
    fn name_of_registrar(&mut self) -> Option<String> {
        let handle = |name: &String| {
            !name.contains(' ') && name.bytes().any(|b| b.is_ascii_digit() || b == b'-')
        };
        let plain = self.registrar.name.take();
        let spoken = self
            .registrar_organization
            .take()
            .or(self.registrar_name.take());

        match plain {
            Some(plain) if spoken.is_some() && (handle(&plain) || !plain.contains(' ')) => spoken,
            plain => plain.or(spoken),
        }
    }

    fn state(&self, out: &Registration, text: &str, named: bool) -> State {
        let facts = out.created.is_some() || out.expires.is_some() || !out.nameservers.is_empty();
        let facts = facts || out.registrar.as_ref().is_some_and(|r| r.name.is_some());

        match self.decided {
            Some(State::Reserved) if out.created.is_none() => State::Reserved,
            Some(State::Available) if !facts || out.registrar.is_none() => State::Available,
            _ if facts => State::Registered,
            decided => decided
                .or_else(|| phrases::state(text, self.query))
                .unwrap_or_else(|| {
                    let said = out.registrant.is_some()
                        || named && !out.status.is_empty()
                        || out.updated.is_some();
                    if said {
                        State::Registered
                    } else {
                        State::Unavailable
                    }
                }),
        }
    }
}
