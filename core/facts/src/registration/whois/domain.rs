//! Assembles a domain's registration from the entries of a text.

use super::super::dates::{self, Order};
use super::super::{Kind, Registrant, Registrar, Registration, State, countries, status, values};
use super::fields::{self, Field, Role};
use super::lines::{Entry, entries};
use super::objects::{Contact, Object, objects};
use super::phrases;

/// Registries that write the month first in numeric dates.
const MONTH_FIRST: [&str; 7] = ["tk", "ml", "ga", "cf", "gq", "us", "ph"];
/// Registries that write the day first.
const DAY_FIRST: &str = " ae am ar at au ba be bg bn bo br by ch cl cr cy cz de dk dz ee es eu fi fr gr hk hr hu id ie il in \
    it ke lt lu lv ly ma me mk mt mx my ng nl no nz om pe pl pt qa ro rs ru sa se sg si sk sm th tn tr ua ug uk uy uz ve za ";
#[derive(Default)]
struct Draft {
    out: Registration,
    registrar: Registrar,
    registrar_organization: Option<String>,
    registrar_name: Option<String>,
    organization: Option<String>,
    /// A holder named without saying whether person or organization.
    holder: Option<String>,
    holder_name: Option<String>,
    legal: bool,
    country: Option<String>,
    /// Lines of a holder's address block.
    block: Vec<String>,
    handle: Option<String>,
    order: Order,
    decided: Option<State>,
}

/// Reads an answer about a domain.
pub(super) fn parse(query: &str, text: &str) -> Registration {
    let query = query.trim().trim_end_matches('.').to_lowercase();
    let tld = query.rsplit('.').next().unwrap_or_default();
    let all = entries(text, tld);
    let Some(all) = only_asked(&all, &query) else {
        return Registration {
            state: phrases::state(text, &query).unwrap_or_default(),
            ..Registration::empty(Kind::Domain)
        };
    };

    let objects = objects(all);
    let mut draft = Draft {
        order: order(tld, all),
        ..Draft::default()
    };
    draft.out.kind = Kind::Domain;
    let mut contacts: Vec<(usize, Contact)> = Vec::new();
    let mut after_registrar = false;

    for entry in all {
        match objects
            .get(entry.paragraph)
            .copied()
            .unwrap_or(Object::Domain)
        {
            Object::Ignored => {}
            Object::Contact(holder) => {
                if contacts
                    .last()
                    .is_none_or(|(paragraph, _)| *paragraph != entry.paragraph)
                {
                    contacts.push((
                        entry.paragraph,
                        Contact {
                            holder,
                            ..Contact::default()
                        },
                    ));
                }
                if let Some((_, contact)) = contacts.last_mut() {
                    contact.take(entry);
                }
            }
            Object::Registrar => draft.registrar_entry(
                &Entry {
                    role: Role::Registrar,
                    ..entry.clone()
                },
                tld,
            ),
            Object::Servers if fields::field(&entry.key) == Some(Field::Nameserver) => {
                values::nameservers(&mut draft.out.nameservers, entry.value);
            }
            Object::Servers => {}
            Object::Holder => draft.registrant_entry(&Entry {
                role: Role::Registrant,
                ..entry.clone()
            }),
            Object::Domain => match entry.role {
                Role::Other => {}
                Role::Registrar => draft.registrar_entry(entry, tld),
                Role::Abuse => draft.abuse_entry(entry),
                Role::Registrant => draft.registrant_entry(entry),
                Role::Domain if after_registrar && entry.key == "url" => {
                    draft.registrar_entry(entry, tld)
                }
                Role::Domain => draft.domain_entry(entry, &query, tld),
            },
        }

        after_registrar = entry.role == Role::Registrar;
    }

    draft.resolve(&contacts);
    let named = all
        .iter()
        .any(|entry| fields::field(&entry.full) == Some(Field::Name));

    draft.finish(text, &query, named)
}

/// The order of day and month: the registry's, else the one that another date of the same text shows.
fn order(tld: &str, all: &[Entry<'_>]) -> Order {
    if MONTH_FIRST.contains(&tld) {
        Order::MonthFirst
    } else if DAY_FIRST.contains(&format!(" {tld} ")) {
        Order::DayFirst
    } else {
        let is_date = |entry: &&Entry| {
            matches!(
                fields::field(&entry.full),
                Some(Field::Created | Field::Updated | Field::Expires)
            )
        };
        let mut dates = all.iter().filter(is_date);
        dates
            .find_map(|entry| dates::shown_order(entry.value))
            .unwrap_or_default()
    }
}

/// Where a text describes several domains and one is the one asked about, its part only.
///
/// `None` if it describes only the top-level domain, as IANA does when it refers to a registry.
fn only_asked<'e, 'a>(all: &'e [Entry<'a>], query: &str) -> Option<&'e [Entry<'a>]> {
    let is_name = |entry: &Entry| {
        let key = matches!(
            entry.full.as_str(),
            "domain name" | "domain" | "server name"
        ) && entry.keyed;
        let word = entry.value.split_whitespace().next().filter(|_| key)?;
        // IANA's entry for the top-level domain, in answers that hold the whole chain.
        let top =
            entry.full == "domain" && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if top {
            Some(word.to_lowercase())
        } else {
            values::hostname(word)
        }
    };

    let names: Vec<(usize, String)> = all
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| is_name(entry).map(|name| (index, name)))
        .collect();

    if names.iter().all(|(_, name)| name == query) {
        return Some(all);
    }

    let Some(at) = names.iter().position(|(_, name)| name == query) else {
        let top = |name: &String| query.rsplit('.').next() == Some(name) && query.contains('.');
        return (!names.iter().all(|(_, name)| top(name))).then_some(all);
    };
    let start = if at == 0 { 0 } else { names[at].0 };
    let end = names[at..]
        .iter()
        .find(|(_, name)| name != query)
        .map_or(all.len(), |(index, _)| *index);

    all.get(start..end)
}

impl Draft {
    fn date(&self, value: &str) -> Option<String> {
        dates::parse(value, self.order)
    }

    fn domain_entry(&mut self, entry: &Entry<'_>, query: &str, tld: &str) {
        let value = entry.value;
        let out = &mut self.out;

        match fields::field(&entry.key) {
            Some(Field::Name) => {
                // `Domain: example.test - No match` and `EXAMPLE.TEST is Active`
                if let Some((_, word)) = value.split_once(" is ") {
                    self.decided = phrases::of_status(word);
                    if self.decided.is_none() && entry.value.len() < 120 {
                        status::add(&mut out.status, word);
                    }
                }
            }
            Some(Field::Created) => {
                out.created = out
                    .created
                    .take()
                    .or_else(|| dates::parse(value, self.order))
            }
            Some(Field::Updated) if tld == "il" => self.israeli_change(value),
            Some(Field::Updated) => {
                out.updated = out
                    .updated
                    .take()
                    .or_else(|| dates::parse(value, self.order))
            }
            Some(Field::Expires) => {
                out.expires = out
                    .expires
                    .take()
                    .or_else(|| dates::parse(value, self.order))
            }
            // Japan writes the end of the period behind the state: `Connected (2031/03/31)`.
            Some(Field::Status) if tld == "jp" => {
                let (word, date) = values::trailing_bracket(value).unwrap_or((value, ""));
                out.expires = out
                    .expires
                    .take()
                    .or_else(|| dates::parse(date, Order::Unknown));
                status::add(&mut out.status, word);
            }
            Some(Field::Status) if value.starts_with("OK-UNTIL ") => {
                out.expires = out
                    .expires
                    .take()
                    .or_else(|| dates::parse(value, Order::Unknown));
                status::add(&mut out.status, "ok");
            }
            Some(Field::Status) => match phrases::of_status(value) {
                Some(state) => {
                    self.decided = Some(state);
                    if state != State::Available {
                        status::add(&mut out.status, value);
                    }
                }
                None if value.len() <= 200 => status::add(&mut out.status, value),
                None => {}
            },
            // Some registries repeat the domain itself under `DNS`.
            Some(Field::Nameserver)
                if tld == "my"
                    && value
                        .split_whitespace()
                        .next()
                        .is_some_and(|v| v.ends_with(".SER")) => {}
            Some(Field::Nameserver)
                if entry.key == "dns" && (tld == "dk" || value.eq_ignore_ascii_case(query)) => {}
            Some(Field::Nameserver) => values::nameservers(&mut out.nameservers, value),
            Some(Field::Signed) => out.dnssec = out.dnssec.or_else(|| values::signed(value)),
            Some(Field::Key) => {
                let present = value.chars().any(|c| c.is_ascii_digit())
                    || entry.key == "keyset" && !value.is_empty();
                out.dnssec = out.dnssec.or_else(|| present.then_some(true));
            }
            None => self.extra(entry, tld),
        }
    }

    /// Keys of the domain's own object that tell of registrar or holder.
    fn extra(&mut self, entry: &Entry<'_>, tld: &str) {
        match entry.key.as_str() {
            "referral url" => {
                self.registrar.url = self
                    .registrar
                    .url
                    .take()
                    .or_else(|| values::url(entry.value))
            }
            "org" | "organization" | "organisation" if entry.keyed => {
                self.organization = self
                    .organization
                    .take()
                    .or_else(|| values::name(entry.value));
            }
            "descr" if tld == "il" => {
                self.holder = self.holder.take().or_else(|| values::name(entry.value));
                self.block.push(entry.value.to_owned());
            }
            // Brazil's number for a person has eleven digits, for a company fourteen.
            "ownerid" if entry.value.bytes().filter(u8::is_ascii_digit).count() == 11 => {
                self.holder = None
            }
            "country" => {
                self.country = self.country.take().or_else(|| countries::code(entry.value))
            }
            _ => {}
        }
    }

    /// Israel lists every change with its kind: `registrar AT registry 19990605 (Assigned)`.
    fn israeli_change(&mut self, value: &str) {
        let (dated, kind) = values::trailing_bracket(value).unwrap_or((value, ""));
        let date = dated
            .split_whitespace()
            .last()
            .and_then(|date| self.date(date));
        if kind.eq_ignore_ascii_case("assigned") {
            self.out.created = date;
        } else {
            self.out.updated = date.or_else(|| self.out.updated.take());
        }
    }

    fn registrar_entry(&mut self, entry: &Entry<'_>, tld: &str) {
        let value = entry.value;
        let registrar = &mut self.registrar;

        match entry.key.as_str() {
            "" if registrar.name.is_none() => {
                registrar.name = values::name(value);
                // `Example Ltd (http://www.example.test)`; Austria links to its own pages there.
                if tld != "at"
                    && let Some((_, inside)) = values::trailing_bracket(value)
                    && (inside.contains("://") || inside.starts_with("www."))
                {
                    registrar.url = registrar.url.take().or_else(|| values::url(inside.trim()));
                }
            }
            "organization" | "organisation" | "organization name" | "organisation name"
            | "organization loc" => {
                self.registrar_organization = self
                    .registrar_organization
                    .take()
                    .or_else(|| values::name(value));
            }
            "name" | "company" | "company name" => {
                self.registrar_name = self.registrar_name.take().or_else(|| values::name(value));
            }
            "url" | "website" | "web site" | "web" | "www" | "homepage" | "web page" | "info"
            | "referral url" => {
                registrar.url = registrar.url.take().or_else(|| values::url(value));
            }
            "iana id" | "iana number" | "iana" => {
                registrar.iana_id = registrar.iana_id.take().or_else(|| values::iana_id(value));
            }
            key if key.starts_with("abuse") => self.abuse_entry(entry),
            _ => {}
        }
    }

    fn abuse_entry(&mut self, entry: &Entry<'_>) {
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

    fn registrant_entry(&mut self, entry: &Entry<'_>) {
        let value = entry.value;

        match entry.key.as_str() {
            "code" if !entry.keyed => {
                self.holder = self.holder.take().or_else(|| values::name(value));
                self.block.push(value.to_owned());
            }
            "" | "c" => {
                let handle = !value.contains(' ') && value.bytes().any(|b| b.is_ascii_digit());
                if entry.keyed && (handle || entry.key == "c") {
                    self.handle = self.handle.take().or_else(|| Some(value.to_lowercase()));
                }
                if self.block.is_empty() && !handle && entry.key.is_empty() {
                    self.holder = values::name(value);
                }
                self.block.push(value.to_owned());
            }
            "organization"
            | "organisation"
            | "org"
            | "organization name"
            | "organisation name"
            | "org name"
            | "orgname"
            | "company"
            | "company name"
            | "company english name"
            | "organization loc"
            | "organizacija" => {
                self.organization = self.organization.take().or_else(|| values::name(value));
            }
            "name" => self.holder_name = self.holder_name.take().or_else(|| values::name(value)),
            // Only companies have these.
            "org id"
            | "register number"
            | "registration number"
            | "registered number"
            | "company number" => {
                self.legal |= value.bytes().any(|b| b.is_ascii_digit());
            }
            "type" => self.legal |= value.to_lowercase().contains("legal person"),
            "address" if !entry.keyed => self.block.push(value.to_owned()),
            "country" | "country code" | "country/economy" | "country / economy"
            | "country loc" | "countrycode" => {
                self.country = self.country.take().or_else(|| countries::code(value));
            }
            _ => {}
        }
    }

    /// Looks the holder's handle up among the contacts of the text.
    fn resolve(&mut self, contacts: &[(usize, Contact)]) {
        let wanted = |contact: &Contact| {
            contact.holder
                || self
                    .handle
                    .as_ref()
                    .is_some_and(|handle| contact.handles.contains(handle))
        };
        if let Some((_, contact)) = contacts.iter().find(|(_, contact)| wanted(contact)) {
            self.organization = self.organization.take().or_else(|| contact.organization());
            self.country = self.country.take().or_else(|| contact.country.clone());
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

    fn finish(mut self, text: &str, query: &str, named: bool) -> Registration {
        let handle = |name: &String| {
            !name.contains(' ') && name.bytes().any(|b| b.is_ascii_digit() || b == b'-')
        };

        // A registrar given by a handle is better known by the name in its own object.
        let plain = self.registrar.name.take();
        let spoken = self
            .registrar_organization
            .take()
            .or(self.registrar_name.take());

        self.registrar.name = match plain {
            Some(plain) if spoken.is_some() && (handle(&plain) || !plain.contains(' ')) => spoken,
            plain => plain.or(spoken),
        };

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
        self.out.registrar = Some(self.registrar);
        let mut out = self.out.tidy();
        let facts = out.created.is_some() || out.expires.is_some() || !out.nameservers.is_empty();
        let facts = facts || out.registrar.as_ref().is_some_and(|r| r.name.is_some());

        out.state = match self.decided {
            Some(State::Reserved) if out.created.is_none() => State::Reserved,
            Some(State::Available) if !facts || out.registrar.is_none() => State::Available,
            _ if facts => State::Registered,
            decided => decided
                .or_else(|| phrases::state(text, query))
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
        };

        if matches!(out.state, State::Available | State::Throttled) {
            return Registration {
                state: out.state,
                ..Registration::empty(Kind::Domain)
            };
        }

        out
    }
}
