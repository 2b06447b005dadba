//! Collects the registration of a domain from its entries.

use super::super::{
    super::{
        Kind, Registrar, Registration, RegistrationState, countries,
        dates::{self, Order},
        status, values,
    },
    fields::{self, Field, Role},
    lines::WhoisEntry,
    objects::{Contact, Object},
    phrases,
};

mod registrant;
mod sum;

/// The data that was read so far. The first value of each field wins.
#[derive(Default)]
pub(super) struct Draft<'q> {
    /// The queried name, in lower case.
    query: &'q str,
    /// The top-level domain, which identifies the registry.
    tld: &'q str,
    order: Order,
    out: Registration,
    registrar: Registrar,
    registrar_organization: Option<String>,
    registrar_name: Option<String>,
    /// Name under `Registered through`, which is the reseller if a registrar is named as well.
    through: Option<String>,
    organization: Option<String>,
    /// Name of a holder that may be a person or an organization.
    holder: Option<String>,
    holder_name: Option<String>,
    legal: bool,
    country: Option<String>,
    /// Lines of the address block of the holder.
    block: Vec<String>,
    handle: Option<String>,
    /// Contacts in separate paragraphs, with the index of the paragraph.
    contacts: Vec<(usize, Contact)>,
    /// Whether the previous entry was about the registrar.
    after_registrar: bool,
    /// The paragraph, if another contact was named in it, whose data follows without its role.
    contact: Option<usize>,
    /// Whether the previous entry was about the registrant.
    after_registrant: bool,
    /// State from a status value or the line of the name.
    state: Option<RegistrationState>,
}

/// Sets a field that is still empty.
fn fill<T>(field: &mut Option<T>, read: impl FnOnce() -> Option<T>) {
    if field.is_none() {
        *field = read();
    }
}

impl<'q> Draft<'q> {
    /// Creates an empty draft. `order` is the order of numeric dates of the registry.
    pub(super) fn new(query: &'q str, tld: &'q str, order: Order) -> Self {
        Self {
            query,
            tld,
            order,
            out: Registration::empty(Kind::Domain),
            ..Self::default()
        }
    }

    /// Reads one entry from a paragraph that describes `object`.
    pub(super) fn take(&mut self, entry: &WhoisEntry<'_>, object: Object) {
        match object {
            Object::Ignored => {}
            Object::Contact(holder) => self.contact_entry(entry, holder),
            Object::Registrar => self.registrar_entry(entry),
            Object::Servers if fields::field(&entry.key) == Some(Field::Nameserver) => {
                values::nameservers(&mut self.out.nameservers, entry.value);
            }
            Object::Servers => {}
            Object::Holder => self.registrant_entry(entry),
            Object::Domain => match entry.role {
                Role::Other => {}
                Role::Registrar => self.registrar_entry(entry),
                Role::Abuse => self.abuse_entry(entry),
                Role::Through => self.through_entry(entry),
                Role::Registrant => self.registrant_entry(entry),
                Role::Domain if self.after_registrar && entry.key == "url" => {
                    self.registrar_entry(entry);
                }
                Role::Domain => self.domain_entry(entry),
            },
        }

        self.after_registrar = entry.role == Role::Registrar;
        self.after_registrant = entry.role == Role::Registrant;
        match (entry.role, entry.key.as_str()) {
            (Role::Other, "" | "contact") if entry.keyed => self.contact = Some(entry.paragraph),
            (Role::Registrant | Role::Registrar, _) => self.contact = None,
            _ => {}
        }
    }

    fn contact_entry(&mut self, entry: &WhoisEntry<'_>, holder: bool) {
        let open = self.contacts.last().map(|(paragraph, _)| *paragraph);
        if open != Some(entry.paragraph) {
            let contact = Contact {
                holder,
                ..Contact::default()
            };
            self.contacts.push((entry.paragraph, contact));
        }
        if let Some((_, contact)) = self.contacts.last_mut() {
            contact.take(entry);
        }
    }

    fn domain_entry(&mut self, entry: &WhoisEntry<'_>) {
        let (value, order) = (entry.value, self.order);

        match fields::field(&entry.key) {
            Some(Field::Name) => self.name_entry(value),
            Some(Field::Created) => fill(&mut self.out.created, || dates::parse(value, order)),
            Some(Field::Updated) if self.tld == "il" => self.israeli_change(value),
            Some(Field::Updated) => fill(&mut self.out.updated, || dates::parse(value, order)),
            Some(Field::Expires) => fill(&mut self.out.expires, || dates::parse(value, order)),
            // `flags:KSK protocol:3 algorithm:…` in .be and .eu: a key of the zone.
            Some(Field::Status) if value.contains("protocol:") => self.out.dnssec = Some(true),
            Some(Field::Status) => self.status_entry(value),
            Some(Field::Nameserver) if self.is_no_server(entry) => {}
            Some(Field::Nameserver) => values::nameservers(&mut self.out.nameservers, value),
            Some(Field::Signed) => fill(&mut self.out.dnssec, || values::signed(value)),
            Some(Field::Key) => {
                let present = value.chars().any(|c| c.is_ascii_digit())
                    || entry.key == "keyset" && !value.is_empty();
                fill(&mut self.out.dnssec, || present.then_some(true));
            }
            None => self.other_entry(entry),
        }
    }

    /// Reads `EXAMPLE.TEST is Active` or `EXAMPLE.TEST (ACTIVE)`: some registries put the state after the name.
    fn name_entry(&mut self, value: &str) {
        let bracket = || values::trailing_bracket(value).filter(|(_, word)| !word.contains('.'));
        let Some((_, word)) = value.split_once(" is ").or_else(bracket) else {
            return;
        };
        self.state = phrases::of_status(word);
        if self.state.is_none() && value.len() < 120 {
            status::add(&mut self.out.status, word);
        }
    }

    fn status_entry(&mut self, value: &str) {
        let out = &mut self.out;

        // The registry of .jp puts the expiry date after the state: `Connected (2031/03/31)`.
        if self.tld == "jp" {
            let (word, date) = values::trailing_bracket(value).unwrap_or((value, ""));
            fill(&mut out.expires, || dates::parse(date, Order::Unknown));
            self.state = phrases::of_status(word).or(self.state);
            status::add(&mut out.status, word);
            return;
        }

        if value.starts_with("OK-UNTIL ") {
            fill(&mut out.expires, || dates::parse(value, Order::Unknown));
            status::add(&mut out.status, "ok");
            return;
        }

        match phrases::of_status(value) {
            Some(state) => {
                self.state = Some(state);
                if state != RegistrationState::Available {
                    status::add(&mut out.status, value);
                }
            }
            None if value.len() <= 200 => status::add(&mut out.status, value),
            None => {}
        }
    }

    /// Whether a value is not a name server: a server handle (.my), or the domain itself, repeated as `DNS`.
    fn is_no_server(&self, entry: &WhoisEntry<'_>) -> bool {
        let handle = self.tld == "my"
            && entry
                .value
                .split_whitespace()
                .next()
                .is_some_and(|word| word.ends_with(".SER"));
        let itself = entry.key == "dns"
            && (self.tld == "dk" || entry.value.eq_ignore_ascii_case(self.query));
        handle || itself
    }

    /// Reads keys of the domain object that are about the registrar or the holder.
    fn other_entry(&mut self, entry: &WhoisEntry<'_>) {
        let value = entry.value;
        match entry.key.as_str() {
            // In .uz, this is the page of the registry.
            "referral url" if self.tld == "uz" => {}
            "referral url" => fill(&mut self.registrar.url, || values::url(value)),
            _ if self.contact == Some(entry.paragraph) => {}
            "org" | "organization" | "organisation" if entry.keyed => {
                fill(&mut self.organization, || values::organization(value));
            }
            "descr" if self.tld == "il" => {
                fill(&mut self.holder, || values::organization(value));
                self.block.push(value.to_owned());
            }
            // In Brazil, the tax number of a person has 11 digits and that of a company 14.
            "ownerid" if value.bytes().filter(u8::is_ascii_digit).count() == 11 => {
                self.holder = None;
            }
            "country" => fill(&mut self.country, || countries::code(value)),
            "ownertype" | "owner type" => {
                self.legal |= value.to_lowercase().starts_with("organi");
            }
            // `Address: Street 1, Town, Country` after the holder.
            "address" if self.after_registrant => {
                fill(&mut self.country, || countries::after_comma(value));
            }
            _ => {}
        }
    }

    /// Reads a change in .il, where each is listed with its kind: `registrar AT registry 19990605 (Assigned)`.
    fn israeli_change(&mut self, value: &str) {
        let (dated, kind) = values::trailing_bracket(value).unwrap_or((value, ""));
        let date = dated
            .split_whitespace()
            .last()
            .and_then(|date| dates::parse(date, self.order));
        if kind.eq_ignore_ascii_case("assigned") {
            self.out.created = date;
        } else {
            self.out.updated = date.or_else(|| self.out.updated.take());
        }
    }

    fn registrar_entry(&mut self, entry: &WhoisEntry<'_>) {
        let value = entry.value;
        let registrar = &mut self.registrar;

        match entry.key.as_str() {
            "" if registrar.name.is_none() => {
                registrar.name = values::registrar(value);
                // `Example Ltd (http://www.example.test)`; the registry of .at has links to its own pages there.
                if self.tld != "at"
                    && let Some((_, inside)) = values::trailing_bracket(value)
                    && (inside.contains("://") || inside.starts_with("www."))
                {
                    fill(&mut registrar.url, || values::url(inside.trim()));
                }
            }
            "organization" | "organisation" | "organization name" | "organisation name"
            | "organization loc" => {
                fill(&mut self.registrar_organization, || {
                    values::registrar(value)
                });
            }
            "name" | "company" | "company name" => {
                fill(&mut self.registrar_name, || values::registrar(value));
            }
            "url" | "website" | "web site" | "web" | "www" | "homepage" | "web page" | "info"
            | "referral url" => fill(&mut registrar.url, || values::url(value)),
            "iana id" | "iana number" | "iana" => {
                fill(&mut registrar.iana_id, || values::iana_id(value));
            }
            key if key.starts_with("abuse") => self.abuse_entry(entry),
            _ => {}
        }
    }

    /// Reads `Registered through: Example`. In .uk, this is never the registrar.
    fn through_entry(&mut self, entry: &WhoisEntry<'_>) {
        if self.tld != "uk" && entry.key.is_empty() {
            fill(&mut self.through, || values::registrar(entry.value));
        }
    }

    fn abuse_entry(&mut self, entry: &WhoisEntry<'_>) {
        let registrar = &mut self.registrar;
        if let Some(email) = values::email(entry.value) {
            registrar.abuse_email.get_or_insert(email);
        } else if !entry.key.contains("fax")
            && !entry.key.contains("postal")
            && let Some(phone) = values::phone(entry.value)
        {
            registrar.abuse_phone.get_or_insert(phone);
        }
    }
}
