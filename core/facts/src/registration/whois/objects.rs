//! Answers with several objects: what each paragraph describes, and the contacts that handles refer to.

use super::{
    super::{countries, values},
    fields::{self, Field, Role},
    lines::{WhoisEntry, canonical},
};

/// Keys that start the object of a contact.
#[rustfmt::skip]
const OBJECT_KEYS: [&str; 10] = [
    "contact", "contact id", "nic hdl", "nic hdl br", "nichandle", "nic handle", "person", "personname", "role",
    "contact handle",
];

/// The object that a paragraph describes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Object {
    Domain,
    Registrar,
    /// A contact; `true` if a comment identifies it as the holder.
    Contact(bool),
    Holder,
    /// A set of name servers with a handle.
    Servers,
    Ignored,
}

/// A contact with a paragraph of its own.
#[derive(Default)]
pub(super) struct Contact {
    pub handles: Vec<String>,
    pub organization: Option<String>,
    pub name: Option<String>,
    pub legal: bool,
    pub country: Option<String>,
    pub holder: bool,
}

/// Determines the object of each paragraph from its first key.
pub(super) fn objects(all: &[WhoisEntry<'_>]) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    let mut after_domain = false;
    let mut previous = usize::MAX;

    for (index, entry) in all.iter().enumerate() {
        if entry.paragraph == previous {
            continue;
        }

        previous = entry.paragraph;
        let length = all[index..]
            .iter()
            .take_while(|other| other.paragraph == entry.paragraph)
            .take(3)
            .count();

        let comment = canonical(entry.comment);
        let heading = fields::role(&comment, "")
            .0
            .filter(|_| after_domain && !entry.nested);
        let first = entry.full.as_str();
        let object = match heading {
            Some(Role::Registrant) => Object::Contact(true),
            Some(Role::Registrar) => Object::Registrar,
            Some(Role::Other) => Object::Ignored,
            _ if entry.nested || !entry.keyed => Object::Domain,
            _ if OBJECT_KEYS.contains(&first) => Object::Contact(false),
            _ if first == "registrar" && after_domain && length > 1 => Object::Registrar,
            _ if matches!(first, "organisation" | "organization") && after_domain => Object::Holder,
            _ if matches!(first, "nsset" | "ns list") && after_domain => Object::Servers,
            _ if matches!(first, "keyset" | "key tag") && after_domain => Object::Ignored,
            _ => Object::Domain,
        };

        after_domain |= fields::field(first) == Some(Field::Name);
        if objects.len() <= entry.paragraph {
            objects.resize(entry.paragraph + 1, Object::Domain);
        }

        objects[entry.paragraph] = object;
    }

    objects
}

impl Contact {
    /// Reads one entry of the contact.
    pub(super) fn take(&mut self, entry: &WhoisEntry<'_>) {
        let key = entry.full.as_str();
        let first = self.handles.is_empty() && self.name.is_none() && self.organization.is_none();

        match key {
            "nic hdl" | "nic hdl br" | "contact id" | "nichandle" | "nic handle" | "handle"
            | "contact handle" => {
                self.handles.push(entry.value.to_lowercase());
            }
            "contact" if first => self.handles.push(entry.value.to_lowercase()),
            "contact" | "name" | "person" | "personname" | "role" | "person loc" => {
                self.name = self.name.take().or_else(|| values::name(entry.value));
            }
            "org" | "organization" | "organisation" | "organization loc" | "org name"
            | "company" => {
                self.organization = self
                    .organization
                    .take()
                    .or_else(|| values::organization(entry.value));
            }
            "type" => {
                self.legal = matches!(
                    entry.value.to_lowercase().as_str(),
                    "organization" | "organisation"
                )
            }
            "country" | "country loc" | "country code" => {
                self.country = self.country.take().or_else(|| countries::code(entry.value));
            }
            // Without a key for the country, the last line of the address may be a country code.
            "address" | "street"
                if entry.value.len() == 2
                    && entry.value.bytes().all(|b| b.is_ascii_uppercase()) =>
            {
                self.country = countries::code(entry.value);
            }
            // The registry of .ir writes the whole address on one line.
            "address" if self.handles.iter().any(|handle| handle.ends_with("-irnic")) => {
                let last = entry.value.rsplit(", ").next().unwrap_or_default();
                self.country = self.country.take().or_else(|| countries::code(last));
            }
            _ => {}
        }
    }

    /// The organization of the contact, or its name if that is one of an organization.
    pub(super) fn organization(&self) -> Option<String> {
        let name = || {
            self.name
                .clone()
                .and_then(|name| values::organization(&name))
                .filter(|name| self.legal || values::is_organization(name))
        };
        self.organization.clone().or_else(name)
    }
}

#[cfg(test)]
mod tests;
